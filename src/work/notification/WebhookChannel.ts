/**
 * A notification as a CloudEvent 1.0 (structured mode) by POST to the worker's webhook, signed after Standard Webhooks
 * (`webhook-id`, `webhook-timestamp`, `webhook-signature`: HMAC-SHA256 of `id.timestamp.body`) where a secret is set.
 *
 * At least once: tried again within the attempt when nobody answered or the answer says "later" (5xx, 408, 429), always
 * with the same `webhook-id`. Redirects are not followed.
 */
import { createHmac } from "node:crypto"
import { Clock, Effect, Redacted, Schedule, Schema } from "effect"
import { Channels } from "./ChannelSettings.ts"
import { NotDelivered, type NotificationMessage } from "./NotificationMessage.ts"

const TIMEOUT_MS = 10_000
/** Pauses before the second and the third try: this, and twice this. */
const PAUSE_MS = 500
const TRIES = 3

const cloudEvent = (notification: NotificationMessage) => ({
  specversion: "1.0",
  id: notification.executionId,
  source: "nagatha-scheduler",
  type: `scheduler.notification.${notification.notificationType}`,
  subject: notification.taskId,
  time: notification.sentAt,
  datacontenttype: "application/json",
  data: notification
})

/** `v1,<base64>`, by the specification of Standard Webhooks. */
export const signatureOf = (secret: string, id: string, seconds: number, body: string): string => {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : Buffer.from(secret)
  return `v1,${createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64")}`
}

class Failed extends Schema.TaggedError<Failed>()("Failed", { reason: Schema.String, passing: Schema.Boolean }) {
  override get message() {
    return this.reason
  }
}

/** What may be told of a failed request: fetch hides the reason in `cause`, and its words may hold the URL. */
const unreachable = (cause: unknown): Failed => {
  const inner = cause instanceof Error ? cause.cause : undefined
  const code = inner instanceof Error && "code" in inner ? String(inner.code) : ""
  const why = code === "" ? "" : ` (${code})`
  return new Failed({
    reason: `the webhook could not be reached${why}`,
    passing: code !== "" && code !== "ERR_INVALID_URL"
  })
}

const PASSING: ReadonlySet<number> = new Set([408, 429])

export const deliverToWebhook = Effect.fnUntraced(function* (notification: NotificationMessage) {
  const { webhook } = yield* Channels
  if (webhook === undefined) {
    return yield* new NotDelivered({
      reason: 'this worker has no webhook; set "notifications": { "webhook": { "url": "…" } } in its configuration file'
    })
  }
  const { secret, timeoutMs = TIMEOUT_MS, url } = webhook
  const id = notification.executionId
  const body = JSON.stringify(cloudEvent(notification))
  const once = Effect.gen(function* () {
    const seconds = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const signed =
      secret === undefined ? {} : { "webhook-signature": signatureOf(Redacted.value(secret), id, seconds, body) }
    const status = yield* Effect.tryPromise({
      try: async (signal) => {
        const response = await fetch(Redacted.value(url), {
          method: "POST",
          headers: {
            "content-type": "application/cloudevents+json",
            "idempotency-key": id,
            "webhook-id": id,
            "webhook-timestamp": String(seconds),
            ...signed
          },
          body,
          redirect: "manual",
          signal
        })
        await response.body?.cancel()
        return response.status
      },
      catch: unreachable
    }).pipe(
      Effect.timeoutOrElse({
        duration: timeoutMs,
        orElse: () =>
          Effect.fail(new Failed({ reason: `the webhook did not answer within ${timeoutMs} ms`, passing: true }))
      })
    )
    if (status >= 200 && status <= 299) return
    return yield* new Failed({
      reason: `the webhook answered with status ${status}; 200 to 299 are expected`,
      passing: status >= 500 || PASSING.has(status)
    })
  })
  yield* once.pipe(
    Effect.retry({
      while: ({ passing }) => passing,
      schedule: Schedule.exponential(PAUSE_MS).pipe(Schedule.upTo({ times: TRIES - 1 }))
    }),
    Effect.mapError(({ reason }) => new NotDelivered({ reason }))
  )
})
