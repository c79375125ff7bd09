/**
 * An oracle for instants that shares nothing with the code: the wall clock as `Intl` shows it, minute after minute, and the
 * rules for times that are missing or repeated applied by looking at what came before.
 */

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

/** Fixed times by the rules: once for each wall-clock time, the first pass, and the first instant after a gap. */
export const fixedTimes = ({ from, minutes }: Walk, matches: Matches): ReadonlyArray<number> => {
  const found: Array<number> = []
  const seen = new Set<number>()
  let before = minutes[0]?.[1] ?? 0
  for (const [at, local] of minutes.slice(1)) {
    let skipped = false
    for (let missing = before + MINUTE; missing < local; missing += MINUTE) {
      if (matches(new Date(missing)) && !seen.has(missing)) {
        seen.add(missing)
        skipped = true
      }
    }
    const now = matches(new Date(local)) && !seen.has(local)
    if (now) seen.add(local)
    if ((now || skipped) && at > from) found.push(at)
    before = local
  }
  return found
}

/** What follows real time: each minute whose wall clock matches. */
export const realTime = ({ from, minutes }: Walk, matches: Matches): ReadonlyArray<number> =>
  minutes.flatMap(([at, local]) => (at > from && matches(new Date(local)) ? [at] : []))
