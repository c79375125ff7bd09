/** `nagatha history [ID]`: what ran, newest first; the steps of a sequence under it. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { ExecutionGroup, type ExecutionsQuery } from "../../projections/Queries.ts"
import { withScheduler } from "../Backend.ts"
import { choice, choices, count, formatOf, present, reading, timezone, zoneOf } from "../asking/Flags.ts"
import { asOf, asOfOf, beforeAll, standingAt } from "../asking/AsOf.ts"
import type { AsOfQuery } from "../../Scheduler.ts"
import { byId } from "../asking/TaskNames.ts"
import { executionFilterOf, executionSorting, executionSortOf, whichExecutions } from "../asking/WhichExecutions.ts"
import { given } from "../asking/WhichTasks.ts"
import { countLines } from "../showing/CountLines.ts"
import { colors, note, now, out, outJson, outLines, outTable } from "../showing/Output.ts"
import { allPages, eachPage } from "../showing/Pages.ts"
import { withSteps } from "../showing/Steps.ts"
import { executionColumns } from "../showing/TaskRows.ts"

const Steps = ["under", "among", "only", "none"] as const

const flags = {
  ...whichExecutions,
  steps: choice(
    "steps",
    Steps,
    "Steps of sequences: under their sequence (default of the table), among the others (default else), only them, or none"
  ),
  ...executionSorting,
  count: present("count", "Only say how many there are, by status"),
  by: choices("by", ExecutionGroup.literals, "With --count: by what to count (default: status)"),
  limit: count("limit", 1, 1_000_000, "At most so many (default: 20), besides steps under their sequence").pipe(
    Flag.withDefault(20)
  ),
  asOf,
  timezone,
  ...reading
}

/** What `--steps` asks for of the service. */
const stepsOf = { under: { steps: false }, among: {}, only: { steps: "only" }, none: { steps: false } } as const

export const history = Command.make(
  "history",
  flags,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const zone = yield* zoneOf(input.timezone)
    const filter = yield* executionFilterOf(input, zone)
    const moment = yield* asOfOf(input.asOf, zone)
    const counting = input.count || input.by.length > 0
    /** Who asks for something that a step may be finds steps wherever they stand. */
    const plain = Object.keys(filter).every((field) => field === "taskId" || field === "since" || field === "until")
    const isTree = format === "table" && plain && Option.isNone(input.sort) && !input.reverse && !counting
    const steps = Option.getOrElse(input.steps, () => (isTree ? "under" : "among"))
    const query: ExecutionsQuery & AsOfQuery = { ...filter, ...stepsOf[steps], ...moment }
    const id = Option.getOrElse(input.id, () => "")
    if (counting) {
      const by = Option.getOrElse(given(input.by), () => ["status" as const])
      const counts = yield* withScheduler((scheduler) =>
        byId(scheduler, id, scheduler.executionCounts({ ...query, by }))
      )
      if (format === "json") return yield* outJson(counts)
      return yield* format === "ndjson" ? outLines([counts]) : out(countLines(counts, "execution"))
    }
    const ordered = { ...query, ...executionSortOf(input) }
    if (format === "ndjson" && steps !== "under") {
      return yield* withScheduler((scheduler) =>
        eachPage(input.limit, (page) => byId(scheduler, id, scheduler.executions({ ...ordered, ...page })), outLines)
      )
    }
    let begins: string | null | undefined
    const executions = yield* withScheduler((scheduler) =>
      allPages(input.limit, (page) =>
        Effect.tap(byId(scheduler, id, scheduler.executions({ ...ordered, ...page })), ({ logBegins }) =>
          Effect.sync(() => (begins = logBegins))
        )
      ).pipe(
        Effect.flatMap((found) => (steps === "under" ? withSteps(scheduler, found, moment) : Effect.succeed(found)))
      )
    )
    if (begins !== undefined) yield* note(beforeAll(begins, zone))
    if (format === "json") return yield* outJson(executions)
    if (format === "ndjson") return yield* outLines(executions)
    if (executions.length > 0) {
      const sequences = steps === "under" ? executions : []
      return yield* outTable(
        executionColumns(zone, standingAt(moment, yield* now), yield* colors, sequences),
        executions
      )
    }
    if (begins !== undefined) return
    yield* note(Object.keys(filter).length > 0 ? "nothing like that has run" : "nothing has run yet")
  })
).pipe(
  Command.withExamples([
    { command: "nagatha history" },
    { command: "nagatha history 4kx9 --status failed --since 1d" },
    { command: "nagatha history --limit 1000 --format ndjson", description: "One JSON value a line" },
    { command: "nagatha history --sort duration --since yesterday --limit 10", description: "What took longest" },
    { command: "nagatha history --tag nightly --error-code timeout --count" },
    { command: "nagatha history 4kx9 --as-of 2h", description: "As it was two hours ago" }
  ])
)
