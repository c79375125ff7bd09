/**
 * Recurring words: `every 5 minutes`, `every weekday at 9:00 and 17:30`, `every last friday of the month at 17:00`. An own small
 * grammar over whole texts. What says that it recurs and does not read as a recurrence is refused, never read as something else.
 *
 * Seconds, minutes and hours are elapsed time, whatever the clocks do; everything with a time of day is calendar time in the zone.
 */
import { fromMillis } from "../Instant.ts"
import { other, type Reading, refused, together, type WhenOptions } from "../Reading.ts"
import { ahead } from "../zone/WallClock.ts"
import { resolve } from "./Bounds.ts"
import { clauses } from "./Clauses.ts"
import { compile } from "./Compile.ts"
import { describe } from "./Describe.ts"
import type { Said } from "./Said.ts"
import { Reader, Unread } from "./Tokens.ts"
import { recurs } from "./Vocabulary.ts"
import * as Zone from "../zone/Zone.ts"

/** Whether a text says that it recurs: it is then never read as a single instant. */
export const saysRecurring = (text: string): boolean => recurs(text.toLowerCase())

export const recurringWords = (text: string, options: WhenOptions): Reading => {
  if (!saysRecurring(text)) return other
  const reader = new Reader(text.toLowerCase())
  try {
    const said = clauses(reader)
    const startAt = said.from === undefined ? undefined : resolve(said.from, "begin", options)
    const endAt = endOf(said, options, startAt)
    const { notes, parts } = compile({
      said,
      text: reader.text,
      options,
      ...(startAt === undefined ? {} : { startAt })
    })
    const recurrence = together(parts)
    const shown = (at: number): string => Zone.localText(options.zone, at).slice(0, 16)
    const bounds = [
      ...(startAt === undefined ? [] : [`from ${shown(startAt)}`]),
      ...(endAt === undefined ? [] : [`until ${shown(endAt)}`])
    ]
    return {
      _tag: "understood",
      understood: {
        recurrence,
        understoodAs: describe(said, bounds),
        notes,
        // An interval begins with its anchor anyway.
        ...(startAt === undefined || recurrence.kind === "interval" ? {} : { startAt: fromMillis(startAt) }),
        ...(endAt === undefined ? {} : { endAt: fromMillis(endAt) }),
        ...(said.maxRuns === undefined ? {} : { maxRuns: said.maxRuns })
      }
    }
  } catch (cause) {
    if (!(cause instanceof Unread)) throw cause
    const soFar = cause.start === 0 ? "" : reader.text.slice(0, cause.start).trim()
    return refused(cause.problem, cause.start, cause.end, soFar === "" ? undefined : soFar)
  }
}

/** The last instant by `until` or by `for 2 weeks`. */
const endOf = (said: Said, options: WhenOptions, startAt: number | undefined): number | undefined => {
  const { lasting, until } = said
  if (until !== undefined && lasting !== undefined) {
    throw new Unread("say either until when or for how long", until.start, until.end)
  }
  if (until !== undefined) return resolve(until, "end", options)
  if (lasting === undefined) return undefined
  const { count, unit } = lasting
  const elapsed = { second: 1000, minute: 60_000, hour: 3_600_000 }
  const months = { month: 1, quarter: 3, year: 12 }
  return ahead(options.zone, startAt ?? options.now, {
    months: count * (unit === "month" || unit === "quarter" || unit === "year" ? months[unit] : 0),
    days: count * (unit === "day" ? 1 : unit === "week" ? 7 : 0),
    ms: count * (unit === "second" || unit === "minute" || unit === "hour" ? elapsed[unit] : 0)
  })?.at
}
