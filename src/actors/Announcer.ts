/**
 * The announcer of one partition: says each event of the log, in order, at least once, and offers due attempts to the
 * workers.
 *
 * It begins at the last announcement that is still held, so a crash between commit and announcement is healed by
 * following the log; and it begins there again whenever announcements may have been lost. It never fails: what cannot
 * be said now is said later, from the log.
 */
import { Clock, Effect, Queue, Schedule, type Scope, Stream } from "effect"
import { EventLog } from "../events/EventLog.ts"
import type { WorkItem } from "../work/Work.ts"
import { WorkQueue } from "../work/WorkQueue.ts"
import { Announcements, type Recorded } from "./Announcements.ts"

/** Most events said, or attempts offered, in one go. */
const BATCH = 256

/** Pause before a failed announcement is tried again. */
const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("2 seconds")])

export interface Announcer {
  /** Takes events that have just been stored, in log order. */
  accept(recorded: ReadonlyArray<Recorded>): void
  /** Takes attempts whose time has come. */
  offer(items: ReadonlyArray<WorkItem>): void
  /** What was said may have been lost: compare with the log and say the missing again. */
  readonly resync: Effect.Effect<void>
}

type Message = Recorded | "resync"

/** Starts announcing; `queueOf` names the queue of a task for events that are read back from the log. */
export const make = Effect.fnUntraced(function* (
  partition: number,
  queueOf: (taskId: string) => string | undefined
): Effect.fn.Return<Announcer, never, EventLog | Announcements | WorkQueue | Scope.Scope> {
  const log = yield* EventLog
  const announcements = yield* Announcements
  const workQueue = yield* WorkQueue
  const events = yield* Queue.unbounded<Message>()
  const offers = yield* Queue.unbounded<WorkItem>()
  let said = { sequence: 0, index: -1 }

  const isNew = (one: { readonly sequence: number; readonly index: number }) =>
    one.sequence > said.sequence || (one.sequence === said.sequence && one.index > said.index)

  const announce = Effect.fnUntraced(function* (batch: ReadonlyArray<Recorded>) {
    const fresh = batch.filter(isNew)
    const newest = fresh.at(-1)
    if (newest === undefined) return
    yield* announcements.announce(fresh)
    said = { sequence: newest.sequence, index: newest.index }
  })

  /** From the last announcement that is held to the end of the log. */
  const catchUp = Effect.gen(function* () {
    const last = yield* announcements.last(partition)
    const now = yield* Clock.currentTimeMillis
    said = last ?? { sequence: 0, index: -1 }
    yield* log.read(partition, Math.max(0, said.sequence - 1)).pipe(
      Stream.filter((recorded) => last !== null || recorded.storedAt >= now - announcements.keptMs),
      Stream.flatMap((recorded) =>
        Stream.fromIterable(
          recorded.commit.events.map((event, index): Recorded => ({
            partition,
            sequence: recorded.sequence,
            index,
            queue: queueOf(event.taskId) ?? event.taskType,
            event
          }))
        )
      ),
      Stream.grouped(BATCH),
      Stream.runForEach(announce)
    )
  }).pipe(
    Effect.tapError((error) => Effect.logDebug(`partition ${partition}: ${error.message}`)),
    Effect.retry(retryPolicy)
  )

  const follow = Effect.gen(function* () {
    const batch = yield* Queue.takeBetween(events, 1, BATCH)
    if (batch.includes("resync")) return yield* catchUp
    yield* announce(batch.filter((message) => message !== "resync")).pipe(
      Effect.catch((error) => Effect.andThen(Effect.logDebug(`partition ${partition}: ${error.message}`), catchUp))
    )
  })

  const offering = Effect.flatMap(Queue.takeBetween(offers, 1, BATCH), (items) =>
    workQueue.offer(items).pipe(
      Effect.tapError((error) => Effect.logDebug(`partition ${partition}: ${error.message}`)),
      Effect.retry(retryPolicy)
    )
  )

  const forever = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>) =>
    Effect.forever(effect).pipe(
      Effect.tapCause((cause) => Effect.logError(`${what} of partition ${partition} has stopped`, cause)),
      (loop) => Effect.forkScoped(loop)
    )

  yield* Queue.offer(events, "resync")
  yield* forever("announcing", follow)
  yield* forever("offering work", offering)
  return {
    accept: (recorded) => void Queue.offerAllUnsafe(events, recorded),
    offer: (items) => void Queue.offerAllUnsafe(offers, items),
    resync: Effect.asVoid(Queue.offer(events, "resync"))
  }
})
