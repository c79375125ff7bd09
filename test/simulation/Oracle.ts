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
  /** A minute of the hour in which nothing runs. */
  readonly without?: number
}

/** From one to four at night but for the first minute of each hour: in Berlin at 02:01, which does not exist on one night, and not at 03:00. */
export const NIGHT = "*/20 1-59 1-3 * * *"
/** What the clocks of Berlin then take away. */
export const LOST = Date.parse("2026-03-29T01:00:00.000Z")

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
    // On the night of `LOST` every 20 seconds of real time, but for the first minute of the hour.
    if (recurrence.expression === NIGHT) return { anchor: 0, every: 20_000, from: -Infinity, without: 0 }
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
  const { anchor, every, from, without } = gridOf(task)
  const begin = task.startAt === null ? -Infinity : Date.parse(task.startAt)
  const least = Math.max(after + 1, begin, from)
  let at = anchor + Math.ceil((least - anchor) / every) * every
  while (new Date(at).getUTCMinutes() === without) at += every
  return task.endAt !== null && at > Date.parse(task.endAt) ? null : at
}

/** The instant that a change of the clocks takes away after one; null when none does. */
export const lostAfter = ({ endAt, recurrence, startAt }: Timed, after: number): number | null =>
  recurrence.kind !== "cron" ||
  recurrence.expression !== NIGHT ||
  recurrence.gap !== "skip" ||
  after >= LOST ||
  (startAt !== null && Date.parse(startAt) > LOST) ||
  (endAt !== null && Date.parse(endAt) < LOST)
    ? null
    : LOST

/** All instants in `(after, to]`. */
export const instants = (task: Timed, after: number, to: number): ReadonlyArray<number> => {
  const all: Array<number> = []
  for (let at = nextAfter(task, after); at !== null && at <= to; at = nextAfter(task, at)) all.push(at)
  return all
}
