/**
 * `notification`: tells people and programs something, on the message bus always, on further channels where the task
 * names them or the worker's configuration routes the type to them.
 *
 * A channel that fails keeps no other from delivering. The attempt fails (and is retried) when none of the channels that
 * were asked for has delivered, the message bus not counted, so that a retry never tells the same thing twice on a
 * channel that had it; listeners on the bus know by the execution's id that they have heard it.
 */
import { Clock, Effect, Result } from "effect"
import * as Instant from "../../recurrence/Instant.ts"
import { type AttemptContext, implement, TaskFailed } from "../TaskType.ts"
import { Channels, type ChannelSettings } from "./ChannelSettings.ts"
import { deliverToDesktop } from "./DesktopChannel.ts"
import { deliverByEmail } from "./EmailChannel.ts"
import { type NotificationArgs, type NotificationChannel, NotificationDeclaration } from "./NotificationArgs.ts"
import { type NotDelivered, NotificationBus, type NotificationMessage } from "./NotificationMessage.ts"
import { deliverToWebhook } from "./WebhookChannel.ts"

const levels = { info: Effect.logInfo, success: Effect.logInfo, warning: Effect.logWarning, error: Effect.logError }

const deliver: Record<
  NotificationChannel,
  (notification: NotificationMessage, chain: number) => Effect.Effect<void, NotDelivered, NotificationBus>
> = {
  nats: (notification, chain) => NotificationBus.use((bus) => bus.publish(notification, chain)),
  log: (notification) =>
    levels[notification.notificationType](notification.message).pipe(
      Effect.annotateLogs({ taskId: notification.taskId, executionId: notification.executionId })
    ),
  webhook: deliverToWebhook,
  desktop: deliverToDesktop,
  email: deliverByEmail
}

const channelsOf = (args: NotificationArgs, { routes = {} }: ChannelSettings): ReadonlyArray<NotificationChannel> => [
  ...new Set<NotificationChannel>([
    "nats",
    ...(args.channel === undefined ? [] : [args.channel].flat()),
    ...(routes[args.notificationType] ?? [])
  ])
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
  const channels = channelsOf(args, yield* Channels)
  const results = yield* Effect.forEach(
    channels,
    (channel) => Effect.result(deliver[channel](notification, context.chain)),
    {
      concurrency: "unbounded"
    }
  )
  const deliveredTo = channels.filter((_, index) => results[index] !== undefined && Result.isSuccess(results[index]))
  const failed = results.flatMap((result, index) => {
    const channel = channels[index]
    return channel !== undefined && Result.isFailure(result) ? [{ channel, message: result.failure.message }] : []
  })
  for (const { channel, message } of failed) context.log(`${channel}: not delivered: ${message}`)
  // The message bus alone is nobody who was asked for.
  const asked = channels.length > 1
  if (deliveredTo.every((channel) => asked && channel === "nats")) {
    const message = `not delivered: ${failed.map((one) => `${one.channel}: ${one.message}`).join("; ")}`
    return yield* new TaskFailed({ error: { code: "notDelivered", message, detail: { failed } }, retryable: true })
  }
  return failed.length === 0 ? { deliveredTo } : { deliveredTo, failed }
})

export const Notification = implement(NotificationDeclaration, notify)
