/**
 * The instants of a recurrence. Pure functions of the recurrence and an instant; `next` is strictly after and never
 * repeats an instant, so the occurrences of a task follow from the last one and not from a clock.
 */
import { type Instant, fromMillis, toMillis } from "./Instant.ts"
import * as Cron from "./Cron.ts"
import type { Recurrence, SingleRecurrence } from "./Recurrence.ts"
import * as Zone from "./Zone.ts"

/** Compiled expressions kept; the oldest goes when there are more. */
const KEPT = 5000
const compiled = new Map<string, Cron.Cron>()

const cronOf = (expression: string): Cron.Cron => {
  const known = compiled.get(expression)
  if (known !== undefined) return known
  const cron = Cron.compile(expression)
  const [oldest] = compiled.keys()
  if (compiled.size >= KEPT && oldest !== undefined) compiled.delete(oldest)
  compiled.set(expression, cron)
  return cron
}

type CronRecurrence = Extract<Recurrence, { readonly kind: "cron" }>

/** What the first instants after a change of the clocks are, for wall-clock times that the change leaves out. */
const inGap = (cron: Cron.Cron, { gap }: CronRecurrence, change: Zone.Transition, after: number): number | null => {
  if (gap === "skip" || change.after <= change.before) return null
  const from = change.at + change.before
  const to = change.at + change.after
  const first = Cron.nextLocal(cron, from - 1)
  if (first === null || first >= to) return null
  if (gap === "nextValid") return change.at > after ? change.at : null
  // Shifted: as much later as the gap is long.
  const shifted = Cron.nextLocal(cron, Math.max(from - 1, after + change.before))
  return shifted === null || shifted >= to ? null : shifted - change.before
}

/** Local times of a stretch of constant offset that do not count: the pass of a repeated hour that is not wanted. */
const excluded = (
  recurrence: CronRecurrence,
  local: number,
  begins: Zone.Transition | null,
  ends: Zone.Transition | null
): boolean => {
  if (recurrence.overlap === "first" && begins !== null && begins.after < begins.before) {
    return local < begins.at + begins.before
  }
  if (recurrence.overlap === "last" && ends !== null && ends.after < ends.before) {
    return local >= ends.at + ends.after
  }
  return false
}

/** Stretches of constant offset that are looked at: no zone changes its clocks more often in the years of the horizon. */
const MAX_STRETCHES = 400

/** Years within which an occurrence must lie. */
const HORIZON_YEARS = 48

const nextCron = (recurrence: CronRecurrence, after: number): number | null => {
  const cron = cronOf(recurrence.expression)
  const zone = recurrence.timezone
  let begins = Zone.lastTransition(zone, after)
  let from = after
  for (let stretch = 0; stretch < MAX_STRETCHES; stretch++) {
    const ends = Zone.nextTransition(zone, from, 1)
    const offset = begins?.after ?? Zone.offsetAt(zone, from)
    const gapped = begins === null ? null : inGap(cron, recurrence, begins, after)
    const until = ends === null ? Infinity : ends.at
    let found: number | null = null
    for (
      let local = Cron.nextLocal(cron, Math.max(after, (begins?.at ?? -Infinity) - 1) + offset);
      local !== null && local - offset < until;
      local = Cron.nextLocal(cron, local)
    ) {
      if (excluded(recurrence, local, begins, ends)) continue
      found = local - offset
      break
    }
    const best = found === null ? gapped : gapped === null ? found : Math.min(found, gapped)
    if (best !== null) return best
    if (ends === null) {
      // A zone without changes near by: what was not found so far comes later, or never.
      const later = Cron.nextLocal(cron, from + offset)
      if (later === null || later > from + HORIZON_YEARS * 366 * 86_400_000) return null
      from = Math.max(from + 1, later - offset - 86_400_000)
      begins = Zone.lastTransition(zone, from)
      continue
    }
    begins = ends
    from = ends.at
  }
  return null
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
      return nextCron(recurrence, after)
    case "rule":
      throw new Error(`recurrence rules are not carried out by this version: ${recurrence.rrule}`)
  }
}

/** The first instant strictly after this one, milliseconds; null when there is none. */
export const next = (recurrence: Recurrence, after: number): number | null => {
  if (recurrence.kind !== "union") return nextSingle(recurrence, after)
  let first: number | null = null
  for (const part of recurrence.of) {
    const at = nextSingle(part, after)
    if (at !== null && (first === null || at < first)) first = at
  }
  return first
}

/** What lies in `(from, to]`: how many instants, the first and the last; null when nothing does. */
export const range = (
  recurrence: Recurrence,
  from: number,
  to: number
): { readonly count: number; readonly first: number; readonly last: number } | null => {
  const first = next(recurrence, from)
  if (first === null || first > to) return null
  if (recurrence.kind === "interval") {
    const count = Math.floor((to - first) / recurrence.everyMs) + 1
    return { count, first, last: first + (count - 1) * recurrence.everyMs }
  }
  let count = 0
  let last = first
  for (let at: number | null = first; at !== null && at <= to; at = next(recurrence, at)) {
    count += 1
    last = at
  }
  return { count, first, last }
}

const parts = (recurrence: Recurrence): ReadonlyArray<SingleRecurrence> =>
  recurrence.kind === "union" ? recurrence.of : [recurrence]

/** What the clocks do to a run, in words. */
const noteOn = (recurrence: Recurrence, zone: string, at: number): string | undefined => {
  const followsClock = parts(recurrence).some((part) => part.kind === "cron" || part.kind === "once")
  if (!followsClock) return undefined
  const change = Zone.lastTransition(zone, at)
  const local = Zone.toLocal(zone, at)
  if (change !== null && change.after > change.before && at < change.at + (change.after - change.before)) {
    return `the clocks go forward at ${Zone.localText(zone, change.at)}`
  }
  return Zone.instantsOf(zone, local).length > 1
    ? `this time of day happens twice; this is the ${at === Zone.instantsOf(zone, local)[0] ? "first" : "last"} time`
    : undefined
}

/** Coming runs after an instant: the instant, the wall clock of the zone with its offset, and a note where the clocks change. */
export const upcoming = (
  recurrence: Recurrence,
  after: number,
  count: number,
  zone: string
): ReadonlyArray<{ readonly at: Instant; readonly local: string; readonly note?: string }> => {
  const all: Array<{ readonly at: Instant; readonly local: string; readonly note?: string }> = []
  for (let at = next(recurrence, after); at !== null && all.length < count; at = next(recurrence, at)) {
    const note = noteOn(recurrence, zone, at)
    all.push({ at: fromMillis(at), local: Zone.localText(zone, at), ...(note === undefined ? {} : { note }) })
  }
  return all
}
