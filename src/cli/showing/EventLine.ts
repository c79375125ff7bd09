/** An announced event as a line for people. */
import { Predicate } from "effect"
import type { AnnouncedEvent } from "../../Scheduler.ts"
import { skippedText, statusPaint } from "./TaskRows.ts"
import { type Paint, visibleLine } from "./Text.ts"
import { durationText, localTime } from "./Times.ts"

/** Subjects of announced events begin with this. */
export const EVENTS = "scheduler.task."

const field = (event: AnnouncedEvent, name: string): string | undefined => {
  const value = event[name]
  return Predicate.isString(value) && value !== "" ? value : undefined
}

/** An event is what somebody else has published: its instants need not be any. */
const timeOf = (instant: string, zone: string): string =>
  Number.isNaN(Date.parse(instant)) ? instant : localTime(instant, zone)

/** What is worth knowing of an event beside its time, its kind and its task. */
const particulars = (event: AnnouncedEvent, zone: string): string => {
  const { attempt, durationMs, error, fraction, nextAt, nextAttemptAt } = event
  const reason = field(event, "reason")
  const message = Predicate.hasProperty(error, "message") ? String(error.message) : undefined
  return [
    reason !== undefined && event.type === `${EVENTS}skipped` ? skippedText(reason) : reason,
    Predicate.isNumber(attempt) && attempt > 1 ? `attempt ${attempt}` : undefined,
    Predicate.isNumber(fraction) ? `${Math.floor(fraction * 100)} %` : undefined,
    field(event, "text"),
    Predicate.isNumber(durationMs) ? durationText(durationMs) : undefined,
    message,
    Predicate.isString(nextAttemptAt) ? `again ${timeOf(nextAttemptAt, zone)}` : undefined,
    Predicate.isString(nextAt) ? `next ${timeOf(nextAt, zone)}` : undefined
  ]
    .filter((text) => text !== undefined)
    .join("  ")
}

const statuses: Readonly<Record<string, string>> = {
  success: "completed",
  failure: "failed",
  retry: "retrying",
  started: "running",
  progress: "running",
  due: "queued",
  cancelled: "cancelled",
  skipped: "skipped",
  paused: "paused"
}

/** One event in one line: local time, what happened, to which task. */
export const eventLine = (event: AnnouncedEvent, zone: string, paint: Paint): string => {
  const kind = event.type.startsWith(EVENTS) ? event.type.slice(EVENTS.length) : event.type
  const name = [field(event, "taskName"), field(event, "stepName")].filter((part) => part !== undefined).join(" › ")
  return [
    paint.dim(timeOf(event.time, zone)),
    statusPaint(paint)(visibleLine(kind).padEnd(11), statuses[kind] ?? ""),
    visibleLine(event.taskId),
    visibleLine(name),
    visibleLine(particulars(event, zone))
  ]
    .filter((text) => text !== "")
    .join("  ")
    .trimEnd()
}
