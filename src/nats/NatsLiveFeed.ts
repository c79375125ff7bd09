/**
 * What running attempts tell, on NATS: `scheduler.task.progress` for everybody who listens to events, and
 * `scheduler.output.<executionId>` for as long as somebody asks for it on `<namespace>.follow.<executionId>`.
 */
import { Effect, Layer, Queue, Stream } from "effect"
import { type Followed, LiveFeed } from "../work/LiveFeed.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { publicEvent, publicOutput } from "../service/Announced.ts"

/** What a follower says when it begins; later it says nothing. */
export const BEGINS = "begin"

export const layer: Layer.Layer<LiveFeed, never, NatsConnection> = Layer.effect(
  LiveFeed,
  Effect.gen(function* () {
    const { connection, isConnected, listen, maxPayload, subjects } = yield* NatsConnection
    const publish = (subject: string, body: unknown) => {
      const payload = JSON.stringify(body)
      if (isConnected() && Buffer.byteLength(payload) <= maxPayload) connection.publish(subject, payload)
    }
    return LiveFeed.of({
      progress: (report) => publish(publicEvent("progress"), report),
      output: (piece) => publish(publicOutput(piece.executionId), piece),
      followed: Stream.callback<Followed>((queue) =>
        Effect.acquireRelease(
          Effect.sync(() =>
            listen(subjects.follow("*"), (message) => {
              const executionId = message.subject.slice(subjects.follow("").length)
              void Queue.offerUnsafe(queue, { executionId, begins: message.string() === BEGINS })
            })
          ),
          (subscription) =>
            Effect.sync(() => {
              if (!connection.isClosed()) subscription.unsubscribe()
            })
        )
      )
    })
  })
)
