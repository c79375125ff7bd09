/**
 * What was asked for, as it stands in a `scheduled` event: complete, so that nothing has to be looked up to run it.
 *
 * Every default is filled in when the command is accepted; a later change of a default never changes a stored task.
 */
import { Schema } from "effect"
import { Instant } from "../recurrence/Instant.ts"
import { Recurrence } from "../recurrence/Recurrence.ts"
import { Rate } from "./Rate.ts"
import { retryFields } from "./RetryPolicy.ts"

/** Letters, digits, `-` and `_`, beginning with a letter or digit, at most 64: safe as a NATS token, in a path and in a shell. */
export const TaskId = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/u, {
    message: "must be 1 to 64 letters, digits, '-' or '_', beginning with a letter or a digit"
  })
)
export type TaskId = typeof TaskId.Type

/** Name of a line of work; also one token of a NATS subject. */
export const QueueName = TaskId
export type QueueName = typeof QueueName.Type

/** Arguments of a task type: a JSON object. */
export const TaskArgs = Schema.JsonObject
export type TaskArgs = typeof TaskArgs.Type

/** What happens when an occurrence becomes due while an earlier execution of the task is still open. */
export const ExecutionOverlap = Schema.Literals([
  "skip",
  "bufferOne",
  "bufferAll",
  "cancelOther",
  "terminateOther",
  "allowAll"
])
export type ExecutionOverlap = typeof ExecutionOverlap.Type

/** Which of the occurrences missed while nothing ran are run late. One-time tasks always run late rather than never. */
export const CatchUp = Schema.Literals(["none", "latest", "earliest", "all"])
export type CatchUp = typeof CatchUp.Type

/** A due execution sorts in its queue as if it had been there so many seconds longer; below 0: shorter. */
export const MAX_PRIORITY = 86_400
export const Priority = Schema.Int.check(Schema.isBetween({ minimum: -MAX_PRIORITY, maximum: MAX_PRIORITY }))

/** What the limits of a queue for each key go by, such as a customer. */
export const ConcurrencyKey = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]{1,128}$/, { message: "must be 1 to 128 visible ASCII characters without blanks" })
)

/** Name of a calendar of excluded days. */
export const CalendarName = TaskId

const PositiveMs = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

export const TaskDefinition = Schema.Struct({
  taskType: Schema.String,
  taskName: Schema.String,
  description: Schema.String,
  taskArgs: TaskArgs,
  /** The words as given. */
  scheduleSpec: Schema.String,
  /** The words as understood, for people. */
  understoodAs: Schema.String,
  recurrence: Recurrence,
  /** IANA zone in which the words were read and answers are shown. */
  timezone: Schema.String,
  queue: QueueName,
  /** Seconds by which its executions sort in their queue as if they had been there longer; 0 for most. */
  priority: Schema.Int,
  /** By which the queue limits it together with others of the same key; absent: by the queue alone. */
  concurrencyKey: Schema.optionalKey(Schema.String),
  tags: Schema.Array(Schema.String),
  overlap: ExecutionOverlap,
  catchUp: CatchUp,
  /** How far back a missed occurrence may lie and still be run; milliseconds. */
  catchUpWindowMs: Count,
  /** How many of the missed occurrences are run late by `all`, the newest; absent: each. */
  catchUpMax: Schema.optionalKey(PositiveMs),
  /** Pace at which missed occurrences are run late by `all`; absent: at once. */
  catchUpRate: Schema.optionalKey(Rate),
  /** Retries after the first attempt; 0 means one attempt. */
  maxRetries: Count,
  /** Delay before the first retry, milliseconds; `retryFields` say how it grows. */
  backoffMs: PositiveMs,
  ...retryFields,
  /** Soft limit of one attempt: it is asked to stop; milliseconds. */
  timeoutMs: PositiveMs,
  /** Hard limit of one attempt: it is killed; milliseconds, not less than `timeoutMs`. */
  hardTimeoutMs: PositiveMs,
  startAt: Schema.NullOr(Instant),
  endAt: Schema.NullOr(Instant),
  maxRuns: Schema.NullOr(PositiveMs),
  /** Width of the stretch after each instant over which tasks are spread, milliseconds; absent for none. */
  spreadMs: Schema.optionalKey(Count),
  /** How long after it is due an execution may be begun; absent: for ever. */
  expiresMs: Schema.optionalKey(PositiveMs),
  /** Paused after so many failures in a row; absent: never. */
  pauseAfterFailures: Schema.optionalKey(PositiveMs),
  /** This task's share of the spread: how long after each instant it is due, milliseconds; absent for at once. */
  offsetMs: Schema.optionalKey(Count),
  /** Names of calendars on whose days it does not run. */
  exclude: Schema.optionalKey(Schema.Array(CalendarName)),
  /** Who looks after it: `apply:SET` where a set of files does; absent for nobody. */
  managedBy: Schema.optionalKey(Schema.String),
  createdBy: Schema.String,
  /** Hash of what the user asked for, to tell a repeated request from a different one under the same id. */
  fingerprint: Schema.String
})
export type TaskDefinition = typeof TaskDefinition.Type
