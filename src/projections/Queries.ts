/**
 * What can be asked of the read models. Answers are as of some log sequence; a reader who has just sent a command passes
 * the sequence that the command returned as `after`, and the answer is at least as new.
 */
import { Context, type Effect, Schema } from "effect"
import type { NotUnderstood } from "../events/Commit.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import { AnyInstant, Instant } from "../recurrence/Instant.ts"
import { ExecutionStatus, ScheduledTask, TaskStatus } from "./ScheduledTask.ts"
import { LastSet, TaskChange } from "./TaskChange.ts"
import { TaskExecution } from "./TaskExecution.ts"

const Limit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))

/** Something of the log that is not understood, and left out of the rows. */
export interface Parked extends NotUnderstood {
  readonly logSequence: number
}

/** One value, or several of which any counts. */
const oneOrMore = <S extends Schema.Top>(value: S, most = 1000) =>
  Schema.optionalKey(
    Schema.Union([value, Schema.Array(value).check(Schema.isMinLength(1)).check(Schema.isMaxLength(most))])
  )

/** Tags that must all be there: each is looked for in every row. */
const MOST_TAGS = 64

/** What a field with one value or several asks for. */
export const severalOf = <A>(asked: A | ReadonlyArray<A> | undefined): ReadonlyArray<A> | undefined =>
  asked === undefined ? undefined : Array.isArray(asked) ? (asked as ReadonlyArray<A>) : [asked as A]

const paging = {
  /** Answer from a state that includes this log sequence; waits for it. */
  after: Schema.optionalKey(Schema.Int),
  /** Most items of a page; default 100. A page holds fewer where they are large. */
  limit: Schema.optionalKey(Limit),
  /** `nextCursor` of the page before, with the same filter and the same order. */
  cursor: Schema.optionalKey(Schema.String),
  /** Say in `total` how many there are, whatever the page holds (default false). */
  count: Schema.optionalKey(Schema.Boolean),
  /** The other way round (default false). */
  reverse: Schema.optionalKey(Schema.Boolean)
}

/** Which tasks: all that is said must hold. Ranges are half-open: `Since` is included, `Until` is not. */
const taskFilter = {
  status: oneOrMore(TaskStatus),
  type: oneOrMore(Schema.String),
  queue: oneOrMore(Schema.String),
  /** Glob over the name: `*` any text, `?` one character; case matters not. */
  name: Schema.optionalKey(Schema.String),
  /** All of these tags, at most 64. */
  tag: oneOrMore(Schema.String, MOST_TAGS),
  /** At least one of these tags. */
  anyTag: oneOrMore(Schema.String),
  /** Ids, or beginnings of ids of 4 characters or more. */
  id: oneOrMore(Schema.String),
  /** Words that all occur in the name, the description, the id or the words of the schedule; case matters not. */
  search: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(500))),
  /** How the newest execution stands. */
  lastStatus: oneOrMore(ExecutionStatus),
  /** Whether it is paused: one of which an execution still runs is paused as well, though its status is `running`. */
  paused: Schema.optionalKey(Schema.Boolean),
  /** Who made it: a glob, such as `cli:*`. */
  createdBy: Schema.optionalKey(Schema.String),
  /** Who looks after it, such as `apply:SET`: a glob. */
  managedBy: Schema.optionalKey(Schema.String),
  createdSince: Schema.optionalKey(AnyInstant),
  createdUntil: Schema.optionalKey(AnyInstant),
  updatedSince: Schema.optionalKey(AnyInstant),
  updatedUntil: Schema.optionalKey(AnyInstant),
  nextRunSince: Schema.optionalKey(AnyInstant),
  nextRunUntil: Schema.optionalKey(AnyInstant),
  lastRunSince: Schema.optionalKey(AnyInstant),
  lastRunUntil: Schema.optionalKey(AnyInstant),
  /** Also tasks that ended more than a day ago (default false, but true where a status or an id is asked for). */
  all: Schema.optionalKey(Schema.Boolean)
}
export const TaskFilter = Schema.Struct(taskFilter)
export type TaskFilter = typeof TaskFilter.Type

/**
 * `next` (default): oldest `nextRunAt` first, then tasks without one, then what is over, newest end first. All others:
 * least first, and what has no such value before everything else. Where that says nothing, in the order of the log.
 */
export const TaskSort = Schema.Literals(["next", "name", "created", "updated", "lastRun", "status"])
export type TaskSort = typeof TaskSort.Type

export const TasksQuery = Schema.Struct({ ...paging, ...taskFilter, sort: Schema.optionalKey(TaskSort) })
export type TasksQuery = typeof TasksQuery.Type

/** Only of a moment before the log began: when it did; null where it is empty. */
const ofPast = { logBegins: Schema.optionalKey(Schema.NullOr(Instant)) }

const page = <Item extends Schema.Top>(item: Item) =>
  Schema.Struct({
    items: Schema.Array(item),
    nextCursor: Schema.NullOr(Schema.String),
    /** Only where `count` asks for it. */
    total: Schema.optionalKey(Schema.Int),
    logSequence: Schema.Int,
    ...ofPast
  })

export const TasksPage = page(ScheduledTask)
export type TasksPage = typeof TasksPage.Type

/** `id`: whole, or an unambiguous prefix of 4 characters or more. */
export const TaskQuery = Schema.Struct({ id: Schema.String, after: Schema.optionalKey(Schema.Int) })
export type TaskQuery = typeof TaskQuery.Type

