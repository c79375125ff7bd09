/**
 * Lost instants: what a change of the clocks takes away from a series whose rule for times that do not exist is to skip them. Pure.
 *
 * Such a time has no instant of its own; it is known by the one at which it would run by the rule `nextValid`, the first after
 * the gap. However many times of day a gap takes, it has one lost instant, and none where the task runs at that instant anyway.
 */
import type * as Exclusions from "./Exclusions.ts"
import * as Occurrences from "./Occurrences.ts"
import type { Recurrence, SingleRecurrence } from "./Recurrence.ts"
import * as Series from "./Series.ts"

/** Instants as milliseconds, in order of time. */
export interface LostInstants {
  /** The first after one instant and before another; null when there is none. All between that run are looked at. */
  next(after: number, before: number): number | null
  /** Those after one instant and before another. */
  between(after: number, before: number): ReadonlyArray<number>
}

const skipsGaps = (part: SingleRecurrence): boolean =>
  Occurrences.onTheClock(part) && part.gap === "skip" && !Occurrences.followsRealTime(part)

/** Whether a change of the clocks can take an instant away. */
export const canLose = (recurrence: Recurrence): boolean => Occurrences.partsOf(recurrence).some(skipsGaps)

const runningThem = (part: SingleRecurrence): SingleRecurrence =>
  skipsGaps(part) ? ({ ...part, gap: "nextValid" } as SingleRecurrence) : part

/** The lost instants of a schedule, by the days that its calendars exclude; null where it can lose none. */
export const of = (schedule: Series.Schedule, exclusions: ReadonlyArray<Exclusions.Days> = []): LostInstants | null => {
  const { recurrence } = schedule
  if (!canLose(recurrence)) return null
  const own = Series.of(schedule, exclusions)
  const all = Series.of(
    {
      ...schedule,
      recurrence: { kind: "union", of: Occurrences.partsOf(recurrence).map(runningThem) }
    },
    exclusions
  )
  const isLost = (at: number): boolean => all.next(at - 1) === at && own.next(at - 1) !== at
  return {
    next: (after, before) => {
      for (let at = all.next(after); at !== null && at < before; at = all.next(at)) if (isLost(at)) return at
      return null
    },
    between: (after, before) => {
      const changes = new Set(Occurrences.lost(recurrence, after, before - 1).map(({ at }) => at))
      return [...changes].filter(isLost).sort((a, b) => a - b)
    }
  }
}
