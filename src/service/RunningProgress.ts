/** The newest that running attempts have told of their progress, as it is shown with their executions; forgotten when they have ended. */
import { isEnded } from "../projections/ExecutionRow.ts"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import type { Progress } from "../work/LiveFeed.ts"

/** Executions whose progress is remembered. */
const MOST = 10_000

export interface RunningProgress {
  told(progress: Progress): void
  /** The execution with how far it is, where its running attempt has said so. */
  shown(execution: TaskExecution): TaskExecution
}

export const make = (): RunningProgress => {
  /** Oldest first. */
  const newest = new Map<string, Progress>()
  return {
    told: (progress) => {
      const { executionId } = progress
      newest.delete(executionId)
      newest.set(executionId, progress)
      if (newest.size > MOST) newest.delete(newest.keys().next().value ?? executionId)
    },
    shown: (execution) => {
      const told = newest.get(execution.executionId)
      if (told === undefined) return execution
      if (isEnded(execution)) newest.delete(execution.executionId)
      if (execution.status !== "running" || told.attempt !== execution.attempt) return execution
      const { fraction, text, time } = told
      return { ...execution, progress: { fraction, text, at: time } }
    }
  }
}
