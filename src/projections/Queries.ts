/**
 * What can be asked of the read models. Answers are as of some log sequence; a reader who has just sent a command passes
 * the sequence that the command returned as `after`, and the answer is at least as new.
 */
import { Context, type Effect, Schema } from "effect"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import { AnyInstant } from "../recurrence/Instant.ts"
import { ExecutionStatus, ScheduledTask, TaskStatus } from "./ScheduledTask.ts"
import { TaskExecution } from "./TaskExecution.ts"

const Limit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))
const paging = {
  /** Answer from a state that includes this log sequence; waits for it. */
  after: Schema.optionalKey(Schema.Int),
  /** Most items of a page; default 100. A page holds fewer where they are large. */
  limit: Schema.optionalKey(Limit),
  /** `nextCursor` of the page before. */
  cursor: Schema.optionalKey(Schema.String)
}

export const TasksQuery = Schema.Struct({
  ...paging,
  status: Schema.optionalKey(TaskStatus),
  type: Schema.optionalKey(Schema.String),
  /** Glob over the name: `*` any text, `?` one character; case matters not. */
  name: Schema.optionalKey(Schema.String),
  tag: Schema.optionalKey(Schema.String),
  /** Also tasks that ended more than a day ago (default false). */
  all: Schema.optionalKey(Schema.Boolean)
})
export type TasksQuery = typeof TasksQuery.Type

/** Oldest `nextRunAt` first, then tasks without one, then what is over, newest end first; else in the order of the log. */
export const TasksPage = Schema.Struct({
  items: Schema.Array(ScheduledTask),
  nextCursor: Schema.NullOr(Schema.String),
  logSequence: Schema.Int
})
export type TasksPage = typeof TasksPage.Type

/** `id`: whole, or an unambiguous prefix of 4 characters or more. */
export const TaskQuery = Schema.Struct({ id: Schema.String, after: Schema.optionalKey(Schema.Int) })
export type TaskQuery = typeof TaskQuery.Type

export const ExecutionsQuery = Schema.Struct({
  ...paging,
  /** Of one task: id or prefix. */
  taskId: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(ExecutionStatus),
  /** Steps of this execution of a sequence only: its whole id. */
  parent: Schema.optionalKey(Schema.String),
  /** Also steps of sequences (default true). */
  steps: Schema.optionalKey(Schema.Boolean),
  /** Due at or after this instant (RFC 3339, any offset and precision). */
  since: Schema.optionalKey(AnyInstant)
})
export type ExecutionsQuery = typeof ExecutionsQuery.Type

/** Newest due instant first. */
export const ExecutionsPage = Schema.Struct({
  items: Schema.Array(TaskExecution),
  nextCursor: Schema.NullOr(Schema.String),
  logSequence: Schema.Int
})
export type ExecutionsPage = typeof ExecutionsPage.Type

/** Nothing has this id, or begins with it. */
export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", {
  what: Schema.Literals(["task", "execution"]),
  id: Schema.String
}) {
  override get message() {
    return `no ${this.what} has the id ${JSON.stringify(this.id)}, or an id that begins with it`
  }
}

/** Several ids begin with this text; `matches` holds up to ten of them. */
export class AmbiguousId extends Schema.TaggedError<AmbiguousId>()("AmbiguousId", {
  what: Schema.Literals(["task", "execution"]),
  id: Schema.String,
  matches: Schema.Array(Schema.String)
}) {
  override get message() {
    return `${JSON.stringify(this.id)} is the beginning of more than one ${this.what} id: ${this.matches.join(", ")}`
  }
}

/** The read models have not reached the log sequence asked for within the time allowed; ask again. */
export class ProjectionBehind extends Schema.TaggedError<ProjectionBehind>()("ProjectionBehind", {
  after: Schema.Int,
  logSequence: Schema.Int
}) {
  override get message() {
    return `the read models are at log sequence ${this.logSequence}, not yet at ${this.after}; ask again`
  }
}

export class InvalidCursor extends Schema.TaggedError<InvalidCursor>()("InvalidCursor", { cursor: Schema.String }) {
  override get message() {
    return `${JSON.stringify(this.cursor)} is not a cursor that this service gave out; start again without one`
  }
}

export type QueryError = NotFound | AmbiguousId | ProjectionBehind | InvalidCursor

export class Queries extends Context.Service<
  Queries,
  {
    tasks(query: TasksQuery): Effect.Effect<TasksPage, QueryError>
    /** A task and its whole definition as it stands in the newest event that has one (from which the coming runs follow). */
    task(
      query: TaskQuery
    ): Effect.Effect<
      { readonly task: ScheduledTask; readonly definition: TaskDefinition; readonly logSequence: number },
      QueryError
    >
    executions(query: ExecutionsQuery): Effect.Effect<ExecutionsPage, QueryError>
    /** By id or unambiguous prefix. */
    execution(query: TaskQuery): Effect.Effect<TaskExecution, QueryError>
    /** Log sequence that the read models include. */
    readonly logSequence: Effect.Effect<number>
    /** Tasks by status and executions by status, for `status`. */
    readonly counts: Effect.Effect<{
      readonly tasks: Readonly<Record<string, number>>
      readonly executions: Readonly<Record<string, number>>
    }>
  }
>()("nagatha/projections/Queries") {}
