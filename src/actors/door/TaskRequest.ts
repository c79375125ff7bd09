/**
 * What may be asked of a task's owner, and what is answered: the JSON of `nagatha.command.<verb>` and of the SDK.
 *
 * Unknown fields are refused by name at the door. A request that carries a `commandId` may be sent again: it is carried
 * out at most once and gets the first answer again.
 */
import { Schema } from "effect"
import { Rate } from "../../events/Rate.ts"
import { retryFields } from "../../events/RetryPolicy.ts"
import {
  CalendarName,
  CatchUp,
  ConcurrencyKey,
  ExecutionOverlap,
  Priority,
  TaskArgs,
  TaskId
} from "../../events/TaskDefinition.ts"
import { AnyInstant } from "../../recurrence/Instant.ts"
import { GapPolicy, OverlapPolicy } from "../../recurrence/Recurrence.ts"
import { MAX_SPREAD_MS } from "../../recurrence/Spread.ts"

/** One coming run: the instant, the same in the task's zone with its offset, and a note where the clocks change. */
export const Run = Schema.Struct({
  at: Schema.String,
  local: Schema.String,
  note: Schema.optionalKey(Schema.String),
  /** When it is due, where the task's spread makes that later. */
  dueAt: Schema.optionalKey(Schema.String)
})
export type Run = typeof Run.Type

const Ms = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
const ManagedBy = Schema.String.check(Schema.isMinLength(1)).check(Schema.isMaxLength(100))

/** What every command may carry: its id (made up where absent), who sends it, and why. */
export const CommandOrigin = {
  commandId: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^[A-Za-z0-9_-]{1,64}$/))),
  actor: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200))),
  reason: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(1000)))
}

export const ScheduleRequest = Schema.Struct({
  ...CommandOrigin,
  /** Own id: scheduling the same definition again under it changes nothing, a different one is refused. Default: made from the command id. */
  taskId: Schema.optionalKey(TaskId),
  taskType: Schema.String,
  taskArgs: Schema.optionalKey(TaskArgs),
  /** When, in words: see CONTRACT "WHEN"; at most 256 characters. */
  schedule: Schema.String,
  /** IANA zone in which the words are read; default: the service's zone. */
  timezone: Schema.optionalKey(Schema.String),
  /** Default: the task type. */
  taskName: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(200))),
  description: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(2000))),
  /** Default: the task type. */
  queue: Schema.optionalKey(TaskId),
  /** Its executions sort in their queue as if they had been there so many seconds longer (default 0); below 0: shorter. */
  priority: Schema.optionalKey(Priority),
  /** By which its queue limits it together with others of the same key, such as a customer (default: none). */
  key: Schema.optionalKey(ConcurrencyKey),
  tags: Schema.optionalKey(Schema.Array(Schema.String.check(Schema.isMaxLength(64)))),
  /** Default 3. */
  maxRetries: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))),
  /** Default 1,000. */
  backoffMs: Schema.optionalKey(Ms),
  ...retryFields,
  /** Default 300,000 (5 minutes). */
  timeoutMs: Schema.optionalKey(Ms),
  /** Default 600,000 (10 minutes), or twice `timeoutMs` where that is longer. */
  hardTimeoutMs: Schema.optionalKey(Ms),
  /** Default `skip`; of a task that messages start `bufferAll`. */
  overlap: Schema.optionalKey(ExecutionOverlap),
  /** Default `latest`. */
  catchUp: Schema.optionalKey(CatchUp),
  /** Default 86,400,000 (a day). */
  catchUpWindowMs: Schema.optionalKey(Ms),
  /** With `catchUp: all`: run late at most so many of the missed, the newest (default: all of them). */
  catchUpMax: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))),
  /** With `catchUp: all`: run the missed at this pace, beside what is due on time (default: at once). */
  catchUpRate: Schema.optionalKey(Rate),
  /** Nothing runs before this instant. */
  startAt: Schema.optionalKey(AnyInstant),
  /** Nothing runs after this instant. */
  endAt: Schema.optionalKey(AnyInstant),
  /** Number of runs after which the task is completed. */
  maxRuns: Schema.optionalKey(Ms),
  /** Each run is due up to so many milliseconds later, always by the same delay for one task (default 0). */
  spreadMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: MAX_SPREAD_MS }))),
  /** An execution that nobody has begun so many milliseconds after it was due is given up as `expired` (default: never). */
  expiresMs: Schema.optionalKey(Ms),
  /** Paused after so many executions in a row that have failed for good (default: never). */
  pauseAfterFailures: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  /** Calendars on whose days it does not run. */
  exclude: Schema.optionalKey(Schema.Array(CalendarName).check(Schema.isMaxLength(16))),
  dstGap: Schema.optionalKey(GapPolicy),
  dstOverlap: Schema.optionalKey(OverlapPolicy),
  /** Who looks after it, such as `apply:SET` (default: nobody). */
  managedBy: Schema.optionalKey(ManagedBy),
  /** Take a one-time instant that has passed, and run it at once (default false). */
  allowPast: Schema.optionalKey(Schema.Boolean),
  /** Say what would be done and do nothing (default false). */
  dryRun: Schema.optionalKey(Schema.Boolean)
})
export type ScheduleRequest = typeof ScheduleRequest.Type

