/** `nagatha events [PATTERN]`: what happens, as it happens, a line each, until Ctrl-C. */
import { Effect, Option, Predicate, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import type { AnnouncedEvent } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { usage } from "../Failure.ts"
import { formatOf, reading, text, timezone, zoneOf } from "../Flags.ts"
import { colors, note, out, outLines } from "../Output.ts"
import { byId } from "../TaskNames.ts"
import { statusPaint } from "../TaskRows.ts"
import { type Paint, visibleLine } from "../Text.ts"
import { localTime } from "../Times.ts"

const PREFIX = "scheduler.task."

const flags = {
  pattern: Argument.String("PATTERN").pipe(
    Argument.withDescription(`Subject with * and >, or the event alone, such as failure (default: ${PREFIX}*)`),
    Argument.optional
  ),
  task: text("task", "ID", "Only of this task: its id, or a beginning of 4 characters or more"),
  timezone,
  ...reading
}

const TOKEN = /^[^\s.*>]+$/

/** The subject pattern asked for; one word is an event of a task. */
const subject = Effect.fnUntraced(function* (pattern: string) {
  const whole = pattern.includes(".") ? pattern : `${PREFIX}${pattern}`
  const tokens = whole.split(".")
  const right = tokens.every(
    (token, index) => token === "*" || (token === ">" && index === tokens.length - 1) || TOKEN.test(token)
  )
  if (right) return whole
  return yield* usage(
    `${JSON.stringify(pattern)} is not a subject pattern`,
    `such as ${PREFIX}*, ${PREFIX}failure or failure`
  )
})

const field = (event: AnnouncedEvent, name: string): string | undefined => {
  const value = event[name]
  return Predicate.isString(value) && value !== "" ? value : undefined
}

/** An event is what somebody else has published: its instants need not be any. */
const timeOf = (instant: string, zone: string): string =>
  Number.isNaN(Date.parse(instant)) ? instant : localTime(instant, zone)

/** What is worth knowing of an event beside its time, its kind and its task. */
const particulars = (event: AnnouncedEvent, zone: string): string => {
  const { attempt, durationMs, error, nextAt, nextAttemptAt } = event
  const message = Predicate.hasProperty(error, "message") ? String(error.message) : undefined
  return [
    field(event, "reason"),
    Predicate.isNumber(attempt) && attempt > 1 ? `attempt ${attempt}` : undefined,
    Predicate.isNumber(durationMs) ? `${durationMs} ms` : undefined,
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
  due: "queued",
  cancelled: "cancelled",
  skipped: "skipped",
  paused: "paused"
}

const line = (event: AnnouncedEvent, zone: string, paint: Paint): string => {
  const kind = event.type.startsWith(PREFIX) ? event.type.slice(PREFIX.length) : event.type
  const name = field(event, "taskName")
  return [
    paint.dim(timeOf(event.time, zone)),
    statusPaint(paint)(visibleLine(kind).padEnd(11), statuses[kind] ?? ""),
    visibleLine(event.taskId),
    name === undefined ? "" : visibleLine(name),
    visibleLine(particulars(event, zone))
  ]
    .filter((text) => text !== "")
    .join("  ")
    .trimEnd()
}

export const events = Command.make(
  "events",
  flags,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const zone = yield* zoneOf(input.timezone)
    const pattern = yield* subject(Option.getOrElse(input.pattern, () => "*"))
    const paint = yield* colors
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const asked = Option.getOrUndefined(input.task)
        const task =
          asked === undefined
            ? undefined
            : (yield* byId(scheduler, asked, scheduler.info({ id: asked, executions: 1 }))).task.taskId
        if (format === "table") yield* note(`events of ${task ?? "all tasks"}, live; Ctrl-C ends`)
        /** A stream has no end to wait for: both JSON forms are one value a line. */
        const show = (event: AnnouncedEvent) => (format === "table" ? out(line(event, zone, paint)) : outLines([event]))
        yield* scheduler.events(pattern).pipe(
          Stream.filter((event) => task === undefined || event.taskId === task),
          Stream.runForEach(show)
        )
      })
    )
  })
).pipe(
  Command.withDescription("Print events as they happen"),
  Command.withExamples([
    { command: "nagatha events" },
    { command: "nagatha events failure --json", description: "One JSON value a line" },
    { command: "nagatha events --task 4kx9" }
  ])
)
