/** What explanations are made of: who caused something, lengths of time and instants in words. */
import { fromMillis } from "../recurrence/Instant.ts"
import * as Zone from "../recurrence/zone/Zone.ts"
import { gridOf, type Grid } from "./Grid.ts"
import type { Definition, Fact, TaskHistory } from "./TaskHistory.ts"
import type { Cause, WhyAnswer } from "./WhyAnswer.ts"

/** What is asked: about which instant of which task, and when. */
export interface Asked {
  readonly history: TaskHistory
  /** Milliseconds. */
  readonly at: number
  readonly now: number
  /** An instant in the zone of the task. */
  readonly shown: (instant: number) => string
}

export type Told = Pick<WhyAnswer, "verdict" | "sentence"> & Partial<Pick<WhyAnswer, "decision" | "cause">>

export const causeOf = ({ causedBy, logSequence, revision, time }: Fact): Cause => ({
  at: fromMillis(time),
  actor: causedBy.actor,
  commandId: causedBy.commandId,
  ...(causedBy.reason === undefined ? {} : { reason: causedBy.reason }),
  revision,
  logSequence
})

export const because = ({ causedBy: { reason } }: Fact): string => (reason === undefined ? "" : ` (${reason})`)

/** `350 ms`, `4.2 s`, `3 min`, `5 h`, `2 days`. */
export const lengthOf = (ms: number): string => {
  if (ms < 1000) return `${ms} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const units = [
    [86_400_000, "day"],
    [3_600_000, "h"],
    [60_000, "min"]
  ] as const
  const [size, name] = units.find(([one]) => ms >= 2 * one) ?? [60_000, "min"]
  const count = Math.round(ms / size)
  return `${count} ${name}${name === "day" && count !== 1 ? "s" : ""}`
}

/** `2026-03-08 09:00:00 +01:00` */
export const instantText = (zone: string, instant: number): string => {
  const text = Zone.localText(zone, instant)
  const fraction = text.slice(19, 23)
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction === ".000" ? "" : fraction} ${text.slice(23)}`
}

/** The instants of a definition, by the calendars that it knew. */
export const gridAt = ({ calendars }: TaskHistory, { calendarsAt, definition }: Definition): Grid =>
  gridOf(definition, calendars.daysAt(definition, calendarsAt))

const YEAR = 366 * 86_400_000

/** The last instant before one, looked for ever further back. */
export const lastBefore = (grid: Grid, at: number): number | null => {
  for (let back = 60_000; back < 40 * YEAR; back *= 8) {
    const found = grid.range(at - 1 - back, at - 1)
    if (found !== null) return found.last
  }
  return null
}

/** Why a time of day has no instant on the night of a change of the clocks: `time of day does not exist on …`. */
export const noSuchTime = ({ shown }: Asked, timezone: string, { after, at, before }: Zone.Transition): string =>
  `time of day does not exist on ${Zone.localText(timezone, at).slice(0, 10)} in ${timezone}: the clocks go forward at ${shown(at)} by ${lengthOf(after - before)}, and the task's rule for such times is to skip them (--dst-gap skip)`
