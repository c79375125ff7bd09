/** A wall-clock time of a zone as an instant, by the rules for times that do not exist or happen twice. */
import { type GapPolicy, type OverlapPolicy } from "./Recurrence.ts"
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

const DAY = 86_400_000

/** The same time of day some days later. */
export const addDays = (zone: string, at: number, days: number): Placed | null =>
  place(zone, Zone.toLocal(zone, at) + days * DAY)
