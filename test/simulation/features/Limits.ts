/** Queues with limits, for all of it and for each key, which change; queues that are paused; tasks that are urgent. */
import type { SharedWish, TaskWish } from "../Wish.ts"
import type { Dice } from "../world/Dice.ts"
import type { Feature } from "./Features.ts"

/** The queue of the task type, and one that tasks name. */
const QUEUES = ["sim", "lane"] as const

const placed = (dice: Dice) => ({
  ...(dice.chance(0.4) ? { queue: "lane" } : {}),
  ...(dice.chance(0.5) ? { key: dice.pick(["k1", "k2"]) } : {}),
  ...(dice.chance(0.5) ? { priority: dice.pick([-30, 5, 20, 60, 3600]) } : {})
})

type Limits = Extract<SharedWish, { readonly verb: "setQueue" }>["limits"]

const rate = (dice: Dice) => ({ count: dice.between(1, 5), perMs: dice.pick([2000, 10_000, 30_000]) })

/** `none`: what may be taken away as well. */
const limitsOf = (dice: Dice, none: boolean): Limits => {
  const drawn: Limits = {
    ...(dice.chance(0.5) ? { concurrency: none && dice.chance(0.3) ? null : dice.between(1, 3) } : {}),
    ...(dice.chance(0.35) ? { rate: none && dice.chance(0.3) ? null : rate(dice) } : {}),
    ...(dice.chance(0.3) ? { keyConcurrency: dice.between(1, 2) } : {}),
    ...(dice.chance(0.2) ? { keyRate: none && dice.chance(0.3) ? null : rate(dice) } : {})
  }
  return Object.keys(drawn).length === 0 ? { concurrency: 1 } : drawn
}

export const limits: Feature = (plan, dice) => {
  const { durationMs } = plan.options
  const wishes = plan.wishes.map((wish) =>
    wish.verb === "schedule" ? { ...wish, request: { ...wish.request, ...placed(dice) } } : wish
  )
  const shared: Array<SharedWish> = []
  for (const queue of QUEUES) {
    if (dice.chance(0.75)) {
      shared.push({ at: dice.between(0, 5000), verb: "setQueue", queue, limits: limitsOf(dice, false) })
    }
  }
  for (let left = dice.between(0, 3); left > 0; left--) {
    const [at, queue] = [dice.between(durationMs / 10, durationMs), dice.pick(QUEUES)]
    if (dice.chance(0.5)) shared.push({ at, verb: "setQueue", queue, limits: limitsOf(dice, true) })
    else {
      shared.push({ at, verb: "pauseQueue", queue })
      if (dice.chance(0.7)) shared.push({ at: at + dice.between(0, 20_000), verb: "resumeQueue", queue })
    }
  }
  const urgent: Array<TaskWish> = []
  for (const wish of plan.wishes) {
    if (wish.verb !== "schedule" || !dice.chance(0.15)) continue
    const changes = { priority: dice.pick([-60, 0, 10, 120]) }
    urgent.push({ at: dice.between(wish.at, durationMs), task: wish.task, verb: "update", changes })
  }
  return { ...plan, wishes: [...wishes, ...shared, ...urgent] }
}
