/** The fact that an attempt has begun. Pure. */
import type { CausedBy, EventOf } from "../../events/TaskEvent.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { head } from "./Head.ts"
import { type LiveTask, type OpenExecution, type Stage, belonging } from "./TaskState.ts"

export const causedByAttempt = ({ attempt, executionId }: OpenExecution): CausedBy => ({
  commandId: `${executionId}#${attempt}`,
  actor: "scheduler"
})

export const startedEvent = (
  task: LiveTask,
  execution: OpenExecution,
  stage: Extract<Stage, { readonly _tag: "claimed" }>,
  now: number
): EventOf<"started"> => ({
  ...head(task, "started", now, causedByAttempt(execution)),
  executionId: execution.executionId,
  nominalAt: execution.nominalAt,
  dueAt: execution.dueAt,
  attempt: execution.attempt,
  ...belonging(execution),
  worker: stage.worker,
  startedAt: fromMillis(stage.since)
})
