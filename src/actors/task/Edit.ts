/**
 * Changing a task: its definition, or leaving out one of its occurrences. Pure.
 *
 * An edit never fires the past: a new schedule begins now. What became due before runs as it was.
 */
import { Result } from "effect"
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { CausedBy, EventOf } from "../../events/TaskEvent.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { isByMessage, scheduleType } from "../../recurrence/Recurrence.ts"
import { tzdataVersion } from "../../recurrence/zone/Zone.ts"
import { alive, decided, type Decision, refused } from "./Decision.ts"
import { calendarsAt, firstOccurrence, following, instantsOf, nextLost, seriesOf } from "./Due.ts"
import type { ExcludedDays } from "./ExcludedDays.ts"
import { completed, head } from "./Head.ts"
import type { Refused } from "../door/TaskRequest.ts"
import { isExhausted, type LiveTask, offsetOf, type TaskState } from "./TaskState.ts"

/** A definition after a change, and whether it says anew when the task runs. */
export interface Changed {
  readonly definition: TaskDefinition
  readonly timed: boolean
}

export interface ChangeCommand {
  readonly type: "change"
  readonly taskId: string
  /** Refused where the task has another one: somebody else has changed it. */
  readonly ifRevision: number | undefined
  /** The rule of the change; pure. */
  readonly apply: (definition: TaskDefinition) => Result.Result<Changed, Refused>
  readonly causedBy: CausedBy
}

export interface SkipCommand {
  readonly type: "skip"
  readonly taskId: string
  /** A nominal instant of the task that is still to come, milliseconds. */
  readonly at: number
  readonly causedBy: CausedBy
}

export const change = (
  state: TaskState | undefined,
  command: ChangeCommand,
  now: number,
  excluded: ExcludedDays
): Result.Result<Decision, Refused> =>
  Result.flatMap(alive(state, command.taskId), (task): Result.Result<Decision, Refused> => {
    const conflict = otherRevision(task, command.ifRevision)
    if (conflict !== undefined) return conflict
    return Result.flatMap(command.apply(task.definition), (changed) =>
      edited(task, changed, command.causedBy, now, excluded)
    )
  })

/** The refusal of a change that was meant for another revision. */
export const otherRevision = (task: LiveTask, wanted: number | undefined): Result.Result<never, Refused> | undefined =>
  wanted === undefined || wanted === task.revision
    ? undefined
    : refused(
        "revisionConflict",
        `task ${task.taskId} is at revision ${task.revision}, not ${wanted}: it has been changed meanwhile`,
        "look at it again, and send the change with the new revision"
      )

/** `revertsTo`: the revision whose definition this is. */
export const edited = (
  task: LiveTask,
  { definition, timed }: Changed,
  causedBy: CausedBy,
  now: number,
  excluded: ExcludedDays,
  revertsTo?: number
): Result.Result<Decision, Refused> => {
  const common = {
    taskName: definition.taskName,
    taskType: definition.taskType,
    revision: task.revision + 1,
    definition,
    ...(revertsTo === undefined ? {} : { revertsTo })
  }
  if (!timed) {
    const updated: EventOf<"updated"> = {
      ...head(task, "updated", now, causedBy),
      ...common,
      nextAt: task.nextAt === null ? null : fromMillis(task.nextAt),
      ...calendarsAt(definition, excluded)
    }
    return decided([updated])
  }
  const enough = definition.maxRuns !== null && task.runs >= definition.maxRuns
  const next = enough ? null : firstOccurrence(definition, now, excluded)
  const lost = enough ? null : nextLost(definition, now, next, excluded)
  const comes = isByMessage(definition.recurrence) ? !isExhausted({ ...task, definition }, now) : next !== null
  if (!comes && task.executions.length === 0) {
    return refused(
      "invalidSchedule",
      `${JSON.stringify(definition.scheduleSpec)} has no occurrence after ${fromMillis(now)}`,
      "give an instant, or an end, that lies in the future; nagatha cancel ends the task"
    )
  }
  const rescheduled: EventOf<"rescheduled"> = {
    ...head(task, "rescheduled", now, causedBy),
    ...common,
    scheduleType: scheduleType(definition.recurrence),
    ...following(definition, next, lost, excluded),
    tzdata: tzdataVersion
  }
  return decided([rescheduled])
}

/** Leaves out one occurrence, and no other. */
export const skip = (
  state: TaskState | undefined,
  { at, causedBy, taskId }: SkipCommand,
  now: number,
  excluded: ExcludedDays
): Result.Result<Decision, Refused> =>
  Result.flatMap(alive(state, taskId), (task) => {
    const { definition, lostAt, nextAt } = task
    if (isByMessage(definition.recurrence)) {
      return refused("invalidRequest", `messages start task ${taskId}: it has no instant that could be left out`)
    }
    const series = seriesOf(task, excluded)
    const instant = fromMillis(at)
    const isAhead = at + offsetOf(task) > now
    if (isAhead && nextLost(definition, at - 1, at + 1, excluded) === at) {
      return refused(
        "invalidRequest",
        `task ${taskId} does not run at ${instant} anyway: a change of the clocks takes its time of day away that day, and its rule is to skip such times (dstGap)`,
        "nothing need be left out"
      )
    }
    // What is ahead and stands before the next occurrence is none, unless it was left out before.
    const isDecided = nextAt === null || (at < nextAt && instantsOf(definition, excluded).next(at - 1) === at)
    if (!isAhead || isDecided) {
      return refused("invalidRequest", `${instant} cannot be left out: it has passed, or has been decided`)
    }
    const isOne = at === nextAt || (definition.recurrence.kind !== "once" && series.next(at - 1) === at)
    if (!isOne) {
      const near = at < nextAt ? nextAt : series.next(at)
      const rest = near === null ? "" : `; the next one after it is ${fromMillis(near)}`
      return refused("invalidRequest", `task ${taskId} has no occurrence at ${instant}${rest}`)
    }
    const next = at === nextAt ? (definition.recurrence.kind === "once" ? null : series.next(at)) : nextAt
    const lost = lostAt ?? (at === nextAt ? nextLost(definition, at, next, excluded) : null)
    const skipped: EventOf<"skipped"> = {
      ...head(task, "skipped", now, causedBy),
      reason: "skippedByUser",
      nominalAt: instant,
      throughAt: instant,
      count: 1,
      ...following(definition, next, lost, excluded)
    }
    const isOver = next === null && lost === null && task.executions.length === 0
    return decided(isOver ? [skipped, completed(task, now)] : [skipped])
  })
