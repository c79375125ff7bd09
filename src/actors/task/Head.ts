/** What all events of a task have in common. */
import type { CausedBy, EventOf, TaskEventType } from "../../events/TaskEvent.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { type LiveTask, moreToCome } from "./TaskState.ts"

export const head = <Type extends TaskEventType>(task: LiveTask, type: Type, now: number, causedBy: CausedBy) => ({
  type,
  version: 1 as const,
  time: fromMillis(now),
  taskId: task.taskId,
  taskName: task.definition.taskName,
  taskType: task.definition.taskType,
  scheduleType: task.scheduleType,
  revision: task.revision,
  causedBy
})

/** Whether a task is over once this execution has ended. */
export const isLast = (task: LiveTask, executionId: string, now: number): boolean =>
  !moreToCome(task, now) &&
  (task.phase === "scheduled" || task.phase === "paused") &&
  task.executions.every((one) => one.executionId === executionId)

export const completed = (task: LiveTask, now: number): EventOf<"completed"> =>
  head(task, "completed", now, { commandId: task.taskId, actor: "scheduler" })
