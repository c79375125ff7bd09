/**
 * The instants that a task's definition names, derived from the events alone: from its recurrence, bounds, zone and the days of
 * its calendars. What the owner of the task wrote down as the next instant is not looked at.
 */
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { Days } from "../recurrence/Exclusions.ts"
import { toMillis } from "../recurrence/Instant.ts"
import * as Series from "../recurrence/Series.ts"

/** Nothing is decided for later instants: they could not be written down with their delays. */
export const LAST_INSTANT = toMillis("9999-12-01T00:00:00.000Z")

export interface Range {
  readonly count: number
  readonly first: number
  readonly last: number
}

export interface Grid {
  /** The first instant strictly after this one; null when there is none. */
  next(after: number): number | null
  isOne(at: number): boolean
  /** What lies in `(from, to]`; null when nothing does. */
  range(from: number, to: number): Range | null
}

/** What runs once excludes no days. */
export const gridOf = (definition: TaskDefinition, days: ReadonlyArray<Days>): Grid => {
  const series = Series.of(definition, definition.recurrence.kind === "once" ? [] : days)
  const next = (after: number): number | null => {
    const at = series.next(after)
    return at === null || at > LAST_INSTANT ? null : at
  }
  return {
    next,
    isOne: (at) => next(at - 1) === at,
    range: (from, to) => series.range(from, Math.min(to, LAST_INSTANT))
  }
}

/** Without instants that were left out by hand. */
export const without = (grid: Grid, leftOut: ReadonlyArray<number>): Grid => {
  if (leftOut.length === 0) return grid
  const next = (after: number): number | null => {
    let at = grid.next(after)
    while (at !== null && leftOut.includes(at)) at = grid.next(at)
    return at
  }
  return {
    next,
    isOne: (at) => !leftOut.includes(at) && grid.isOne(at),
    range: (from, to) => {
      const first = next(from)
      if (first === null || first > to) return null
      const all = grid.range(from, to)
      let last = all?.last ?? first
      for (let end = last; leftOut.includes(end); last = end) end = grid.range(from, end - 1)?.last ?? first
      // Some may have been left out of the schedule that the task had before.
      const own = leftOut.filter((at) => at > from && at <= to && grid.isOne(at))
      return { first, last, count: (all?.count ?? 0) - own.length }
    }
  }
}
