/** `nagatha history [ID]`: what ran, newest first. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { ExecutionStatus } from "../../projections/ScheduledTask.ts"
import { withScheduler } from "../Backend.ts"
import { choice, count, defined, formatOf, reading, text, timezone, zoneOf } from "../asking/Flags.ts"
import { sinceOf } from "../asking/Moments.ts"
import { colors, note, now, outJson, outLines, outTable } from "../showing/Output.ts"
import { allPages } from "../showing/Pages.ts"
import { byId } from "../asking/TaskNames.ts"
import { executionColumns } from "../showing/TaskRows.ts"

const flags = {
  id: Argument.String("ID").pipe(
    Argument.withDescription("Only of this task: its id, or a beginning of 4 characters or more"),
    Argument.optional
  ),
  status: choice("status", ExecutionStatus.literals, "Only executions with this status"),
  since: text(
    "since",
    "T",
    "Only what was due since then: a day, an instant, yesterday at 9, or a duration ago such as 2h"
  ),
  limit: count("limit", 1, 1_000_000, "At most so many (default: 20)").pipe(Flag.withDefault(20)),
  timezone,
  ...reading
}

export const history = Command.make(
  "history",
  flags,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const zone = yield* zoneOf(input.timezone)
    const filter = {
      ...defined({ taskId: input.id, status: input.status }),
      ...(Option.isSome(input.since) ? { since: yield* sinceOf(input.since.value, zone) } : {})
    }
    const executions = yield* withScheduler((scheduler) =>
      byId(
        scheduler,
        Option.getOrElse(input.id, () => ""),
        allPages(input.limit, (page) => scheduler.executions({ ...filter, ...page }))
      )
    )
    if (format === "json") return yield* outJson(executions)
    if (format === "ndjson") return yield* outLines(executions)
    if (executions.length > 0) return yield* outTable(executionColumns(zone, yield* now, yield* colors), executions)
    yield* note(Object.keys(filter).length > 0 ? "nothing like that has run" : "nothing has run yet")
  })
).pipe(
  Command.withDescription("List executions, newest first"),
  Command.withExamples([
    { command: "nagatha history" },
    { command: "nagatha history 4kx9 --status failed --since 1d" },
    { command: "nagatha history --limit 1000 --format ndjson", description: "One JSON value a line" }
  ])
)
