/**
 * Cancelling one execution, or all of a task that wait for their turn; the task itself goes on with its schedule. Pure.
 *
 * What nobody works on ends at once and never begins; what runs is asked to stop, which stands in the log, so that every
 * later owner asks as well. No further attempt follows.
 */
import { Result } from "effect"
import type { CausedBy, EventOf, TaskEvent } from "../../events/TaskEvent.ts"
import { treeOf } from "./Chain.ts"
import { decided, type Decision, refused } from "./Decision.ts"
import { givenUp } from "./GivenUp.ts"
import { completed, head, isLast } from "./Head.ts"
import type { Recall } from "./Recall.ts"
import { withSteps } from "./Sequence.ts"
import { startedEvent } from "./Started.ts"
import { CANCELLED, cancelledFor } from "./Stopping.ts"
import type { Refused } from "../door/TaskRequest.ts"
import { type LiveTask, type OpenExecution, belonging, type TaskState } from "./TaskState.ts"

export interface CancelExecutionCommand {
  readonly type: "cancelExecution"
  readonly taskId: string
  readonly executionId: string
  readonly causedBy: CausedBy
}

export interface CancelWaitingCommand {
  readonly type: "cancelWaiting"
  readonly taskId: string
  readonly causedBy: CausedBy
}

/** Most that wait for their turn which one command drops, the oldest; ask again for the rest. */
export const MAX_DROPPED = 500

export const cancelExecution = (
  state: TaskState | undefined,
  { causedBy, executionId, taskId }: CancelExecutionCommand,
  now: number,
  recall: Recall
): Result.Result<Decision, Refused> => {
  const task = state?._tag === "live" ? state : undefined
  const execution = task?.executions.find((one) => one.executionId === executionId)
  if (task === undefined || execution === undefined) {
    const end = state === undefined ? undefined : recall.ended(executionId)
    return end === undefined
      ? refused("notFound", `no execution of task ${taskId} that is open has the id ${JSON.stringify(executionId)}`)
      : refused("ended", `execution ${executionId} has ended already: ${end.how}`)
  }
  if (cancelledFor(task, execution) !== undefined) {
    return refused("alreadyCancelled", `execution ${executionId} has been asked to stop already`)
  }
  return decided(
    execution.stage._tag === "claimed" || execution.stage._tag === "steps"
      ? stopped(task, execution, causedBy, now)
      : withSteps(task, dropped(task, execution, causedBy, now), now)
  )
}

/** Drops what is due and waits for the end of an earlier execution. */
export const cancelWaiting = (
  state: TaskState | undefined,
  { causedBy, taskId }: CancelWaitingCommand,
  now: number
): Result.Result<Decision, Refused> => {
  if (state === undefined) return refused("notFound", `no task has the id ${JSON.stringify(taskId)}`)
  const waiting = state._tag === "live" ? state.executions.filter(({ stage }) => stage._tag === "buffered") : []
  if (waiting.length === 0) return refused("nothingWaits", `no execution of task ${taskId} waits for its turn`)
  const { reason = CANCELLED } = causedBy
  return decided(
    waiting
      .slice(0, MAX_DROPPED)
      .flatMap((execution) => (state._tag === "live" ? [byHand(state, execution, causedBy, now, reason)] : []))
  )
}

const byHand = (
  task: LiveTask,
  execution: OpenExecution,
  causedBy: CausedBy,
  now: number,
  message: string
): EventOf<"failure"> => ({
  ...givenUp(task, execution, now, "cancelled", { code: "cancelled", message }),
  causedBy,
  byHand: true
})

/** Nobody works on it: it ends. */
const dropped = (
  task: LiveTask,
  execution: OpenExecution,
  causedBy: CausedBy,
  now: number
): ReadonlyArray<TaskEvent> => {
  const failure = byHand(task, execution, causedBy, now, causedBy.reason ?? CANCELLED)
  return isLast(task, execution.executionId, now) ? [failure, completed(task, now)] : [failure]
}

/** Somebody works on it, or on a step of it: that is asked to stop, and what of it has not begun ends. */
const stopped = (
  task: LiveTask,
  execution: OpenExecution,
  causedBy: CausedBy,
  now: number
): ReadonlyArray<TaskEvent> => {
  const tree = treeOf(task, execution)
  const { attempt, dueAt, executionId, nominalAt } = execution
  const stopping: EventOf<"stopping"> = {
    ...head(task, "stopping", now, causedBy),
    executionId,
    nominalAt,
    dueAt,
    attempt,
    ...belonging(execution)
  }
  const error = { code: "cancelled", message: causedBy.reason ?? CANCELLED }
  return withSteps(
    task,
    [
      // Whoever owns the task next must know what had begun: it ends by itself, and is not offered again.
      ...tree.flatMap((one) =>
        one.stage._tag === "claimed" && !one.stage.recorded ? [startedEvent(task, one, one.stage, now)] : []
      ),
      stopping,
      ...tree
        .filter(({ stage }) => stage._tag === "waiting" || stage._tag === "offered")
        .map((one) => givenUp(task, one, now, "cancelled", error))
    ],
    now
  )
}
