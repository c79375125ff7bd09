/** `nagatha list`: the tasks, those that run next first. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { TaskStatus } from "../../projections/ScheduledTask.ts"
import { withScheduler } from "../Backend.ts"
import { choice, count, defined, formatOf, present, reading, text, timezone, zoneOf } from "../asking/Flags.ts"
import { colors, note, now, outJson, outLines, outTable } from "../showing/Output.ts"
import { allPages } from "../showing/Pages.ts"
import { taskColumns } from "../showing/TaskRows.ts"

const flags = {
  status: choice("status", TaskStatus.literals, "Only tasks with this status"),
  type: text("type", "TYPE", "Only tasks of this type"),
  name: text("name", "GLOB", "Only tasks whose name matches: * any text, ? one character"),
  tag: text("tag", "TEXT", "Only tasks with this tag"),
  limit: count("limit", 1, 1_000_000, "At most so many (default: all)").pipe(Flag.optional),
  all: present("all", "Also tasks that ended more than a day ago"),
  timezone,
  ...reading
}

export const list = Command.make(
  "list",
  flags,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const zone = yield* zoneOf(input.timezone)
    const status = Option.getOrUndefined(input.status)
    /** Whoever asks for what is over wants all of it. */
    const all = input.all || status === "completed" || status === "failed" || status === "cancelled"
    const filter = defined({ status: input.status, type: input.type, name: input.name, tag: input.tag })
    const tasks = yield* withScheduler((scheduler) =>
      allPages(
        Option.getOrElse(input.limit, () => Infinity),
        (page) => scheduler.tasks({ ...filter, ...page, all })
      )
    )
    if (format === "json") return yield* outJson(tasks)
    if (format === "ndjson") return yield* outLines(tasks)
    if (tasks.length > 0) return yield* outTable(taskColumns(zone, yield* now, yield* colors), tasks)
    if (Object.keys(filter).length > 0) return yield* note("no task is like that")
    yield* note(
      `there are no tasks${all ? "" : " (--all also shows those that ended more than a day ago)"}; make one:\n` +
        '  nagatha schedule notification "in 5 minutes" --message "Tea is ready"'
    )
  })
).pipe(
  Command.withAlias("ls"),
  Command.withDescription("List tasks: all that are not over, and those that ended within a day"),
  Command.withExamples([
    { command: "nagatha list" },
    { command: "nagatha list --status failed --json", description: "For programs" },
    { command: 'nagatha list --name "backup*" --all' }
  ])
)
