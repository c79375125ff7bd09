/**
 * Keeps the read models up with the log.
 *
 * Each event counts exactly once (`ReadModelStore`). The log is known again by the hash of the commit that the rows end
 * with: rows of another log, or of one that was restored, are thrown away and built anew, and so are damaged
 * ones. While ours are being built, those of another version answer, if their shape is the same; else questions wait.
 *
 * What is not understood (a newer version wrote it, or it is damaged) is parked: the rows go on with what is known, and
 * say how much is missing. Once a version that understands it opens them, they are built anew, so that it counts in its
 * place.
 */
import { Deferred, Effect, Fiber, Option, Result, Schedule, Schema, type Scope, Stream } from "effect"
import * as Commit from "../events/Commit.ts"
import type { KnownCommit } from "../events/Commit.ts"
import { EventLog } from "../events/EventLog.ts"
import { ProjectionBehind } from "./Queries.ts"
import { fileOf, isDamage, remove, removeOthers } from "./ReadModelFile.ts"
import { ReadModelStore } from "./ReadModelStore.ts"

/** Most events of one transaction (a single commit may hold more): everything else in the process waits meanwhile. */
const BATCH_EVENTS = 1000

/** Of what is not understood, so much is looked at again at the start. */
const PARKED_LOOKED_AT = 200

const backoff = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")])

/** Tries again for as long as the log cannot be reached. */
const whileUnavailable = <A, E extends { readonly _tag: string; readonly message: string }, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.tapError((error) =>
      error._tag === "LogUnavailable" ? Effect.logWarning(`the read models stand still: ${error.message}`) : Effect.void
    ),
    Effect.retry({ schedule: backoff, while: (error) => error._tag === "LogUnavailable" })
  )

/** The rows cannot be gone on with: they are of another log, or damaged. */
class Useless extends Schema.TaggedError<Useless>()("Useless", {
  reason: Schema.String,
  /** They were made from another log than this one. */
  isOther: Schema.optionalKey(Schema.Boolean)
}) {
  override get message() {
    return this.reason
  }
}

