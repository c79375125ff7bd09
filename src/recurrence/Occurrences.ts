/**
 * The instants of a recurrence. Pure functions of the recurrence and an instant; `next` is strictly after and never
 * repeats an instant, so the occurrences of a task follow from the last one and not from a clock.
 */
import { fromMillis, type Instant, toMillis } from "./Instant.ts"
import * as Cron from "./cron/Cron.ts"
import * as CronWall from "./cron/CronWall.ts"
import { isByMessage, type Recurrence, type SingleRecurrence } from "./Recurrence.ts"
import * as Rule from "./rule/Rule.ts"
import * as RuleWall from "./rule/RuleWall.ts"
import type { Wall } from "./zone/Wall.ts"
import * as Zone from "./zone/Zone.ts"
import * as Zoned from "./zone/Zoned.ts"

/** Compiled expressions kept; the oldest goes when there are more. */
const KEPT = 5000
const compiled = new Map<string, Wall>()

export type OnTheClock = Extract<Recurrence, { readonly kind: "cron" | "rule" }>

export const onTheClock = (part: Recurrence): part is OnTheClock => part.kind === "cron" || part.kind === "rule"

const wallOf = (recurrence: OnTheClock): Wall => {
  const key = recurrence.kind === "cron" ? recurrence.expression : `${recurrence.startsAt} ${recurrence.rrule}`
  const known = compiled.get(key)
  if (known !== undefined) return known
  const wall =
    recurrence.kind === "cron"
      ? CronWall.of(Cron.compile(recurrence.expression))
      : RuleWall.of(Rule.compile(recurrence.rrule, recurrence.startsAt))
  const [oldest] = compiled.keys()
  if (compiled.size >= KEPT && oldest !== undefined) compiled.delete(oldest)
  compiled.set(key, wall)
  return wall
}

const nextSingle = (recurrence: SingleRecurrence, after: number): number | null => {
  switch (recurrence.kind) {
    case "once": {
      const at = toMillis(recurrence.at)
      return at > after ? at : null
    }
    case "interval": {
      const anchor = toMillis(recurrence.anchorAt)
      if (after < anchor) return anchor
      return anchor + (Math.floor((after - anchor) / recurrence.everyMs) + 1) * recurrence.everyMs
    }
    case "cron":
    case "rule":
      return Zoned.next(wallOf(recurrence), recurrence, after)
  }
}

export const partsOf = (recurrence: Recurrence): ReadonlyArray<SingleRecurrence> =>
  recurrence.kind === "union" ? recurrence.of : isByMessage(recurrence) ? [] : [recurrence]

/** The first instant strictly after this one, milliseconds; null when there is none. */
export const next = (recurrence: Recurrence, after: number): number | null => {
  if (isByMessage(recurrence)) return null
  if (recurrence.kind !== "union") return nextSingle(recurrence, after)
  let first: number | null = null
  for (const part of recurrence.of) {
    const at = nextSingle(part, after)
    if (at !== null && (first === null || at < first)) first = at
  }
  return first
}

const countSingle = (recurrence: SingleRecurrence, from: number, to: number): number => {
  if (onTheClock(recurrence)) return Zoned.count(wallOf(recurrence), recurrence, from, to)
  const first = nextSingle(recurrence, from)
  if (first === null || first > to) return 0
  return recurrence.kind === "interval" ? Math.floor((to - first) / recurrence.everyMs) + 1 : 1
}

/** How many instants lie in `(from, to]`. */
const count = (recurrence: Recurrence, from: number, to: number): number => {
  if (isByMessage(recurrence)) return 0
  if (recurrence.kind !== "union") return countSingle(recurrence, from, to)
  const crons = recurrence.of.filter((part) => part.kind === "cron")
  const [first] = crons
  const alike = (part: OnTheClock): boolean =>
    part.timezone === first?.timezone && part.gap === first.gap && part.overlap === first.overlap
  return crons.length === recurrence.of.length &&
    crons.length <= MAX_TOGETHER &&
    crons.every(alike) &&
    first !== undefined
    ? Zoned.count(together(crons.map(({ expression }) => Cron.compile(expression))), first, from, to)
    : countParts(recurrence.of, from, to)
}

/** Most expressions of which all subsets are counted. */
const MAX_TOGETHER = 6

