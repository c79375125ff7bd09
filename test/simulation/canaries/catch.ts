/**
 * Tries to catch each planted bug, or those whose names hold a given word; prints a line of JSON for each. With `--shrink` the
 * smallest plan that catches it is printed as well.
 */
import { parseArgs } from "node:util"
import type { Plan } from "../Plan.ts"
import { CASES } from "../Cases.ts"
import { CANARIES } from "./Canaries.ts"
import "./plant.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seeds: { type: "string", default: "150" }, shrink: { type: "boolean", default: false } }
})

for (const [index, canary] of CANARIES.entries()) {
  if (positionals.some((word) => !canary.name.includes(word))) continue
  const { Campaign } = (await import(`../Campaign.ts?canary=${index}`)) as typeof import("../Campaign.ts")
  const { planOf } = (await import(`../Plan.ts?canary=${index}`)) as typeof import("../Plan.ts")
  const begin = performance.now()
  const campaign = new Campaign(canary.weakness)
  const seeds = Array.from({ length: Number(values.seeds) }, (_, at) => planOf(at + 1))
  let caught: { readonly plan: Plan; readonly by: string; readonly what: string } | null = null
  for (const plan of [...CASES, ...seeds]) {
    campaign.run(plan)
    const violation = campaign.failed.at(-1)?.violations.find(({ invariant }) => canary.foundBy.includes(invariant))
    if (violation === undefined) continue
    caught = { plan, by: violation.invariant, what: violation.what }
    break
  }
  const ms = Math.round(performance.now() - begin)
  const { plan, ...rest } = caught ?? { plan: null }
  process.stdout.write(
    `${JSON.stringify({ name: canary.name, seeds: campaign.seeds, seed: plan?.seed ?? null, ms, ...rest })}\n`
  )
  if (!values.shrink || caught === null) continue
  const { explain } = (await import(`../Explain.ts?canary=${index}`)) as typeof import("../Explain.ts")
  const violations = campaign.failed.at(-1)?.violations.filter(({ invariant }) => invariant === caught.by) ?? []
  process.stdout.write(`${explain(caught.plan, violations, canary.weakness)}\n`)
}
