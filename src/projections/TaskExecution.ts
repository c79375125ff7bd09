/** TaskExecution: one row an occurrence that became due or was skipped, as every reader sees it (CONTRACT "Read models"). */
import { Schema } from "effect"
import { HeldBy } from "../events/QueueEvent.ts"
import { Instant } from "../recurrence/Instant.ts"
import { ExecutionStatus } from "./ScheduledTask.ts"

const OptionalInstant = Schema.NullOr(Instant)
const OptionalText = Schema.NullOr(Schema.String)

/** One try, newest last. */
export const Attempt = Schema.Struct({
  attempt: Schema.Int,
  worker: OptionalText,
  startedAt: OptionalInstant,
  finishedAt: OptionalInstant,
  /** Null while it runs. */
  errorCode: OptionalText,
  errorMessage: OptionalText
})
export type Attempt = typeof Attempt.Type

/** How far the running attempt says it is; nothing of it is stored. */
export const ExecutionProgress = Schema.Struct({
  /** From 0 to 1. */
  fraction: Schema.Finite,
  text: Schema.String,
  at: Instant
})
export type ExecutionProgress = typeof ExecutionProgress.Type

export const TaskExecution = Schema.Struct({
  executionId: Schema.String,
  taskId: Schema.String,
  taskName: Schema.String,
  taskType: Schema.String,
  nominalAt: Instant,
  dueAt: Instant,
  queuedAt: Instant,
  startedAt: OptionalInstant,
  completedAt: OptionalInstant,
  status: ExecutionStatus,
  attempt: Schema.Int,
  /** The newest 50. */
  attempts: Schema.Array(Attempt),
  result: Schema.NullOr(Schema.Json),
  /** Of the newest attempt that has any: standard output then standard error of a command, or what a run of another type logged. */
  output: OptionalText,
  outputTruncated: Schema.Boolean,
  errorCode: OptionalText,
  errorMessage: OptionalText,
  errorDetail: Schema.NullOr(Schema.Json),
  /** Of the attempt that ended it. */
  durationMs: Schema.NullOr(Schema.Int),
  /** First start minus due instant. */
  latenessMs: Schema.NullOr(Schema.Int),
  worker: OptionalText,
  parentExecutionId: OptionalText,
  stepName: OptionalText,
  manual: Schema.Boolean,
  /** The message that started it; what it says stands in its `due` event. */
  message: Schema.optionalKey(Schema.Struct({ id: Schema.String, subject: Schema.String, at: Instant })),
  /** For what an execution that is due waits before it is offered to workers; null: for nothing. */
  waitsFor: Schema.NullOr(Schema.Literals(["overlap"])),
  /** When it was asked to stop by a command. */
  stopRequestedAt: OptionalInstant,
  /** Of a retry: the first execution for its instant. */
  retryOf: OptionalText,
  /** The newest retry of it. */
  retriedBy: OptionalText,
  /** Where its end stands in the log. */
  endLogSequence: Schema.NullOr(Schema.Int),
  /** Only while it is due and has not begun, and only where a limit of its queue holds it back; nothing of it is stored. */
  heldBy: Schema.optionalKey(HeldBy),
  /** Only while it runs, and only where the task type tells. */
  progress: Schema.optionalKey(ExecutionProgress)
})
export type TaskExecution = typeof TaskExecution.Type
