/** ScheduledTask: one row a task, as every reader sees it (CONTRACT "Read models"). */
import { Schema } from "effect"
import { CatchUp, ExecutionOverlap, TaskArgs } from "../events/TaskDefinition.ts"
import { Instant } from "../recurrence/Instant.ts"
import { Rate } from "../events/Rate.ts"
import { GapPolicy, OverlapPolicy, ScheduleType } from "../recurrence/Recurrence.ts"

/** A recurring task whose last run failed stays `scheduled`, with `lastStatus: "failed"`. */
export const TaskStatus = Schema.Literals(["scheduled", "running", "paused", "completed", "failed", "cancelled"])
export type TaskStatus = typeof TaskStatus.Type

export const ExecutionStatus = Schema.Literals([
  "queued",
  "running",
  "completed",
  "failed",
  "cancelled",
  "skipped",
  "retrying"
])
export type ExecutionStatus = typeof ExecutionStatus.Type

const OptionalInstant = Schema.NullOr(Instant)
const OptionalText = Schema.NullOr(Schema.String)

export const ScheduledTask = Schema.Struct({
  taskId: Schema.String,
  taskType: Schema.String,
  taskName: Schema.String,
  description: Schema.String,
  taskArgs: TaskArgs,
  scheduleType: ScheduleType,
  scheduleSpec: Schema.String,
  timezone: Schema.String,
  understoodAs: Schema.String,
  status: TaskStatus,
  /** When the next run is due. */
  nextRunAt: OptionalInstant,
  /** The instant of the recurrence to which that run belongs: earlier than `nextRunAt` where the task is spread. */
  nextNominalAt: OptionalInstant,
  /** Start of the newest execution that began. */
  lastRunAt: OptionalInstant,
  lastStatus: Schema.NullOr(ExecutionStatus),
  lastError: OptionalText,
  /** Executions that ended, well or badly. */
  runCount: Schema.Int,
  maxRuns: Schema.NullOr(Schema.Int),
  /** Retries of the newest execution. */
  retryCount: Schema.Int,
  maxRetries: Schema.Int,
  /** Delay before the first retry. */
  backoffMs: Schema.Int,
  /** By how much each further delay is longer, up to `maxBackoffMs`, give or take the share `jitter`. */
  backoffFactor: Schema.Finite,
  maxBackoffMs: Schema.Int,
  jitter: Schema.Finite,
  /** Codes of errors that are not retried. */
  noRetryOn: Schema.Array(Schema.String),
  queue: Schema.String,
  /** Seconds by which its executions sort in the queue as if they had waited longer. */
  priority: Schema.Int,
  /** By which the queue's limits for each key go; null: none. */
  key: OptionalText,
  tags: Schema.Array(Schema.String),
  overlap: ExecutionOverlap,
  catchUp: CatchUp,
  catchUpWindowMs: Schema.Int,
  /** How many of the missed are run late at most; null: each. */
  catchUpMax: Schema.NullOr(Schema.Int),
  /** At which pace; null: at once. */
  catchUpRate: Schema.NullOr(Rate),
  timeoutMs: Schema.Int,
  hardTimeoutMs: Schema.Int,
  spreadMs: Schema.Int,
  /** Null: never given up. */
  expiresMs: Schema.NullOr(Schema.Int),
  /** Null: never paused because of failures. */
  pauseAfterFailures: Schema.NullOr(Schema.Int),
  /** Calendars on whose days it does not run. */
  exclude: Schema.Array(Schema.String),
  startAt: OptionalInstant,
  endAt: OptionalInstant,
  pausedUntil: OptionalInstant,
  pauseReason: OptionalText,
  /** What a time that does not exist does, and one that happens twice; null where the clocks do not matter. */
  dstGap: Schema.NullOr(GapPolicy),
  dstOverlap: Schema.NullOr(OverlapPolicy),
  /** Who looks after it, such as `apply:SET`; null: nobody. */
  managedBy: OptionalText,
  createdBy: Schema.String,
  createdAt: Instant,
  updatedAt: Instant,
  cancelledAt: OptionalInstant,
  revision: Schema.Int
})
export type ScheduledTask = typeof ScheduledTask.Type
