/**
 * Running occurrences of the past: all of a task's instants in `[from, to)`, one after another, beside the schedule, which
 * they never keep waiting. Each has an execution of its own, also where the instant has been run before. Pure.
 */
import { Result } from "effect"
import { manualExecutionId } from "../../events/ExecutionId.ts"
import type { CausedBy, EventOf } from "../../events/TaskEvent.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { isByMessage } from "../../recurrence/Recurrence.ts"
import { alive, decided, type Decision, refused } from "./Decision.ts"
import { seriesOf } from "./Due.ts"
import type { ExcludedDays } from "./ExcludedDays.ts"
import { head } from "./Head.ts"
import { withSteps } from "./Sequence.ts"
import type { Refused } from "../door/TaskRequest.ts"
import type { TaskState } from "./TaskState.ts"

/** Most occurrences of one request. */
export const MAX_BACKFILL = 500

export interface BackfillCommand {
  readonly type: "backfill"
  readonly taskId: string
  /** Milliseconds; the first instant that counts, and the first that does not any more. */
  readonly from: number
  readonly to: number
  /** All at once, in place of one after another. */
  readonly atOnce: boolean
  readonly causedBy: CausedBy
}

export const backfill = (
  state: TaskState | undefined,
  { atOnce, causedBy, from, taskId, to }: BackfillCommand,
  now: number,
  excluded: ExcludedDays
): Result.Result<Decision, Refused> =>
  Result.flatMap(alive(state, taskId), (task) => {
    const invalid = (message: string, hint?: string) => refused("invalidRequest", message, hint)
    if (from >= to) return invalid(`the range is empty: ${fromMillis(from)} is not before ${fromMillis(to)}`)
    if (to > now) return invalid(`${fromMillis(to)} lies in the future: what is to come needs no backfill`)
    if (task.definition.recurrence.kind === "once") {
      return invalid("a task that runs once has nothing to be filled in", `run it: nagatha run ${taskId}`)
    }
    if (isByMessage(task.definition.recurrence)) {
      return invalid(`messages start task ${taskId}: it has no instants of the past`)
    }
    const series = seriesOf(task, excluded)
    const found = series.range(from - 1, to - 1)
    if (found === null) {
      return invalid(`task ${taskId} has no occurrence from ${fromMillis(from)} to before ${fromMillis(to)}`)
    }
    if (found.count > MAX_BACKFILL) {
      return invalid(
        `there are ${found.count} occurrences from ${fromMillis(from)} to before ${fromMillis(to)}; at most ${MAX_BACKFILL} are taken at a time`,
        "do it in several parts"
      )
    }
    let waits = !atOnce && task.executions.some(({ manual, step }) => manual === true && step === undefined)
    const due: Array<EventOf<"due">> = []
    for (let at: number | null = found.first; at !== null && at <= found.last; at = series.next(at)) {
      const instant = fromMillis(at)
      due.push({
        ...head(task, "due", now, causedBy),
        executionId: manualExecutionId(taskId, instant, causedBy.commandId),
        nominalAt: instant,
        dueAt: fromMillis(now),
        attempt: 1,
        nextAt: task.nextAt === null ? null : fromMillis(task.nextAt),
        manual: true,
        ...(waits ? { buffered: true } : {})
      })
      waits = !atOnce
    }
    return decided(withSteps(task, due, now))
  })
