/** A world that can be replayed: the same seed gives the same history, and whatever goes wrong in it, what is promised holds. */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { baseOf, Campaign, commitHash, type Failed, reproduction } from "./Campaign.ts"
import { CASES } from "./Cases.ts"
import { planOf } from "./Plan.ts"
import { INTERESTING } from "./Reached.ts"
import { simulate } from "./Simulation.ts"
import saved from "./seeds.json" with { type: "json" }

/** Seconds of fresh seeds, others for each commit, besides those that always run; default none. */
const FRESH_SECONDS = Number(process.env["SIMULATION_SECONDS"] ?? 0)
/** Seeds that run always and reach what they reach: the first, and how many. */
const [FURTHER, HOW_MANY] = [20_000, 40]
/** The first so many seeds run always, and more until every interesting state has been reached. */
const ALWAYS = 40
const MOST = 400

const told = ({ plan, violations }: Failed): string =>
  [
    reproduction(plan.seed, commitHash()),
    ...violations.slice(0, 5).map(({ invariant, what }) => `  ${invariant}: ${what}`)
  ].join("\n")

const holds = ({ failed }: Campaign): void =>
  assert.deepStrictEqual(failed.map(told), [], "what is promised does not hold; see docs/simulation.md")

/** Lets others in the process go on between seeds. */
const breath = () => new Promise<void>((resolve) => setImmediate(resolve))

describe("a simulated world", () => {
  it("has the same history for the same seed, twice in one process and in another", () => {
    for (const seed of [3, 14]) {
      const [first, second] = [simulate(planOf(seed)), simulate(planOf(seed))]
      assert.strictEqual(first.fingerprint, second.fingerprint)
      assert.deepStrictEqual(first.lines, second.lines)
      const other = execFileSync(process.execPath, [join(import.meta.dirname, "simulate.ts"), "--seed", String(seed)], {
        encoding: "utf8"
      })
      assert.include(other, first.fingerprint)
      assert.notStrictEqual(first.fingerprint, simulate(planOf(seed + 1)).fingerprint)
    }
  }, 300_000)

  it("keeps every promise under the seeds that once broke one, and reaches every state of interest", async () => {
    const campaign = new Campaign()
    const never = () => INTERESTING.filter((what) => (campaign.reached.get(what) ?? 0) === 0)
    for (const plan of [...CASES, ...saved.map(planOf)]) {
      campaign.run(plan)
      await breath()
    }
    for (let seed = 1; seed <= ALWAYS || (seed <= MOST && never().length > 0); seed++) {
      campaign.seed(seed)
      await breath()
    }
    holds(campaign)
    assert.deepStrictEqual(never(), [], "never reached: the simulation proves less than it says")
  }, 600_000)

  it(
    "keeps every promise under further seeds, and, for as long as SIMULATION_SECONDS says, under seeds that nobody has seen before",
    async () => {
      const campaign = new Campaign()
      for (let seed = FURTHER; seed < FURTHER + HOW_MANY; seed++) {
        campaign.seed(seed)
        await breath()
      }
      const until = performance.now() + FRESH_SECONDS * 1000
      for (let seed = baseOf(commitHash()); performance.now() < until && campaign.failed.length === 0; seed++) {
        campaign.seed(seed)
        await breath()
      }
      holds(campaign)
      assert.isAtLeast(campaign.seeds, HOW_MANY)
    },
    (FRESH_SECONDS + 300) * 1000
  )
})
