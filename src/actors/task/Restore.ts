/**
 * Restoring a task that is over: it goes on under its id, with the definition that it had. Pure.
 *
 * It goes on from now: nothing of the past fires, and what was left out by hand stays left out. What still runs of it was
 * asked to stop, and stops.
 */
import type { Result } from "effect"
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { CausedBy, EventOf } from "../../events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../recurrence/Instant.ts"
import { isByMessage } from "../../recurrence/Recurrence.ts"
import { tzdataVersion } from "../../recurrence/zone/Zone.ts"
import { decided, type Decision, refused, unread } from "./Decision.ts"
import { following, nextLost, seriesOf } from "./Due.ts"
import type { ExcludedDays } from "./ExcludedDays.ts"
import { head } from "./Head.ts"
import { knownDefinition } from "./KnownDefinition.ts"
import type { Recall } from "./Recall.ts"
import { revived } from "./Revived.ts"
import type { Refused } from "../door/TaskRequest.ts"
import { isExhausted, type LiveTask, type TaskState } from "./TaskState.ts"

export interface RestoreCommand {
  readonly type: "restore"
  readonly taskId: string
  /** A task that runs once, whose instant has passed and that has not run, runs at once. */
  readonly allowPast: boolean
  readonly causedBy: CausedBy
}

export const restore = (
  state: TaskState | undefined,
  command: RestoreCommand,
  now: number,
  excluded: ExcludedDays,
  recall: Recall
): Result.Result<Decision, Refused> => {
  const { taskId } = command
  if (state === undefined) return refused("notFound", `no task has the id ${JSON.stringify(taskId)}`)
  if (state._tag === "live") {
    return state.phase === "scheduled" || state.phase === "paused"
      ? refused("notOver", `task ${taskId} is not over: there is nothing to restore`)
      : restored(state, state.definition, command, now, excluded)
  }
  const definition = knownDefinition(state, recall)
  if (typeof definition === "number") return unread(definition)
  if (definition === undefined) return refused("notFound", `the log holds the definition of task ${taskId} no longer`)
  return restored(revived(state, definition), definition, command, now, excluded)
}

const restored = (
  task: LiveTask,
  definition: TaskDefinition,
  { allowPast, causedBy }: RestoreCommand,
  now: number,
  excluded: ExcludedDays
): Result.Result<Decision, Refused> => {
  const { recurrence } = definition
  const { taskId } = task
  let next: number | null = null
  if (isByMessage(recurrence)) {
    if (isExhausted({ ...task, definition }, now)) {
      return refused(
        "invalidSchedule",
        `no message starts task ${taskId} any more: its end, or its number of runs, is reached`
      )
    }
  } else if (recurrence.kind === "once") {
    next = toMillis(recurrence.at)
    if (next <= now && task.runs > 0) {
      return refused(
        "invalidSchedule",
        `task ${taskId} runs once, and has run for ${recurrence.at}`,
        `do that run again: nagatha retry ${taskId}`
      )
    }
    if (next <= now && !allowPast) {
      return refused(
        "invalidSchedule",
        `task ${taskId} runs once, at ${recurrence.at}, which has passed`,
        "with --allow-past it runs at once"
      )
    }
  } else {
    next =
      definition.maxRuns !== null && task.runs >= definition.maxRuns
        ? null
        : seriesOf({ definition, leftOut: task.leftOut }, excluded).next(Math.max(now, (task.stoodAt ?? 0) - 1))
    if (next === null) {
      return refused(
        "invalidSchedule",
        `task ${taskId} has no occurrence after ${fromMillis(now)}`,
        "schedule it anew, with another end or number of runs"
      )
    }
  }
  const decidedUpTo = (task.lostAt ?? task.stoodAt ?? 0) - 1
  const lost = next === null ? null : nextLost(definition, Math.max(now, decidedUpTo), next, excluded)
  const event: EventOf<"restored"> = {
    ...head(task, "restored", now, causedBy),
    revision: task.revision + 1,
    ...following(definition, next, lost, excluded),
    definition,
    tzdata: tzdataVersion
  }
  return decided([event])
}
