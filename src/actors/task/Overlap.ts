/**
 * What becomes of an occurrence that is due while earlier ones of its task are open: the policies of Temporal, under its
 * names. Pure.
 *
 * Runs by hand stand beside the schedule: they neither wait for it nor keep it waiting; among themselves those of a
 * backfill run one after another. What waits for its turn is due already, and begins as soon as nothing before it is open.
 */
import type { ExecutionOverlap } from "../../events/TaskDefinition.ts"
import type { EventOf } from "../../events/TaskEvent.ts"
import { chainOf } from "./Chain.ts"
import { givenUp } from "./GivenUp.ts"
import type { LiveTask, OpenExecution } from "./TaskState.ts"

/** Most occurrences of a task that wait for their turn; those that come after are skipped. */
export const MAX_WAITING = 1000

/**
 * Most executions of a task that are open at the same time where it lets them overlap; those that come after are skipped. What
 * ends a task names all that end with it, in one commit: more could not be cancelled any more.
 */
export const MAX_OPEN = 5000

/** Executions of the schedule itself: of those by hand, or steps of a sequence, none. */
const scheduled = (task: LiveTask): ReadonlyArray<OpenExecution> =>
  task.executions.filter(({ manual, step }) => step === undefined && manual !== true)

/** Run late at a pace, and begun by nobody yet: nothing on time waits for it, also where it lies with the workers. */
export const isAhead = ({ attempt, paced, stage }: OpenExecution): boolean =>
  paced === true && attempt === 1 && (stage._tag === "waiting" || stage._tag === "offered" || stage._tag === "buffered")

/** What is open of the schedule, but for what is late and has not begun: that lets go first what is on time. */
export interface Standing {
  readonly running: number
  readonly waiting: number
}

/** How many are run late at a pace and have not begun. */
export const lateOf = (task: LiveTask): number => task.executions.filter(isAhead).length

export const standingOf = (task: LiveTask): Standing => {
  const all = scheduled(task).filter((execution) => !isAhead(execution))
  const waiting = all.filter(({ stage }) => stage._tag === "buffered").length
  return { running: all.length - waiting, waiting }
}

/** `replace`: it takes the place of what is open. */
export type Turn = "begin" | "wait" | "skip" | "replace"

export const turnOf = (policy: ExecutionOverlap, { running, waiting }: Standing): Turn => {
  if (running + waiting === 0) return "begin"
  switch (policy) {
    case "skip":
      return "skip"
    case "allowAll":
      return running + waiting < MAX_OPEN ? "begin" : "skip"
    case "bufferOne":
      return waiting === 0 ? "wait" : "skip"
    case "bufferAll":
      return waiting < MAX_WAITING ? "wait" : "skip"
    case "cancelOther":
    case "terminateOther":
      return "replace"
  }
}

/** The execution to which a step belongs in the end; itself for what is no step. */
export const topOf = (task: LiveTask, execution: OpenExecution): OpenExecution =>
  chainOf(task, execution).at(-1) ?? execution

/** Whether a newer occurrence waits for the end of this one, and it is to stop. */
export const isReplaced = (task: LiveTask, execution: OpenExecution): boolean => {
  if (task.definition.overlap !== "cancelOther") return false
  const top = topOf(task, execution)
  return top.manual !== true && top.stage._tag !== "buffered" && standingOf(task).waiting > 0
}

export const REPLACED = "a newer run of its task takes its place"

/** The end of what gives way: at once where nobody has begun it, or, when terminating, whatever it does. */
export const givingWay = (task: LiveTask, now: number): ReadonlyArray<EventOf<"failure">> => {
  const terminate = task.definition.overlap === "terminateOther"
  return task.executions
    .filter((execution) => topOf(task, execution).manual !== true)
    .filter(({ stage }) => terminate || (stage._tag !== "claimed" && stage._tag !== "steps"))
    .toReversed()
    .map((execution) => givenUp(task, execution, now, "replaced", { code: "cancelled", message: REPLACED }))
}
