/** The answer to why an instant ran, or did not. */
import { Schema } from "effect"
import { Instant } from "../recurrence/Instant.ts"

/**
 * `due` and `skipped` and `leftOut` were decided; `undecided` waits for an owner, `notYet` lies in the future, `paused` will be
 * skipped when the task goes on; of all others nothing was ever to be decided.
 */
export const Verdict = Schema.Literals([
  "due",
  "skipped",
  "leftOut",
  "undecided",
  "notYet",
  "paused",
  "notAnInstant",
  "excluded",
  "lostInGap",
  "otherPass",
  "outOfBounds",
  "maxRuns",
  "superseded",
  "beforeCreated",
  "afterCancelled",
  "afterCompleted",
  "byMessage"
])
export type Verdict = typeof Verdict.Type

/** On whose account something was so, and since when. */
export const Cause = Schema.Struct({
  at: Instant,
  actor: Schema.String,
  commandId: Schema.String,
  reason: Schema.optionalKey(Schema.String),
  revision: Schema.Int,
  logSequence: Schema.Int
})
export type Cause = typeof Cause.Type

export const Decision = Schema.Struct({
  decidedAt: Instant,
  logSequence: Schema.Int,
  /** From the due instant to the decision, milliseconds; below 0 where it was left out before. */
  decidedAfterMs: Schema.Int,
  /** From the due instant to the first start. */
  latenessMs: Schema.optionalKey(Schema.Int),
  executionId: Schema.optionalKey(Schema.String),
  /** `queued` `waitsForItsTurn` `running` `retrying` `completed` `failed` `cancelled`. */
  status: Schema.optionalKey(Schema.String),
  attempts: Schema.optionalKey(Schema.Int),
  error: Schema.optionalKey(Schema.Struct({ code: Schema.String, message: Schema.String })),
  /** Why it was skipped. */
  reason: Schema.optionalKey(Schema.String),
  /** Of a stretch that was skipped as one. */
  first: Schema.optionalKey(Instant),
  last: Schema.optionalKey(Instant),
  count: Schema.optionalKey(Schema.Int),
  /** Executions that were open when it was skipped for them. */
  openExecutions: Schema.optionalKey(Schema.Array(Schema.String))
})

export const WhyAnswer = Schema.Struct({
  taskId: Schema.String,
  taskName: Schema.String,
  at: Instant,
  /** In the zone of the task. */
  local: Schema.String,
  timezone: Schema.String,
  verdict: Verdict,
  sentence: Schema.String,
  decision: Schema.optionalKey(Decision),
  cause: Schema.optionalKey(Cause),
  /** The instants of the schedule around it. */
  before: Schema.NullOr(Instant),
  after: Schema.NullOr(Instant),
  /** Log sequence up to which the log was read. */
  logSequence: Schema.Int
})
export type WhyAnswer = typeof WhyAnswer.Type
