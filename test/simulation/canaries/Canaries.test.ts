/** The net has no hole: each planted bug is found, by what it should be found by, within its budget of seeds. */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { CANARIES } from "./Canaries.ts"

/** Seeds that a bug may survive. */
const BUDGET = 60

interface Caught {
  readonly name: string
  readonly seed: number | null
}

describe("a planted bug", () => {
  it("is found, each of them", () => {
    const program = join(import.meta.dirname, "catch.ts")
    const out = execFileSync(process.execPath, [program, "--seeds", String(BUDGET)], { encoding: "utf8" })
    const caught = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Caught)
    assert.deepStrictEqual(
      caught.map(({ name }) => name),
      CANARIES.map(({ name }) => name)
    )
    assert.deepStrictEqual(
      caught.filter(({ seed }) => seed === null).map(({ name }) => name),
      [],
      "survived: what is promised is not checked, or not tried hard enough"
    )
  }, 900_000)
})
