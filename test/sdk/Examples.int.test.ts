/** The examples of the documentation: they stand there as they are, and they run as they are. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Nagatha } from "../support/nagatha.ts"

const ROOT = new URL("../..", import.meta.url).pathname

const run = (args: ReadonlyArray<string>, more: Readonly<Record<string, string>> = {}) => {
  const { NATS_URL: _url, NODE_TEST_CONTEXT: _inside, ...env } = process.env
  const options = { cwd: ROOT, env: { ...env, ...more }, encoding: "utf8" } as const
  // By the sources, whether something is built or not.
  const { status, stderr, stdout } = spawnSync(process.execPath, ["--conditions=nagatha-source", ...args], options)
  assert.strictEqual(status, 0, `${args.join(" ")}: ${stdout}${stderr}`)
  return stdout
}

const shown = (page: string, example: string) => {
  const text = readFileSync(join(ROOT, example), "utf8")
  assert.include(readFileSync(join(ROOT, page), "utf8"), text, `${page} does not show ${example} as it is`)
}

describe("the examples of docs/sdk.md", () => {
  const nagatha = new Nagatha()
  beforeAll(async () => {
    await nagatha.up()
  }, 90_000)
  afterAll(() => nagatha.end())
  const here = { NAGATHA_DATA_DIR: nagatha.dataDir, NATS_CONTEXT: "" }

  it("with promises", () => {
    shown("docs/sdk.md", "examples/sdk/promises.mjs")
    const lines = run(["examples/sdk/promises.mjs"], here).trimEnd().split("\n")
    assert.deepStrictEqual(
      lines.filter((line) => !line.startsWith("heard: ")),
      [
        "reminder: completed true",
        "nightly: 3 runs ahead",
        "by hand: completed",
        "many: 1000 scheduled",
        "list: 1000",
        "refused: invalidSchedule"
      ]
    )
    assert.include(lines, "heard: reminder has ended well")
  }, 60_000)

  it("with effects", () => {
    shown("docs/sdk.md", "examples/sdk/effects.ts")
    assert.strictEqual(
      run(["examples/sdk/effects.ts"], here),
      ["scheduled", "due", "success", "completed"].map((event) => `scheduler.task.${event}\n`).join("") +
        "refused: notFound\n"
    )
  }, 60_000)
})

describe("the examples of docs/testing.md", () => {
  it("in plain JavaScript, under node --test", () => {
    shown("docs/testing.md", "examples/testing/invoices.test.mjs")
    assert.match(run(["--test", "examples/testing/invoices.test.mjs"]), /pass 1/)
  })

  it("with Effect", () => {
    shown("docs/testing.md", "examples/testing/year.ts")
    assert.strictEqual(run(["examples/testing/year.ts"]), "12 closings in a year\n")
  })
})