/** Which executions: all that is said must hold. */
const executionFilter = {
  /** Of one task: id or prefix. */
  taskId: Schema.optionalKey(Schema.String),
  status: oneOrMore(ExecutionStatus),
  /** Task type of what was run: that of a step, where it is one. */
  type: oneOrMore(Schema.String),
  /** Of tasks whose name is so (a glob). */
  name: Schema.optionalKey(Schema.String),
  /** Of tasks with all of these tags, at most 64. */
  tag: oneOrMore(Schema.String, MOST_TAGS),
  /** Of tasks with at least one of these tags. */
  anyTag: oneOrMore(Schema.String),
  /** Of tasks of these queues. */
  queue: oneOrMore(Schema.String),
  /** Steps of this execution of a sequence only: its whole id. */
  parent: Schema.optionalKey(Schema.String),
  /** Also steps of sequences (true, the default), none (false), or nothing else (`only`). */
  steps: Schema.optionalKey(Schema.Union([Schema.Boolean, Schema.Literal("only")])),
  /** Due at or after this instant (RFC 3339, any offset and precision). */
  since: Schema.optionalKey(AnyInstant),
  /** Due before this instant. */
  until: Schema.optionalKey(AnyInstant),
  /** On which worker: a glob. */
  worker: Schema.optionalKey(Schema.String),
  errorCode: oneOrMore(Schema.String),
  /** Whether a command asked for it, beside the schedule. */
  manual: Schema.optionalKey(Schema.Boolean),
  /** Took at least so long. */
  minDurationMs: Schema.optionalKey(Schema.Int),
  /** Began at least so late. */
  minLatenessMs: Schema.optionalKey(Schema.Int)
}
export const ExecutionFilter = Schema.Struct(executionFilter)
export type ExecutionFilter = typeof ExecutionFilter.Type

/** Greatest first: the newest (`due`, the default, and `started`), the longest, the latest; then what has no such value. */
export const ExecutionSort = Schema.Literals(["due", "started", "duration", "lateness"])
export type ExecutionSort = typeof ExecutionSort.Type

export const ExecutionsQuery = Schema.Struct({
  ...paging,
  ...executionFilter,
  sort: Schema.optionalKey(ExecutionSort)
})
export type ExecutionsQuery = typeof ExecutionsQuery.Type

export const ExecutionsPage = page(TaskExecution)
export type ExecutionsPage = typeof ExecutionsPage.Type

const after = paging.after
/** What tasks are counted by. */
export const TaskGroup = Schema.Literals(["status", "type", "queue", "tag"])
export type TaskGroup = typeof TaskGroup.Type
export const CountsQuery = Schema.Struct({ ...taskFilter, after, by: oneOrMore(TaskGroup) })
export type CountsQuery = typeof CountsQuery.Type

/** What executions are counted by. */
export const ExecutionGroup = Schema.Literals(["status", "type"])
export type ExecutionGroup = typeof ExecutionGroup.Type
export const ExecutionCountsQuery = Schema.Struct({ ...executionFilter, after, by: oneOrMore(ExecutionGroup) })
export type ExecutionCountsQuery = typeof ExecutionCountsQuery.Type

/** How many there are, and how many of each value of what was asked for (default: status); the 1,000 most frequent. */
export const Counts = Schema.Struct({
  total: Schema.Int,
  by: Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Int)),
  logSequence: Schema.Int,
  ...ofPast
})
export type Counts = typeof Counts.Type

export const ChangesQuery = Schema.Struct({
  ...TaskQuery.fields,
  /** Only what was done to this field, such as `scheduleSpec`, `taskArgs` or `taskArgs.command`. */
  field: Schema.optionalKey(Schema.String),
  /** Revisions before this one: `nextBefore` of the page before. */
  before: Schema.optionalKey(Schema.Int),
  /** Most revisions of a page; default 100. */
  limit: Schema.optionalKey(Limit)
})
export type ChangesQuery = typeof ChangesQuery.Type

/** Newest first. */
export const ChangesPage = Schema.Struct({
  taskId: Schema.String,
  items: Schema.Array(TaskChange),
  nextBefore: Schema.NullOr(Schema.Int),
  /** For every field (or the one asked for) who gave it the value that it has. */
  lastSet: Schema.Array(LastSet),
  logSequence: Schema.Int
})
export type ChangesPage = typeof ChangesPage.Type

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
    return `${JSON.stringify(this.cursor)} is not a cursor that this service gave out for this order; start again without one`
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
    /** How many tasks fit a filter. */
    countTasks(query: CountsQuery): Effect.Effect<Counts, QueryError>
    countExecutions(query: ExecutionCountsQuery): Effect.Effect<Counts, QueryError>
    changes(query: ChangesQuery): Effect.Effect<ChangesPage, QueryError>
    /** Log sequence that the read models include. */
    readonly logSequence: Effect.Effect<number>
    /** Tasks by status and executions by status, for `status`. */
    readonly counts: Effect.Effect<{
      readonly tasks: Readonly<Record<string, number>>
      readonly executions: Readonly<Record<string, number>>
    }>
    /** How much of the log is not understood, and left out of the rows; the oldest of it. */
    readonly parked: Effect.Effect<{ readonly count: number; readonly first: Parked | undefined }>
  }
>()("nagatha/projections/Queries") {}
