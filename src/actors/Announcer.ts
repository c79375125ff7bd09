/**
 * The announcer of a node: says each event of the log, in the order of its partition, at least once, and offers due
 * attempts to the workers.
 *
 * It begins at the last announcement of a partition that is still held, so a crash between commit and announcement is
 * healed by following the log; and it begins there again whenever announcements may have been lost. It never fails: what
 * cannot be said now is said later, from the log. All partitions share one line, so that what gathers while one group is
 * on its way leaves together.
 */
import { Clock, Effect, Queue, Schedule, type Scope, Stream } from "effect"
import { EventLog, undamaged } from "../events/EventLog.ts"
import type { WorkItem } from "../work/Work.ts"
import { WorkQueue } from "../work/WorkQueue.ts"
import { Announcements, type Recorded } from "./Announcements.ts"

/** Most events said, or attempts offered, in one go. */
const BATCH = 512

/** Events that wait in memory to be said; what comes on top is read from the log when its turn has come. */
export const WAITING_LIMIT = 50_000

/** Pause before a failed announcement is tried again. */
const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

export interface Announcer {
  /** A partition is owned from now on; `queueOf` names the queue of a task for events that are read back from the log. */
  begin(partition: number, queueOf: (taskId: string) => string | undefined): void
  /** Takes events of one partition that have just been stored, in log order. */
  accept(recorded: ReadonlyArray<Recorded>): void
  /** Takes attempts whose time has come. */
  offer(items: ReadonlyArray<WorkItem>): void
  /** What a partition has said may have been lost: compare with the log and say the missing again. */
  resync(partition: number): void
}

type Message = Recorded | { readonly resync: number }

interface Line {
  readonly queueOf: (taskId: string) => string | undefined
  /** The newest announcement. */
  said: { readonly sequence: number; readonly index: number }
}

const isNew = (one: Line["said"], said: Line["said"]) =>
  one.sequence > said.sequence || (one.sequence === said.sequence && one.index > said.index)

export const make: Effect.Effect<Announcer, never, EventLog | Announcements | WorkQueue | Scope.Scope> = Effect.gen(
  function* () {
    const log = yield* EventLog
    const announcements = yield* Announcements
    const workQueue = yield* WorkQueue
    const messages = yield* Queue.unbounded<Message>()
    const offers = yield* Queue.unbounded<WorkItem>()
    const lines = new Map<number, Line>()
    /** Partitions whose newest events are not in memory, and which are read from the log instead. */
    const overflown = new Set<number>()

    const announce = Effect.fnUntraced(function* (batch: ReadonlyArray<Recorded>) {
      const fresh = batch.filter((one) => isNew(one, lines.get(one.partition)?.said ?? one))
      if (fresh.length === 0) return
      yield* announcements.announce(fresh)
      for (const { index, partition, sequence } of fresh) {
        const line = lines.get(partition)
        if (line !== undefined) line.said = { sequence, index }
      }
    })

    /** From the last announcement that is held to the end of the log. */
    const catchUp = (partition: number) =>
      Effect.gen(function* () {
        const line = lines.get(partition)
        if (line === undefined) return
        const held = yield* announcements.last(partition)
        const end = held === null ? 0 : yield* log.lastSequence
        const isCut = held !== null && held.sequence > end
        if (isCut) {
          yield* Effect.logError(
            `the log ends at log sequence ${end}, but events of partition ${partition} up to ${held.sequence} have been announced: it was shortened or replaced. Where that was not on purpose: stop the nodes, and restore the streams from a copy`
          )
        }
        // What another log announced says nothing of this one.
        const last = isCut ? null : held
        const now = yield* Clock.currentTimeMillis
        line.said = last ?? { sequence: 0, index: -1 }
        yield* undamaged(log.readAny(partition, Math.max(0, line.said.sequence - 1))).pipe(
          Stream.filter((recorded) => last !== null || recorded.storedAt >= now - announcements.keptMs),
          Stream.flatMap((recorded) =>
            Stream.fromIterable(
              recorded.commit.events.map((event, index): Recorded => ({
                partition,
                sequence: recorded.sequence,
                index,
                queue: line.queueOf(event.taskId) ?? event.taskType,
                event
              }))
            )
          ),
          Stream.grouped(BATCH),
          Stream.runForEach(announce)
        )
      }).pipe(
        Effect.tapError((error) => Effect.logDebug(`partition ${partition}: ${error.message}`)),
        Effect.retry({ while: (error) => error._tag !== "UnreadableCommit", schedule: retryPolicy }),
        // The others must not wait for what a newer version wrote; its partition is halted as well.
        Effect.catchTag("UnreadableCommit", (error) =>
          Effect.logError(`partition ${partition} is not announced any more: ${error.message}`)
        )
      )

    const follow = Effect.gen(function* () {
      const batch = yield* Queue.takeBetween(messages, 1, BATCH)
      const behind = new Set<number>()
      const events: Array<Recorded> = []
      for (const message of batch) {
        if ("resync" in message) {
          behind.add(message.resync)
          overflown.delete(message.resync)
        } else events.push(message)
      }
      // What the log is read for anyway need not be said twice.
      const live = behind.size === 0 ? events : events.filter((one) => !behind.has(one.partition))
      yield* announce(live).pipe(
        Effect.catch((error) => {
          for (const one of live) behind.add(one.partition)
          return Effect.logDebug(error.message)
        })
      )
      yield* Effect.forEach(behind, catchUp, { concurrency: 8, discard: true })
    })

    const offering = Effect.flatMap(Queue.takeBetween(offers, 1, BATCH), (items) =>
      workQueue.offer(items).pipe(
        Effect.tapError((error) => Effect.logDebug(error.message)),
        Effect.retry(retryPolicy)
      )
    )

    const forever = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>) =>
      Effect.forever(effect).pipe(
        Effect.tapCause((cause) => Effect.logError(`${what} has stopped`, cause)),
        (loop) => Effect.forkScoped(loop)
      )
    yield* forever("announcing", follow)
    yield* forever("offering work", offering)

    const resync = (partition: number): void => void Queue.offerUnsafe(messages, { resync: partition })
    return {
      begin: (partition, queueOf) => {
        lines.set(partition, { queueOf, said: { sequence: 0, index: -1 } })
        resync(partition)
      },
      accept: (recorded) => {
        const partition = recorded[0]?.partition
        if (partition === undefined || overflown.has(partition)) return
        if (Queue.sizeUnsafe(messages) + recorded.length <= WAITING_LIMIT) {
          return void Queue.offerAllUnsafe(messages, recorded)
        }
        overflown.add(partition)
        resync(partition)
      },
      offer: (items) => void Queue.offerAllUnsafe(offers, items),
      resync
    }
  }
)
