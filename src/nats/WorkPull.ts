/**
 * Deliveries of one queue. As many attempts are pulled as there is room for, and none ahead: what this worker does not
 * run, others may. Queues share their room: one that is busy may take all of it, and each of the others still gets an attempt.
 *
 * Each pull is one request of the server's own protocol, so that nothing is hidden: what breaks a pull ends it, and the
 * next one is made, after a pause that grows for as long as pulls break (the consumer is gone, too many wait, the server
 * stops). An attempt that is delivered again while it is in hand takes no further room: its newest delivery counts.
 */
import type { Msg, NatsConnection as Connection } from "@nats-io/transport-node"
import { createInbox } from "@nats-io/transport-node"
import { Effect, Queue, Schema, Stream } from "effect"
import { offerId, WorkItem } from "../work/Work.ts"
import type { Delivery } from "../work/WorkQueue.ts"
import type { NatsConnection } from "./NatsConnection.ts"
import { inboxPrefix } from "./Roles.ts"
import type { WorkRoom } from "./WorkRoom.ts"

/** How long the server keeps a pull open, and one that keeps room from other queues, milliseconds. */
const PULL_MS = 5000
const SHARED_PULL_MS = 1000
/** A pull without an end after this is taken for lost, milliseconds. */
const PULL_LOST_MS = 8000
const CHECK_MS = 1000
/** Shortest and longest pause after a pull that broke, milliseconds. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [50, 2000]
/** Ends of a pull in good order: nothing there, or nothing came in time. */
const NOTHING_CAME: ReadonlySet<number> = new Set([404, 408])

const decodeItem = Schema.decodeUnknownOption(Schema.fromJsonString(WorkItem))

interface Pull {
  /** Messages that the server may still send. */
  open: number
  readonly until: number
}

export interface PullOptions {
  readonly queue: string
  readonly room: WorkRoom
  /** Tries to bring back what pulls need; run after each that broke. */
  readonly restore: Effect.Effect<void>
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.…`: how many times the server says it has delivered it. */
export const deliveredSoFar = (reply: string): number => {
  const tokens = reply.split(".")
  return Number(tokens[tokens.length > 9 ? 6 : 4])
}

/** The ways to answer a delivery; `done` is called with the first that ends it. */
const deliveryOf = (connection: Connection, item: WorkItem, reply: string, done: () => void): Delivery => {
  let answered = false
  const say = (text: string) => {
    if (!connection.isClosed()) connection.publish(reply, text)
  }
  const answer = (text: string) =>
    Effect.sync(() => {
      if (!answered) done()
      answered = true
      say(text)
    })
  return {
    item,
    redelivered: deliveredSoFar(reply) > 1,
    ack: answer("+ACK"),
    inProgress: Effect.sync(() => say("+WPI")),
    retryAfter: (delayMs) => answer(`-NAK ${JSON.stringify({ delay: Math.round(delayMs) * 1_000_000 })}`)
  }
}

/** Deliveries for as long as the stream is read; never ends by itself. */
export const pullFrom = (
  nats: NatsConnection["Service"],
  { queue, restore, room }: PullOptions
): Stream.Stream<Delivery> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { connection, subjects } = nats
      const deliveries = yield* Queue.unbounded<Delivery>()
      const fork = Effect.runForkWith(yield* Effect.context<never>())
      const next = `$JS.API.CONSUMER.MSG.NEXT.${subjects.workStream}.${subjects.consumer(queue)}`
      const inbox = createInbox(inboxPrefix("worker"))
      const pulls = new Map<string, Pull>()
      /** Attempts in hand, by `offerId`. */
      const inHand = new Set<string>()
      let counter = 0
      /** Whether something came lately. */
      let busy = false
      let pauseMs = FIRST_PAUSE_MS
      let resting: NodeJS.Timeout | undefined

      const asked = () => {
        let open = 0
        for (const pull of pulls.values()) open += pull.open
        return open
      }
      /** Where nothing came lately a single attempt is asked for, which keeps no room from the other queues. */
      const probing = () => room.isShared && !busy
      const taken = () => inHand.size + (probing() ? 0 : asked())

      const pull = () => {
        const open = asked()
        const batch = probing() ? 1 : room.free
        if (batch <= 0 || resting !== undefined || connection.isClosed()) return
        // Small pulls cost as much as large ones: wait until a quarter of the room is free, unless nothing is asked.
        if (open > 0 && (probing() || batch < room.size / 4)) return
        const id = String(counter++)
        pulls.set(id, { open: batch, until: performance.now() + PULL_LOST_MS })
        const expiresMs = room.isShared && busy ? SHARED_PULL_MS : PULL_MS
        connection.publish(next, JSON.stringify({ batch, expires: expiresMs * 1_000_000 }), {
          reply: `${inbox}.${id}`
        })
      }
      const goOn = () => {
        clearTimeout(resting)
        resting = undefined
        room.offer()
      }
      const ended = (pullId: string, status: number) => {
        pulls.delete(pullId)
        if (NOTHING_CAME.has(status)) {
          pauseMs = FIRST_PAUSE_MS
          busy = pulls.size > 0
          setImmediate(() => room.offer())
        } else if (resting === undefined) {
          resting = setTimeout(goOn, pauseMs)
          pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
          fork(restore)
        }
      }
      const delivered = (message: Msg) => {
        pauseMs = FIRST_PAUSE_MS
        busy = true
        // Items come under their own subject; the server serves the oldest pull first.
        for (const [id, oldest] of pulls) {
          oldest.open -= 1
          if (oldest.open === 0) pulls.delete(id)
          break
        }
        const item = decodeItem(message.string())
        if (item._tag === "None" || message.reply === undefined) {
          message.respond("+TERM the item cannot be read")
        } else {
          const id = offerId(item.value)
          inHand.add(id)
          const done = () => {
            inHand.delete(id)
            room.offer()
          }
          Queue.offerUnsafe(deliveries, deliveryOf(connection, item.value, message.reply, done))
        }
        pull()
      }

      const subscription = nats.listen(`${inbox}.*`, (message) => {
        const status = message.headers?.code ?? 0
        if (status >= 400) ended(message.subject.slice(inbox.length + 1), status)
        else if (status === 0) delivered(message)
      })
      const check = setInterval(() => {
        const now = performance.now()
        for (const [id, { until }] of pulls) if (until < now) pulls.delete(id)
        room.offer()
      }, CHECK_MS)
      const leave = room.join({ taken, pull })
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          leave()
          clearInterval(check)
          clearTimeout(resting)
          if (!connection.isClosed()) subscription.unsubscribe()
        })
      )
      yield* nats.reconnected.pipe(
        Stream.runForEach(() =>
          Effect.sync(() => {
            pulls.clear()
            goOn()
          })
        ),
        (following) => Effect.forkScoped(following)
      )
      pull()
      return Stream.fromQueue(deliveries)
    })
  )
