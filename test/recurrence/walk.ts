/**
 * An oracle for instants that shares nothing with the code: the wall clock as `Intl` shows it, minute after minute, and the
 * rules for times that are missing or repeated applied by looking at what came before.
 */
import type { GapPolicy, OverlapPolicy } from "../../src/recurrence/Recurrence.ts"

const MINUTE = 60_000
const DAY = 86_400_000

/** Whether a wall-clock time, read as if it were UTC, is one that was asked for. */
export type Matches = (local: Date) => boolean

/** The wall clock of a zone by `Intl` alone, asked afresh each time. */
export const wallClock = (zone: string) => {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric"
  })
  return (at: number) => {
    const part: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(at)) part[type] = Number(value)
    return Date.UTC(part["year"] ?? 0, (part["month"] ?? 1) - 1, part["day"], part["hour"], part["minute"])
  }
}

/** Every minute of (from, to], and of the three days before, with its wall-clock time: made once for all that is compared there. */
export interface Walk {
  readonly from: number
  readonly minutes: ReadonlyArray<readonly [at: number, local: number]>
}

export const walk = (zone: string, from: number, to: number): Walk => {
  const clock = wallClock(zone)
  const minutes: Array<readonly [number, number]> = []
  for (let at = from - 3 * DAY; at <= to; at += MINUTE) minutes.push([at, clock(at)])
  return { from, minutes }
}

/**
 * Fixed times by the rules. A time that is missing: at the first instant after the gap, as much later as the gap is long, or
 * not at all. A time that is there twice: the first, the last, or both.
 */
export const fixedTimes = (
  { from, minutes }: Walk,
  matches: Matches,
  gap: GapPolicy = "nextValid",
  overlap: OverlapPolicy = "first"
): ReadonlyArray<number> => {
  const found = new Set<number>()
  const passes = new Map<number, ReadonlyArray<number>>()
  let before = minutes[0]?.[1] ?? 0
  for (const [at, local] of minutes.slice(1)) {
    for (let missing = before + MINUTE; missing < local; missing += MINUTE) {
      if (gap === "skip" || !matches(new Date(missing))) continue
      found.add(gap === "shift" ? at + missing - before - MINUTE : at)
    }
    if (matches(new Date(local))) passes.set(local, [...(passes.get(local) ?? []), at])
    before = local
  }
  for (const times of passes.values()) {
    const wanted = overlap === "first" ? times.slice(0, 1) : overlap === "last" ? times.slice(-1) : times
    for (const at of wanted) found.add(at)
  }
  return [...found].filter((at) => at > from).sort((a, b) => a - b)
}

/** What follows real time: each minute whose wall clock matches. */
export const realTime = ({ from, minutes }: Walk, matches: Matches): ReadonlyArray<number> =>
  minutes.flatMap(([at, local]) => (at > from && matches(new Date(local)) ? [at] : []))
