/**
 * The rules and the configuration for Prometheus, and what a node tells, by Prometheus' own tool: `promtool` of the path, of
 * `NAGATHA_TEST_PROMTOOL`, or of the Debian package `prometheus`, downloaded and unpacked without being installed.
 */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Nagatha } from "../support/nagatha.ts"

const EXAMPLES = new URL("../../examples/prometheus/", import.meta.url).pathname

const directory = mkdtempSync(join(tmpdir(), "nagatha-promtool-"))
const nagatha = new Nagatha()

const ran = (program: string, args: ReadonlyArray<string>, cwd: string, input = ""): string => {
  const { error, status, stderr, stdout } = spawnSync(program, args, { cwd, input, encoding: "utf8" })
  assert.isUndefined(error, `${program} cannot be run`)
  assert.strictEqual(status, 0, `${program} ${args.join(" ")}:\n${stdout}${stderr}`)
  return stdout + stderr
}

const promtool = (): string => {
  const named = process.env["NAGATHA_TEST_PROMTOOL"]
  if (named !== undefined) return named
  if (spawnSync("promtool", ["--version"]).status === 0) return "promtool"
  ran("apt-get", ["download", "-qq", "prometheus"], directory)
  const file = readdirSync(directory).find((name) => name.endsWith(".deb")) ?? ""
  ran("dpkg", ["-x", join(directory, file), join(directory, "unpacked")], directory)
  return join(directory, "unpacked/usr/bin/promtool")
}

let tool = ""
beforeAll(async () => {
  tool = promtool()
  await nagatha.up()
}, 180_000)
afterAll(async () => {
  await nagatha.end()
  rmSync(directory, { recursive: true })
}, 120_000)

describe("promtool", () => {
  it("takes the configuration and the rules", () => {
    ran(tool, ["check", "config", "--syntax-only", "prometheus.yml"], EXAMPLES)
    ran(tool, ["check", "rules", "alerts.yml"], EXAMPLES)
  })

  it("finds that the rules speak up when they should, and only then", () => {
    assert.include(ran(tool, ["test", "rules", "alerts.test.yml"], EXAMPLES), "SUCCESS")
  })

  it("has nothing to say against what a node tells", async () => {
    const ended = await nagatha.run(["schedule", "shell_command", "now", "--command", "true", "--wait"])
    assert.strictEqual(ended.code, 0, ended.stderr)
    const { stdout } = await nagatha.run(["metrics"])
    assert.include(stdout, "nagatha_executions_total")
    assert.strictEqual(ran(tool, ["check", "metrics"], directory, stdout), "")
  })
})
