/**
 * Pausing and resuming. Pure.
 *
 * While a task is paused nothing of it becomes due; what is open goes on, and it can be run by hand. When it goes on, the
 * instants that have passed are skipped, all at once: pausing never piles up runs. A task that runs once and whose
 * instant has passed runs then: late rather than never.
 */
import { Result } from "effect"
import type { CausedBy, EventOf, TaskEvent } from "../../events/TaskEvent.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { alive, decided, type Decision, refused } from "./Decision.ts"
import { following, nextLost, seriesOf } from "./Due.ts"
import type { ExcludedDays } from "./ExcludedDays.ts"
import { completed, head } from "./Head.ts"
import type { Refused } from "../door/TaskRequest.ts"
import { type LiveTask, offsetOf, type TaskState } from "./TaskState.ts"

export interface PauseCommand {
  readonly type: "pause"
  readonly taskId: string
  /** When it goes on by itself, milliseconds; null: when it is told to. */
  readonly until: number | null
  readonly causedBy: CausedBy
}

export interface ResumeCommand {
  readonly type: "resume"
  readonly taskId: string
  readonly causedBy: CausedBy
}

export const pause = (
  state: TaskState | undefined,
  { causedBy, taskId, until }: PauseCommand,
  now: number
): Result.Result<Decision, Refused> =>
  Result.flatMap(alive(state, taskId), (task) => {
    if (until !== null && until <= now) {
      return refused("invalidRequest", `a pause cannot end in the past: ${fromMillis(until)} is over`)
    }
    const paused: EventOf<"paused"> = {
      ...head(task, "paused", now, causedBy),
      revision: task.revision + 1,
      until: until === null ? null : fromMillis(until)
    }
    return decided([paused])
  })

export const resume = (
  state: TaskState | undefined,
  { causedBy, taskId }: ResumeCommand,
  now: number,
  excluded: ExcludedDays
): Result.Result<Decision, Refused> =>
  Result.flatMap(alive(state, taskId), (task) =>
    task.phase === "paused"
      ? decided(resumed(task, now, now, causedBy, excluded))
      : refused("notPaused", `task ${taskId} is not paused`)
  )

/** It goes on from `at`: what became due before is skipped. */
export const resumed = (
  task: LiveTask,
  at: number,
  now: number,
  causedBy: CausedBy,
  excluded: ExcludedDays
): ReadonlyArray<TaskEvent> => {
  const { definition, lostAt, nextAt } = task
  const resumedAt = (next: number | null, lost: number | null): EventOf<"resumed"> => ({
    ...head(task, "resumed", now, causedBy),
    revision: task.revision + 1,
    ...following(definition, next, lost, excluded)
  })
  if (definition.recurrence.kind === "once") return [resumedAt(nextAt, null)]
  const series = seriesOf(task, excluded)
  const last = at - offsetOf(task) - 1
  const passed =
    nextAt === null || last < nextAt
      ? null
      : (series.range(nextAt - 1, last) ?? { first: nextAt, last: nextAt, count: 1 })
  if (passed === null) {
    // What the clocks took away while it was paused is not said: it would not have run anyway.
    const lost = lostAt === null || lostAt > last ? lostAt : nextLost(definition, last, nextAt, excluded)
    const isOver = nextAt === null && lostAt !== null && lost === null && task.executions.length === 0
    return isOver ? [resumedAt(null, null), completed(task, now)] : [resumedAt(nextAt, lost)]
  }
  const next = series.next(last)
  const lost = nextLost(definition, last, next, excluded)
  const skipped: EventOf<"skipped"> = {
    ...head(task, "skipped", now, { ...causedBy, commandId: `${causedBy.commandId}.skipped` }),
    reason: "paused",
    nominalAt: fromMillis(passed.first),
    throughAt: fromMillis(passed.last),
    count: passed.count,
    ...following(definition, next, lost, excluded)
  }
  const over = next === null && lost === null && task.executions.length === 0 ? [completed(task, now)] : []
  return [skipped, resumedAt(next, lost), ...over]
}
