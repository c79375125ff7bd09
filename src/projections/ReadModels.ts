/**
 * The read models, kept up by following the log, and the answers from them.
 *
 * Each event counts exactly once (`ReadModelStore`). The layer is ready when everything that the log held at its start has
 * been read. A commit that cannot be read stops the following, loudly; what is there can still be asked for. Answers with
 * `after` wait until the rows include that log sequence.
 */
import { Clock, Deferred, Effect, Fiber, Layer, Schedule, Stream } from "effect"
import type { RecordedCommit } from "../events/Commit.ts"
import { EventLog } from "../events/EventLog.ts"
import { NotFound, ProjectionBehind, Queries } from "./Queries.ts"
import { ReadModelStore } from "./ReadModelStore.ts"
import * as SqliteQueries from "./SqliteQueries.ts"

export interface ReadModelsOptions {
  /** Path of the database (the version is put into its name), or `:memory:`. */
  readonly file: string
  /** How long an answer waits for its log sequence, milliseconds (default 5,000). */
  readonly patienceMs?: number
}

const retrying = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")])

interface Waiting {
  readonly sequence: number
  readonly reached: Deferred.Deferred<void>
}

export const layer = (options: ReadModelsOptions): Layer.Layer<Queries, never, EventLog> =>
  Layer.effect(
    Queries,
    Effect.gen(function* () {
      const log = yield* EventLog
      const patienceMs = options.patienceMs ?? 5000
      const goal = yield* log.lastSequence.pipe(
        Effect.tapError((error) => Effect.logWarning(error.message)),
        Effect.retry(retrying),
        Effect.orDie
      )
      const store = yield* Effect.acquireRelease(
        Effect.sync(() => ReadModelStore.open(options.file, goal)),
        (open) => Effect.sync(() => open.close())
      )
      if (store.discarded !== null) {
        yield* Effect.logWarning(`the read models are built anew from the log: ${store.discarded}`)
      }
      const waiting = new Set<Waiting>()

      const awaitSequence = (sequence: number): Effect.Effect<void> =>
        Effect.suspend(() => {
          if (sequence <= store.sequence) return Effect.void
          const one: Waiting = { sequence, reached: Deferred.makeUnsafe<void>() }
          waiting.add(one)
          return Effect.ensuring(
            Deferred.await(one.reached),
            Effect.sync(() => waiting.delete(one))
          )
        })

      /** Writes commits for as long as it takes: a full disk or a lock must not lose any. */
      const write = (commits: ReadonlyArray<RecordedCommit>) =>
        Effect.try({
          try: () => {
            store.apply(commits)
            for (const one of waiting) {
              if (one.sequence <= store.sequence) Deferred.doneUnsafe(one.reached, Effect.void)
            }
          },
          catch: (cause) => cause
        }).pipe(
          Effect.tapError((cause) => Effect.logError("the read models cannot be written, trying again", cause)),
          Effect.retry(retrying),
          Effect.orDie
        )

      const following = yield* Stream.runForEachArray(log.follow(store.sequence), write).pipe(
        Effect.tapCause((cause) => Effect.logError("the read models do not follow the log any more", cause)),
        (loop) => Effect.forkScoped(loop)
      )
      yield* Effect.raceFirst(awaitSequence(goal), Effect.asVoid(Fiber.await(following)))
      for (const file of store.removeOthers())
        yield* Effect.logInfo(`removed the read models of another version: ${file}`)

      const reach = (after: number | undefined) =>
        after === undefined
          ? Effect.void
          : Effect.timeoutOrElse(awaitSequence(after), {
              duration: patienceMs,
              orElse: () => Effect.fail(new ProjectionBehind({ after, logSequence: store.sequence }))
            })

      return Queries.of({
        tasks: Effect.fnUntraced(function* (query) {
          yield* reach(query.after)
          return yield* SqliteQueries.tasks(store, query, yield* Clock.currentTimeMillis)
        }),
        task: Effect.fnUntraced(function* ({ after, id }) {
          yield* reach(after)
          const row = store.task(yield* SqliteQueries.resolve(store, "task", id))
          if (row === undefined) return yield* new NotFound({ what: "task", id })
          return { task: row.task, definition: row.definition, logSequence: store.sequence }
        }),
        executions: Effect.fnUntraced(function* (query) {
          yield* reach(query.after)
          return yield* SqliteQueries.executions(store, query)
        }),
        execution: Effect.fnUntraced(function* ({ after, id }) {
          yield* reach(after)
          const row = store.execution(yield* SqliteQueries.resolve(store, "execution", id))
          return row === undefined ? yield* new NotFound({ what: "execution", id }) : row
        }),
        logSequence: Effect.sync(() => store.sequence),
        counts: Effect.sync(() => ({ tasks: store.counts("task"), executions: store.counts("execution") }))
      })
    })
  )
