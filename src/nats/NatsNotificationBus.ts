/** Notifications on NATS: published on `scheduler.notification.<type>` for whoever listens at that moment. */
import { Effect, Layer } from "effect"
import { NotDelivered, NotificationBus } from "../work/notification/NotificationMessage.ts"
import { NatsConnection, reasonOf } from "./NatsConnection.ts"
import { notification } from "../service/Announced.ts"

export const layer: Layer.Layer<NotificationBus, never, NatsConnection> = Layer.effect(
  NotificationBus,
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    return NotificationBus.of({
      publish: Effect.fnUntraced(function* (message) {
        if (!nats.isConnected()) return yield* new NotDelivered({ reason: "there is no connection to NATS" })
        yield* Effect.tryPromise({
          try: async () => {
            nats.connection.publish(notification(message.notificationType), JSON.stringify(message))
            await nats.connection.flush()
          },
          catch: (cause) => new NotDelivered({ reason: `NATS did not take it: ${reasonOf(cause)}` })
        })
      })
    })
  })
)
