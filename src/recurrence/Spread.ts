/**
 * Spread: tasks that are due at the same instant begin a little apart, each always by the same delay, so that nothing is
 * re-rolled on a restart and the delay never reaches the next instant. Both instants are kept: the nominal one, by which an
 * occurrence is known, and the one at which it is due.
 */
import { hashOf } from "./Reading.ts"
import type { Series } from "./Series.ts"

/** Instants by which the shortest distance is known. */
const LOOKED_AT = 100

/** Longest spread, milliseconds: a day. */
export const MAX_SPREAD_MS = 86_400_000

/**
 * The delay of a task, milliseconds: a hash of its id, from 0 up to `spreadMs`, but always less than the shortest distance
 * between its next 100 instants.
 */
export const offset = (taskId: string, spreadMs: number, series: Series, now: number): number => {
  const instants = series.first(now, LOOKED_AT)
  const shortest = instants.reduce(
    (least, at, index) => Math.min(least, index === 0 ? Infinity : at - (instants[index - 1] ?? 0)),
    Infinity
  )
  const width = Math.max(1, Math.min(spreadMs + 1, shortest))
  return hashOf(taskId)("spread") % width
}
