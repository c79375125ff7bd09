/** The arguments and the result of `notification`, without the code that delivers. */
import { Effect, Schema } from "effect"
import { declareTaskType } from "../TaskType.ts"

export const NotificationType = Schema.Literals(["info", "success", "warning", "error"])
export type NotificationType = typeof NotificationType.Type

/** Ways to deliver: `nats` is used always, the others where named. */
export const NotificationChannel = Schema.Literals(["nats", "log", "webhook", "desktop", "email"])
export type NotificationChannel = typeof NotificationChannel.Type

export const NotificationArgs = Schema.Struct({
  message: Schema.String.check(
    Schema.makeFilter((text: string) => (text.trim() === "" ? "must not be empty" : undefined))
  ).annotate({ description: "what to say" }),
  notificationType: NotificationType.annotate({ description: "info, success, warning or error" }).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("info" as const))
  ),
  target: Schema.optionalKey(Schema.String.annotate({ description: "whom it is for, in the receiver's own words" })),
  channel: Schema.optionalKey(
    Schema.Union([NotificationChannel, Schema.Array(NotificationChannel)]).annotate({
      description: '"nats", "log", "webhook", "desktop" or "email", or a list of these; "nats" is used always'
    })
  )
})
export type NotificationArgs = typeof NotificationArgs.Type

export const NotificationResult = Schema.Struct({
  deliveredTo: Schema.Array(NotificationChannel),
  /** Channels that failed while others did not; absent when none failed. */
  failed: Schema.optionalKey(Schema.Array(Schema.Struct({ channel: NotificationChannel, message: Schema.String })))
})
export type NotificationResult = typeof NotificationResult.Type

export const NotificationDeclaration = declareTaskType({
  name: "notification",
  description: "Tells people and programs something.",
  args: NotificationArgs,
  result: NotificationResult
})
