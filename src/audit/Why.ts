/**
 * Why an instant did run, or did not: the one decision about it and its cause, in a sentence and as data. What was decided
 * is told from the log; what was never to be decided is explained by the definition that was in force.
 */
import { fromMillis, type Instant } from "../recurrence/Instant.ts"
import * as Zone from "../recurrence/zone/Zone.ts"
import type { TaskHistory } from "./TaskHistory.ts"
import { type Asked, gridAt, instantText, lastBefore } from "./Told.ts"
import type { WhyAnswer } from "./WhyAnswer.ts"
import { decided } from "./WhyDecided.ts"
import { undecided } from "./WhyUndecided.ts"

export interface WhyOptions {
  /** Milliseconds. */
  readonly at: number
  readonly now: number
}

/** Undefined where the history has no task. */
export const why = (history: TaskHistory, { at, now }: WhyOptions): WhyAnswer | undefined => {
  const newest = history.definitions.at(-1)
  if (newest === undefined) return undefined
  const found = history.definitions.findLast((one) => one.time <= at && one.kind !== "updated") ?? newest
  // A change of calendars that leaves the next instant alone stands in no event of the task.
  const known = history.calendars.changedBefore(found.definition, at)
  const inForce = { ...found, calendarsAt: Math.max(found.calendarsAt, known) }
  const { timezone } = inForce.definition
  const asked: Asked = { history, at, now, shown: (instant) => instantText(timezone, instant) }
  const grid = gridAt(history, inForce)
  return {
    taskId: history.taskId,
    taskName: newest.definition.taskName,
    at: fromMillis(at),
    local: Zone.localText(timezone, at),
    timezone,
    ...(decided(asked) ?? undecided(asked, inForce)),
    before: instantOrNull(lastBefore(grid, at)),
    after: instantOrNull(grid.next(at)),
    logSequence: history.through
  }
}

const instantOrNull = (at: number | null): Instant | null => (at === null ? null : fromMillis(at))
