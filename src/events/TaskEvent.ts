/**
 * The facts of CONTRACT "Events", as they stand in the log.
 *
 * An event in the log is its announced body without `id` (which is `<log sequence>.<index>`, known only once it is
 * stored) and with the bare name as `type`. Values are plain JSON: instants are text, so that what is decided, stored,
 * announced and shown is the same object. Old shapes decode for ever (`test/events/museum/`); an unknown event type
 * fails to decode: its reader stops and says so rather than skip a fact.
 */
import { Schema } from "effect"
import { Instant } from "../recurrence/Instant.ts"
import { ScheduleType } from "../recurrence/Recurrence.ts"
import { Message, MessageHead } from "./Message.ts"
import { TaskArgs, TaskDefinition, TaskId } from "./TaskDefinition.ts"

/** Why a fact exists: the command (or the id of the timer's decision), who sent it, and the reason given. */
export const CausedBy = Schema.Struct({
  commandId: Schema.String,
  actor: Schema.String,
  reason: Schema.optionalKey(Schema.String)
})
export type CausedBy = typeof CausedBy.Type

/** What went wrong, for programs (`code`) and people (`message`); `detail` holds a command's output, a stack and the like. */
export const ExecutionError = Schema.Struct({
  code: Schema.String,
  message: Schema.String,
  detail: Schema.optionalKey(Schema.Json)
})
export type ExecutionError = typeof ExecutionError.Type

/** What an attempt said about itself, as far as it was kept; a command's own output stands in its result. */
export const KeptOutput = Schema.Struct({ text: Schema.String, truncated: Schema.Boolean })
export type KeptOutput = typeof KeptOutput.Type

export const SkipReason = Schema.Literals([
  "overlap",
  "catchUp",
  "paused",
  "skippedByUser",
  "dstGap",
  "superseded",
  "maxRuns",
  "ended",
  "notStarted",
  "chain"
])
export type SkipReason = typeof SkipReason.Type

const Ordinal = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

const common = {
  version: Schema.Literal(1),
  time: Instant,
  taskId: TaskId,
  taskName: Schema.String,
  taskType: Schema.String,
  scheduleType: ScheduleType,
  revision: Ordinal,
  causedBy: CausedBy
}

const next = {
  /** The next occurrence still to be decided, computed from the last one; null when there is none. */
  nextAt: Schema.NullOr(Instant),
  /** Log sequence of the calendars by which it was computed; absent where the task excludes no days. */
  calendarsAt: Schema.optionalKey(Schema.Int),
  /**
   * Before `nextAt`: the next instant that a change of the clocks takes away, about which that is said when it comes; null where
   * there is none, absent where the task's rule is not to skip such times, or where nothing about it has changed.
   */
  lostAt: Schema.optionalKey(Schema.NullOr(Instant))
}

/**
 * What an execution belongs to: the execution of a sequence to which a step belongs, and the step's name; of a retry, the
 * first execution for its instant.
 */
const stepOf = {
  parentExecutionId: Schema.optionalKey(Schema.String),
  stepName: Schema.optionalKey(Schema.String),
  retryOf: Schema.optionalKey(Schema.String),
  /** Of what a message started: the log sequence at which it became due, where the message stands. */
  dueLogSequence: Schema.optionalKey(Schema.Int)
}

/** What became of a step, as far as a later execution of its sequence needs it. */
const CarriedOutcome = Schema.Union([
  Schema.Struct({ status: Schema.Literal("completed"), executionId: Schema.String, result: Schema.Json }),
  Schema.Struct({ status: Schema.Literal("failed"), executionId: Schema.String, error: ExecutionError })
])

/** How many executions in a row were each started by the one before, this one counted; absent where time or a command started it. */
const chained = { chain: Schema.optionalKey(Ordinal) }

const occurrence = {
  executionId: Schema.String,
  nominalAt: Instant,
  dueAt: Instant,
  attempt: Ordinal,
  ...stepOf,
  ...chained
}
const attempt = { ...occurrence, worker: Schema.String, startedAt: Instant }
const ended = {
  ...occurrence,
  /** Null when no worker ever began, or none is known to have. */
  worker: Schema.NullOr(Schema.String),
  startedAt: Schema.NullOr(Instant),
  finishedAt: Instant,
  durationMs: Schema.Int,
  output: Schema.optionalKey(KeptOutput)
}

