/**
 * Wall-clock times in a zone: which instants they are, on nights when the clocks change as well.
 *
 * Looked at by stretches of constant offset. A stretch leaves out the pass of a repeated hour that is not wanted; the times that
 * a change skips come at its first instant, later by its length, or not at all.
 */
import type { GapPolicy, OverlapPolicy } from "../Recurrence.ts"
import { DAY, type Wall } from "./Wall.ts"
import * as Zone from "./Zone.ts"

export interface Calendar {
  readonly timezone: string
  readonly gap: GapPolicy
  readonly overlap: OverlapPolicy
}

/** Stretches of constant offset that are looked at: no zone changes its clocks more often in the years of the horizon. */
const MAX_STRETCHES = 400

/** How far ahead `Zone.nextTransition` sees at least. */
const IN_SIGHT = 365 * DAY

const isGap = (change: Zone.Transition | null): change is Zone.Transition =>
  change !== null && change.after > change.before
const isRepeat = (change: Zone.Transition | null): change is Zone.Transition =>
  change !== null && change.after < change.before

/** The wall-clock times that a change skips: `[from, to)`. */
const skippedBy = (change: Zone.Transition): { readonly from: number; readonly to: number } => ({
  from: change.at + change.before,
  to: change.at + change.after
})

/** The first instant after `after` at which something runs that a change skipped; null when nothing does. */
const nextOfGap = (wall: Wall, { gap }: Calendar, change: Zone.Transition, after: number): number | null => {
  if (gap === "skip") return null
  const { from, to } = skippedBy(change)
  if (gap === "nextValid") {
    const first = wall.next(from - 1)
    return first !== null && first < to && change.at > after ? change.at : null
  }
  const shifted = wall.next(Math.max(from - 1, after + change.before))
  return shifted === null || shifted >= to ? null : shifted - change.before
}

/** The wall-clock times of a stretch that count: without the pass of a repeated hour that is not wanted. */
const wanted = (
  { overlap }: Calendar,
  begins: Zone.Transition | null,
  ends: Zone.Transition | null
): { readonly from: number; readonly to: number } => ({
  from: overlap === "first" && isRepeat(begins) ? begins.at + begins.before : -Infinity,
  to: overlap === "last" && isRepeat(ends) ? ends.at + ends.after : Infinity
})

/** The first instant strictly after this one; null when there is none within the horizon. */
export const next = (wall: Wall, calendar: Calendar, after: number): number | null => {
  const zone = calendar.timezone
  let begins = Zone.lastTransition(zone, after)
  let from = after
  for (let stretch = 0; stretch < MAX_STRETCHES; stretch++) {
    const ends = Zone.nextTransition(zone, from, 1)
    const offset = begins?.after ?? Zone.offsetAt(zone, from)
    const counts = wanted(calendar, begins, ends)
    const since = Math.max(Math.max(after, (begins?.at ?? -Infinity) - 1) + offset, counts.from - 1)
    const local = wall.next(since)
    // Without a change in sight the stretch ends where the next look begins.
    const end = ends?.at ?? from + IN_SIGHT
    const until = Math.min(end + offset, counts.to)
    const found = local !== null && local < until ? local - offset : null
    const gapped = isGap(begins) ? nextOfGap(wall, calendar, begins, after) : null
    const best = found === null ? gapped : gapped === null ? found : Math.min(found, gapped)
    if (best !== null) return best
    if (ends !== null) {
      begins = ends
      from = ends.at
      continue
    }
    if (local === null) return null
    from = Math.max(end, local - offset - DAY)
    begins = Zone.lastTransition(zone, from)
  }
  return null
}

/** How many instants lie in `(from, to]`. */
export const count = (wall: Wall, calendar: Calendar, from: number, to: number): number => {
  const zone = calendar.timezone
  let total = 0
  // A change of the clocks at the very first instant is that of its stretch.
  let begins = Zone.lastTransition(zone, from + 1)
  for (let at = from + 1; at <= to;) {
    const ends = Zone.nextTransition(zone, at, 1)
    const end = Math.min(to + 1, ends?.at ?? at + IN_SIGHT)
    const offset = Zone.offsetAt(zone, at)
    const counts = wanted(calendar, begins, ends)
    const first = Math.max(at + offset, counts.from)
    const last = Math.min(end + offset, counts.to)
    if (last > first) total += wall.count(first, last)
    if (isGap(begins)) total += countOfGap(wall, calendar, begins, from, to)
    if (ends === null || end < ends.at) begins = null
    else begins = ends
    at = end
  }
  return total
}

/** How many instants in `(from, to]` stand for what a change skipped, besides those that the wall clock names anyway. */
const countOfGap = (wall: Wall, calendar: Calendar, change: Zone.Transition, from: number, to: number): number => {
  let total = 0
  let after = from
  for (;;) {
    const at = nextOfGap(wall, calendar, change, after)
    if (at === null || at > to) return total
    const local = at + change.after
    if (wall.next(local - 1) !== local) total += 1
    after = at
  }
}

/** Instants of a change of clocks in `(from, to]` that skip times which would run then and, by the policy, run at no time. */
export const lost = (wall: Wall, calendar: Calendar, from: number, to: number): ReadonlyArray<Zone.Transition> => {
  if (calendar.gap !== "skip") return []
  const all: Array<Zone.Transition> = []
  for (
    let change = Zone.nextTransition(calendar.timezone, from, 1);
    change !== null && change.at <= to;
    change = Zone.nextTransition(calendar.timezone, change.at, 1)
  ) {
    if (!isGap(change)) continue
    const skipped = skippedBy(change)
    const first = wall.next(skipped.from - 1)
    if (first !== null && first < skipped.to) all.push(change)
  }
  return all
}
