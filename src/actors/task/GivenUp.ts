/** The end of an execution that is not its own doing: something newer takes its place, or it waited too long. Pure. */
import type { EventOf, ExecutionError } from "../../events/TaskEvent.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { head } from "./Head.ts"
import { type LiveTask, type OpenExecution, belonging } from "./TaskState.ts"

export const givenUp = (
  task: LiveTask,
  execution: OpenExecution,
  now: number,
  why: string,
  error: ExecutionError
): EventOf<"failure"> => {
  const { attempt, dueAt, executionId, nominalAt, stage } = execution
  const since = stage._tag === "claimed" || stage._tag === "steps" ? stage.since : null
  return {
    ...head(task, "failure", now, { commandId: `${executionId}#${attempt}.${why}`, actor: "scheduler" }),
    executionId,
    nominalAt,
    dueAt,
    attempt,
    ...belonging(execution),
    worker: stage._tag === "claimed" ? stage.worker : null,
    startedAt: since === null ? null : fromMillis(since),
    finishedAt: fromMillis(now),
    durationMs: since === null ? 0 : Math.max(0, now - since),
    error
  }
}
