/** Times of a wall clock without a zone: what cron and rules name before a zone says which instants these are. */

export const SECOND = 1000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 86_400_000

/** Years that are searched for an occurrence: 29 February on a given weekday comes at most 40 years apart. */
export const HORIZON_MS = 48 * 366 * DAY

/** Times are milliseconds as if in UTC, and always whole seconds. */
export interface Wall {
  /** The first time after this one; null when there is none within `HORIZON_MS`. */
  readonly next: (after: number) => number | null
  /** How many times lie in `[from, to)`. */
  readonly count: (from: number, to: number) => number
}

/** Counts by walking: for what is sparse. */
export const walked =
  (next: Wall["next"]): Wall["count"] =>
  (from, to) => {
    let count = 0
    for (let at = next(from - 1); at !== null && at < to; at = next(at)) count += 1
    return count
  }

/** Days in a month; `month` counts from 0 and may lie outside the year. */
export const daysInMonth = (year: number, month: number): number => new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
