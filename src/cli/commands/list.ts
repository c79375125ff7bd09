/** `nagatha list`: the tasks, those that run next first. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { TaskGroup } from "../../projections/Queries.ts"
import { withScheduler } from "../Backend.ts"
import { choices, count, formatOf, present, reading, timezone, zoneOf } from "../asking/Flags.ts"
import { asOf, asOfOf, beforeAll, standingAt } from "../asking/AsOf.ts"
import { given, taskFilterOf, taskSorting, taskSortOf, whichTasks } from "../asking/WhichTasks.ts"
import { countLines } from "../showing/CountLines.ts"
import { colors, note, now, out, outJson, outLines, outTable } from "../showing/Output.ts"
import { allPages, eachPage } from "../showing/Pages.ts"
import { taskColumns } from "../showing/TaskRows.ts"

const flags = {
  ...whichTasks,
  ...taskSorting,
  count: present("count", "Only say how many there are, by status"),
  by: choices("by", TaskGroup.literals, "With --count: by what to count (default: status)"),
  limit: count("limit", 1, 1_000_000, "At most so many (default: all)").pipe(Flag.optional),
  asOf,
  timezone,
  ...reading
}

export const list = Command.make(
  "list",
  flags,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const zone = yield* zoneOf(input.timezone)
    const filter = yield* taskFilterOf(input, zone)
    const moment = yield* asOfOf(input.asOf, zone)
    const { all } = input
    if (input.count || input.by.length > 0) {
      const by = Option.getOrElse(given(input.by), () => ["status" as const])
      const counts = yield* withScheduler((scheduler) => scheduler.counts({ ...filter, ...moment, all, by }))
      if (format === "json") return yield* outJson(counts)
      return yield* format === "ndjson" ? outLines([counts]) : out(countLines(counts, "task"))
    }
    const limit = Option.getOrElse(input.limit, () => Infinity)
    const query = { ...filter, ...taskSortOf(input), ...moment, all }
    if (format === "ndjson") {
      return yield* withScheduler((scheduler) =>
        eachPage(limit, (page) => scheduler.tasks({ ...query, ...page }), outLines)
      )
    }
    let begins: string | null | undefined
    const tasks = yield* withScheduler((scheduler) =>
      allPages(limit, (page) =>
        Effect.tap(scheduler.tasks({ ...query, ...page }), ({ logBegins }) => Effect.sync(() => (begins = logBegins)))
      )
    )
    if (begins !== undefined) yield* note(beforeAll(begins, zone))
    if (format === "json") return yield* outJson(tasks)
    if (tasks.length > 0) {
      return yield* outTable(taskColumns(zone, standingAt(moment, yield* now), yield* colors), tasks)
    }
    if (begins !== undefined) return
    if (Object.keys(filter).length > 0) return yield* note("no task is like that")
    if (moment.asOf !== undefined) return yield* note("there were no tasks then")
    yield* note(
      `there are no tasks${all ? "" : " (--all also shows those that ended more than a day ago)"}; make one:\n` +
        '  nagatha schedule notification "in 5 minutes" --message "Tea is ready"'
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha list" },
    { command: "nagatha list --status failed --json", description: "For programs" },
    { command: 'nagatha list --name "backup*" --all' },
    { command: "nagatha list --last-status failed --tag nightly --sort last-run-desc" },
    { command: "nagatha list --next-until 2h", description: "What runs within two hours" },
    { command: "nagatha list --count --by queue,status" },
    { command: 'nagatha list --as-of "yesterday at 9"', description: "As it was then" }
  ])
)
