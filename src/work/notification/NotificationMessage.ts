/** What a notification says, and the port by which it leaves on the message bus. */
import { Context, Effect, Layer, Schema } from "effect"
import * as Instant from "../../recurrence/Instant.ts"
import { NotificationType } from "./NotificationArgs.ts"

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
export class NotDelivered extends Schema.TaggedError<NotDelivered>()("NotDelivered", {
  reason: Schema.String
}) {
  override get message() {
    return this.reason
  }
}

/** The message bus that carries notifications to whoever listens; at least once for those who listen now. */
export class NotificationBus extends Context.Service<
  NotificationBus,
  {
    /** `chain`: how many executions in a row have led to it; 0 where none did. */
    publish(notification: NotificationMessage, chain: number): Effect.Effect<void, NotDelivered>
  }
>()("nagatha/work/NotificationBus") {
  /** In memory: appends to `published`. */
  static readonly layerMemory = (published: Array<NotificationMessage> = []): Layer.Layer<NotificationBus> =>
    Layer.succeed(NotificationBus, {
      publish: (notification) => Effect.sync(() => void published.push(notification))
    })
}
