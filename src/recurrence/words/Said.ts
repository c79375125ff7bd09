/** What the clauses of recurring words say, before it is known what that means. */
import type { Bound } from "./Bounds.ts"
import type { TimeOfDay, Window } from "./TimeOfDay.ts"
import { type Reader, Unread } from "./Tokens.ts"
import type { Unit } from "./Vocabulary.ts"

/** What the clauses say; absent is what was not said. */
export interface Said {
  every?: { readonly count: number; readonly unit: Unit }
  /** 0 for Sunday. */
  weekdays?: ReadonlySet<number>
  except?: ReadonlySet<number>
  /** Days of the month: from its end where negative. */
  dates?: ReadonlyArray<number>
  /** First (1) or last (-1) working day of the month. */
  workingDay?: number
  /** Weekdays by their number in the month, from its end where negative. */
  nth?: ReadonlyArray<{ readonly nth: number; readonly weekday: number }>
  /** 1 for January. */
  months?: ReadonlySet<number>
  times?: ReadonlyArray<TimeOfDay>
  /** Part of the day to which bare hours belong. */
  part?: string
  window?: Window
  /** Minute of each hour. */
  minute?: number
  /** Time of day with which an interval is in step. */
  phase?: TimeOfDay
  from?: Bound
  until?: Bound
  maxRuns?: number
  lasting?: { readonly count: number; readonly unit: Unit }
}

/** Adds what a clause says; the same thing twice is a contradiction. */
export const put = <Key extends keyof Said>(
  said: Said,
  key: Key,
  value: Said[Key],
  reader: Reader,
  start: number
): true => {
  if (said[key] !== undefined) {
    throw new Unread(
      `${JSON.stringify(reader.text.slice(start, reader.end))} says a second time what was said before`,
      start,
      reader.end
    )
  }
  said[key] = value
  return true
}

export const isElapsed = (unit: Unit): boolean => unit === "second" || unit === "minute" || unit === "hour"
