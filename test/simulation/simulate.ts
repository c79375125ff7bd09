/**
 * Simulates on demand: `npm run simulate -- --minutes 10`, `--seed N` (one, in full), `--from N --count N`. Exit code 1 when a
 * promise was broken.
 */
import { parseArgs } from "node:util"
import { baseOf, Campaign, commitHash, reproduction } from "./Campaign.ts"
import { planOf } from "./Plan.ts"
import { INTERESTING } from "./Reached.ts"
import { explain } from "./Explain.ts"

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    seed: { type: "string" },
    from: { type: "string" },
    count: { type: "string" }
  }
})

const say = (text: string) => process.stdout.write(`${text}\n`)
const commit = commitHash()

/** One seed, in full. */
const one = (seed: number): void => {
  const campaign = new Campaign()
  const { fingerprint, lines, runs, virtualMs } = campaign.seed(seed)
  say(`seed ${seed}: ${lines.length} commits, ${runs.length} runs in ${virtualMs / 1000} s; fingerprint ${fingerprint}`)
  for (const { plan, violations } of campaign.failed) {
    say(explain(plan, violations))
    process.exitCode = 1
  }
}

const many = (first: number, most: number, minutes: number): void => {
  const campaign = new Campaign()
  const begin = performance.now()
  const cpu = process.cpuUsage()
  const until = begin + minutes * 60_000
  let failed = 0
  for (let seed = first; campaign.seeds < most && performance.now() < until; seed++) {
    campaign.run(planOf(seed))
    for (const { plan, violations } of campaign.failed.slice(failed)) {
      say(reproduction(plan.seed, commit))
      for (const { invariant, what } of violations.slice(0, 3)) say(`  ${invariant}: ${what}`)
    }
    failed = campaign.failed.length
  }
  const seconds = process.cpuUsage(cpu).user / 1e6
  const rate = (amount: number) => (amount / seconds).toFixed(1)
  const { commits, runs, seeds, virtualMs } = campaign
  say(
    `${seeds} seeds from ${first}, ${commits} commits, ${runs} runs, ${(virtualMs / 3_600_000).toFixed(1)} virtual hours`
  )
  say(`${rate(seeds)} seeds and ${rate(virtualMs / 3_600_000)} virtual hours in a second of one core`)
  for (const what of INTERESTING) say(`${String(campaign.reached.get(what) ?? 0).padStart(9)}  ${what}`)
  const [worst] = campaign.failed
  if (worst === undefined) return
  say(`${failed} of ${seeds} seeds broke a promise; the first, as small as it could be made:`)
  say(explain(worst.plan, worst.violations))
  process.exitCode = 1
}

if (values.seed !== undefined) one(Number(values.seed))
else {
  const first = values.from === undefined ? baseOf(commit) : Number(values.from)
  many(first, Number(values.count ?? Infinity), Number(values.minutes ?? (values.count === undefined ? 1 : Infinity)))
}
