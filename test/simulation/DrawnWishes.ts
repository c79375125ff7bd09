/** What clients wish for under a seed. */
import type { ScheduleRequest } from "../../src/actors/door/TaskRequest.ts"
import type { WorldOptions } from "./Plan.ts"
import type { TaskWish, Verb } from "./Wish.ts"
import type { Dice } from "./world/Dice.ts"

type Requested = Extract<TaskWish, { readonly verb: "schedule" }>["request"]

const SECONDS = [1, 2, 3, 5, 7, 10, 15, 20, 30, 45]
const words = (dice: Dice): string =>
  dice.chance(0.75)
    ? `every ${dice.pick(SECONDS)} seconds`
    : dice.pick(["*/5 * * * * *", "*/10 * * * * *", "*/15 * * * * *", "*/20 * * * * *", "0 * * * * *"])

const steps = (dice: Dice) => {
  const args = { steps: ["a", "b", "c"].map((name) => ({ name, type: "sim", args: {} })) }
  const [a, b, c] = args.steps
  if (dice.chance(0.5) || a === undefined || b === undefined || c === undefined) return args
  return { steps: [a, { ...b, dependsOn: ["a"] }, { ...c, dependsOn: ["a"], onFailure: "continue" }] }
}

const schedule = (dice: Dice, start: number, at: number): Requested => {
  const once = dice.chance(0.2)
  const sequence = dice.chance(0.15)
  const maybe = (share: number, fields: () => Partial<ScheduleRequest>) => (dice.chance(share) ? fields() : {})
  const instant = (from: number, to: number) => new Date(start + at + 1000 * dice.between(from, to)).toISOString()
  return {
    taskType: sequence ? "sequence" : "sim",
    ...(sequence ? { taskArgs: steps(dice) } : {}),
    schedule: once ? instant(5, 120) : sequence ? `every ${dice.pick([10, 20, 40])} seconds` : words(dice),
    overlap: dice.pick(["skip", "skip", "bufferOne", "bufferAll", "cancelOther", "terminateOther", "allowAll"]),
    catchUp: dice.pick(["none", "latest", "earliest", "all"]),
    ...maybe(0.5, () => ({ catchUpWindowMs: dice.pick([10_000, 30_000, 60_000]) })),
    maxRetries: dice.between(0, 3),
    backoffMs: dice.pick([100, 500, 1000]),
    ...(() => {
      const timeoutMs = dice.pick([2000, 5000, 15_000])
      return { timeoutMs, hardTimeoutMs: 2 * timeoutMs }
    })(),
    ...(once ? {} : maybe(0.1, () => ({ maxRuns: dice.between(1, 10) }))),
    ...(once ? {} : maybe(0.1, () => ({ startAt: instant(5, 30) }))),
    ...(once ? {} : maybe(0.1, () => ({ endAt: instant(40, 200) }))),
    ...maybe(0.1, () => ({ spreadMs: dice.pick([500, 3000]) })),
    ...maybe(0.12, () => ({ expiresMs: dice.pick([3000, 10_000]) })),
    ...maybe(0.12, () => ({ pauseAfterFailures: dice.between(1, 3) }))
  }
}

const wish = (dice: Dice, at: number, task: number): TaskWish => {
  const verb = dice.pick<Verb>([
    "cancel",
    "pause",
    "pause",
    "resume",
    "resume",
    "run",
    "skip",
    "backfill",
    "reschedule",
    "update",
    "cancelExecution",
    "cancelExecution",
    "cancelWaiting",
    "retry",
    "retry",
    "undo",
    "revert",
    "restore"
  ])
  switch (verb) {
    case "pause":
      return { at, task, verb, forMs: dice.chance(0.5) ? null : dice.between(1, 40) * 1000 }
    case "skip":
      return { at, task, verb, ahead: dice.between(0, 3) }
    case "backfill":
      return { at, task, verb, backMs: dice.between(10, 60) * 1000, atOnce: dice.chance(0.3) }
    case "reschedule":
      return { at, task, verb, schedule: words(dice) }
    case "update": {
      const changes = dice.pick<Readonly<Record<string, unknown>>>([
        { maxRetries: 1 },
        { overlap: "bufferAll" },
        { overlap: "skip" },
        { catchUp: "all" },
        { catchUp: "none" }
      ])
      return { at, task, verb, changes }
    }
    case "cancelExecution":
      return { at, task, verb, which: dice.next() }
    case "retry":
      return { at, task, verb, fromStart: dice.chance(0.3) }
    case "revert":
      return { at, task, verb, toRevision: dice.between(1, 4) }
    case "schedule":
      throw new Error("tasks are scheduled first")
    default:
      return { at, task, verb }
  }
}

/** Some tasks, and what is asked of them afterwards. */
export const wishesOf = (dice: Dice, { durationMs, start }: WorldOptions): ReadonlyArray<TaskWish> => {
  const wishes: Array<TaskWish> = []
  const tasks = dice.between(1, 6)
  for (let task = 0; task < tasks; task++) {
    const at = dice.between(0, durationMs / 4)
    wishes.push({ at, task, verb: "schedule", request: schedule(dice, Date.parse(start), at) })
  }
  if (dice.chance(0.75)) {
    for (let left = dice.between(1, 4 * tasks); left > 0; left--) {
      wishes.push(wish(dice, dice.between(durationMs / 20, durationMs), dice.between(0, tasks - 1)))
    }
  }
  return wishes
}
