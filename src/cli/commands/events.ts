/** `nagatha events [PATTERN]`: what happens, as it happens, a line each, until Ctrl-C. */
import { Effect, Option, Queue, Stream } from "effect"
import { Argument, Command } from "effect/cli"
import { type AnnouncedEvent, fits, type PastEvents, type SchedulerError } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { EVENTS, eventLine } from "../showing/EventLine.ts"
import { usage } from "../Failure.ts"
import { formatOf, reading, text, timezone, zoneOf } from "../asking/Flags.ts"
import { sinceOf } from "../asking/Moments.ts"
import { colors, note, out, outLines } from "../showing/Output.ts"
import { suggestion } from "../../work/Suggestion.ts"
import { OWN_EVENTS } from "../../recurrence/MessageWords.ts"
import { byId } from "../asking/TaskNames.ts"

const flags = {
  pattern: Argument.String("PATTERN").pipe(
    Argument.withDescription(`Subject with * and >, or the event alone, such as failure (default: ${EVENTS}*)`),
    Argument.optional
  ),
  since: text("since", "TIME", 'First those since then, such as "2h" or "yesterday at 9" (7 days are kept)'),
  durable: text(
    "durable",
    "NAME",
    "From where this name has stopped reading, also days later; each event at least once (nagatha subscriptions)"
  ),
  task: text("task", "ID", "Only of this task: its id, or a beginning of 4 characters or more"),
  timezone,
  ...reading
}

/** What happens to tasks; progress is live only. */
const KINDS: ReadonlyArray<string> = [...OWN_EVENTS, "progress"]
const TOKEN = /^[^\s.*>]+$/

/** The subject pattern asked for; one word is an event of a task. */
const subject = Effect.fnUntraced(function* (pattern: string) {
  const whole = pattern.includes(".") ? pattern : `${EVENTS}${pattern}`
  const tokens = whole.split(".")
  const right = tokens.every(
    (token, index) => token === "*" || (token === ">" && index === tokens.length - 1) || TOKEN.test(token)
  )
  const kind = whole.startsWith(EVENTS) ? whole.slice(EVENTS.length) : "*"
  if (right && (!TOKEN.test(kind) || KINDS.includes(kind))) return whole
  if (right) {
    const meant = suggestion(kind, KINDS)
    return yield* usage(
      `there is no event ${JSON.stringify(kind)}${meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`}`,
      `it is one of ${KINDS.join(", ")}`
    )
  }
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
        /** A stream has no end to wait for: both JSON forms are one value a line. */
        const show = (event: AnnouncedEvent) =>
          format === "table" ? out(eventLine(event, zone, paint)) : outLines([event])
        if (Option.isSome(input.durable)) {
          const since = Option.isSome(input.since) ? yield* sinceOf(input.since.value, zone) : undefined
          if (format === "table")
            yield* note(`events for ${input.durable.value}; Ctrl-C ends, the name goes on from there`)
          const wanted = {
            name: input.durable.value,
            patterns: [pattern],
            ...(task === undefined ? {} : { taskId: task }),
            ...(since === undefined ? {} : { since })
          }
          // Acknowledged once they stand in the output: what was not comes again.
          return yield* Stream.runForEachArray(scheduler.consume(wanted), (delivered) =>
            Effect.andThen(
              Effect.forEach(delivered, ({ event }) => show(event), { discard: true }),
              delivered.at(-1)?.ack ?? Effect.void
            )
          )
        }
        if (format === "table") {
          const kinds = pattern === `${EVENTS}*` ? "events" : pattern
          yield* note(`${kinds} of ${task ?? "all tasks"}, live; Ctrl-C ends`)
        }
        const live = scheduler
          .events(pattern)
          .pipe(Stream.filter((event) => task === undefined || event.taskId === task))
        if (Option.isNone(input.since)) return yield* Stream.runForEach(live, show)
        const since = yield* sinceOf(input.since.value, zone)
        // Heard before the past is asked for: what is announced meanwhile is not missed, and shown once.
        const heard = yield* Queue.unbounded<AnnouncedEvent, SchedulerError>()
        yield* Stream.runForEach(live, (event) => Queue.offer(heard, event)).pipe(
          Effect.catchCause((cause) => Queue.failCause(heard, cause)),
          (listening) => Effect.forkScoped(listening, { startImmediately: true })
        )
        const shown = new Set<string>()
        let cursor: string | null = ""
        while (cursor !== null) {
          const page: PastEvents = yield* scheduler.pastEvents({
            since,
            ...(cursor === "" ? {} : { cursor }),
            ...(task === undefined ? {} : { taskId: task })
          })
          for (const event of page.items) {
            if (shown.has(event.id) || !fits(pattern, event.type)) continue
            shown.add(event.id)
            yield* show(event)
          }
          cursor = page.nextCursor
        }
        yield* Effect.forever(
          Effect.flatMap(Queue.take(heard), (event) => (shown.has(event.id) ? Effect.void : show(event)))
        )
      })
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha events" },
    { command: "nagatha events failure --json", description: "One JSON value a line" },
    {
      command: "nagatha events failure --durable pager --json",
      description: "Every failure at least once, also those that happened while nobody read"
    },
    { command: "nagatha events --task 4kx9 --since yesterday", description: "First the past of one task" }
  ])
)
