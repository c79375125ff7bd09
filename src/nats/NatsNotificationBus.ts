/**
 * Notifications on NATS: published on `scheduler.notification.<type>` for whoever listens at that moment, as CloudEvents
 * whose id is that of the execution.
 */
import { Effect, Layer } from "effect"
import { NotDelivered, NotificationBus } from "../work/notification/NotificationMessage.ts"
import { notification } from "../service/Announced.ts"
import { CHAIN_HEADER, cloudEvent, taskSource } from "./CloudEvent.ts"
import { headersOf, NatsConnection, reasonOf } from "./NatsConnection.ts"

export const layer: Layer.Layer<NotificationBus, never, NatsConnection> = Layer.effect(
  NotificationBus,
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    return NotificationBus.of({
      publish: Effect.fnUntraced(function* (message, chain) {
        if (!nats.isConnected()) return yield* new NotDelivered({ reason: "there is no connection to NATS" })
        yield* Effect.tryPromise({
          try: async () => {
            const subject = notification(message.notificationType)
            nats.connection.publish(subject, JSON.stringify(message), {
              headers: headersOf({
                ...cloudEvent({
                  id: message.executionId,
                  type: subject,
                  source: taskSource(nats.subjects, message.taskId),
                  time: message.sentAt
                }),
                ...(chain === 0 ? {} : { [CHAIN_HEADER]: String(chain) })
              })
            })
            await nats.connection.flush()
          },
          catch: (cause) => new NotDelivered({ reason: `NATS did not take it: ${reasonOf(cause)}` })
        })
      })
    })
  })
)
