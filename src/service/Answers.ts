/** The questions that read models answer, whatever carries them. */
import { Clock, Effect, Schema } from "effect"
import { Calendars } from "../actors/Calendars.ts"
import { viewOf } from "../actors/door/CalendarRequest.ts"
import { nextRuns as runsOf } from "../actors/door/NextRuns.ts"
import { preview } from "../actors/door/Preview.ts"
import { PreviewRequest } from "../actors/door/PreviewRequest.ts"
import { QueuesQuery, unknownQueue, viewsOf } from "../actors/door/QueueRequest.ts"
import { Refused } from "../actors/door/TaskRequest.ts"
import { Queues } from "../actors/Queues.ts"
import {
  ChangesQuery,
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
import { type Instant, toMillis } from "../recurrence/Instant.ts"
import * as Series from "../recurrence/Series.ts"
import { isZone } from "../recurrence/zone/Zone.ts"
import { MAX_STEPS, SEQUENCE } from "../work/sequence/SequenceArgs.ts"
import { decodeWith, type Question } from "./Answered.ts"
import * as AsOf from "./AsOf.ts"
import { asOfField, type Standpoint } from "./AsOf.ts"
import { OccurrencesQuery } from "./FrontDoor.ts"
import type { QueueLines } from "./QueueLines.ts"
import type { RunningProgress } from "./RunningProgress.ts"

/** Coming runs shown with a task. */
const SHOWN_RUNS = 10
/** Occurrences left out by hand that are looked for. */
const MAX_LEFT_OUT = 100

export const InfoQuery = Schema.Struct({
  ...TaskQuery.fields,
  /** Newest executions that are shown; default 10. */
  executions: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 })))
})

const CODES: Readonly<Record<QueryError["_tag"], string>> = {
  NotFound: "notFound",
  AmbiguousId: "ambiguousId",
  ProjectionBehind: "behind",
  InvalidCursor: "invalidRequest"
}

/** An error as it is told; of a moment of the past, with that moment. */
const refusal = (
  error: QueryError | Refused,
  moment?: { readonly asOf: string; readonly begins: Instant | null | undefined }
): Refused => {
  if (error._tag === "Refused") return error
  const code = CODES[error._tag]
  if (moment === undefined) return new Refused({ code, message: error.message })
  const { asOf, begins } = moment
  const hint = begins === undefined ? {} : { hint: beginning(begins) }
  return new Refused({ code, message: `${error.message} (as of ${asOf})`, ...hint })
}

/** Why there is nothing at a moment before the log. */
const beginning = (begins: Instant | null): string =>
  begins === null ? "the log is empty" : `the log begins at ${begins}: before that there was nothing`

/** A question by its name: its body is decoded, its errors are refusals. */
export const question = <A>(
  name: string,
  schema: Schema.ConstraintDecoder<A>,
  handle: (query: A) => Effect.Effect<unknown, QueryError | Refused>
): Question => {
  const decode = decodeWith(schema)
  return {
    name,
    answer: (body) => Effect.mapError(handle(decode(body)), (error) => refusal(error))
  }
}

export interface AnswersOptions {
  /** Zone of questions that name none. */
  readonly timezone: string
  readonly progress: RunningProgress
  /** What owners know of queues; default: nothing. */
  readonly queueLines?: QueueLines
}

/** An execution, and its steps behind it in the order in which they became due. */
const tree = (
  queries: Standpoint["queries"],
  execution: TaskExecution
): Effect.Effect<ReadonlyArray<TaskExecution>, QueryError> =>
  execution.taskType === SEQUENCE
    ? queries.executions({ taskId: execution.taskId, parent: execution.executionId, limit: MAX_STEPS }).pipe(
        Effect.flatMap(({ items }) => Effect.forEach(items.toReversed(), (step) => tree(queries, step))),
        Effect.map((steps) => [execution, ...steps.flat()])
      )
    : Effect.succeed([execution])

const info = Effect.fnUntraced(function* ({ excluded, queries }: Standpoint, query: typeof InfoQuery.Type) {
  const { definition, logSequence, task } = yield* queries.task(query)
  const { items: newest } = yield* queries.executions({
    taskId: task.taskId,
    steps: false,
    limit: query.executions ?? 10
  })
  const items =
    task.taskType === SEQUENCE
      ? yield* Effect.map(
          Effect.forEach(newest, (one) => tree(queries, one)),
          (all) => all.flat()
        )
      : newest
  const exclusions = excluded.of(definition)
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
      : runsOf(definition, Math.max(toMillis(nextRunAt), toMillis(from)) - 1, SHOWN_RUNS + leftOut.size, exclusions)
          .filter(({ at }) => !leftOut.has(at))
          .slice(0, SHOWN_RUNS)
  // From now: what the clocks take away comes before the next run.
  const now = yield* Clock.currentTimeMillis
  const notes =
    nextNominalAt === null
      ? []
      : clockNotes(Series.of(definition, exclusions), definition, Math.min(now, toMillis(nextNominalAt) - 1))
  return { task, nextRuns, notes, executions: items, logSequence }
})

