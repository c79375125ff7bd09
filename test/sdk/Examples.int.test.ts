/** The examples of the documentation: they stand there as they are, and they run as they are. */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const ROOT = new URL("../..", import.meta.url).pathname

const run = (...args: ReadonlyArray<string>) => {
  const { NODE_TEST_CONTEXT: _inside, ...env } = process.env
  const { status, stderr, stdout } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: "utf8" })
  assert.strictEqual(status, 0, `${args.join(" ")}: ${stdout}${stderr}`)
  return stdout
}

const shown = (page: string, example: string) => {
  const text = readFileSync(join(ROOT, example), "utf8")
  assert.include(readFileSync(join(ROOT, page), "utf8"), text, `${page} does not show ${example} as it is`)
}

describe("the examples of docs/testing.md", () => {
  it("in plain JavaScript, under node --test", () => {
    shown("docs/testing.md", "examples/testing/invoices.test.mjs")
    assert.match(run("--test", "examples/testing/invoices.test.mjs"), /pass 1/)
  })

  it("with Effect", () => {
    shown("docs/testing.md", "examples/testing/year.ts")
    assert.strictEqual(run("examples/testing/year.ts"), "12 closings in a year\n")
  })
})
