/** Whether an execution is to stop: it was cancelled, or its task, or what it is a step of, or something newer takes its place. Pure. */
import { chainOf } from "./Chain.ts"
import { isReplaced, REPLACED } from "./Overlap.ts"
import type { LiveTask, OpenExecution } from "./TaskState.ts"

export const TASK_CANCELLED = "its task was cancelled"
export const CANCELLED = "it was cancelled"

/** Why it was asked to stop by a command; undefined where it was not. */
export const cancelledFor = (task: LiveTask, execution: OpenExecution): string | undefined =>
  chainOf(task, execution).find(({ stopping }) => stopping !== undefined)?.stopping

/** Why it is to stop; undefined: it goes on. */
export const stopReason = (task: LiveTask, execution: OpenExecution): string | undefined =>
  cancelledFor(task, execution) ?? (isReplaced(task, execution) ? REPLACED : undefined)
