/**
 * When the simple recurrences of the simulation run, by arithmetic alone: it shares no code with `src/recurrence`, whose
 * answers it is held against.
 */
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"

type Timed = Pick<TaskDefinition, "recurrence" | "startAt" | "endAt">

interface Grid {
  readonly anchor: number
  readonly every: number
  /** Nothing before. */
  readonly from: number
}

const gridOf = ({ recurrence }: Timed): Grid => {
  if (recurrence.kind === "interval") {
    const anchor = Date.parse(recurrence.anchorAt)
    return { anchor, every: recurrence.everyMs, from: anchor }
  }
  if (recurrence.kind === "cron") {
    const seconds = /^\*\/(\d+) \* \* \* \* \*$/.exec(recurrence.expression)?.[1]
    if (seconds !== undefined && 60 % Number(seconds) === 0) {
      return { anchor: 0, every: Number(seconds) * 1000, from: -Infinity }
    }
    if (recurrence.expression === "0 * * * * *") return { anchor: 0, every: 60_000, from: -Infinity }
  }
  throw new Error(`the oracle does not know ${JSON.stringify(recurrence)}`)
}

/** The first instant after one; null when there is none. */
export const nextAfter = (task: Timed, after: number): number | null => {
  const { recurrence } = task
  if (recurrence.kind === "once") {
    const at = Date.parse(recurrence.at)
    return at > after ? at : null
  }
  const { anchor, every, from } = gridOf(task)
  const begin = task.startAt === null ? -Infinity : Date.parse(task.startAt)
  const least = Math.max(after + 1, begin, from)
  const at = anchor + Math.ceil((least - anchor) / every) * every
  return task.endAt !== null && at > Date.parse(task.endAt) ? null : at
}

/** All instants in `(after, to]`. */
export const instants = (task: Timed, after: number, to: number): ReadonlyArray<number> => {
  const all: Array<number> = []
  for (let at = nextAfter(task, after); at !== null && at <= to; at = nextAfter(task, at)) all.push(at)
  return all
}