export const ScheduleAnswer = Schema.Struct({
  taskId: Schema.String,
  /** False when the same task was there already, and for a dry run. */
  created: Schema.Boolean,
  understoodAs: Schema.String,
  timezone: Schema.String,
  nextRuns: Schema.Array(Run),
  notes: Schema.Array(Schema.String),
  /** Null for a dry run. */
  logSequence: Schema.NullOr(Schema.Int),
  /** Of a dry run: what the task would be, as the fields of ScheduledTask that follow from the request. */
  wouldBe: Schema.optionalKey(Schema.JsonObject)
})
export type ScheduleAnswer = typeof ScheduleAnswer.Type

export const CancelRequest = Schema.Struct({
  ...CommandOrigin,
  /** Id, or unambiguous prefix of 4 characters or more. */
  taskId: Schema.String
})
export type CancelRequest = typeof CancelRequest.Type

/** Verbs about a task that is there. */
export const TASK_VERBS = [
  "cancel",
  "cancelExecution",
  "cancelWaiting",
  "run",
  "retry",
  "pause",
  "resume",
  "skip",
  "backfill",
  "reschedule",
  "update",
  "undo",
  "revert",
  "restore"
] as const
export type TaskVerb = (typeof TASK_VERBS)[number]

const ofTask = {
  ...CommandOrigin,
  /** Id, or unambiguous prefix of 4 characters or more. */
  taskId: Schema.String
}

export const PauseRequest = Schema.Struct({
  ...ofTask,
  /** When it goes on by itself; default: when it is told to. */
  until: Schema.optionalKey(AnyInstant)
})
export type PauseRequest = typeof PauseRequest.Type

export const ResumeRequest = Schema.Struct(ofTask)
export type ResumeRequest = typeof ResumeRequest.Type

export const SkipRequest = Schema.Struct({
  ...ofTask,
  /** A nominal instant of the task that is still to come. */
  instant: AnyInstant
})
export type SkipRequest = typeof SkipRequest.Type

export const BackfillRequest = Schema.Struct({
  ...ofTask,
  /** The first nominal instant that counts. */
  from: AnyInstant,
  /** The first that does not any more; not in the future. */
  to: AnyInstant,
  /** Default `bufferAll`: one after another; `allowAll`: all at once. */
  overlap: Schema.optionalKey(Schema.Literals(["bufferAll", "allowAll"]))
})
export type BackfillRequest = typeof BackfillRequest.Type

const {
  actor: _actor,
  commandId: _commandId,
  reason: _reason,
  allowPast: _past,
  dryRun: _dry,
  taskId: _taskId,
  taskType: _type,
  endAt: _endAt,
  maxRuns: _maxRuns,
  schedule: _schedule,
  startAt: _startAt,
  ...changeable
} = ScheduleRequest.fields

const Revision = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

/** Fields that are named are changed, all others stay; null takes a bound, the key, a limit or a manager away. */
export const UpdateRequest = Schema.Struct({
  ...ofTask,
  /** Refused as `revisionConflict` where the task has another revision by now. */
  ifRevision: Schema.optionalKey(Revision),
  ...changeable,
  schedule: Schema.optionalKey(Schema.String),
  key: Schema.optionalKey(Schema.NullOr(ConcurrencyKey)),
  catchUpMax: Schema.optionalKey(Schema.NullOr(Ms)),
  expiresMs: Schema.optionalKey(Schema.NullOr(Ms)),
  pauseAfterFailures: Schema.optionalKey(
    Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })))
  ),
  managedBy: Schema.optionalKey(Schema.NullOr(ManagedBy)),
  catchUpRate: Schema.optionalKey(Schema.NullOr(Rate)),
  startAt: Schema.optionalKey(Schema.NullOr(AnyInstant)),
  endAt: Schema.optionalKey(Schema.NullOr(AnyInstant)),
  maxRuns: Schema.optionalKey(Schema.NullOr(Ms))
})
export type UpdateRequest = typeof UpdateRequest.Type

/** A new schedule for a task; nothing from the past runs because of it. */
export const RescheduleRequest = Schema.Struct({
  ...ofTask,
  ifRevision: Schema.optionalKey(Revision),
  schedule: Schema.String,
  timezone: Schema.optionalKey(Schema.String),
  dstGap: Schema.optionalKey(GapPolicy),
  dstOverlap: Schema.optionalKey(OverlapPolicy)
})
export type RescheduleRequest = typeof RescheduleRequest.Type

