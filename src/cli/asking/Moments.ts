/** Instants given on the command line: ISO 8601 or words in the zone, or how long ago. */
import { Effect } from "effect"
import { ParseProblem } from "../../recurrence/ParseProblem.ts"
import { usage } from "../Failure.ts"
import { now } from "../showing/Output.ts"
import { parseDuration } from "../showing/Times.ts"

/** What can be written where one instant is asked for, or one that has passed. */
const MOMENTS = ["2026-03-07T00:00", "2026-03-07T00:00:00Z", "today at 9"]
const PASTS = ["2h", "30 minutes ago", "yesterday at 9", "2026-03-07"]

/** The one instant that words stand for, in milliseconds since the epoch; it may have passed. */
export const momentOf = Effect.fnUntraced(function* (flag: string, words: string, zone: string) {
  const { parse } = yield* Effect.promise(() => import("../../recurrence/When.ts"))
  const { recurrence } = yield* Effect.mapError(
    Effect.fromResult(parse(words, { now: yield* now, zone, taskId: "none", allowPast: true })),
    (problem) => new ParseProblem({ ...problem.place, examples: MOMENTS })
  )
  if (recurrence.kind === "once") return Date.parse(recurrence.at)
  return yield* usage(`--${flag} must be one instant, not ${JSON.stringify(words)}`, "such as 2026-03-07T00:00")
})

/** From when, or until when, as RFC 3339: an instant, or a day of which the beginning or the end counts. */
export const boundOf = Effect.fnUntraced(function* (words: string, edge: "begin" | "end", zone: string) {
  const { bound } = yield* Effect.promise(() => import("../../recurrence/When.ts"))
  return new Date(yield* Effect.fromResult(bound(words, edge, { now: yield* now, zone, taskId: "none" }))).toISOString()
})

const DAY_MS = 86_400_000

/** From when: an instant or a day as in `boundOf`, `yesterday …`, or so long ago (`2h`, `2 hours ago`), in milliseconds. */
const past = Effect.fnUntraced(function* (words: string, today: number, zone: string) {
  const ago = parseDuration(words)
  if (ago !== undefined) return today - ago
  const { bound } = yield* Effect.promise(() => import("../../recurrence/When.ts"))
  const at = (text: string, now: number) =>
    Effect.mapError(
      Effect.fromResult(bound(text, "begin", { now, zone, taskId: "none", allowPast: true })),
      (problem) => new ParseProblem({ ...problem.place, examples: PASTS })
    )
  const [, distance] = /^(.+)\s+ago$/i.exec(words) ?? []
  if (distance !== undefined) return 2 * today - (yield* at(`in ${distance}`, today))
  const [, time] = /^yesterday(|\s.*)$/i.exec(words) ?? []
  return time === undefined ? yield* at(words, today) : yield* at(`today${time}`, today - DAY_MS)
})

/** RFC 3339 of the instant since which something is asked for; one that is still to come is refused. */
export const sinceOf = Effect.fnUntraced(function* (words: string, zone: string) {
  const today = yield* now
  const since = yield* past(words.trim(), today, zone)
  if (since <= today) return new Date(since).toISOString()
  return yield* usage(
    `--since ${JSON.stringify(words)} lies in the future`,
    "such as 2h, yesterday or 2026-03-07T09:00"
  )
})
