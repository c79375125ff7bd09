/** A wall-clock time of a zone as an instant, by the rules for times that do not exist or happen twice. */
import { type GapPolicy, type OverlapPolicy } from "../Recurrence.ts"
import { DAY, daysInMonth } from "./Wall.ts"
import * as Zone from "./Zone.ts"

export interface Placed {
  readonly at: number
  /** What the clocks have to do with it, in words. */
  readonly note?: string
}

/** Null only where the time does not exist and such times are to be skipped. `local` is in milliseconds as if in UTC. */
export const place = (
  zone: string,
  local: number,
  gap: GapPolicy = "nextValid",
  overlap: OverlapPolicy = "first"
): Placed | null => {
  const instants = Zone.instantsOf(zone, local)
  const [first, ...more] = instants
  if (first === undefined) {
    const change = Zone.gapAround(zone, local)
    if (change === null || gap === "skip") return null
    const at = gap === "nextValid" ? change.at : local - change.before
    return {
      at,
      note: `that time does not exist on that day (the clocks go forward); taken as ${Zone.localText(zone, at)}`
    }
  }
  const last = more.at(-1)
  if (last === undefined) return { at: first }
  const at = overlap === "last" ? last : first
  return {
    at,
    note: `that time happens twice on that day; taken as the ${at === first ? "first" : "last"}, ${Zone.localText(zone, at)}`
  }
}

/** How far ahead: months and days keep the time of day, milliseconds are elapsed time. */
export interface Ahead {
  readonly months: number
  readonly days: number
  readonly ms: number
}

/** An instant so far ahead of another: a day that a month does not have becomes its last. */
export const ahead = (zone: string, at: number, { days, months, ms }: Ahead): Placed | null => {
  const local = Zone.toLocal(zone, at)
  const date = new Date(local)
  const year = date.getUTCFullYear()
  const month = date.getUTCMonth() + months
  const day = months === 0 ? date.getUTCDate() : Math.min(date.getUTCDate(), daysInMonth(year, month))
  const midnight = Date.UTC(year, month, day + days)
  const timeOfDay = ((local % DAY) + DAY) % DAY
  if (Number.isNaN(midnight)) return null
  if (months === 0 && days === 0) return { at: at + ms }
  const placed = place(zone, midnight + timeOfDay)
  return placed === null ? null : { ...placed, at: placed.at + ms }
}