/** All that read models and calendars can answer. */
export const make = Effect.fnUntraced(function* ({ progress, queueLines, timezone }: AnswersOptions) {
  const queries = yield* Queries
  const calendars = yield* Calendars
  const past = yield* AsOf.make()
  const present: Standpoint = { queries, excluded: calendars.excluded, begins: undefined }

  /** A question about the present, or about a moment of the past. */
  const standing = <Fields extends Schema.Struct.Fields, A>(
    name: string,
    schema: Schema.Struct<Fields>,
    handle: (standpoint: Standpoint, query: Schema.Struct<Fields>["Type"]) => Effect.Effect<A, QueryError>
  ): Question => {
    const decode = decodeWith(
      Schema.Struct({ ...schema.fields, ...asOfField }) as unknown as Schema.ConstraintDecoder<
        Schema.Struct<Fields>["Type"] & { readonly asOf?: string }
      >
    )
    return {
      name,
      answer: (body) => {
        const { asOf, ...query } = decode(body)
        const asked = query as unknown as Schema.Struct<Fields>["Type"]
        if (asOf === undefined) return Effect.mapError(handle(present, asked), (error) => refusal(error))
        return past.ask(asOf, (standpoint) =>
          Effect.mapError(handle(standpoint, asked), (error) => refusal(error, { asOf, begins: standpoint.begins }))
        )
      }
    }
  }

  /** Says of an answer about a moment before the log began that there was nothing yet. */
  const told = <A extends object>({ begins }: Standpoint, answer: A): A =>
    begins === undefined ? answer : { ...answer, logBegins: begins }

  /** How far running attempts are is told by themselves, and stands in no log. */
  const shown = (standpoint: Standpoint) => (execution: TaskExecution) =>
    standpoint === present ? progress.shown(execution) : execution

  /** Executions of one task; what holds back those that are due is told by its owner, and stands in no log either. */
  const shownOfTask = Effect.fnUntraced(function* (standpoint: Standpoint, executions: ReadonlyArray<TaskExecution>) {
    const waiting = executions.filter(({ status }) => status === "queued" || status === "retrying")
    const [first] = waiting
    const heldBy =
      first === undefined || standpoint !== present || queueLines === undefined
        ? {}
        : yield* queueLines.heldBy(
            first.taskId,
            waiting.map(({ executionId }) => executionId)
          )
    return executions.map(shown(standpoint)).map((execution): TaskExecution => {
      const by = heldBy[execution.executionId]
      return by === undefined ? execution : { ...execution, heldBy: by }
    })
  })

  const occurrences = Effect.fnUntraced(function* ({ from, id, limit = 100, to }: typeof OccurrencesQuery.Type) {
    const { definition } = yield* queries.task({ id })
    const exclusions = calendars.excluded.of(definition)
    const [begin, end] = [Date.parse(from) - 1, Date.parse(to) - 1]
    const found = end <= begin ? null : Series.of(definition, exclusions).range(begin, end)
    const runs =
      found === null ? [] : runsOf({ ...definition, maxRuns: null }, begin, Math.min(limit, found.count), exclusions)
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
    standing("tasks", TasksQuery, (at, query) => Effect.map(at.queries.tasks(query), (page) => told(at, page))),
    standing("task", TaskQuery, (at, query) =>
      Effect.map(at.queries.task(query), ({ logSequence, task }) => ({ task, logSequence }))
    ),
    standing("info", InfoQuery, (at, query) =>
      Effect.flatMap(info(at, query), (found) =>
        Effect.map(shownOfTask(at, found.executions), (executions) => ({ ...found, executions }))
      )
    ),
    question("occurrences", OccurrencesQuery, occurrences),
    standing("executions", ExecutionsQuery, (at, query) =>
      Effect.map(at.queries.executions(query), (page) => told(at, { ...page, items: page.items.map(shown(at)) }))
    ),
    standing("execution", TaskQuery, (at, query) =>
      Effect.flatMap(at.queries.execution(query), (found) =>
        Effect.map(shownOfTask(at, [found]), ([execution]) => ({ ...found, ...execution }))
      )
    ),
    standing("counts", CountsQuery, (at, query) =>
      Effect.map(at.queries.countTasks(query), (counts) => told(at, counts))
    ),
    standing("executionCounts", ExecutionCountsQuery, (at, query) =>
      Effect.map(at.queries.countExecutions(query), (counts) => told(at, counts))
    ),
    question("changes", ChangesQuery, (query) => queries.changes(query)),
    question("next", PreviewRequest, next),
    question("calendars", Schema.Struct({}), () => Effect.sync(() => calendars.all().map(viewOf)))
  ]
})

/** The question about queues: what was said about them, and what their owners know. */
export const queues = Effect.fnUntraced(function* ({ lines, served }: QueueLines) {
  const said = yield* Queues
  return question(
    "queues",
    QueuesQuery,
    Effect.fnUntraced(function* ({ queue }) {
      const known = yield* Effect.all([lines, served], { concurrency: "unbounded" })
      const all = viewsOf(said.all(), ...known)
      if (queue === undefined) return all
      const found = all.filter((one) => one.queue === queue)
      if (found.length > 0) return found
      return yield* unknownQueue(
        queue,
        all.map((one) => one.queue)
      )
    })
  )
})
