/**
 * The work queue in JetStream: one work-queue stream, one durable consumer a queue, explicit acknowledgements.
 * What is delivered and neither acknowledged nor kept alive within the lease is delivered again; see `WorkPull.ts`.
 */
import { Effect, Layer, Schedule, Stream } from "effect"
import { offerId, type WorkItem } from "../work/Work.ts"
import { QueueUnavailable, WorkQueue } from "../work/WorkQueue.ts"
import { publisherOf } from "./JetStreamPublish.ts"
import { headersOf, Lost, NatsConnection, reasonOf } from "./NatsConnection.ts"
import { pullFrom } from "./WorkPull.ts"
import { WorkRoom } from "./WorkRoom.ts"

/** Messages read in one request when the stream is looked through. */
const PAGE = 1000

export const layer: Layer.Layer<WorkQueue, never, NatsConnection> = Layer.effect(
  WorkQueue,
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    const { jsm, subjects } = nats
    const publisher = publisherOf(nats, subjects.workStream)

    const offer = Effect.fnUntraced(function* (items: ReadonlyArray<WorkItem>) {
      yield* nats.connected
      const outcomes = yield* publisher.publishAll(
        items.map((item) => ({
          subject: subjects.work(item.queue),
          payload: JSON.stringify(item),
          headers: headersOf({ "Nats-Msg-Id": offerId(item) })
        }))
      )
      const bad = outcomes.find((outcome) => outcome._tag !== "stored")
      if (bad === undefined) return
      return yield* new QueueUnavailable({ reason: bad._tag === "refused" ? bad.description : bad.reason })
    })

    const held = Effect.tryPromise({
      try: async () => {
        const ids = new Set<string>()
        const { state } = await jsm.streams.info(subjects.workStream)
        for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq;) {
          let at = seq
          for await (const message of await jsm.direct.getBatch(subjects.workStream, { seq, batch: PAGE })) {
            ids.add(message.header.get("Nats-Msg-Id"))
            at = message.seq + 1
          }
          if (at === seq) break
          seq = at
        }
        return ids
      },
      catch: (cause) => new QueueUnavailable({ reason: reasonOf(cause) })
    })

    /** Asks the core for the queues' consumers; a worker has no right to make them. */
    const register = (queues: ReadonlyArray<string>) =>
      Effect.callback<void, QueueUnavailable>((resume) => {
        nats.request(subjects.register, JSON.stringify({ queues }), (reply) => {
          const error = reply instanceof Lost ? reply.reason : reply.headers?.get("Nats-Service-Error") || null
          const silent = !(reply instanceof Lost) && reply.headers?.code === 503
          if (silent) resume(Effect.fail(new QueueUnavailable({ reason: "no scheduler node answers" })))
          else resume(error === null ? Effect.void : Effect.fail(new QueueUnavailable({ reason: error })))
        })
      })

    let warned = false
    const warn = (error: QueueUnavailable) => {
      warned = true
      return Effect.logWarning(`no work can be taken yet, asking again: ${error.reason}`)
    }

    const take = (queues: ReadonlyArray<string>, concurrency: number) =>
      Stream.suspend(() => {
        const room = new WorkRoom(concurrency, queues.length)
        const registered = register(queues).pipe(
          Effect.tapError((error) => (warned ? Effect.void : warn(error))),
          Effect.retry(Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")]))
        )
        const pulled = queues.map((queue) => pullFrom(nats, { queue, room, restore: Effect.ignore(register([queue])) }))
        return Stream.unwrap(Effect.as(registered, Stream.mergeAll(pulled, { concurrency: "unbounded" })))
      })

    return WorkQueue.of({ offer, held, take })
  })
)
