/** Missed occurrences that are run late at a pace, and at most so many of them; with outages in which some are missed. */
import type { Fault } from "../Fault.ts"
import type { TaskWish } from "../Wish.ts"
import type { Dice } from "../world/Dice.ts"
import type { Feature } from "./Features.ts"

const rate = (dice: Dice) => ({ count: dice.between(1, 3), perMs: dice.pick([2000, 5000, 20_000]) })

const paced = (dice: Dice) => ({
  catchUp: "all" as const,
  catchUpWindowMs: dice.pick([20_000, 60_000, 120_000]),
  ...(dice.chance(0.8) ? { catchUpRate: rate(dice) } : {}),
  ...(dice.chance(0.5) ? { catchUpMax: dice.between(1, 8) } : {})
})

export const pace: Feature = (plan, dice) => {
  const { durationMs } = plan.options
  const changes: Array<TaskWish> = []
  const wishes = plan.wishes.map((wish) => {
    if (wish.verb !== "schedule" || !dice.chance(0.7)) return wish
    if (dice.chance(0.2)) {
      const change = dice.pick([
        { catchUpMax: 2 },
        { catchUpRate: null },
        { catchUpRate: rate(dice) },
        { catchUp: "latest" }
      ])
      changes.push({ at: dice.between(wish.at, durationMs), task: wish.task, verb: "update", changes: change })
    }
    return { ...wish, request: { ...wish.request, ...paced(dice) } }
  })
  // In a world where nothing goes wrong nothing is missed.
  const outages =
    plan.faults.length === 0
      ? []
      : Array.from({ length: dice.between(1, 2) }, (): Fault => {
          const at = dice.between(10_000, durationMs * 0.8)
          const forMs = Math.min(dice.between(8000, 25_000), durationMs - at)
          return { at, kind: "outage", target: "", forMs, amount: 0 }
        })
  const faults = [...plan.faults, ...outages].toSorted((a, b) => a.at - b.at)
  return { ...plan, faults, wishes: [...wishes, ...changes] }
}
