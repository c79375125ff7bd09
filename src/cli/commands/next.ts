/** `nagatha next WHEN`: how the words are read and when they come true; needs no server. */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { GapPolicy, OverlapPolicy } from "../../recurrence/Recurrence.ts"
import { choice, count, defined, formatOf, reading, text, timezone, zoneOf } from "../asking/Flags.ts"
import { momentOf } from "../asking/Moments.ts"
import { colors, labelled, now, out, outJson, outLines } from "../showing/Output.ts"
import { byMessageText, runLines } from "../showing/Runs.ts"
import { visibleLine } from "../showing/Text.ts"

const flags = {
  when: Argument.String("WHEN").pipe(
    Argument.withDescription('Words, cron or ISO 8601, such as "every weekday at 9:00" or "0 9 * * 1-5"')
  ),
  count: count("count", 1, 1000, "How many runs to list (default: 10)").pipe(Flag.withAlias("n"), Flag.withDefault(10)),
  timezone,
  from: text(
    "from",
    "INSTANT",
    "List the runs after this instant, and read the words as if it were now (default: now)"
  ),
  id: text("id", "TASK", "Task id by which H in cron text is spread"),
  dstGap: choice("dst-gap", GapPolicy.literals, "What a time that does not exist does (default: nextValid)"),
  dstOverlap: choice("dst-overlap", OverlapPolicy.literals, "What a time that happens twice does (default: first)"),
  ...reading
}

export const next = Command.make(
  "next",
  flags,
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const zone = yield* zoneOf(input.timezone)
    const { preview } = yield* Effect.promise(() => import("../../actors/door/Preview.ts"))
    const today = yield* now
    const from = Option.isSome(input.from) ? yield* momentOf("from", input.from.value, zone) : today
    const answer = yield* Effect.fromResult(
      preview(
        {
          when: input.when,
          count: input.count,
          ...defined({ taskId: input.id, dstGap: input.dstGap, dstOverlap: input.dstOverlap })
        },
        { now: from, timezone: zone }
      )
    )
    if (format === "json") return yield* outJson(answer)
    if (format === "ndjson") return yield* outLines([answer])
    const paint = yield* colors
    yield* out(
      [
        paint.bold(visibleLine(input.when)),
        labelled(
          [
            ["understood", answer.understoodAs],
            ["kind", answer.kind],
            ["zone", `${zone} (zone data ${answer.tzdata})`],
            ...answer.notes.map((text) => ["note", text] as const)
          ],
          paint
        ),
        answer.runs.length === 0
          ? `  ${byMessageText(input.when, "it runs when messages arrive, at no instant that could be listed") ?? "no run is to come"}`
          : runLines(answer.runs, zone, today, paint, { utc: true })
      ].join("\n")
    )
  })
).pipe(
  Command.withExamples([
    { command: 'nagatha next "every weekday at 9:00 and 17:30"', description: "In your zone" },
    { command: 'nagatha next "0 2 * * *" -n 3 --timezone America/New_York --json', description: "For programs" },
    {
      command: 'nagatha next "every day at 02:30" --from 2026-03-07T00:00 --timezone America/New_York',
      description: "Across a change of clocks"
    }
  ])
)
