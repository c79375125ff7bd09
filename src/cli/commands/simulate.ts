/** `nagatha simulate`: the load to come of the tasks that there are, in virtual time: when how much begins, and what stands out. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { duration, formatOf, reading, text, texts, timezone, zoneOf } from "../asking/Flags.ts"
import { edgeOf } from "../asking/Moments.ts"
import { withScheduler } from "../Backend.ts"
import { usage } from "../Failure.ts"
import { loadText } from "../showing/LoadText.ts"
import { colors, now, out, outJson } from "../showing/Output.ts"
import { allPages } from "../showing/Pages.ts"
import { isByMessage } from "../../recurrence/Recurrence.ts"
import { parse } from "../../recurrence/Exclusions.ts"

const WEEK_MS = 7 * 86_400_000
/** Tasks of one page. */
const PAGE = 200

export const simulate = Command.make(
  "simulate",
  {
    from: text("from", "TIME", "The beginning of the stretch (default: now)"),
    to: text("to", "TIME", "Its end: an instant, or how far ahead, such as 30d (default: a week after the beginning)"),
    tag: texts("tag", "TAG", "Only tasks with all of these tags; may be repeated"),
    type: texts("type", "TYPE", "Only tasks of one of these types; may be repeated"),
    spread: duration("spread", "As if every recurring task were spread over so long"),
    timezone,
    ...reading
  },
  Effect.fnUntraced(function* (input) {
    const format = yield* formatOf(input)
    const zone = yield* zoneOf(input.timezone)
    const { loadOf, MAX_STRETCH_MS } = yield* Effect.promise(() => import("../../audit/Load.ts"))
    const options = { zone, durations: "ahead" } as const
    const from = Option.isNone(input.from) ? yield* now : Date.parse(yield* edgeOf(input.from.value, "begin", options))
    const to = Option.isNone(input.to) ? from + WEEK_MS : Date.parse(yield* edgeOf(input.to.value, "end", options))
    if (to <= from)
      return yield* usage("the stretch ends before it begins", "such as --from 2026-03-01 --to 2026-04-01")
    if (to - from > MAX_STRETCH_MS) return yield* usage("the stretch is longer than a year", "such as --to 365d")
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const all = yield* allPages(Infinity, (page) =>
          scheduler.schedules({ ...page, limit: Math.min(page.limit, PAGE), tag: input.tag, type: input.type })
        )
        const calendars = new Map(
          (yield* scheduler.calendars).map(({ calendar, days }) => [
            calendar,
            days.flatMap((day) => {
              const read = parse(day)
              return read._tag === "Success" ? [read.success] : []
            })
          ])
        )
        const byMessage = all.filter(({ recurrence }) => isByMessage(recurrence)).length
        const paused = all.filter((task) => task.paused).length
        const tasks = all.filter(({ paused: rests, recurrence }) => !rests && !isByMessage(recurrence))
        const report = loadOf(tasks, {
          from,
          to,
          timezone: zone,
          spreadMs: Option.getOrUndefined(input.spread),
          daysOf: (names) => names.flatMap((name) => calendars.get(name) ?? [])
        })
        if (format !== "table") return yield* outJson({ ...report, leftOut: { paused, byMessage } })
        yield* out(loadText(report, { paused, byMessage }, yield* colors))
      })
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha simulate", description: "The coming week" },
    { command: "nagatha simulate --to 365d --tag nightly --json" },
    { command: "nagatha simulate --spread 5m", description: "What spreading all tasks would change" }
  ])
)
