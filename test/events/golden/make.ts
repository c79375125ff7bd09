/**
 * Records golden logs: `node test/events/golden/make.ts NAME…`. A log that is there stays as it is, whatever the rules have
 * become; `--again` throws it away, which gives up the promise to whoever has such a log. `--expect` keeps the log and
 * writes down what it folds into now: for a change of states or rows that is wanted, and does not change their meaning.
 */
import { Effect } from "effect"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { folded, golden, GOLDEN, written } from "./logs.ts"
import { scenarios } from "./scenarios.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { again: { type: "boolean" }, expect: { type: "boolean" } }
})

const make = Effect.fnUntraced(function* (name: string) {
  const recording = scenarios[name]
  if (recording === undefined) {
    throw new Error(`there is no golden log ${JSON.stringify(name)}: one of ${Object.keys(scenarios).join(", ")}`)
  }
  const file = join(GOLDEN, `${name}.ndjson`)
  if (existsSync(file) && values.again !== true && values.expect !== true) {
    throw new Error(`${file} is there: it is never made anew (--expect writes down what it folds into)`)
  }
  const lines = values.expect === true ? golden(name) : yield* recording
  const { differences, expected, findings, parked } = yield* folded(lines)
  if (findings.length > 0 || differences.length > 0 || parked > 0) {
    throw new Error(`${name} is no log to keep: ${JSON.stringify({ findings, differences, parked }, null, 1)}`)
  }
  if (values.expect !== true) writeFileSync(file, written(lines))
  writeFileSync(join(GOLDEN, `${name}.json`), `${JSON.stringify(expected, null, 2)}\n`)
  process.stdout.write(`${name}: ${lines.length} commits, ${expected.audit.events} events, ${expected.audit.digest}\n`)
})

if (positionals.length === 0) throw new Error(`which? ${Object.keys(scenarios).join(", ")}`)
await Effect.runPromise(Effect.scoped(Effect.forEach(positionals, make)) as Effect.Effect<unknown>)
