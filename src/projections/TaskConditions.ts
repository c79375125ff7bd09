/** Which tasks a filter means, as conditions on the rows of the read models. */
import { Conditions, globOf } from "./Conditions.ts"
import { severalOf, type TaskFilter } from "./Queries.ts"
import { type ReadModelStore, sortOfOver } from "./ReadModelStore.ts"

/** How long a task that is over is listed without being asked for, milliseconds. */
const RECENT_MS = 86_400_000
/** Shortest prefix that names a task or an execution. */
export const MIN_PREFIX = 4

/** What the filters of tasks and of executions say about tags, name and queue of a task. */
export const belonging = (
  conditions: Conditions,
  { anyTag, name, queue, tag }: Pick<TaskFilter, "anyTag" | "name" | "queue" | "tag">
): Conditions => {
  conditions.oneOf("queue", severalOf(queue))
  if (name !== undefined) conditions.and("name GLOB ?", globOf(name.toLowerCase()))
  for (const one of new Set(severalOf(tag))) {
    conditions.and("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)", one)
  }
  const any = severalOf(anyTag)
  if (any !== undefined) {
    conditions.and(`EXISTS (SELECT 1 FROM json_each(tags) WHERE value IN (${any.map(() => "?").join(", ")}))`, ...any)
  }
  return conditions
}

/** Everything that a filter says but the status, as of `now` (milliseconds). */
export const taskConditions = (store: ReadModelStore, filter: TaskFilter, now: number): Conditions => {
  const conditions = belonging(new Conditions(), filter)
  const chosen = filter.status !== undefined || filter.id !== undefined
  if (!chosen && filter.all !== true) conditions.and("sort <= ?", sortOfOver(now - RECENT_MS))
  conditions.oneOf("type", severalOf(filter.type)).oneOf("last_status", severalOf(filter.lastStatus))
  const ids = severalOf(filter.id)
  if (ids !== undefined) {
    const named = [...new Set(ids)].map((id) => rangeOf(store, id))
    conditions.and(
      `n IN (SELECT named.n FROM json_each(?) AS asked CROSS JOIN task AS named
       WHERE named.id >= json_extract(asked.value, '$[0]') AND named.id < json_extract(asked.value, '$[1]'))`,
      JSON.stringify(named)
    )
  }
  for (const word of new Set(filter.search?.toLowerCase().split(/\s+/))) {
    if (word !== "") conditions.and("instr(words, ?) > 0", word)
  }
  if (filter.paused !== undefined) conditions.and("paused = ?", filter.paused ? 1 : 0)
  if (filter.createdBy !== undefined) conditions.and("author GLOB ?", globOf(filter.createdBy.toLowerCase()))
  if (filter.managedBy !== undefined) conditions.and("manager GLOB ? AND manager <> ''", globOf(filter.managedBy))
  return conditions
    .within("created", filter.createdSince, filter.createdUntil)
    .within("updated", filter.updatedSince, filter.updatedUntil)
    .within("next", filter.nextRunSince, filter.nextRunUntil)
    .within("last_run", filter.lastRunSince, filter.lastRunUntil)
}

/** The ids that begin with a text, as a half-open range; only the id itself where it is one. */
const rangeOf = (store: ReadModelStore, id: string): readonly [from: string, to: string] =>
  id.length < MIN_PREFIX || store.task(id) !== undefined ? [id, `${id}\u0000`] : [id, `${id}\u{10ffff}`]
