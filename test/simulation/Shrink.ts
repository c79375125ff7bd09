/**
 * Makes a plan smaller for as long as it still breaks the same promise: first fewer faults and wishes, then shorter and
 * later ones. The plan is made smaller, never the seed: what is left falls as it fell before.
 */
import { check } from "./checks/Checks.ts"
import type { Invariant } from "./checks/Violation.ts"
import type { Fault } from "./Fault.ts"
import type { Plan } from "./Plan.ts"
import type { Wish } from "./Wish.ts"
import { simulate } from "./Simulation.ts"
import type { Weakness } from "./World.ts"

export interface Shrunk {
  readonly plan: Plan
  readonly tries: number
}

/** Most runs spent on it. */
const MOST_TRIES = 300

export const shrink = (plan: Plan, invariant: Invariant, weakness: Weakness = {}, mostTries = MOST_TRIES): Shrunk => {
  let smallest = plan
  let tries = 0
  const fails = (smaller: Plan): boolean => {
    if (tries >= mostTries) return false
    tries += 1
    if (!check(simulate(smaller, weakness)).some((one) => one.invariant === invariant)) return false
    smallest = smaller
    return true
  }

  /** Leaves out halves, quarters … single ones. */
  const fewer = <A>(all: (plan: Plan) => ReadonlyArray<A>, withOnly: (plan: Plan, kept: ReadonlyArray<A>) => Plan) => {
    for (let size = Math.ceil(all(smallest).length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < all(smallest).length;) {
        const kept = all(smallest).toSpliced(at, size)
        if (!fails(withOnly(smallest, kept))) at += size
      }
    }
  }
  const faults = () =>
    fewer<Fault>(
      (one) => one.faults,
      (one, kept) => ({ ...one, faults: kept })
    )
  const wishes = () =>
    fewer<Wish>(
      (one) => one.wishes,
      (one, kept) => ({ ...one, wishes: kept })
    )
  const change = (options: Partial<Plan["options"]>) =>
    fails({ ...smallest, options: { ...smallest.options, ...options } })

  faults()
  wishes()
  faults()
  for (const [index, { forMs }] of smallest.faults.entries()) {
    for (const share of [0.1, 0.3, 0.6]) {
      const faults = smallest.faults.with(index, {
        ...(smallest.faults[index] as Fault),
        forMs: Math.round(forMs * share)
      })
      if (fails({ ...smallest, faults })) break
    }
  }
  const end = Math.max(0, ...smallest.faults.map(({ at, forMs }) => at + forMs), ...smallest.wishes.map(({ at }) => at))
  for (const durationMs of [end + 1000, end + 20_000])
    if (durationMs < plan.options.durationMs && change({ durationMs })) break
  if (Object.keys(smallest.options.skews).length > 0) change({ skews: {} })
  for (const workers of [1, 2]) if (workers < smallest.options.workers && change({ workers })) break
  for (const nodes of [1, 2]) if (nodes < smallest.options.nodes && change({ nodes })) break
  if (smallest.options.partitions > 1) change({ partitions: 1 })
  return { plan: smallest, tries }
}
