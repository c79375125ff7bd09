/** Which executions a filter means, as conditions on the rows of the read models. */
import { Conditions, globOf } from "./Conditions.ts"
import { type ExecutionFilter, severalOf } from "./Queries.ts"
import { belonging } from "./TaskConditions.ts"

/** Everything that a filter says but the task and the status. */
export const executionConditions = (filter: ExecutionFilter): Conditions => {
  const conditions = new Conditions()
    .within("due", filter.since, filter.until)
    .oneOf("type", severalOf(filter.type))
    .oneOf("error", severalOf(filter.errorCode))
  if (filter.parent !== undefined) conditions.and("parent = ?", filter.parent)
  if (filter.steps === false) conditions.and("parent IS NULL")
  if (filter.steps === "only") conditions.and("parent IS NOT NULL")
  if (filter.worker !== undefined) conditions.and("worker GLOB ? AND worker <> ''", globOf(filter.worker))
  if (filter.manual !== undefined) conditions.and("manual = ?", filter.manual ? 1 : 0)
  if (filter.minDurationMs !== undefined) conditions.and("duration >= ?", Math.max(0, filter.minDurationMs))
  if (filter.minLatenessMs !== undefined) conditions.and("late >= ?", filter.minLatenessMs)
  return conditions
}

/** What a filter says about the tasks whose executions are asked for; undefined where it says nothing. */
export const ofTasks = (filter: ExecutionFilter): Conditions | undefined => {
  const { anyTag, name, queue, tag } = filter
  return [anyTag, name, queue, tag].every((one) => one === undefined) ? undefined : belonging(new Conditions(), filter)
}
