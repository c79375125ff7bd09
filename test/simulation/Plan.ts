/**
 * What a seed stands for, as data: the world, what its clients ask for, and the faults, each at an instant. A run follows
 * from its plan alone, so that a plan can be made smaller, printed, and kept as a test.
 */
import { faultsOf } from "./DrawnFaults.ts"
import { wishesOf } from "./DrawnWishes.ts"
import type { Fault } from "./Fault.ts"
import { FEATURES } from "./features/Features.ts"
import type { Wish } from "./Wish.ts"
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

export const planOf = (seed: number): Plan => {
  const dice = new Dice(`seed ${seed}`)
  const world = dice.of("world")
  const durationMs = world.pick([40, 60, 90, 120, 240]) * 1000
  const nodes = world.between(1, 3)
  const workers = world.between(1, 3)
  const start = world.pick(STARTS)
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

  const inTime = <A extends { readonly at: number }>(all: ReadonlyArray<A>) => all.toSorted((a, b) => a.at - b.at)
  const drawn: Plan = {
    seed,
    options,
    wishes: wishesOf(dice.of("wishes"), options),
    faults: inTime(faultsOf(dice.of("faults"), options))
  }
  const plan = Object.entries(FEATURES).reduce((plan, [name, { feature, share }]) => {
    const own = dice.of(name)
    return own.chance(share) ? feature(plan, own) : plan
  }, drawn)
  return { ...plan, wishes: inTime(plan.wishes) }
}
