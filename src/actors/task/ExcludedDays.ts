import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { Days } from "../../recurrence/Exclusions.ts"

/** What decisions about tasks need to know of the calendars. */
export interface ExcludedDays {
  /** The days on which a task does not run. */
  of(definition: Pick<TaskDefinition, "exclude">): ReadonlyArray<Days>
  /** Log sequence of the newest change of any calendar that a task names. */
  changedAt(definition: Pick<TaskDefinition, "exclude">): number
}

export const none: ExcludedDays = { of: () => [], changedAt: () => 0 }
