/** Instants given on the command line: ISO 8601 or words in the zone, or how long ago. */
import { Effect } from "effect"
import { ParseProblem } from "../../recurrence/ParseProblem.ts"
import { usage } from "../Failure.ts"
import { now } from "../showing/Output.ts"
import { parseDuration } from "../../recurrence/Duration.ts"

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

/** An instant, a day of which the beginning or the last millisecond counts, `now`, `yesterday …`, or `2 hours ago`; milliseconds. */
const past = Effect.fnUntraced(function* (words: string, edge: "begin" | "end", today: number, zone: string) {
  const { bound } = yield* Effect.promise(() => import("../../recurrence/When.ts"))
  const at = (text: string, now: number) =>
    Effect.mapError(
      Effect.fromResult(bound(text, edge, { now, zone, taskId: "none", allowPast: true })),
      (problem) => new ParseProblem({ ...problem.place, examples: PASTS })
    )
  if (/^now$/i.test(words)) return today
  const [, distance] = /^(.+)\s+ago$/i.exec(words) ?? []
  if (distance !== undefined) {
    return (
      2 * today -
      (parseDuration(distance) === undefined
        ? yield* at(`in ${distance}`, today)
        : today + (parseDuration(distance) ?? 0))
    )
  }
  const [, time] = /^yesterday(|\s.*)$/i.exec(words) ?? []
  return time === undefined ? yield* at(words, today) : yield* at(`today${time}`, today - DAY_MS)
})

export interface EdgeOptions {
  readonly zone: string
  /** What a bare duration such as `2h` means: so long ago, or so far ahead. */
  readonly durations: "ago" | "ahead"
}

/** RFC 3339 of one end of a half-open range; of a day its beginning, or the beginning of the day after it. */
export const edgeOf = Effect.fnUntraced(function* (words: string, edge: "begin" | "end", options: EdgeOptions) {
  const today = yield* now
  const distance = parseDuration(words.trim())
  if (distance !== undefined) {
    return new Date(options.durations === "ago" ? today - distance : today + distance).toISOString()
  }
  const begin = yield* past(words.trim(), "begin", today, options.zone)
  if (edge === "begin") return new Date(begin).toISOString()
  const end = yield* past(words.trim(), "end", today, options.zone)
  return new Date(end === begin ? end : end + 1).toISOString()
})

/** An instant that has passed, in milliseconds; one that is still to come is refused. */
export const passed = Effect.fnUntraced(function* (flag: string, words: string, zone: string) {
  const today = yield* now
  const ago = parseDuration(words.trim())
  const at = ago === undefined ? yield* past(words.trim(), "begin", today, zone) : today - ago
  if (at <= today) return at
  return yield* usage(
    `--${flag} ${JSON.stringify(words)} lies in the future`,
    "such as 2h, yesterday or 2026-03-07T09:00"
  )
})

/** RFC 3339 of the instant since which something is asked for; one that is still to come is refused. */
export const sinceOf = (words: string, zone: string) =>
  Effect.map(passed("since", words, zone), (at) => new Date(at).toISOString())
