/** A notification as an e-mail by SMTP, to those whom the worker's configuration names. One try; the task's retries are the others. */
import { Effect, Redacted } from "effect"
import { Channels } from "./ChannelSettings.ts"
import { NotDelivered, type NotificationMessage } from "./NotificationMessage.ts"

const TIMEOUT_MS = 20_000
/** Longest subject, in characters. */
const SUBJECT = 120

const subjectOf = ({ message, notificationType }: NotificationMessage): string => {
  const [line = ""] = message.trim().split(/\r?\n/)
  const text = notificationType === "info" ? line : `${notificationType}: ${line}`
  return text.length <= SUBJECT ? text : `${text.slice(0, SUBJECT - 1)}…`.toWellFormed()
}

/** What may be told of it: words of the server, never the address with the password. */
const reasonOf = (cause: unknown, smtp: string): string => {
  const text = cause instanceof Error ? cause.message : String(cause)
  return `the mail server did not take it: ${text.replaceAll(smtp, "…")}`
}

export const deliverByEmail = Effect.fnUntraced(function* (notification: NotificationMessage) {
  const { email } = yield* Channels
  if (email === undefined) {
    return yield* new NotDelivered({
      reason:
        'this worker sends no e-mail; set "notifications": { "email": { "smtp": "smtp://…", "from": "…", "to": ["…"] } } in its configuration file'
    })
  }
  const smtp = Redacted.value(email.smtp)
  const { executionId, message, sentAt, target, taskId } = notification
  const { createTransport } = yield* Effect.promise(() => import("nodemailer"))
  yield* Effect.tryPromise({
    try: async () => {
      const { hostname } = new URL(smtp)
      const transport = createTransport({
        url: smtp,
        connectionTimeout: TIMEOUT_MS,
        greetingTimeout: TIMEOUT_MS,
        socketTimeout: TIMEOUT_MS
      })
      try {
        await transport.sendMail({
          from: email.from,
          to: [...email.to],
          subject: subjectOf(notification),
          text: `${message}\n${target === undefined ? "" : `\nfor: ${target}`}\n-- \ntask ${taskId}, execution ${executionId}\n`,
          date: new Date(sentAt),
          // The same for each try: mail programs show a letter that came twice once.
          messageId: `<${executionId}@${hostname}>`,
          headers: { "X-Nagatha-Task-Id": taskId, "Auto-Submitted": "auto-generated" }
        })
      } finally {
        transport.close()
      }
    },
    catch: (cause) => new NotDelivered({ reason: reasonOf(cause, smtp) })
  })
})
