/** Tasks that the ends of others start; they are paused, cancelled and brought back as well. */
import { taskIdOf, type TaskWish } from "../Wish.ts"
import type { Dice } from "../world/Dice.ts"
import type { Feature } from "./Features.ts"

const words = (dice: Dice, tasks: number): string => {
  const names = [...new Set([dice.between(0, tasks - 1), dice.between(0, tasks - 1)])].map(taskIdOf)
  return `after ${names.join(" or ")}${dice.pick(["", " fails", " ends", " ends"])}`
}

export const after: Feature = (plan, dice) => {
  const { durationMs } = plan.options
  const tasks = plan.wishes.filter(({ verb }) => verb === "schedule").length
  const more: Array<TaskWish> = []
  for (let task = tasks; task < tasks + dice.between(1, 2); task++) {
    const begin = dice.between(0, durationMs / 4)
    const request = {
      taskType: "sim",
      schedule: words(dice, task),
      overlap: dice.pick(["bufferAll", "bufferAll", "allowAll", "skip", "bufferOne"] as const),
      maxRetries: dice.between(0, 2),
      backoffMs: 500,
      timeoutMs: 2000,
      hardTimeoutMs: 4000
    }
    more.push({ at: begin, task, verb: "schedule", request })
    for (let left = dice.between(0, 3); left > 0; left--) {
      const at = dice.between(begin, durationMs)
      const verb = dice.pick(["pause", "resume", "resume", "cancel", "restore"] as const)
      more.push(verb === "pause" ? { at, task, verb, forMs: dice.between(1, 30) * 1000 } : { at, task, verb })
    }
  }
  return { ...plan, wishes: [...plan.wishes, ...more] }
}
