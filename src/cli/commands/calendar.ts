/** `nagatha calendar`: named calendars of days on which tasks do not run. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { defined, formatOf, json, reading, text } from "../asking/Flags.ts"
import { note, now, out, outJson, outLines, outTable } from "../showing/Output.ts"
import { Presentation } from "../showing/Presentation.ts"
import { instantText } from "../showing/TaskRows.ts"

const name = Argument.String("NAME").pipe(Argument.withDescription("Name of the calendar, such as holidays"))
const origin = {
  reason: text("reason", "TEXT", "Why; kept with the event"),
  commandId: text("command-id", "ID", "Id of this command: sent again, it is carried out at most once"),
  json
}

const set = Command.make(
  "set",
  {
    name,
    days: Argument.String("DAYS").pipe(
      Argument.withDescription("2026-12-25, 2026-12-24..2027-01-02, or 12-25 for every year"),
      Argument.variadic({ min: 1 })
    ),
    ...origin
  },
  Effect.fnUntraced(function* (input) {
    const answer = yield* withScheduler((scheduler) =>
      scheduler.setCalendar({
        calendar: input.name,
        days: input.days,
        ...defined({ reason: input.reason, commandId: input.commandId })
      })
    )
    if (input.json) return yield* outJson(answer)
    const entries = input.days.length === 1 ? "1 entry" : `${input.days.length} entries`
    yield* out(`calendar ${answer.calendar} has ${entries} now`)
    yield* note(`use it: nagatha schedule … --exclude ${answer.calendar}`)
  })
).pipe(
  Command.withDescription("Give a calendar its days, all of them; tasks that exclude it follow at once"),
  Command.withExamples([{ command: "nagatha calendar set holidays 12-25 12-26 2027-03-26 2027-08-01..2027-08-14" }])
)

const list = Command.make(
  "list",
  reading,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const calendars = yield* withScheduler((scheduler) => scheduler.calendars)
    if (format === "json") return yield* outJson(calendars)
    if (format === "ndjson") return yield* outLines(calendars)
    if (calendars.length === 0) {
      return yield* note("there are no calendars; make one: nagatha calendar set holidays 12-25")
    }
    const { zone } = yield* Presentation
    const today = yield* now
    yield* outTable(
      [
        { header: "NAME", value: ({ calendar }) => calendar },
        { header: "CHANGED", value: ({ changedAt }) => instantText(changedAt, zone, today) },
        { header: "DAYS", value: ({ days }) => days.join(" "), flexible: true }
      ],
      calendars
    )
  })
).pipe(
  Command.withDescription("List the calendars"),
  Command.withExamples([{ command: "nagatha calendar list --json" }])
)

const remove = Command.make(
  "remove",
  { name, ...origin },
  Effect.fnUntraced(function* (input) {
    const answer = yield* withScheduler((scheduler) =>
      scheduler.removeCalendar({
        calendar: input.name,
        ...defined({ reason: input.reason, commandId: input.commandId })
      })
    )
    if (input.json) return yield* outJson(answer)
    yield* out(`removed calendar ${answer.calendar}; tasks that excluded it run on its days again`)
  })
).pipe(
  Command.withDescription("Remove a calendar: it excludes nothing any more"),
  Command.withExamples([{ command: "nagatha calendar remove holidays" }])
)

export const calendar = Command.make("calendar").pipe(
  Command.withSubcommands([set, list, remove]),
  Command.withExamples([
    { command: "nagatha calendar set holidays 12-25 12-26", description: "Every year" },
    { command: 'nagatha schedule shell_command "every weekday at 9" --command ./report --exclude holidays' }
  ])
)
