/**
 * `notification`: tells people and programs something, on the message bus always and on further channels where named.
 *
 * A channel that fails keeps no other from delivering. The attempt fails (and is retried) only when no channel has
 * delivered, so that a retry never tells the same thing twice on a channel that had it; an attempt cut short by a
 * crash may. Where the webhook goes is the worker's configuration, never the task's.
 */
import { Clock, Context, Effect, Layer, Redacted, Result, Schema } from "effect"
import * as Instant from "../../recurrence/Instant.ts"
import {
  type NotificationArgs,
  type NotificationChannel,
  NotificationDeclaration,
  NotificationType
} from "./NotificationArgs.ts"
import { type AttemptContext, implement, TaskFailed } from "../TaskType.ts"

/** What is published on `scheduler.notification.<type>`, and the `data` of a webhook's CloudEvent. */
export const NotificationMessage = Schema.Struct({
  message: Schema.String,
  notificationType: NotificationType,
  target: Schema.optionalKey(Schema.String),
  taskId: Schema.String,
  executionId: Schema.String,
  sentAt: Instant.Instant
})
export type NotificationMessage = typeof NotificationMessage.Type

/** A channel has not delivered, or not said that it has. */
export class NotDelivered extends Schema.TaggedError<NotDelivered>()("NotDelivered", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** The message bus that carries notifications to whoever listens; at least once for those who listen now. */
export class NotificationBus extends Context.Service<
  NotificationBus,
  { publish(notification: NotificationMessage): Effect.Effect<void, NotDelivered> }
>()("nagatha/work/NotificationBus") {
  /** In memory: appends to `published`. */
  static readonly layerMemory = (published: Array<NotificationMessage> = []): Layer.Layer<NotificationBus> =>
    Layer.succeed(NotificationBus, {
      publish: (notification) => Effect.sync(() => void published.push(notification))
    })
}

/** Where webhooks go, as this worker is configured; the URL may hold a secret and is never shown. Default: nowhere. */
export const Webhook = Context.Reference<{ readonly url: Redacted.Redacted | undefined; readonly timeoutMs: number }>(
  "nagatha/work/Webhook",
  { defaultValue: () => ({ url: undefined, timeoutMs: 10_000 }) }
)

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

/** What may be told of a failed request: fetch hides the reason in `cause`, and its words may hold the URL. */
const unreachable = (cause: unknown): NotDelivered => {
  const inner = cause instanceof Error ? cause.cause : undefined
  const code = inner instanceof Error && "code" in inner ? ` (${String(inner.code)})` : ""
  return new NotDelivered({ reason: `the webhook could not be reached${code}` })
}

const postWebhook = Effect.fnUntraced(function* (notification: NotificationMessage) {
  const { timeoutMs, url } = yield* Webhook
  if (url === undefined) {
    return yield* new NotDelivered({ reason: "this worker has no webhook; set its URL in the worker's configuration" })
  }
  const status = yield* Effect.tryPromise({
    try: async (signal) => {
      const response = await fetch(Redacted.value(url), {
        method: "POST",
        headers: { "content-type": "application/cloudevents+json", "idempotency-key": notification.executionId },
        body: JSON.stringify(cloudEvent(notification)),
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
      orElse: () => Effect.fail(new NotDelivered({ reason: `the webhook did not answer within ${timeoutMs} ms` }))
    })
  )
  if (status < 200 || status > 299) {
    return yield* new NotDelivered({ reason: `the webhook answered with status ${status}; 200 to 299 are expected` })
  }
})

const levels = { info: Effect.logInfo, success: Effect.logInfo, warning: Effect.logWarning, error: Effect.logError }

const deliver: Record<
  NotificationChannel,
  (notification: NotificationMessage) => Effect.Effect<void, NotDelivered, NotificationBus>
> = {
  nats: (notification) => NotificationBus.use((bus) => bus.publish(notification)),
  log: (notification) =>
    levels[notification.notificationType](notification.message).pipe(
      Effect.annotateLogs({ taskId: notification.taskId, executionId: notification.executionId })
    ),
  webhook: postWebhook
}

const channelsOf = (args: NotificationArgs): ReadonlyArray<NotificationChannel> => [
  ...new Set<NotificationChannel>(["nats", ...(args.channel === undefined ? [] : [args.channel].flat())])
]

const notify = Effect.fnUntraced(function* (args: NotificationArgs, context: AttemptContext) {
  const notification: NotificationMessage = {
    message: args.message,
    notificationType: args.notificationType,
    ...(args.target === undefined ? {} : { target: args.target }),
    taskId: context.taskId,
    executionId: context.executionId,
    sentAt: Instant.fromMillis(yield* Clock.currentTimeMillis)
  }
  const channels = channelsOf(args)
  const results = yield* Effect.forEach(channels, (channel) => Effect.result(deliver[channel](notification)), {
    concurrency: "unbounded"
  })
  const deliveredTo = channels.filter((_, index) => results[index] !== undefined && Result.isSuccess(results[index]))
  const failed = results.flatMap((result, index) => {
    const channel = channels[index]
    return channel !== undefined && Result.isFailure(result) ? [{ channel, message: result.failure.message }] : []
  })
  if (deliveredTo.length === 0) {
    const message = `not delivered: ${failed.map((one) => `${one.channel}: ${one.message}`).join("; ")}`
    return yield* new TaskFailed({ error: { code: "notDelivered", message, detail: { failed } }, retryable: true })
  }
  return failed.length === 0 ? { deliveredTo } : { deliveredTo, failed }
})

export const Notification = implement(NotificationDeclaration, notify)
