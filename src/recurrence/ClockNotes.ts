/** What changes of the clocks do to the coming runs, in words. */
import * as Occurrences from "./Occurrences.ts"
import type { Recurrence } from "./Recurrence.ts"
import type { Series } from "./Series.ts"
import { DAY, HOUR } from "./zone/Wall.ts"
import * as Zone from "./zone/Zone.ts"

/** Runs that are looked at for notes. */
const NOTED_RUNS = 10

/** One note for each change of the clocks that one of the next ten runs meets; none for what happens once. */
export const clockNotes = (
  series: Series,
  { recurrence, timezone }: { readonly recurrence: Recurrence; readonly timezone: string },
  after: number
): ReadonlyArray<string> => {
  if (!Occurrences.partsOf(recurrence).some(Occurrences.onTheClock)) return []
  const runs = series.first(after, NOTED_RUNS)
  const last = runs.at(-1)
  if (last === undefined) return []
  const lost = Occurrences.lost(recurrence, after, last)
  const met = runs
    .filter((at) => Occurrences.shown(recurrence, timezone, at).note !== undefined)
    .map((at) => nearestChange(timezone, at))
    .filter((change) => change !== null)
  const changes = new Map([...lost, ...met].map((change) => [change.at, change]))
  return [...changes.values()].sort((a, b) => a.at - b.at).map((change) => words(recurrence, timezone, change))
}

const nearestChange = (zone: string, at: number): Zone.Transition | null => {
  const before = Zone.lastTransition(zone, at)
  const next = Zone.nextTransition(zone, at)
  if (before === null || next === null) return before ?? next
  return at - before.at <= next.at - at ? before : next
}

const words = (recurrence: Recurrence, zone: string, change: Zone.Transition): string => {
  const shown = (local: number): string => new Date(local).toISOString().slice(11, 16)
  const day = new Date(change.at + change.before).toISOString().slice(0, 10)
  const [from, to] = [change.at + change.before, change.at + change.after]
  const length = lengthText(Math.abs(to - from))
  const policies = Occurrences.partsOf(recurrence).filter(Occurrences.onTheClock)
  if (to > from) {
    const gaps = new Set(policies.map((part) => (Occurrences.followsRealTime(part) ? "realTime" : part.gap)))
    const does = {
      nextValid: `times between ${shown(from)} and ${shown(to)} run at ${shown(to)}`,
      shift: `times between ${shown(from)} and ${shown(to)} run ${length} later`,
      skip: `times between ${shown(from)} and ${shown(to)} do not run`,
      realTime: "runs follow real time"
    }
    return `the clocks go forward on ${day} at ${shown(from)} by ${length}: ${[...gaps].map((gap) => does[gap]).join("; ")}`
  }
  const overlaps = new Set(policies.map((part) => part.overlap))
  const does = { first: "run the first time only", last: "run the last time only", both: "run both times" }
  return `the clocks go back on ${day} at ${shown(from)} by ${length}: times between ${shown(to)} and ${shown(from)} happen twice and ${[...overlaps].map((overlap) => does[overlap]).join(" or ")} (${zone})`
}

const lengthText = (ms: number): string => {
  if (ms % DAY === 0) return ms === DAY ? "a day" : `${ms / DAY} days`
  return ms % HOUR === 0 ? (ms === HOUR ? "1 hour" : `${ms / HOUR} hours`) : `${ms / 60_000} minutes`
}
