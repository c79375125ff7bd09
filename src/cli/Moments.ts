/** Instants given on the command line: ISO 8601 or words in the zone, or how long ago. */
import { Effect } from "effect"
import { usage } from "./Failure.ts"
import { now } from "./Output.ts"
import { parseDuration } from "./Times.ts"

/** The one instant that words stand for, in milliseconds since the epoch; it may have passed. */
export const momentOf = Effect.fnUntraced(function* (flag: string, words: string, zone: string) {
  const { parse } = yield* Effect.promise(() => import("../recurrence/When.ts"))
  const { recurrence } = yield* Effect.fromResult(
    parse(words, { now: yield* now, zone, taskId: "none", allowPast: true })
  )
  if (recurrence.kind === "once") return Date.parse(recurrence.at)
  return yield* usage(`--${flag} must be one instant, not ${JSON.stringify(words)}`, "such as 2026-03-07T00:00")
})

/** From when, or until when, as RFC 3339: an instant, or a day of which the beginning or the end counts. */
export const boundOf = Effect.fnUntraced(function* (words: string, edge: "begin" | "end", zone: string) {
  const { bound } = yield* Effect.promise(() => import("../recurrence/When.ts"))
  return new Date(yield* Effect.fromResult(bound(words, edge, { now: yield* now, zone, taskId: "none" }))).toISOString()
})

/** RFC 3339 of an instant, or of so long ago (`2h`, `1d`). */
export const sinceOf = Effect.fnUntraced(function* (words: string, zone: string) {
  const ago = parseDuration(words)
  const at = ago === undefined ? yield* momentOf("since", words, zone) : (yield* now) - ago
  return new Date(at).toISOString()
})
