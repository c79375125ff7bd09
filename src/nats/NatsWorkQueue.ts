/**
 * The work queue in JetStream: one work-queue stream, one durable consumer a queue, explicit acknowledgements.
 *
 * A worker pulls exactly as many attempts as it has room for, and none ahead: what it does not run, others may. Each pull
 * is one request of the server's own protocol, so that nothing is hidden: what breaks a pull ends it, and the next one is
 * made. What is delivered and neither acknowledged nor kept alive within the lease is delivered again.
 */
import type { Msg } from "@nats-io/transport-node"
import { createInbox } from "@nats-io/transport-node"
import { Effect, Layer, Queue, Schedule, Schema, Stream } from "effect"
import { offerId, WorkItem } from "../work/Work.ts"
import { type Delivery, QueueUnavailable, WorkQueue } from "../work/WorkQueue.ts"
import { publisherOf } from "./JetStreamPublish.ts"
import { headersOf, Lost, NatsConnection, reasonOf } from "./NatsConnection.ts"
import { inboxPrefix } from "./Roles.ts"

/** How long the server keeps a pull open, milliseconds. */
const PULL_MS = 5000
/** A pull without an end after this is taken for lost, milliseconds. */
const PULL_LOST_MS = 8000
const CHECK_MS = 1000
/** Messages read in one request when the stream is looked through. */
const PAGE = 1000

const decodeItem = Schema.decodeUnknownOption(Schema.fromJsonString(WorkItem))

interface Pull {
  /** Messages that the server may still send. */
  open: number
  readonly until: number
}

export const layer: Layer.Layer<WorkQueue, never, NatsConnection> = Layer.effect(
  WorkQueue,
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    const { connection, jsm, subjects } = nats
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

    const deliver = (message: Msg, done: () => void): Delivery | null => {
      const item = decodeItem(message.string())
      const reply = message.reply
      if (reply === undefined || item._tag === "None") return null
      let answered = false
      const answer = (text: string) =>
        Effect.sync(() => {
          if (!answered) done()
          answered = true
          if (!connection.isClosed()) connection.publish(reply, text)
        })
      return {
        item: item.value,
        ack: answer("+ACK"),
        inProgress: Effect.sync(() => {
          if (!connection.isClosed()) connection.publish(reply, "+WPI")
        }),
        retryAfter: (delayMs) => answer(`-NAK ${JSON.stringify({ delay: Math.round(delayMs) * 1_000_000 })}`)
      }
    }

    const takeQueue = (queue: string, room: number) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const deliveries = yield* Queue.unbounded<Delivery>()
          const next = `$JS.API.CONSUMER.MSG.NEXT.${subjects.workStream}.${subjects.consumer(queue)}`
          const inbox = createInbox(inboxPrefix("worker"))
          const pulls = new Map<string, Pull>()
          let inHand = 0
          let counter = 0

          const pull = () => {
            let asked = 0
            for (const { open } of pulls.values()) asked += open
            const free = room - inHand - asked
            // Small pulls cost as much as large ones: wait until a quarter of the room is free, unless nothing is asked.
            if (free <= 0 || (asked > 0 && free < room / 4) || connection.isClosed()) return
            const id = String(counter++)
            pulls.set(id, { open: free, until: performance.now() + PULL_LOST_MS })
            connection.publish(next, JSON.stringify({ batch: free, expires: PULL_MS * 1_000_000 }), {
              reply: `${inbox}.${id}`
            })
          }
          const finished = () => {
            inHand -= 1
            pull()
          }
          const subscription = connection.subscribe(`${inbox}.*`, {
            callback: (error, message) => {
              if (error !== null) return
              const status = message.headers?.code ?? 0
              if (status >= 400) {
                // The pull has ended: nothing came in time, the consumer is gone, or the server moved it.
                pulls.delete(message.subject.slice(inbox.length + 1))
                if (status !== 404 && status !== 408) Effect.runFork(Effect.ignore(register([queue])))
                setImmediate(pull)
                return
              }
              if (status !== 0) return
              // Items come under their own subject; the server serves the oldest pull first.
              for (const [id, oldest] of pulls) {
                oldest.open -= 1
                if (oldest.open === 0) pulls.delete(id)
                break
              }
              const delivery = deliver(message, finished)
              if (delivery === null) {
                message.respond("+TERM the item cannot be read")
                return
              }
              inHand += 1
              Queue.offerUnsafe(deliveries, delivery)
              pull()
            }
          })
          const check = setInterval(() => {
            const now = performance.now()
            for (const [id, { until }] of pulls) if (until < now) pulls.delete(id)
            pull()
          }, CHECK_MS)
          yield* Effect.addFinalizer(() =>
            Effect.sync(() => {
              clearInterval(check)
              if (!connection.isClosed()) subscription.unsubscribe()
            })
          )
          yield* nats.reconnected.pipe(
            Stream.runForEach(() =>
              Effect.sync(() => {
                pulls.clear()
                pull()
              })
            ),
            (following) => Effect.forkScoped(following)
          )
          pull()
          return Stream.fromQueue(deliveries)
        })
      )

    const take = (queues: ReadonlyArray<string>, concurrency: number) =>
      Stream.unwrap(
        register(queues).pipe(
          Effect.retry(Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")])),
          Effect.as(
            Stream.mergeAll(
              queues.map((queue) => takeQueue(queue, Math.max(1, Math.ceil(concurrency / queues.length)))),
              { concurrency: "unbounded" }
            )
          )
        )
      )

    return WorkQueue.of({ offer, held, take })
  })
)
