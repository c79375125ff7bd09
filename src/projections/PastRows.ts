/**
 * The rows of the read models as they were at a moment: built anew from the log up to it, and kept for those who ask for
 * the same moment again, as long as there is room.
 *
 * A moment includes every commit that was decided at or before it, and nothing else. The log is read in pieces, between
 * which everything else in the process goes on; a log of too many events is refused, and so is a third rebuilding at once.
 * Nothing of it is stored: a crash costs a rebuilding.
 */
import { Clock, Deferred, Effect, Schema, Scope, Stream } from "effect"
import type { CalendarEvent } from "../events/CalendarEvent.ts"
import { known, type RecordedCommit } from "../events/Commit.ts"
import { EventLog } from "../events/EventLog.ts"
import { fromMillis, type Instant, toMillis } from "../recurrence/Instant.ts"
import { batchesOf } from "./Projector.ts"
import type { Queries } from "./Queries.ts"
import { reads } from "./ReadModels.ts"
import { ReadModelStore } from "./ReadModelStore.ts"

/** Which moment is asked for. */
export type Moment =
  | { readonly _tag: "sequence"; readonly sequence: number }
  /** Milliseconds since the epoch. */
  | { readonly _tag: "instant"; readonly at: number }

/** A moment as it can be seen. */
export interface View {
  readonly queries: Omit<Queries["Service"], "counts" | "logSequence" | "parked">
  /** What had happened to the calendars, in order. */
  readonly calendars: ReadonlyArray<{ readonly event: CalendarEvent; readonly sequence: number }>
  /** Where the log begins, where that is after the moment; null where the log is empty; undefined for any other moment. */
  readonly begins: Instant | null | undefined
}

/** The moment lies in the future. */
export class NotYet extends Schema.TaggedError<NotYet>()("NotYet", { message: Schema.String }) {}
/** The rows are still being built; ask again. */
export class Rebuilding extends Schema.TaggedError<Rebuilding>()("Rebuilding", { message: Schema.String }) {}
/** As many are being built as may be at once; ask again later. */
export class TooMany extends Schema.TaggedError<TooMany>()("TooMany", { message: Schema.String }) {}
/** There is too much before the moment, or it cannot be read. */
export class NotRebuilt extends Schema.TaggedError<NotRebuilt>()("NotRebuilt", {
  reason: Schema.Literals(["tooLong", "unreadable"]),
  message: Schema.String
}) {}
export type PastError = NotYet | Rebuilding | TooMany | NotRebuilt

export interface PastRowsOptions {
  /** Most events before a moment (default 1,000,000). */
  readonly mostEvents?: number
  /** Moments built at the same time (default 2). */
  readonly mostAtOnce?: number
  /** How long a question waits for its moment to be built, milliseconds (default 3,000): less than askers wait for an answer. */
  readonly patienceMs?: number
}

/** Moments that are kept, and events of all of them together. */
const KEPT = 4
const KEPT_EVENTS = 1_000_000
/** Partitions write beside each other: so much later, by the time of its commits, nothing of a moment follows. */
const SLACK_MS = 60_000

interface Built extends View {
  readonly store: ReadModelStore
  readonly events: number
}

interface Entry {
  readonly built: Deferred.Deferred<Built, PastError>
  done: Built | undefined
  /** Questions that are being answered from it. */
  users: number
  isDropped: boolean
  /** Log sequences read, and to be read. */
  read: number
  last: number
}

export interface PastRows {
  /** Answers a question from a moment. */
  ask<A, E, R>(moment: Moment, question: (view: View) => Effect.Effect<A, E, R>): Effect.Effect<A, E | PastError, R>
}

const keyOf = (moment: Moment): string => (moment._tag === "sequence" ? `#${moment.sequence}` : String(moment.at))

