/** Executions and what they are steps of. Pure. */
import type { LiveTask, OpenExecution } from "./TaskState.ts"

/** An execution, what it is a step of, and so on to the outermost. */
export const chainOf = (task: LiveTask, execution: OpenExecution): ReadonlyArray<OpenExecution> => {
  const parent = task.executions.find(({ executionId }) => executionId === execution.step?.parent)
  return parent === undefined ? [execution] : [execution, ...chainOf(task, parent)]
}

/** An execution and all that are steps of it, directly or not; those that became due last come last. */
export const treeOf = (task: LiveTask, root: OpenExecution): ReadonlyArray<OpenExecution> =>
  task.executions.filter((execution) => chainOf(task, execution).includes(root))
