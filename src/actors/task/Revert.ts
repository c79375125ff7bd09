/**
 * Bringing back a definition that a task has had: undoing its newest change, or going back to a revision. Pure.
 *
 * It is a change like any other: with a revision of its own, and nothing of the past fires. Undoing an undoing brings back
 * what was undone.
 */
import { Result } from "effect"
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { CausedBy } from "../../events/TaskEvent.ts"
import { toMillis } from "../../recurrence/Instant.ts"
import { alive, type Decision, refused, unread } from "./Decision.ts"
import { edited, otherRevision } from "./Edit.ts"
import type { ExcludedDays } from "./ExcludedDays.ts"
import { definitionAt } from "./KnownDefinition.ts"
import type { Recall } from "./Recall.ts"
import type { Refused } from "../door/TaskRequest.ts"
import type { LiveTask, TaskState } from "./TaskState.ts"

export interface RevertCommand {
  readonly type: "revert"
  readonly taskId: string
  /** The definition as it was at this revision; undefined: as it was before its newest change. */
  readonly toRevision: number | undefined
  readonly ifRevision: number | undefined
  readonly causedBy: CausedBy
}

export const revert = (
  state: TaskState | undefined,
  command: RevertCommand,
  now: number,
  excluded: ExcludedDays,
  recall: Recall
): Result.Result<Decision, Refused> =>
  Result.flatMap(alive(state, command.taskId), (task): Result.Result<Decision, Refused> => {
    const { causedBy, ifRevision, toRevision } = command
    const conflict = otherRevision(task, ifRevision)
    if (conflict !== undefined) return conflict
    const { definitions, taskId } = task
    const wanted =
      toRevision === undefined ? definitions.at(-2) : definitions.findLast(({ revision }) => revision <= toRevision)
    if (wanted === undefined || (toRevision ?? 0) > task.revision) {
      return refused(toRevision === undefined ? "nothingToRevert" : "invalidRequest", ...missing(task, toRevision))
    }
    if (wanted === definitions.at(-1)) {
      return refused("nothingToRevert", `the definition of task ${taskId} has not changed since revision ${toRevision}`)
    }
    const definition = definitionAt(taskId, wanted, recall)
    if (typeof definition === "number") return unread(definition)
    if (definition === undefined) return refused("notFound", `the log holds revision ${wanted.revision} no longer`)
    const timed = TIMED.some((field) => !same(definition[field], task.definition[field]))
    const { recurrence } = definition
    if (timed && recurrence.kind === "once" && toMillis(recurrence.at) <= now) {
      return refused(
        "invalidSchedule",
        `at revision ${wanted.revision} task ${taskId} was to run once, at ${recurrence.at}, which has passed`,
        `give it another time: nagatha reschedule ${taskId} "in 1 hour"`
      )
    }
    return edited(task, { definition, timed }, causedBy, now, excluded, wanted.revision)
  })

const missing = ({ definitions, revision, taskId }: LiveTask, wanted: number | undefined): [string, string?] => {
  if (wanted === undefined) return [`task ${taskId} has not been changed: there is nothing to undo`]
  if (wanted > revision) return [`task ${taskId} is at revision ${revision}: there is no revision ${wanted} yet`]
  return [
    `what task ${taskId} was at revision ${wanted} is too long ago; the oldest that can be brought back is ${definitions[0]?.revision ?? revision}`,
    `see what it was, and change it: nagatha info ${taskId} --changes`
  ]
}

/** The fields that say when a task runs. */
const TIMED: ReadonlyArray<keyof TaskDefinition> = [
  "recurrence",
  "timezone",
  "startAt",
  "endAt",
  "maxRuns",
  "spreadMs",
  "offsetMs",
  "exclude"
]

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
