/** Many seeds, one after another: what was violated, what was reached, and how fast it went. */
import { execFileSync } from "node:child_process"
import { fnv1a } from "../../src/events/Partition.ts"
import { check } from "./checks/Checks.ts"
import type { Violation } from "./checks/Violation.ts"
import { type Plan, planOf } from "./Plan.ts"
import { reached } from "./Reached.ts"
import type { History } from "./History.ts"
import { simulate } from "./Simulation.ts"
import type { Weakness } from "./World.ts"

export interface Failed {
  readonly plan: Plan
  readonly violations: ReadonlyArray<Violation>
}

/** Errors are ordinary in a simulated world: to record where each was made costs a seventh of the time. */
const withoutTraces = <A>(run: () => A): A => {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return run()
  } finally {
    Error.stackTraceLimit = limit
  }
}

export class Campaign {
  readonly reached = new Map<string, number>()
  readonly failed: Array<Failed> = []
  seeds = 0
  commits = 0
  runs = 0
  virtualMs = 0
  readonly #weakness: Weakness

  constructor(weakness: Weakness = {}) {
    this.#weakness = weakness
  }

  run(plan: Plan): History {
    const [history, violations] = withoutTraces(() => {
      const history = simulate(plan, this.#weakness)
      return [history, check(history)] as const
    })
    if (violations.length > 0) this.failed.push({ plan, violations })
    for (const [what, count] of reached(history)) this.reached.set(what, (this.reached.get(what) ?? 0) + count)
    this.seeds += 1
    this.commits += history.lines.length
    this.runs += history.runs.length
    this.virtualMs += history.virtualMs
    return history
  }

  seed(seed: number): History {
    return this.run(planOf(seed))
  }
}

/** The commit that is checked out; empty where there is no repository. */
export const commitHash = (): string => {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()
  } catch {
    return ""
  }
}

/** The first of the fresh seeds of a commit: others for each, the same for the same. */
export const baseOf = (commit: string): number => 1_000_000 + (fnv1a(commit) % 1_000_000_000)

/** How to see it again, in one line. */
export const reproduction = (seed: number, commit: string): string =>
  `npm run simulate -- --seed ${seed}${commit === "" ? "" : `   # at commit ${commit.slice(0, 12)}`}`
