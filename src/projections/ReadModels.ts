/**
 * The read models: rows that follow the log (`Projector`), and the answers from them (`SqliteQueries`).
 *
 * The layer is ready when questions can be answered: when everything that the log held at its start has been read, or at
 * once where rows of another version can answer meanwhile.
 */
import { Clock, Effect, Layer } from "effect"
import type { EventLog } from "../events/EventLog.ts"
import * as Projector from "./Projector.ts"
import { NotFound, Queries } from "./Queries.ts"
import { changes } from "./Changes.ts"
import * as SqliteQueries from "./SqliteQueries.ts"

export interface ReadModelsOptions {
  /** Path of the database (the version is put into its name), or `:memory:`. */
  readonly file: string
  /** How long an answer waits for its log sequence, milliseconds (default 5,000). */
  readonly patienceMs?: number
}

/** Asks rows that include a log sequence. */
export type Ask = Projector.Projector["ask"]

/** What is asked of rows, whichever they are; `now` is the time of which tasks are listed, milliseconds. */
export const reads = (
  ask: Ask,
  now: Effect.Effect<number>
): Omit<Queries["Service"], "counts" | "logSequence" | "parked"> => ({
  tasks: (query) =>
    Effect.flatMap(now, (at) => ask(query.after ?? 0, (store) => SqliteQueries.tasks(store, query, at))),
  task: ({ after = 0, id }) =>
    ask(after, (store) =>
      Effect.flatMap(SqliteQueries.resolve(store, "task", id), (whole) => {
        const found = store.task(whole)
        if (found === undefined) return Effect.fail(new NotFound({ what: "task", id }))
        return Effect.succeed({
          task: found.task,
          definition: found.definition,
          logSequence: store.sequence
        })
      })
    ),
  executions: (query) => ask(query.after ?? 0, (store) => SqliteQueries.executions(store, query)),
  execution: ({ after = 0, id }) =>
    ask(after, (store) =>
      Effect.flatMap(SqliteQueries.resolve(store, "execution", id), (whole) => {
        const row = store.execution(whole)
        return row === undefined ? Effect.fail(new NotFound({ what: "execution", id })) : Effect.succeed(row)
      })
    ),
  countTasks: (query) =>
    Effect.flatMap(now, (at) =>
      ask(query.after ?? 0, (store) => Effect.sync(() => SqliteQueries.countedTasks(store, query, at)))
    ),
  countExecutions: (query) => ask(query.after ?? 0, (store) => SqliteQueries.countedExecutions(store, query)),
  changes: (query) => ask(query.after ?? 0, (store) => changes(store, query))
})

export const layer = (options: ReadModelsOptions): Layer.Layer<Queries, never, EventLog> =>
  Layer.effect(
    Queries,
    Effect.gen(function* () {
      const { answering, ask } = yield* Projector.make({ patienceMs: 5000, ...options })
      return Queries.of({
        ...reads(ask, Clock.currentTimeMillis),
        logSequence: Effect.map(answering, (store) => store.sequence),
        counts: Effect.map(answering, (store) => store.counts),
        parked: Effect.map(answering, (store) => ({ count: store.parkedCount, first: store.parked(1)[0] }))
      })
    })
  )