const event = <const Type extends string, const Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Schema.Struct({ type: Schema.Literal(type), ...common, ...fields })

export const Scheduled = event("scheduled", {
  ...next,
  definition: TaskDefinition,
  /** Version of the zone database that the decision was made with. */
  tzdata: Schema.String
})
/** The revision whose definition this brings back; absent where the change is a new one. */
const reverts = { revertsTo: Schema.optionalKey(Ordinal) }
export const Updated = event("updated", { ...next, ...reverts, definition: TaskDefinition })
export const Rescheduled = event("rescheduled", {
  ...next,
  ...reverts,
  definition: TaskDefinition,
  tzdata: Schema.String
})
/** A task that was over goes on, with the definition that it had. */
export const Restored = event("restored", { ...next, definition: TaskDefinition, tzdata: Schema.String })
export const Paused = event("paused", { until: Schema.NullOr(Instant) })
export const Resumed = event("resumed", { ...next })
export const Cancelled = event("cancelled", {
  /** Executions that had not been claimed and now never start. */
  executions: Schema.Array(Schema.String),
  /** Of those among them that were retries, or that a message had started: of what, and where they became due. */
  origins: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        executionId: Schema.String,
        retryOf: Schema.optionalKey(Schema.String),
        dueLogSequence: Schema.optionalKey(Schema.Int)
      })
    )
  )
})
export const Due = event("due", {
  ...occurrence,
  ...next,
  /** Asked for by a command, beside the schedule. */
  manual: Schema.optionalKey(Schema.Boolean),
  /** It was missed, and is run late at the pace of the task's catch-up rate: not before `dueAt`. */
  paced: Schema.optionalKey(Schema.Boolean),
  /** It waits for the end of an earlier one, by the task's overlap policy. */
  buffered: Schema.optionalKey(Schema.Boolean),
  /** What started it, where that was a message. */
  message: Schema.optionalKey(Message),
  /** Of a sequence that takes up a failed one: what had ended well there, before this step, counts as done. */
  resumes: Schema.optionalKey(
    Schema.Struct({
      executionId: Schema.String,
      fromStep: Schema.String,
      /** What had become of its steps, where the owner of the task had it no longer. */
      outcomes: Schema.optionalKey(Schema.Record(Schema.String, CarriedOutcome))
    })
  ),
  /** Of a retry: the execution whose place it takes; `retryOf`, or an earlier retry of that. */
  retried: Schema.optionalKey(Schema.String),
  /** Of a retry of a task that was over: what it is, which its owner had kept no longer. */
  definition: Schema.optionalKey(TaskDefinition),
  /** Of a step: its task type, and its arguments with what earlier steps gave. */
  stepType: Schema.optionalKey(Schema.String),
  stepArgs: Schema.optionalKey(TaskArgs)
})
export const Started = event("started", attempt)
/** An execution that somebody works on was cancelled: it is asked to stop, and nothing more of it begins. */
export const Stopping = event("stopping", occurrence)
export const Success = event("success", { ...ended, result: Schema.Json })
export const Retry = event("retry", {
  ...ended,
  error: ExecutionError,
  nextAttemptAt: Instant,
  /** Whether this attempt counts against `maxRetries`: a lost worker and "come back later" do not. */
  counted: Schema.Boolean
})
export const Failure = event("failure", {
  ...ended,
  error: ExecutionError,
  /** A command ended it. */
  byHand: Schema.optionalKey(Schema.Boolean)
})
export const Skipped = event("skipped", {
  ...next,
  reason: SkipReason,
  nominalAt: Instant,
  /** Last instant of a run of skipped ones decided together; equal to `nominalAt` for a single one. */
  throughAt: Instant,
  /** How many instants `nominalAt … throughAt` stands for. */
  count: Ordinal,
  /** The message that was to start it; its time is `nominalAt`. */
  message: Schema.optionalKey(MessageHead),
  ...chained
})
export const Completed = event("completed", {})

export const TaskEvent = Schema.Union([
  Scheduled,
  Updated,
  Rescheduled,
  Paused,
  Resumed,
  Cancelled,
  Restored,
  Due,
  Started,
  Stopping,
  Success,
  Retry,
  Failure,
  Skipped,
  Completed
])
export type TaskEvent = typeof TaskEvent.Type
export type TaskEventType = TaskEvent["type"]
export type EventOf<Type extends TaskEventType> = Extract<TaskEvent, { readonly type: Type }>
