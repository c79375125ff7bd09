/** The definitions that a task has had: its owner keeps only where they stand in the log. Pure. */
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { TaskEvent } from "../../events/TaskEvent.ts"
import type { Recall } from "./Recall.ts"
import type { DefinitionAt, TaskState } from "./TaskState.ts"

/** Changes of a task whose definitions can be found again, the newest. */
export const KNOWN_DEFINITIONS = 64

/** The definition that an event brings. */
const broughtBy = (event: TaskEvent): TaskDefinition | undefined =>
  event.type === "scheduled" || event.type === "updated" || event.type === "rescheduled" ? event.definition : undefined

/** A definition from the log; a log sequence that must be read first, or undefined where it is not there. */
export const definitionAt = (
  taskId: string,
  { position, revision }: DefinitionAt,
  recall: Recall
): TaskDefinition | number | undefined => {
  const events = recall.events(position.sequence)
  if (events === undefined) return position.sequence
  return events
    .flatMap((event) => (event.taskId === taskId && event.revision === revision ? (broughtBy(event) ?? []) : []))
    .at(-1)
}

/** The definition of a task that is over. */
export const knownDefinition = (
  { definitions, taskId }: TaskState,
  recall: Recall
): TaskDefinition | number | undefined => {
  const newest = definitions.at(-1)
  return newest === undefined ? undefined : definitionAt(taskId, newest, recall)
}
