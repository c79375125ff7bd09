/**
 * What a seed stands for, as data: the world, what its clients ask for, and the faults, each at an instant. A run follows
 * from its plan alone, so that a plan can be made smaller, printed, and kept as a test.
 */
import type { ScheduleRequest } from "../../src/actors/door/TaskRequest.ts"
import { Dice } from "./world/Dice.ts"

export interface WorldOptions {
  /** True time at the beginning. */
  readonly start: string
  /** How long clients and faults go on, milliseconds. */
  readonly durationMs: number
  readonly nodes: number
  /** All nodes own everything all the time, in place of one after another. */
  readonly everybodyOwns: boolean
  readonly workers: number
  readonly concurrency: number
  readonly partitions: number
  readonly leaseMs: number
  readonly startedGraceMs: number
  readonly maxTurn: number
  readonly maxLost: number
  readonly requestTimeoutMs: number
  readonly maxCommitBytes: number
  /** Operations of a fibre before others go on. */
  readonly patience: number
  /** Whether the turns of a process keep their order. */
  readonly inOrder: boolean
  /** Milliseconds that messages take at least and at most. */
  readonly takes: readonly [number, number]
  /** How far clocks are ahead of true time, by process; milliseconds. */
  readonly skews: Readonly<Record<string, number>>
}

/** What a client wishes for, `at` milliseconds after the beginning. */
export type Wish = { readonly at: number; readonly task: number } & (
  | { readonly verb: "schedule"; readonly request: Omit<ScheduleRequest, "taskId" | "commandId"> }
  | { readonly verb: "cancel" | "resume" | "run" | "cancelWaiting" | "undo" | "restore" }
  /** One that is open, as the draw falls. */
  | { readonly verb: "cancelExecution"; readonly which: number }
  /** The newest that has failed. */
  | { readonly verb: "retry"; readonly fromStart: boolean }
  | { readonly verb: "revert"; readonly toRevision: number }
  | { readonly verb: "pause"; readonly forMs: number | null }
  /** The instant so many after the next one. */
  | { readonly verb: "skip"; readonly ahead: number }
  | { readonly verb: "backfill"; readonly backMs: number; readonly atOnce: boolean }
  | { readonly verb: "reschedule"; readonly schedule: string }
  | { readonly verb: "update"; readonly changes: Readonly<Record<string, unknown>> }
)
export type Verb = Wish["verb"]

export const FAULTS = [
  "crash",
  "restart",
  "pause",
  "suspend",
  "cutOut",
  "cutIn",
  "outage",
  "full",
  "loss",
  "twice",
  "late",
  "slow",
  "torn",
  "step",
  "stray",
  "again"
] as const
export type FaultKind = (typeof FAULTS)[number]

export interface Fault {
  readonly at: number
  readonly kind: FaultKind
  /** Process; empty for all. */
  readonly target: string
  readonly forMs: number
  /** Share, milliseconds or number, as the kind has it. */
  readonly amount: number
}

/** What the tasks of a plan are called. */
export const taskIdOf = (task: number): string => `task-${task}`
/** The other way round. */
export const taskOf = (taskId: string): number => Number(taskId.slice("task-".length))

export interface Plan {
  readonly seed: number
  readonly options: WorldOptions
  readonly wishes: ReadonlyArray<Wish>
  readonly faults: ReadonlyArray<Fault>
}

const STARTS = [
  "2026-03-02T09:00:00.000Z",
  "2028-02-28T23:58:00.000Z",
  "2026-12-31T23:57:30.000Z",
  "2026-03-29T00:58:00.000Z",
  "2038-01-19T03:12:00.000Z"
]

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

const schedule = (dice: Dice, start: number, at: number): Extract<Wish, { readonly verb: "schedule" }>["request"] => {
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

const wish = (dice: Dice, at: number, task: number): Wish => {
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
    case "again":
      return made("", seconds(20, 120), 0.2 + dice.next() * 0.5)
  }
}

/** Share of seeds in which nothing goes wrong. */
const CALM = 0.15

export const planOf = (seed: number): Plan => {
  const dice = new Dice(`seed ${seed}`)
  const world = dice.of("world")
  const durationMs = world.pick([40, 60, 90, 120, 240]) * 1000
  const nodes = world.between(1, 3)
  const workers = world.between(1, 3)
  const start = world.pick(STARTS)
  const startMs = Date.parse(start)
  const skewed = world.chance(0.25)
  const maxSkew = world.pick([200, 2000, 8000])
  const skews = skewed
    ? Object.fromEntries(["n0", "n1", "n2", "w0", "w1", "w2"].map((name) => [name, world.between(-maxSkew, maxSkew)]))
    : {}
  const options: WorldOptions = {
    start,
    durationMs,
    nodes,
    everybodyOwns: nodes > 1 && world.chance(0.15),
    workers,
    concurrency: world.pick([1, 2, 4, 16]),
    partitions: world.between(1, 3),
    leaseMs: world.pick([3000, 6000, 10_000]),
    startedGraceMs: world.pick([0, 100, 1000]),
    maxTurn: world.pick([1, 4, 64, 1024]),
    maxLost: world.pick([2, 5]),
    requestTimeoutMs: world.pick([2000, 5000]),
    maxCommitBytes: world.pick([16_384, 32_768, 1_000_000, 1_000_000]),
    patience: world.pick([64, 512, 2048]),
    inOrder: world.chance(0.5),
    takes: world.pick([
      [0, 1],
      [1, 5],
      [5, 60]
    ] as const),
    skews
  }

  const asking = dice.of("wishes")
  const wishes: Array<Wish> = []
  const tasks = asking.between(1, 6)
  for (let task = 0; task < tasks; task++) {
    const at = asking.between(0, durationMs / 4)
    wishes.push({ at, task, verb: "schedule", request: schedule(asking, startMs, at) })
  }
  if (asking.chance(0.75)) {
    for (let left = asking.between(1, 4 * tasks); left > 0; left--) {
      wishes.push(wish(asking, asking.between(durationMs / 20, durationMs), asking.between(0, tasks - 1)))
    }
  }

  const faults: Array<Fault> = []
  const harm = dice.of("faults")
  if (!harm.chance(CALM)) {
    for (const kind of FAULTS) {
      const own = harm.of(kind)
      if (!own.chance(kind === "crash" ? 0.6 : 0.35)) continue
      for (let left = own.between(1, kind === "crash" ? 8 : 4); left > 0; left--) {
        const made = fault(own, kind, own.between(1000, durationMs * 0.9), nodes, workers)
        faults.push({ ...made, forMs: Math.min(made.forMs, durationMs - made.at) })
      }
    }
  }
  const inTime = <A extends { readonly at: number }>(all: Array<A>) => all.sort((a, b) => a.at - b.at)
  return { seed, options, wishes: inTime(wishes), faults: inTime(faults) }
}
