/** `nagatha events [PATTERN]`: what happens, as it happens, a line each, until Ctrl-C. */
import { Effect, Option, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import type { AnnouncedEvent } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { EVENTS, eventLine } from "../EventLine.ts"
import { usage } from "../Failure.ts"
import { formatOf, reading, text, timezone, zoneOf } from "../Flags.ts"
import { colors, note, out, outLines } from "../Output.ts"
import { byId } from "../TaskNames.ts"

const flags = {
  pattern: Argument.String("PATTERN").pipe(
    Argument.withDescription(`Subject with * and >, or the event alone, such as failure (default: ${EVENTS}*)`),
    Argument.optional
  ),
  task: text("task", "ID", "Only of this task: its id, or a beginning of 4 characters or more"),
  timezone,
  ...reading
}

const TOKEN = /^[^\s.*>]+$/

/** The subject pattern asked for; one word is an event of a task. */
const subject = Effect.fnUntraced(function* (pattern: string) {
  const whole = pattern.includes(".") ? pattern : `${EVENTS}${pattern}`
  const tokens = whole.split(".")
  const right = tokens.every(
    (token, index) => token === "*" || (token === ">" && index === tokens.length - 1) || TOKEN.test(token)
  )
  if (right) return whole
  return yield* usage(
    `${JSON.stringify(pattern)} is not a subject pattern`,
    `such as ${EVENTS}*, ${EVENTS}failure or failure`
  )
})

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
        const show = (event: AnnouncedEvent) =>
          format === "table" ? out(eventLine(event, zone, paint)) : outLines([event])
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
