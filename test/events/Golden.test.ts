/**
 * Golden logs (`golden/`): what was once decided is folded into the state that it was folded into then, by whatever version
 * reads it. New rules are for new decisions.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync } from "node:fs"
import { expectedOf, folded, golden, GOLDEN, read, written } from "./golden/logs.ts"
import { scenarios } from "./golden/scenarios.ts"

const names = readdirSync(GOLDEN).flatMap((name) => (name.endsWith(".ndjson") ? [name.replace(".ndjson", "")] : []))

const MEANING =
  "a change of the rules has altered what an old log folds into: nodes that read such a log after an upgrade would know " +
  "something else than those that wrote it. Decide new things by new rules, and read old events by the old ones " +
  "(docs/testing.md, golden logs). Different in"

describe("golden logs", () => {
  it("are those of which it is known what stands in them", () => {
    assert.deepStrictEqual(names.sort(), Object.keys(scenarios).sort())
  })

  for (const name of names) {
    it.effect(`${name}: folds into the same state and rows, and nothing is found wrong with it`, () =>
      Effect.gen(function* () {
        const { differences, expected: now, findings, parked } = yield* folded(golden(name))
        const then = expectedOf(name)
        assert.deepStrictEqual(findings, [], `${name}: audit verify holds old decisions for wrong`)
        assert.strictEqual(parked, 0, `${name}: something of it is not understood any more`)
        assert.deepStrictEqual(differences, [], `${name}: the read models and the replay differ`)
        for (const part of Object.keys(then) as ReadonlyArray<keyof typeof then>) {
          assert.deepStrictEqual(now[part], then[part], `${name}: ${MEANING} ${part}`)
        }
      })
    )
  }

  it("tell apart what folds into something else", () => {
    const lines = golden("catch-up").map((line) => ({
      ...line,
      text: line.text.replaceAll('"catchUpMax":2', '"catchUpMax":3')
    }))
    return Effect.runPromise(
      Effect.gen(function* () {
        const { expected, findings } = yield* folded(read(written(lines)))
        const then = expectedOf("catch-up")
        assert.notStrictEqual(expected.states["most"], then.states["most"])
        assert.strictEqual(expected.states["paced"], then.states["paced"])
        assert.notStrictEqual(expected.tasks, then.tasks)
        assert.include(
          findings.map(({ kind }) => kind),
          "brokenChain"
        )
      })
    )
  })
})
