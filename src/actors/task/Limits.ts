/**
 * What a task bears: how long an execution may wait to be begun, and how many failures in a row it takes before it is
 * paused. Pure.
 */
import type { EventOf, TaskEvent } from "../../events/TaskEvent.ts"
import { toMillis } from "../../recurrence/Instant.ts"
import { givenUp } from "./GivenUp.ts"
import { head, isLast, completed } from "./Head.ts"
import { evolve } from "./Evolve.ts"
import { expiresAt, type LiveTask, type TaskState } from "./TaskState.ts"

/** The ends of executions that nobody has begun in time. */
export const expired = (task: LiveTask, now: number): ReadonlyArray<TaskEvent> => {
  const late = task.executions.filter((execution) => (expiresAt(task, execution) ?? Infinity) <= now)
  return late.flatMap((execution, index): ReadonlyArray<TaskEvent> => {
    const limit = task.definition.expiresMs ?? 0
    const waited = now - toMillis(execution.dueAt)
    const message = `nobody had begun it ${waited} ms after it was due; it expires after ${limit} ms`
    const failure = givenUp(task, execution, now, "expired", { code: "expired", message })
    const rest = { ...task, executions: task.executions.filter((one) => !late.slice(0, index).includes(one)) }
    return isLast(rest, execution.executionId, now) ? [failure, completed(task, now)] : [failure]
  })
}

/** With a pause behind them, where these events are one failure too many. */
export const withPause = (
  state: TaskState | undefined,
  events: ReadonlyArray<TaskEvent>,
  now: number
): ReadonlyArray<TaskEvent> => {
  const limit = state?._tag === "live" ? state.definition.pauseAfterFailures : undefined
  if (limit === undefined || !events.some(({ type }) => type === "failure")) return events
  const after = events.reduce<TaskState | undefined>((task, event) => evolve(task, event, { sequence: 0 }, 0), state)
  if (after?._tag !== "live" || after.phase !== "scheduled" || after.failuresInARow < limit) return events
  const reason = `${after.failuresInARow} failures in a row`
  const paused: EventOf<"paused"> = {
    ...head(after, "paused", now, {
      commandId: `${after.taskId}@failures${after.revision}`,
      actor: "scheduler",
      reason
    }),
    revision: after.revision + 1,
    until: null
  }
  return [...events, paused]
}