/** Cron expressions as one wall: what several have in common is counted once (inclusion and exclusion). */
const together = (crons: ReadonlyArray<CronWall.Cron>): Wall => {
  const walls = crons.map(CronWall.of)
  const earliest = (times: ReadonlyArray<number | null>): number | null =>
    times.reduce((best, at) => (at === null || (best !== null && best <= at) ? best : at), null)
  return {
    next: (after) => earliest(walls.map((wall) => wall.next(after))),
    count: (from, to) => {
      let total = 0
      for (let chosen = 1; chosen < 1 << crons.length; chosen++) {
        const subset = crons.filter((_, index) => (chosen >> index) % 2 === 1)
        total += (subset.length % 2 === 1 ? 1 : -1) * CronWall.countCommon(subset, from, to)
      }
      return total
    }
  }
}

/** All parts are counted whole, all but the densest less what denser ones have. */
const countParts = (all: ReadonlyArray<SingleRecurrence>, from: number, to: number): number => {
  const parts = all.map((part) => ({ part, own: countSingle(part, from, to) })).sort((a, b) => b.own - a.own)
  let total = 0
  for (const [index, { own, part }] of parts.entries()) {
    total += own
    const denser = parts.slice(0, index)
    if (denser.length === 0) continue
    for (let at = nextSingle(part, from); at !== null && at <= to; at = nextSingle(part, at)) {
      const same = at
      if (denser.some((other) => nextSingle(other.part, same - 1) === same)) total -= 1
    }
  }
  return total
}

/** The last instant in `(from, to]`, of which `first` is known to be one. */
const last = (recurrence: Recurrence, first: number, to: number): number => {
  let low = first
  let high = to
  // Looks ahead from ever closer to the end: `low` is an instant, and nothing comes after `high`.
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    const at = next(recurrence, middle)
    if (at !== null && at <= to) low = at
    else high = middle
  }
  return low
}

/** What lies in `(from, to]`: how many instants, the first and the last; null when nothing does. */
export const range = (
  recurrence: Recurrence,
  from: number,
  to: number
): { readonly count: number; readonly first: number; readonly last: number } | null => {
  const first = next(recurrence, from)
  if (first === null || first > to) return null
  return { count: count(recurrence, from, to), first, last: last(recurrence, first, to) }
}

/** One coming run: the instant, the wall clock of the zone with its offset, and a note where the clocks change. */
export interface Run {
  readonly at: Instant
  readonly local: string
  readonly note?: string
}

/** A run as it is shown. */
export const shown = (recurrence: Recurrence, zone: string, at: number): Run => {
  const note = noteOn(recurrence, zone, at)
  return { at: fromMillis(at), local: Zone.localText(zone, at), ...(note === undefined ? {} : { note }) }
}

/** Coming runs after an instant. */
export const upcoming = (recurrence: Recurrence, after: number, count: number, zone: string): ReadonlyArray<Run> => {
  const all: Array<Run> = []
  for (let at = next(recurrence, after); at !== null && all.length < count; at = next(recurrence, at)) {
    all.push(shown(recurrence, zone, at))
  }
  return all
}

/** What the clocks do to a run, in words. */
const noteOn = (recurrence: Recurrence, zone: string, at: number): string | undefined => {
  if (partsOf(recurrence).every((part) => part.kind === "interval")) return undefined
  const change = Zone.lastTransition(zone, at)
  if (change !== null && change.after > change.before && at < change.at + (change.after - change.before)) {
    return `the clocks go forward at ${Zone.localText(zone, change.at)}`
  }
  const instants = Zone.instantsOf(zone, Zone.toLocal(zone, at))
  if (instants.length < 2) return undefined
  return `this time of day happens twice; this is the ${at === instants[0] ? "first" : "last"} time`
}

/** Changes of clocks in `(from, to]` at which times of the recurrence do not exist and, by its policy, do not run. */
export const lost = (recurrence: Recurrence, from: number, to: number): ReadonlyArray<Zone.Transition> =>
  partsOf(recurrence).flatMap((part) =>
    onTheClock(part) && !followsRealTime(part) ? Zoned.lost(wallOf(part), part, from, to) : []
  )

/** What follows real time loses nothing in a gap: every real instant has its run. */
export const followsRealTime = (part: OnTheClock): boolean =>
  part.kind === "cron" ? Cron.followsRealTime(part.expression) : Rule.followsRealTime(part.rrule)
