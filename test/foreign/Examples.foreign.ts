/**
 * The examples in other languages, run as their users run them. Needs `python3` with nats-py (`NAGATHA_TEST_PYTHON` names
 * another) and the `nats` tool (`NAGATHA_TEST_NATS_TOOL`); fails where they are not there.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { dirname } from "node:path"
import { Nagatha } from "../support/nagatha.ts"

const file = (path: string): string => new URL(`../../examples/${path}`, import.meta.url).pathname

const nagatha = new Nagatha()
beforeAll(() => nagatha.up(), 120_000)
afterAll(() => nagatha.end(), 120_000)

const run = async (program: string, args: ReadonlyArray<string>, path = ""): Promise<string> => {
  const child = spawn(program, args, {
    env: { ...process.env, NAGATHA_DATA_DIR: nagatha.dataDir, PATH: `${path}${process.env["PATH"] ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, "close")) as [number | null]
  assert.strictEqual(code, 0, `${program} ended with ${code}:\n${stdout}${stderr}`)
  return stdout
}

describe("the examples", () => {
  it("in Python do what they say", async () => {
    const said = await run(process.env["NAGATHA_TEST_PYTHON"] ?? "python3", [file("python/scheduler.py")])
    assert.deepStrictEqual(said.trim().split("\n"), [
      "scheduled once, now",
      "success hello from python",
      "listed later, python",
      "cancelled cancelled",
      "refused alreadyCancelled"
    ])
  })

  it("in the shell, with the nats tool, do what they say", async () => {
    const tool = process.env["NAGATHA_TEST_NATS_TOOL"]
    const said = await run("sh", [file("shell/scheduler.sh")], tool === undefined ? "" : `${dirname(tool)}:`)
    assert.deepStrictEqual(said.trim().split("\n"), [
      "scheduled",
      "success hello shell",
      "listed",
      "cancelled",
      "seen by nats micro"
    ])
  })
})
