/** Programs that change the same task at the same time, each only as it has seen it. */
import type { TaskWish } from "../Wish.ts"
import type { Feature } from "./Features.ts"

export const edits: Feature = (plan, dice) => {
  const tasks = plan.wishes.filter(({ verb }) => verb === "schedule").length
  const more = Array.from({ length: dice.between(1, 3) }).flatMap(() => {
    const [task, begin] = [dice.between(0, tasks - 1), dice.between(5000, plan.options.durationMs)]
    return Array.from({ length: dice.between(2, 4) }, (): TaskWish => {
      const at = begin + dice.pick([0, 1, 5, 200, 3000])
      return { at, task, verb: "update", changes: { backoffMs: dice.between(100, 2000) }, asSeen: true }
    })
  })
  return { ...plan, wishes: [...plan.wishes, ...more] }
}
