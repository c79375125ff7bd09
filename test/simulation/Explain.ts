/** A broken promise, told so that it can be understood: the smallest plan as a table, the log around it, and a test file. */
import type { Violation } from "./checks/Violation.ts"
import type { History } from "./History.ts"
import type { Plan } from "./Plan.ts"
import { taskIdOf, type Wish } from "./Wish.ts"
import { simulate } from "./Simulation.ts"
import type { Weakness } from "./World.ts"
import { check } from "./checks/Checks.ts"
import { shrink } from "./Shrink.ts"

/** Commits shown. */
const SHOWN = 30

const seconds = (ms: number): string => `${(ms / 1000).toFixed(3).padStart(9)} s`

const told = ({ at: _at, verb, ...rest }: Wish): string => {
  if (!("task" in rest)) return `${verb} ${JSON.stringify(rest)}`
  const { task, ...what } = rest
  return `${verb} ${taskIdOf(task)} ${JSON.stringify(what)}`
}

/** A plan as a table. */
export const table = ({ faults, options, seed, wishes }: Plan): string => {
  const { skews, ...others } = options
  const rows = [
    ...wishes.map((wish) => ({ at: wish.at, text: told(wish) })),
    ...faults.map(({ amount, at, forMs, kind, target }) => ({
      at,
      text: `${kind} ${target === "" ? "all" : target} for ${forMs / 1000} s${amount === 0 ? "" : ` (${amount})`}`
    }))
  ].sort((a, b) => a.at - b.at)
  return [
    `seed ${seed}: ${JSON.stringify(others)}`,
    ...(Object.keys(skews).length === 0 ? [] : [`clocks are ahead by ${JSON.stringify(skews)} ms`]),
    ...rows.map(({ at, text }) => `${seconds(at)}  ${text}`)
  ].join("\n")
}

/** The end of the log, a commit a line. */
const ended = (history: History): string => {
  const begin = Date.parse(history.plan.options.start)
  return history.ledger.commits
    .slice(-SHOWN)
    .map(({ commitId, events, partition, sequence, storedAt }) => {
      const each = events.map(
        (event) => `${event.type} ${"executionId" in event ? `${event.executionId}#${event.attempt}` : event.taskId}`
      )
      return `${seconds(storedAt - begin)}  ${sequence} (${partition}, ${commitId}) ${each.join(", ")}`
    })
    .join("\n")
}

/** A test of this plan, to be kept. */
export const testFile = (plan: Plan, { invariant }: Violation): string => `import { assert, it } from "@effect/vitest"
import { check } from "./checks/Checks.ts"
import type { Plan } from "./Plan.ts"
import { simulate } from "./Simulation.ts"

const plan: Plan = ${JSON.stringify(plan, null, 2)}

it("keeps ${invariant} under what is left of seed ${plan.seed}", () => {
  assert.deepStrictEqual(check(simulate(plan)), [])
})
`

/** All of it, of a plan that breaks a promise. */
export const explain = (plan: Plan, violations: ReadonlyArray<Violation>, weakness: Weakness = {}): string => {
  const [first] = violations
  if (first === undefined) return `seed ${plan.seed} keeps every promise`
  const { plan: small, tries } = shrink(plan, first.invariant, weakness)
  const history = simulate(small, weakness)
  return [
    ...violations.slice(0, 10).map(({ invariant, what }) => `${invariant}: ${what}`),
    "",
    `${plan.faults.length} faults and ${plan.wishes.length} wishes, made ${small.faults.length} and ${small.wishes.length} in ${tries} runs:`,
    table(small),
    "",
    ...check(history).map(({ invariant, what }) => `${invariant}: ${what}`),
    ended(history),
    "",
    "as a test (test/simulation/…test.ts):",
    testFile(small, first)
  ].join("\n")
}
