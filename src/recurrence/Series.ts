/** The instants at which a task is to run: its recurrence, within its bounds, without the days that its calendars exclude. */
import * as Exclusions from "./Exclusions.ts"
import { type Instant, toMillis } from "./Instant.ts"
import * as Occurrences from "./Occurrences.ts"
import type { Recurrence } from "./Recurrence.ts"
import { HORIZON_MS } from "./zone/Wall.ts"

export interface Schedule {
  readonly recurrence: Recurrence
  /** Zone whose days are excluded. */
  readonly timezone: string
  /** Nothing runs before. */
  readonly startAt: Instant | null
  /** Nothing runs after. */
  readonly endAt: Instant | null
}

/** Instants as milliseconds, in order of time. */
export interface Series {
  /** The first instant after this one; null when there is none. */
  next(after: number): number | null
  /** The first so many after this instant. */
  first(after: number, count: number): ReadonlyArray<number>
  /** What lies in `(from, to]`: how many, the first and the last; null when nothing does. */
  range(from: number, to: number): { readonly count: number; readonly first: number; readonly last: number } | null
}

export const of = (schedule: Schedule, exclusions: ReadonlyArray<Exclusions.Days> = []): Series => {
  const { recurrence, timezone } = schedule
  const endAt = schedule.endAt === null ? Infinity : toMillis(schedule.endAt)
  const startAt = schedule.startAt === null ? -Infinity : toMillis(schedule.startAt) - 1
  const next = (after: number): number | null => {
    let from = Math.max(after, startAt)
    const limit = from + HORIZON_MS
    while (from < limit) {
      const at = Occurrences.next(recurrence, from)
      if (at === null || at > endAt) return null
      const over = Exclusions.over(exclusions, timezone, at)
      if (over === null) return at
      from = over - 1
    }
    return null
  }
  const range: Series["range"] = (from, to) => {
    const begin = Math.max(from, startAt)
    const end = Math.min(to, endAt)
    if (exclusions.length === 0) return Occurrences.range(recurrence, begin, end)
    // Free stretches one after another: from an instant that runs to the first that is excluded.
    let found: { readonly count: number; readonly first: number; readonly last: number } | null = null
    for (let at = next(begin); at !== null && at <= end;) {
      const stretch = Occurrences.range(
        recurrence,
        at - 1,
        Math.min(end, Exclusions.freeUntil(exclusions, timezone, at) - 1)
      )
      if (stretch === null) break
      found = found === null ? stretch : { count: found.count + stretch.count, first: found.first, last: stretch.last }
      at = next(stretch.last)
    }
    return found
  }
  const first: Series["first"] = (after, count) => {
    const all: Array<number> = []
    for (let at = next(after); at !== null && all.length < count; at = next(at)) all.push(at)
    return all
  }
  return { next, first, range }
}