/** The rows cannot be written just now (no space, a lock). */
class Unwritten extends Schema.TaggedError<Unwritten>()("Unwritten", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

export interface Projector {
  /**
   * Asks rows that include a log sequence (0: whatever there is), waiting for them up to `patienceMs`; fails with
   * `ProjectionBehind` after that.
   */
  ask<A, E>(
    after: number,
    question: (store: ReadModelStore) => Effect.Effect<A, E>
  ): Effect.Effect<A, E | ProjectionBehind>
  /** The rows that answer now, whatever they include. */
  readonly answering: Effect.Effect<ReadModelStore>
}

export interface ProjectorOptions {
  /** Path of the database (the version is put into its name), or `:memory:`. */
  readonly file: string
  /** How long a question waits for its log sequence, milliseconds. */
  readonly patienceMs: number
}

/** Opens the rows and follows the log; returns when questions can be answered. */
export const make = Effect.fnUntraced(function* (
  options: ProjectorOptions
): Effect.fn.Return<Projector, never, EventLog | Scope.Scope> {
  const log = yield* EventLog
  const opened = ReadModelStore.openOwn(options.file)
  let own = opened.store
  /** Rows of another version, which answer until ours have caught up. */
  let previous = ReadModelStore.openPrevious(options.file)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      own.close()
      previous?.close()
    })
  )
  if (opened.discarded !== null) {
    yield* Effect.logWarning(`the read models are built anew from the log: ${opened.discarded}`)
  }

  /** End of the log when the building of our rows began; null as long as that is not known. */
  let goal: number | null = null
  /** Whether our rows are of this log and have reached the goal. */
  let caughtUp = false
  /** Whether nothing more will come. */
  let stopped = false
  /** Given when a question met damage in our rows. */
  let distrusted = Deferred.makeUnsafe<never, Useless>()
  const waiting = new Set<{ readonly ready: () => boolean; readonly reached: Deferred.Deferred<void> }>()

  const changed = () => {
    for (const one of waiting) if (one.ready()) Deferred.doneUnsafe(one.reached, Effect.void)
  }

  const until = (ready: () => boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (ready()) return Effect.void
      const one = { ready, reached: Deferred.makeUnsafe<void>() }
      waiting.add(one)
      return Effect.ensuring(
        Deferred.await(one.reached),
        Effect.sync(() => waiting.delete(one))
      )
    })

  /** Ours have caught up: those of other versions are not needed any more. */
  const arrive = Effect.fnUntraced(function* () {
    caughtUp = true
    own.follow()
    previous?.close()
    previous = undefined
    const removed = yield* Effect.result(Effect.try({ try: () => removeOthers(options.file), catch: String }))
    yield* Result.isFailure(removed)
      ? Effect.logWarning(`the read models of other versions cannot be removed: ${removed.failure}`)
      : Effect.forEach(removed.success, (file) => Effect.logInfo(`removed the read models of another version: ${file}`))
    changed()
  })

  const anew = Effect.fnUntraced(function* ({ isOther = false, reason }: Useless) {
    if (isOther) {
      yield* Effect.logError(
        `the log is not the one that this node has read: ${reason}. It was shortened, edited or replaced, and what was acknowledged since may be gone. Where that was not on purpose: stop the nodes, and restore the streams from a copy; nagatha doctor and nagatha audit verify tell more`
      )
    }
    yield* Effect.logWarning(`the read models are built anew from the log: ${reason}`)
    own.close()
    remove(fileOf(options.file))
    own = ReadModelStore.open(fileOf(options.file))
    goal = null
    caughtUp = false
    distrusted = Deferred.makeUnsafe()
  })

  /** Writes commits for as long as it takes: a full disk or a lock must not lose any. */
  const write = (commits: ReadonlyArray<KnownCommit>) =>
    Effect.try({
      try: () => own.apply(commits),
      catch: (cause) =>
        isDamage(cause) ? new Useless({ reason: String(cause) }) : new Unwritten({ reason: String(cause) })
    }).pipe(
      Effect.tapErrorTag("Unwritten", (error) =>
        Effect.logError(`the read models cannot be written, trying again: ${error.reason}`)
      ),
      Effect.retry({ schedule: backoff, while: (error) => error._tag === "Unwritten" }),
      Effect.catchTag("Unwritten", Effect.die)
    )

  /** Whether rows were built from this log: it holds, where they end, the commit that they end with. */
  const ofThisLog = Effect.fnUntraced(function* ({ hash, sequence }: ReadModelStore) {
    if (sequence === 0) return true
    if ((yield* log.lastSequence) < sequence) return false
    const told = Stream.dropWhile(log.followAny(sequence - 1), (recorded) => recorded.sequence < sequence)
    const newest = yield* Stream.runHead(told)
    return Option.exists(newest, (recorded) => recorded.sequence === sequence && recorded.hash === hash)
  })

  const tell = (batch: ReadonlyArray<KnownCommit>) =>
    Effect.forEach(
      batch.filter(({ parked }) => parked !== undefined),
      ({ parked = [], sequence }) =>
        Effect.logError(
          `the read models go on without what is not understood at log sequence ${sequence}: ${parked.map(({ place, type, why }) => `${place} ${type}: ${why}`).join("; ")}`
        ),
      { discard: true }
    )

  const project = Effect.fnUntraced(function* (commits: ReadonlyArray<KnownCommit>) {
    for (const batch of batchesOf(commits)) {
      yield* write(batch)
      yield* tell(batch)
      changed()
      if (!caughtUp && goal !== null && own.sequence >= goal) yield* arrive()
      yield* Effect.yieldNow
    }
  })

  /** Of what was not understood, the oldest that is now. */
  const understoodNow = Effect.fnUntraced(function* (store: ReadModelStore) {
    const sequences = new Set(store.parked(PARKED_LOOKED_AT).map(({ logSequence }) => logSequence))
    for (const sequence of sequences) {
      const { lines } = yield* log.stored({ after: sequence - 1, bytes: 1, limit: 1 })
      const [line] = lines
      if (line?.sequence === sequence && Commit.read(sequence, line.text)._tag === "whole") return sequence
    }
    return undefined
  })

  /** Follows from where our rows end. */
  const follow = Effect.gen(function* () {
    if (!(yield* ofThisLog(own))) {
      return yield* new Useless({
        reason: `the log does not hold the commit at log sequence ${own.sequence} that they end with`,
        isOther: true
      })
    }
    const understood = own.parkedCount === 0 ? undefined : yield* understoodNow(own)
    if (understood !== undefined) {
      return yield* new Useless({
        reason: `this version understands log sequence ${understood}, which was left out of them`
      })
    }
    goal ??= yield* log.lastSequence
    if (!caughtUp && own.sequence >= goal) yield* arrive()
    yield* Effect.raceFirst(
      Stream.runForEachArray(Stream.map(log.followAny(own.sequence), Commit.known), project),
      Deferred.await(distrusted)
    )
  })

  const following = follow.pipe(
    Effect.catchTag("Useless", anew),
    whileUnavailable,
    Effect.forever,
    Effect.catchCause((cause) => Effect.logError("the read models do not follow the log any more", cause)),
    Effect.andThen(
      Effect.sync(() => {
        stopped = true
        changed()
      })
    )
  )

  if (previous !== undefined) {
    const known = yield* ofThisLog(previous).pipe(
      whileUnavailable,
      Effect.orElseSucceed(() => false)
    )
    if (!known) {
      previous.close()
      previous = undefined
    }
  }
  const loop = yield* Effect.forkScoped(following)
  if (previous === undefined) {
    yield* Effect.raceFirst(
      until(() => caughtUp),
      Effect.asVoid(Fiber.await(loop))
    )
  }

  /** The rows that answer now. */
  const answering = (): ReadModelStore =>
    previous !== undefined && (!stopped || previous.sequence > own.sequence) ? previous : own
  const ready = (after: number): boolean =>
    (caughtUp || stopped || answering() === previous) && answering().sequence >= after

  const ask: Projector["ask"] = (after, question) =>
    Effect.gen(function* () {
      yield* Effect.timeoutOrElse(
        until(() => ready(after)),
        { duration: options.patienceMs, orElse: () => Effect.fail(behind(after)) }
      )
      const store = answering()
      return yield* Effect.catchDefect(question(store), (defect) => {
        if (!isDamage(defect)) return Effect.die(defect)
        if (store === own) {
          Deferred.doneUnsafe(distrusted, Effect.fail(new Useless({ reason: String(defect) })))
        } else {
          store.close()
          previous = undefined
        }
        return Effect.fail(behind(after))
      })
    })

  const behind = (after: number) =>
    new ProjectionBehind({ after: Math.max(after, caughtUp ? 0 : (goal ?? 0)), logSequence: answering().sequence })

  return { ask, answering: Effect.sync(answering) }
})

/** Commits in order, in groups of so many events that one transaction is short. */
export function* batchesOf(commits: ReadonlyArray<KnownCommit>): Generator<ReadonlyArray<KnownCommit>> {
  let batch: Array<KnownCommit> = []
  let events = 0
  for (const recorded of commits) {
    if (events > 0 && events + recorded.commit.events.length > BATCH_EVENTS) {
      yield batch
      batch = []
      events = 0
    }
    batch.push(recorded)
    events += recorded.commit.events.length
  }
  if (batch.length > 0) yield batch
}