export const make = Effect.fnUntraced(function* (
  options: PastRowsOptions = {}
): Effect.fn.Return<PastRows, never, EventLog | Scope.Scope> {
  const { mostAtOnce = 2, mostEvents = 1_000_000, patienceMs = 3000 } = options
  const log = yield* EventLog
  const scope = yield* Effect.scope
  /** Asked for longest ago first. */
  const entries = new Map<string, Entry>()
  let building = 0

  const close = ({ done, isDropped, users }: Entry) => {
    if (isDropped && users === 0) done?.store.close()
  }
  const drop = (key: string, entry: Entry) => {
    entries.delete(key)
    entry.isDropped = true
    close(entry)
  }
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const [key, entry] of entries) drop(key, entry)
    })
  )

  /** Makes room: those that were not asked for longest go first. */
  const makeRoom = () => {
    const ready = [...entries].filter(([, { done }]) => done !== undefined)
    let events = ready.reduce((sum, [, { done }]) => sum + (done?.events ?? 0), 0)
    for (const [index, [key, entry]] of ready.entries()) {
      const left = ready.length - index
      if (left <= 1 || (left <= KEPT && events <= KEPT_EVENTS)) break
      events -= entry.done?.events ?? 0
      drop(key, entry)
    }
  }

  const build = Effect.fnUntraced(function* (moment: Moment, entry: Entry) {
    const store = ReadModelStore.openTemporary()
    const calendars: Array<View["calendars"][number]> = []
    let events = 0
    let first: Instant | undefined
    let newest = 0
    const isBefore = ({ commit, sequence }: RecordedCommit): boolean =>
      moment._tag === "sequence" ? sequence <= moment.sequence : toMillis(commit.time) <= moment.at
    const isBehind = ({ commit, sequence }: RecordedCommit): boolean =>
      sequence >= entry.last || (moment._tag === "instant" && toMillis(commit.time) > moment.at + SLACK_MS)

    const fold = Effect.fnUntraced(function* (commits: ReadonlyArray<RecordedCommit>) {
      first ??= commits[0]?.commit.time
      for (const batch of batchesOf(commits.filter(isBefore))) {
        events += batch.reduce((sum, { commit }) => sum + commit.events.length, 0)
        if (events > mostEvents) {
          return yield* new NotRebuilt({
            reason: "tooLong",
            message: `before that moment there are more than ${mostEvents} events: too many to build it anew`
          })
        }
        yield* Effect.sync(() => store.apply(batch))
        for (const { commit, sequence } of batch) {
          newest = Math.max(newest, toMillis(commit.time))
          for (const event of commit.calendars ?? []) calendars.push({ event, sequence })
        }
        yield* Effect.yieldNow
      }
      entry.read = commits.at(-1)?.sequence ?? entry.read
    })

    if (entry.last > 0) {
      yield* log.followAny(0).pipe(
        Stream.map(known),
        Stream.takeUntil(isBehind),
        Stream.runForEachArray(fold),
        Effect.catchTag("LogUnavailable", (error) => new NotRebuilt({ reason: "unreadable", message: error.message })),
        Effect.onError(() => Effect.sync(() => store.close()))
      )
    }
    const now = moment._tag === "instant" ? moment.at : newest
    const built: Built = {
      store,
      events,
      calendars,
      begins: store.sequence > 0 ? undefined : (first ?? null),
      queries: reads((_after, question) => question(store), Effect.succeed(now))
    }
    return built
  })

  /** The moment as it is kept, or as it begins to be built. */
  const entryOf = Effect.fnUntraced(function* (moment: Moment): Effect.fn.Return<Entry, PastError> {
    const key = keyOf(moment)
    const known = entries.get(key)
    if (known !== undefined) {
      entries.delete(key)
      entries.set(key, known)
      return known
    }
    const now = yield* Clock.currentTimeMillis
    if (moment._tag === "instant" && moment.at > now) {
      return yield* new NotYet({ message: `${fromMillis(moment.at)} lies in the future` })
    }
    const last = yield* Effect.mapError(
      log.lastSequence,
      (error) => new NotRebuilt({ reason: "unreadable", message: error.message })
    )
    if (moment._tag === "sequence" && moment.sequence > last) {
      return yield* new NotYet({ message: `the log ends at #${last}: #${moment.sequence} is still to come` })
    }
    // Another question may have begun it meanwhile.
    const begun = entries.get(key)
    if (begun !== undefined) return begun
    if (building >= mostAtOnce) {
      return yield* new TooMany({
        message: `${building} other moments of the past are being built from the log just now`
      })
    }
    const entry: Entry = {
      built: Deferred.makeUnsafe(),
      done: undefined,
      users: 0,
      isDropped: false,
      read: 0,
      last: moment._tag === "sequence" ? moment.sequence : last
    }
    entries.set(key, entry)
    building += 1
    yield* build(moment, entry).pipe(
      Effect.tap((built) =>
        Effect.sync(() => {
          entry.done = built
          if (entry.isDropped) close(entry)
          else makeRoom()
        })
      ),
      Effect.onExit((exit) =>
        Effect.sync(() => {
          building -= 1
          if (exit._tag === "Failure") entries.delete(key)
          Deferred.doneUnsafe(entry.built, exit)
        })
      ),
      Effect.forkIn(scope, { startImmediately: true })
    )
    return entry
  })

  const ask: PastRows["ask"] = (moment, question) =>
    Effect.gen(function* () {
      const entry = yield* entryOf(moment)
      entry.users += 1
      return yield* Effect.timeoutOrElse(Deferred.await(entry.built), {
        duration: patienceMs,
        orElse: () => Effect.fail(new Rebuilding({ message: progressOf(entry) }))
      }).pipe(
        Effect.flatMap(question),
        Effect.ensuring(
          Effect.sync(() => {
            entry.users -= 1
            close(entry)
          })
        )
      )
    })

  return { ask }
})

const progressOf = ({ last, read }: Entry): string =>
  `that moment is being built from the log: at #${read} of at most #${last}; ask again`
