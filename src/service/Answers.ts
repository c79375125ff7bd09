/** The questions that read models answer, whatever carries them. */
import { Clock, Effect, Schema } from "effect"
import { Calendars } from "../actors/Calendars.ts"
import { viewOf } from "../actors/door/CalendarRequest.ts"
import * as Intake from "../actors/door/Intake.ts"
import { preview, PreviewRequest } from "../actors/door/Preview.ts"
import { Refused } from "../actors/door/TaskRequest.ts"
import {
  CountsQuery,
  ExecutionCountsQuery,
  ExecutionsQuery,
  Queries,
  type QueryError,
  TaskQuery,
  TasksQuery
} from "../projections/Queries.ts"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import { clockNotes } from "../recurrence/ClockNotes.ts"
import { toMillis } from "../recurrence/Instant.ts"
import * as Series from "../recurrence/Series.ts"
import { isZone } from "../recurrence/zone/Zone.ts"
import { MAX_STEPS, SEQUENCE } from "../work/sequence/SequenceArgs.ts"
import { decodeWith, type Question } from "./Answered.ts"
import { OccurrencesQuery } from "./FrontDoor.ts"
import type { RunningProgress } from "./RunningProgress.ts"

/** Coming runs shown with a task. */
const SHOWN_RUNS = 10
/** Occurrences left out by hand that are looked for. */
const MAX_LEFT_OUT = 100

const InfoQuery = Schema.Struct({ ...TaskQuery.fields, executions: Schema.optionalKey(Schema.Int) })

const CODES: Readonly<Record<QueryError["_tag"], string>> = {
  NotFound: "notFound",
  AmbiguousId: "ambiguousId",
  ProjectionBehind: "behind",
  InvalidCursor: "invalidRequest"
}

/** A question by its name: its body is decoded, its errors are refusals. */
export const question = <A>(
  name: string,
  schema: Schema.ConstraintDecoder<A>,
  handle: (query: A) => Effect.Effect<unknown, QueryError | Refused>
): Question => {
  const decode = decodeWith(schema)
  return {
    name,
    answer: (body) =>
      Effect.mapError(handle(decode(body)), (error) =>
        error._tag === "Refused" ? error : new Refused({ code: CODES[error._tag], message: error.message })
      )
  }
}

export interface AnswersOptions {
  /** Zone of questions that name none. */
  readonly timezone: string
  readonly progress: RunningProgress
}

/** All that read models and calendars can answer. */
export const make = Effect.fnUntraced(function* ({ progress, timezone }: AnswersOptions) {
  const queries = yield* Queries
  const calendars = yield* Calendars

  /** An execution, and its steps behind it in the order in which they became due. */
  const tree = (execution: TaskExecution): Effect.Effect<ReadonlyArray<TaskExecution>, QueryError> =>
    execution.taskType === SEQUENCE
      ? queries.executions({ taskId: execution.taskId, parent: execution.executionId, limit: MAX_STEPS }).pipe(
          Effect.flatMap(({ items }) => Effect.forEach(items.toReversed(), tree)),
          Effect.map((steps) => [execution, ...steps.flat()])
        )
      : Effect.succeed([execution])

  const info = Effect.fnUntraced(function* (query: typeof InfoQuery.Type) {
    const { definition, logSequence, task } = yield* queries.task(query)
    const { items: newest } = yield* queries.executions({
      taskId: task.taskId,
      steps: false,
      limit: query.executions ?? 10
    })
    const items =
      task.taskType === SEQUENCE ? yield* Effect.map(Effect.forEach(newest, tree), (all) => all.flat()) : newest
    const exclusions = calendars.excluded.of(definition)
    const { nextNominalAt, nextRunAt } = task
    // While it is paused nothing runs; what was left out by hand stands among the executions.
    const { items: skipped } = yield* queries.executions({
      taskId: task.taskId,
      status: "skipped",
      limit: MAX_LEFT_OUT
    })
    const leftOut = new Set(skipped.map(({ nominalAt }) => nominalAt))
    const from = task.status === "paused" ? task.pausedUntil : nextRunAt
    const nextRuns =
      nextRunAt === null || from === null
        ? []
        : Intake.nextRuns(
            definition,
            Math.max(toMillis(nextRunAt), toMillis(from)) - 1,
            SHOWN_RUNS + leftOut.size,
            exclusions
          )
            .filter(({ at }) => !leftOut.has(at))
            .slice(0, SHOWN_RUNS)
    const notes =
      nextNominalAt === null
        ? []
        : clockNotes(Series.of(definition, exclusions), definition, toMillis(nextNominalAt) - 1)
    return { task, nextRuns, notes, executions: items.map(progress.shown), logSequence }
  })

  const occurrences = Effect.fnUntraced(function* ({ from, id, limit = 100, to }: typeof OccurrencesQuery.Type) {
    const { definition } = yield* queries.task({ id })
    const exclusions = calendars.excluded.of(definition)
    const [begin, end] = [Date.parse(from) - 1, Date.parse(to) - 1]
    const found = end <= begin ? null : Series.of(definition, exclusions).range(begin, end)
    const runs =
      found === null
        ? []
        : Intake.nextRuns({ ...definition, maxRuns: null }, begin, Math.min(limit, found.count), exclusions)
    return { count: found?.count ?? 0, runs, timezone: definition.timezone }
  })

  const next = Effect.fnUntraced(function* (request: PreviewRequest) {
    const zone = request.timezone ?? timezone
    if (!isZone(zone))
      yield* new Refused({ code: "invalidRequest", message: `${JSON.stringify(zone)} is not a time zone` })
    const days = calendars.excluded.of({ exclude: request.exclude ?? [] })
    const made = preview(request, { now: yield* Clock.currentTimeMillis, timezone: zone }, days)
    return yield* Effect.mapError(
      Effect.fromResult(made),
      ({ message }) => new Refused({ code: "invalidSchedule", message })
    )
  })

  return [
    question("tasks", TasksQuery, (query) => queries.tasks(query)),
    question("task", TaskQuery, (query) =>
      Effect.map(queries.task(query), ({ logSequence, task }) => ({ task, logSequence }))
    ),
    question("info", InfoQuery, info),
    question("occurrences", OccurrencesQuery, occurrences),
    question("executions", ExecutionsQuery, (query) =>
      Effect.map(queries.executions(query), (page) => ({ ...page, items: page.items.map(progress.shown) }))
    ),
    question("execution", TaskQuery, (query) =>
      Effect.map(queries.execution(query), (found) => ({ ...found, ...progress.shown(found) }))
    ),
    question("counts", CountsQuery, (query) => queries.countTasks(query)),
    question("executionCounts", ExecutionCountsQuery, (query) => queries.countExecutions(query)),
    question("next", PreviewRequest, next),
    question("calendars", Schema.Struct({}), () => Effect.sync(() => calendars.all().map(viewOf)))
  ]
})
