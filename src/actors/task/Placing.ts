/** How an execution stands in its queue. Pure. */
import type { Place } from "../queue/Line.ts"
import { topOf } from "./Overlap.ts"
import { limitsOf } from "./Sequence.ts"
import type { LiveTask, OpenExecution } from "./TaskState.ts"

/** By so many seconds runs of a backfill are less urgent than the others of their task: as if queued an hour later. */
export const BACKFILL_PRIORITY = -3600

/** A run by hand is of the instant at which it was asked for; one of a backfill, of an instant of the past. */
const isBackfill = ({ dueAt, manual, nominalAt }: OpenExecution): boolean => manual === true && nominalAt !== dueAt

/** Steps stand in the queues of their types, with the key and the priority of their task. */
export const placeOf = (task: LiveTask, execution: OpenExecution): Place => {
  const { concurrencyKey, priority } = task.definition
  return {
    queue: limitsOf(task, execution).queue,
    key: concurrencyKey,
    priority: priority + (isBackfill(topOf(task, execution)) ? BACKFILL_PRIORITY : 0),
    queuedAt: execution.queuedAt
  }
}