const ofExecution = {
  ...CommandOrigin,
  /** Id, or unambiguous prefix of 4 characters or more. */
  executionId: Schema.String
}

/** Ends one execution: at once where nobody works on it, else it is asked to stop. The task goes on. */
export const CancelExecutionRequest = Schema.Struct(ofExecution)
export type CancelExecutionRequest = typeof CancelExecutionRequest.Type

/** Drops the executions of a task that are due and wait for their turn, the oldest 500. */
export const CancelWaitingRequest = Schema.Struct(ofTask)
export type CancelWaitingRequest = typeof CancelWaitingRequest.Type

/** A new execution for the instant of one that has failed, was cancelled or has expired; also where the task is over. */
export const RetryRequest = Schema.Struct({
  ...ofExecution,
  /** Of a sequence: all of it again, in place of what had not ended well (default false). */
  fromStart: Schema.optionalKey(Schema.Boolean),
  /** Log sequence of its end (`endLogSequence`): needed where that is longer ago than the task's owner remembers. */
  endedAt: Schema.optionalKey(Schema.Int)
})
export type RetryRequest = typeof RetryRequest.Type

/** A task that is over goes on, with the definition that it had; nothing from the past runs because of it. */
export const RestoreRequest = Schema.Struct({
  ...ofTask,
  /** Of a task that runs once and has not: run at once where its instant has passed (default: refused). */
  allowPast: Schema.optionalKey(Schema.Boolean)
})
export type RestoreRequest = typeof RestoreRequest.Type

/** Takes back the newest change of a task's definition; done twice, it stands again. */
export const UndoRequest = Schema.Struct({ ...ofTask, ifRevision: Schema.optionalKey(Revision) })
export type UndoRequest = typeof UndoRequest.Type

/** Brings back the definition as it was at a revision. */
export const RevertRequest = Schema.Struct({
  ...ofTask,
  ifRevision: Schema.optionalKey(Revision),
  toRevision: Revision
})
export type RevertRequest = typeof RevertRequest.Type

export const RunRequest = Schema.Struct({
  ...CommandOrigin,
  /** Id, or unambiguous prefix of 4 characters or more. */
  taskId: Schema.String,
  /** Of a sequence whose newest execution has failed: do again this step and what depends on it, and what had not ended well. */
  fromStep: Schema.optionalKey(Schema.String)
})
export type RunRequest = typeof RunRequest.Type

export const TaskAnswer = Schema.Struct({
  taskId: Schema.String,
  status: Schema.String,
  revision: Schema.Int,
  logSequence: Schema.Int
})
export type TaskAnswer = typeof TaskAnswer.Type

/** What a changed task does from now on. */
export const ChangeAnswer = Schema.Struct({
  ...TaskAnswer.fields,
  understoodAs: Schema.String,
  timezone: Schema.String,
  nextRuns: Schema.Array(Run),
  notes: Schema.Array(Schema.String)
})
export type ChangeAnswer = typeof ChangeAnswer.Type

/** How many executions were begun, or wait for their turn. */
export const BackfillAnswer = Schema.Struct({ ...TaskAnswer.fields, executions: Schema.Int })
export type BackfillAnswer = typeof BackfillAnswer.Type

/** `cancelled`: it has ended; `stopping`: whoever works on it is told to stop. */
export const CancelExecutionAnswer = Schema.Struct({
  ...TaskAnswer.fields,
  executionId: Schema.String,
  execution: Schema.Literals(["cancelled", "stopping"])
})
export type CancelExecutionAnswer = typeof CancelExecutionAnswer.Type

/** How many were dropped: where that is 500, more may wait. */
export const CancelWaitingAnswer = Schema.Struct({ ...TaskAnswer.fields, executions: Schema.Int })
export type CancelWaitingAnswer = typeof CancelWaitingAnswer.Type

/** What was begun. */
export const RunAnswer = Schema.Struct({ ...TaskAnswer.fields, executionId: Schema.String })
export type RunAnswer = typeof RunAnswer.Type

/**
 * Refused by the service, with the reason. `code` is stable: `invalidRequest` `invalidSchedule` `unknownTaskType`
 * `invalidArgs` `tooLarge` (mend the request); `notFound`; `ambiguousId` `idInUse` `alreadyCancelled` `ended` `notEnded`
 * `notOver` `notPaused` `revisionConflict` `succeeded` `alreadyRetried` `nothingToRevert` `nothingWaits` `tooMany` `keyReused` (a conflict with what is there); `behind` `busy` `rebuilding` (ask again); `answerTooLarge` (ask for less).
 */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  code: Schema.String,
  message: Schema.String,
  detail: Schema.optionalKey(Schema.Json),
  hint: Schema.optionalKey(Schema.String)
}) {}
