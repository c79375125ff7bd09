/**
 * Which of the instants that have come are run and which are skipped: each gets exactly one decision, in order of time.
 *
 * An instant decided within `ON_TIME_MS` is on time and is run. Older ones were missed (nobody was there): the task's
 * catch-up policy says which of them run late. A one-time task always runs, late rather than never.
 */
import type { CatchUp } from "../../events/TaskDefinition.ts"
import type { Series } from "../../recurrence/Series.ts"

/** Being later than this makes an occurrence a missed one; milliseconds. */
export const ON_TIME_MS = 5000

/** Decisions made for one task at a time; what is left is decided at once afterwards. */
export const MAX_DECISIONS = 100

/** Instants of a task, as milliseconds. */
export type Instants = Pick<Series, "next" | "range">

/** `late`: it was missed, and is run all the same. `lost`: no occurrence, but what a change of the clocks has taken away. */
export type Verdict =
  | { readonly _tag: "run"; readonly at: number; readonly late?: true }
  | {
      readonly _tag: "skip"
      readonly first: number
      readonly last: number
      readonly count: number
      readonly lost?: true
    }

export interface Policy {
  readonly oneTime: boolean
  readonly catchUp: CatchUp
  readonly catchUpWindowMs: number
  /** How many of the missed instants `all` runs, the newest; default: each. */
  readonly catchUpMax?: number | undefined
}

/** Verdicts for the instants from `nextAt` (not decided yet) to `now`, oldest first; at most `MAX_DECISIONS` runs. */
export const verdicts = (grid: Instants, nextAt: number, now: number, policy: Policy): ReadonlyArray<Verdict> => {
  if (policy.oneTime) return [{ _tag: "run", at: nextAt }]
  const instants = withPromised(grid, nextAt)
  const onTimeFrom = now - ON_TIME_MS
  if (nextAt >= onTimeFrom) return runs(instants, nextAt, now)
  const onTime = instants.range(onTimeFrom - 1, now)
  const missed: Span = { from: nextAt - 1, to: onTimeFrom - 1 }
  const eligibleFrom = Math.max(missed.from, now - policy.catchUpWindowMs - 1)
  const eligible = instants.range(eligibleFrom, missed.to)
  const late = eligible === null ? [] : chosen(instants, policy, eligible, onTime !== null)
  const decided: Array<Verdict> = []
  let from = missed.from
  for (const at of late) {
    decided.push(...skipped(instants, { from, to: at - 1 }), { _tag: "run", at, late: true })
    from = at
  }
  if (late.length >= MAX_DECISIONS) return decided
  decided.push(...skipped(instants, { from, to: missed.to }))
  if (onTime !== null) decided.push(...runs(instants, onTime.first, now))
  return decided
}

/** With `nextAt`, which the log has promised, also where newer rules of its zone know no such instant. */
const withPromised = (grid: Instants, nextAt: number): Instants => ({
  next: grid.next,
  range: (from, to) => {
    const found = grid.range(from, to)
    if (from >= nextAt || nextAt > to || found?.first === nextAt) return found
    return { first: nextAt, last: found?.last ?? nextAt, count: (found?.count ?? 0) + 1 }
  }
})

/** The same verdicts with one for each lost instant among them: a stretch that is skipped ends before it, and goes on after it. */
export const withLost = (
  verdicts: ReadonlyArray<Verdict>,
  lost: ReadonlyArray<number>,
  grid: Instants,
  nextAt: number
): ReadonlyArray<Verdict> => {
  if (lost.length === 0) return verdicts
  const instants = withPromised(grid, nextAt)
  let left = lost
  return verdicts.flatMap((verdict): ReadonlyArray<Verdict> => {
    const last = verdict._tag === "run" ? verdict.at : verdict.last
    const passed = left.filter((at) => at < last)
    left = left.slice(passed.length)
    if (verdict._tag === "run") return [...passed.map(lostAt), verdict]
    let from = verdict.first - 1
    const pieces = passed.flatMap((at) => {
      const before = skipped(instants, { from, to: at })
      from = at
      return [...before, lostAt(at)]
    })
    return [...pieces, ...skipped(instants, { from, to: last })]
  })
}

const lostAt = (at: number): Verdict => ({ _tag: "skip", first: at, last: at, count: 1, lost: true })

interface Span {
  readonly from: number
  readonly to: number
}

/** The missed instants that are run late, oldest first. */
const chosen = (
  instants: Instants,
  { catchUp, catchUpMax = Infinity }: Policy,
  eligible: { readonly count: number; readonly first: number; readonly last: number },
  newerOnTime: boolean
): ReadonlyArray<number> => {
  switch (catchUp) {
    case "none":
      return []
    case "latest":
      // A newer one that is on time takes the place of all that were missed.
      return newerOnTime ? [] : [eligible.last]
    case "earliest":
      return [eligible.first]
    case "all": {
      const all: Array<number> = []
      if (catchUpMax < 1) return all
      for (
        let at: number | null = newestFrom(instants, eligible, catchUpMax);
        at !== null && at <= eligible.last;
        at = instants.next(at)
      ) {
        all.push(at)
        if (all.length >= MAX_DECISIONS) break
      }
      return all
    }
  }
}

/** The first of the newest `most` instants: found by halving, for there may be very many. */
const newestFrom = (
  instants: Instants,
  { count, first, last }: { readonly count: number; readonly first: number; readonly last: number },
  most: number
): number => {
  if (count <= most) return first
  let [from, to] = [first, last]
  let begin = last
  while (from <= to) {
    const middle = Math.floor((from + to) / 2)
    const range = instants.range(middle - 1, last)
    if (range !== null && range.count <= most) {
      begin = range.first
      to = middle - 1
    } else from = middle + 1
  }
  return begin
}

const skipped = (instants: Instants, span: Span): ReadonlyArray<Verdict> => {
  if (span.to <= span.from) return []
  const range = instants.range(span.from, span.to)
  return range === null ? [] : [{ _tag: "skip", ...range }]
}

const runs = (instants: Instants, first: number, now: number): ReadonlyArray<Verdict> => {
  const decided: Array<Verdict> = []
  for (let at: number | null = first; at !== null && at <= now; at = instants.next(at)) {
    decided.push({ _tag: "run", at })
    if (decided.length >= MAX_DECISIONS) break
  }
  return decided
}
