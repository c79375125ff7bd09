/**
 * Days on which nothing runs: holidays, closed weeks. Days are those of the wall clock of the task's zone, so that one calendar
 * serves tasks in every zone.
 */
import { Result, Schema } from "effect"
import { DAY } from "./zone/Wall.ts"
import { place } from "./zone/WallClock.ts"
import * as Zone from "./zone/Zone.ts"

/** `2026-12-25`; `12-25` is that day of every year. */
export const Day = Schema.String.check(Schema.isPattern(/^(?:\d{4}-)?\d\d-\d\d$/))

/** From a day to a day, both included; either both of a year, or both of every year. */
export const Days = Schema.Struct({ from: Day, to: Day })
export type Days = typeof Days.Type

/** Longest calendar, in entries. */
export const MAX_ENTRIES = 1000

const local = (year: number, day: string): number | null => {
  const [month = 0, date = 0] = day.slice(-5).split("-").map(Number)
  const at = Date.UTC(year, month - 1, date)
  return new Date(at).getUTCMonth() === month - 1 && date > 0 ? at : null
}

const isYearly = (day: string): boolean => day.length === 5

const problemOf = (entry: string, { from, to }: Days): string | null => {
  // 29 February is a day: a leap year says which days there are at all.
  const known = (day: string): boolean => local(isYearly(day) ? 2024 : Number(day.slice(0, 4)), day) !== null
  for (const day of [from, to]) if (!known(day)) return `${JSON.stringify(entry)}: there is no day ${day}`
  if (isYearly(from) !== isYearly(to))
    return `${JSON.stringify(entry)}: give both days with their year, or both without`
  if (!isYearly(from) && to < from) return `${JSON.stringify(entry)}: it ends before it begins`
  return null
}

/** Reads `2026-12-25`, `2026-12-24..2027-01-02`, `12-25` (every year), `12-24..01-02`. */
export const parse = (entry: string): Result.Result<Days, string> => {
  const [, from, to] = /^((?:\d{4}-)?\d\d-\d\d)(?:\.\.((?:\d{4}-)?\d\d-\d\d))?$/.exec(entry.trim()) ?? []
  if (from === undefined) {
    return Result.fail(
      `${JSON.stringify(entry)} is no day: write 2026-12-25, 2026-12-24..2027-01-02, or 12-25 for every year`
    )
  }
  const days = { from, to: to ?? from }
  const problem = problemOf(entry, days)
  return problem === null ? Result.succeed(days) : Result.fail(problem)
}

/** As `parse` reads it. */
export const render = ({ from, to }: Days): string => (from === to ? from : `${from}..${to}`)

/** Wall-clock times: `[from, to)`. */
interface Span {
  readonly from: number
  readonly to: number
}

/** The stretches of whole days that touch a year. */
const ofYear = (days: Days, year: number): ReadonlyArray<Span> => {
  if (!isYearly(days.from)) {
    const from = local(Number(days.from.slice(0, 4)), days.from)
    const to = local(Number(days.to.slice(0, 4)), days.to)
    return from === null || to === null ? [] : [{ from, to: to + DAY }]
  }
  const over = days.to < days.from ? 1 : 0
  return [year - 1, year].flatMap((first) => {
    // 29 February is left out where there is none; a range that ends on it ends the day before.
    const from = local(first, days.from) ?? Date.UTC(first, 2, 1)
    const to = (local(first + over, days.to) ?? Date.UTC(first + over, 1, 28)) + DAY
    return to > from ? [{ from, to }] : []
  })
}

/** The stretch of excluded days in which a wall-clock time lies, joined with those that follow at once; null when it is free. */
const around = (exclusions: ReadonlyArray<Days>, at: number): Span | null => {
  let found: Span | null = null
  for (let end = at; ;) {
    const year = new Date(end).getUTCFullYear()
    const longest = exclusions
      .flatMap((days) => ofYear(days, year))
      .filter((span) => span.from <= end && end < span.to)
      .reduce<Span | null>((best, span) => (best === null || span.to > best.to ? span : best), null)
    if (longest === null) return found
    found = { from: found === null ? longest.from : found.from, to: longest.to }
    // Without a free day in ten years there is none.
    if (longest.to > at + 3660 * DAY) return found
    end = longest.to
  }
}

/** The instant at which the excluded days around an instant are over; null when its day is not excluded. */
export const over = (exclusions: ReadonlyArray<Days>, zone: string, at: number): number | null => {
  if (exclusions.length === 0) return null
  const span = around(exclusions, Zone.toLocal(zone, at))
  return span === null ? null : (place(zone, span.to)?.at ?? at + DAY)
}

/** The instant at which the next excluded day begins after a free one; infinity when none does within ten years. */
export const freeUntil = (exclusions: ReadonlyArray<Days>, zone: string, at: number): number => {
  const from = Zone.toLocal(zone, at)
  const first = new Date(from).getUTCFullYear()
  for (let year = first; year <= first + 10; year++) {
    const begins = exclusions
      .flatMap((days) => ofYear(days, year + 1))
      .map((span) => span.from)
      .filter((begin) => begin > from)
    if (begins.length === 0) continue
    const begin = Math.min(...begins)
    return place(zone, begin)?.at ?? begin
  }
  return Infinity
}
