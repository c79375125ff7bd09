/** What goes wrong under a seed. */
import { type Fault, type FaultKind, FAULTS } from "./Fault.ts"
import type { WorldOptions } from "./Plan.ts"
import type { Dice } from "./world/Dice.ts"

/** One fault of a kind. */
const fault = (dice: Dice, kind: FaultKind, at: number, nodes: number, workers: number): Fault => {
  const node = `n${dice.between(0, nodes - 1)}`
  const worker = `w${dice.between(0, workers - 1)}`
  const any = dice.pick([node, node, worker, worker, "reader", "client"])
  const seconds = (from: number, to: number) => Math.round(1000 * (from + dice.next() * (to - from)))
  const made = (target: string, forMs: number, amount = 0): Fault => ({ at, kind, target, forMs, amount })
  switch (kind) {
    case "crash":
      return made(dice.pick([node, node, worker, worker, worker, "reader"]), seconds(0.2, 15))
    case "restart":
      return made(dice.pick([node, worker]), seconds(0.2, 5))
    case "pause":
    case "suspend":
      return made(
        dice.pick([node, node, worker, worker, "reader"]),
        dice.chance(0.2) ? seconds(20, 90) : seconds(0.5, 15)
      )
    case "cutOut":
    case "cutIn":
      return made(any, dice.chance(0.2) ? seconds(15, 60) : seconds(0.5, 10))
    case "outage":
      return made("", seconds(0.5, 12), dice.chance(0.6) ? dice.between(1, 60) : 0)
    case "full":
      return made("", seconds(1, 12))
    case "loss":
      return made(any, seconds(5, 60), 0.02 + dice.next() * 0.28)
    case "twice":
    case "late":
      return made(any, seconds(10, 90), 0.05 + dice.next() * 0.3)
    case "slow":
      return made(dice.chance(0.3) ? "" : any, seconds(5, 40), dice.pick([50, 400, 3000, 8000]))
    case "torn":
      return made("", seconds(10, 60), 0.1 + dice.next() * 0.3)
    case "step":
      return made(node, seconds(5, 60), dice.pick([-6000, -2000, -500, 500, 2000, 6000]))
    case "stray":
      return made("", seconds(10, 60), 0.1 + dice.next() * 0.5)
    case "wake":
      return made(node, seconds(5, 60), dice.between(50, 2000))
    case "again":
      return made("", seconds(20, 120), 0.2 + dice.next() * 0.5)
  }
}

/** Share of seeds in which nothing goes wrong. */
const CALM = 0.15

/** Each kind of fault is in a third of the plans, so that each is also tried without the others. */
export const faultsOf = (dice: Dice, { durationMs, nodes, workers }: WorldOptions): ReadonlyArray<Fault> => {
  if (dice.chance(CALM)) return []
  return FAULTS.flatMap((kind) => {
    const own = dice.of(kind)
    if (!own.chance(kind === "crash" ? 0.6 : 0.35)) return []
    return Array.from({ length: own.between(1, kind === "crash" ? 8 : 4) }, () => {
      const made = fault(own, kind, own.between(1000, durationMs * 0.9), nodes, workers)
      return { ...made, forMs: Math.min(made.forMs, durationMs - made.at) }
    })
  })
}
