/**
 * When: once at an instant, every so often, by cron, by an RFC 5545 rule, or a union of these.
 *
 * A value of this type is compiled: everything that the words left open (the zone, the daylight-saving rules, the phase
 * of an interval, the hash of `H`) is filled in, so that `next` is a pure function of the value and an instant. Values
 * are stored in the log for ever: fields are only added, and only as optional ones.
 */
import { Schema } from "effect"
import { Instant } from "./Instant.ts"

/** What a wall-clock time that does not exist does: run at the first instant after the gap, not at all, or as much later as the gap is long. */
export const GapPolicy = Schema.Literals(["nextValid", "skip", "shift"])
export type GapPolicy = typeof GapPolicy.Type

/** What a wall-clock time that happens twice does: run in the first pass, in the last pass, or in both. */
export const OverlapPolicy = Schema.Literals(["first", "last", "both"])
export type OverlapPolicy = typeof OverlapPolicy.Type

const calendar = {
  /** IANA name, as `Intl` knows it. */
  timezone: Schema.String,
  gap: GapPolicy,
  overlap: OverlapPolicy
}

/** One instant. */
export const Once = Schema.Struct({ kind: Schema.Literal("once"), at: Instant })

/** Elapsed time with a phase, whatever clocks do: `anchorAt + k · everyMs` for k = 0, 1, 2 … */
export const Interval = Schema.Struct({
  kind: Schema.Literal("interval"),
  everyMs: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1000)),
  anchorAt: Instant
})

/** Cron of six fields (seconds first), normalised: aliases, names and `H` are resolved. */
export const Cron = Schema.Struct({ kind: Schema.Literal("cron"), expression: Schema.String, ...calendar })

/** An RFC 5545 rule; `startsAt` is its DTSTART as local time in the zone (`2026-03-08T09:00:00`). */
export const Rule = Schema.Struct({
  kind: Schema.Literal("rule"),
  rrule: Schema.String,
  startsAt: Schema.String,
  ...calendar
})

const single = [Once, Interval, Cron, Rule] as const

/** Where a stream of messages stood when a task was scheduled: what came before does not start it. */
export const StreamPosition = Schema.Struct({
  stream: Schema.String,
  /** When the stream was made: one that is deleted and made again is another. */
  created: Schema.String,
  /** The last message that does not count any more. */
  sequence: Schema.Int
})
export type StreamPosition = typeof StreamPosition.Type

/** Each message on a NATS subject; it has no instants. `from` is filled in at the door where the messages lie in a stream. */
export const OnSubject = Schema.Struct({
  kind: Schema.Literal("subject"),
  subject: Schema.String,
  from: Schema.optionalKey(StreamPosition)
})

/** How an execution must end to start another task; `end`: however it does. */
export const Ending = Schema.Literals(["success", "failure", "end"])
export type Ending = typeof Ending.Type

/** Each execution of one of these tasks that ends so; it has no instants. */
export const AfterTasks = Schema.Struct({
  kind: Schema.Literal("after"),
  tasks: Schema.Array(Schema.String),
  on: Ending
})

/** Runs whenever one of the parts does; instants that parts share count once. */
export const AnyOf = Schema.Struct({ kind: Schema.Literal("union"), of: Schema.Array(Schema.Union(single)) })

export const Recurrence = Schema.Union([...single, AnyOf, OnSubject, AfterTasks])
export type Recurrence = typeof Recurrence.Type
/** Has no instants: each run is started by a message. */
export type ByMessage = Extract<Recurrence, { readonly kind: "subject" | "after" }>
export type SingleRecurrence = Exclude<Recurrence, { readonly kind: "union" } | ByMessage>

export const isByMessage = (recurrence: Recurrence): recurrence is ByMessage =>
  recurrence.kind === "subject" || recurrence.kind === "after"

/** `one_time` for `once`, `recurring` for all others. */
export const ScheduleType = Schema.Literals(["one_time", "recurring"])
export type ScheduleType = typeof ScheduleType.Type

export const scheduleType = (recurrence: Recurrence): ScheduleType =>
  recurrence.kind === "once" ? "one_time" : "recurring"

/** The daylight-saving rules that a recurrence was compiled with; undefined where it has none. */
export const dstOf = (
  recurrence: Recurrence
): { readonly gap: GapPolicy; readonly overlap: OverlapPolicy } | undefined => {
  if (recurrence.kind === "union") return recurrence.of.map(dstOf).find((found) => found !== undefined)
  return recurrence.kind === "cron" || recurrence.kind === "rule"
    ? { gap: recurrence.gap, overlap: recurrence.overlap }
    : undefined
}
