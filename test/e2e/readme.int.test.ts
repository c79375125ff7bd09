/** What the README tells a new user to type works, in the order in which it stands there. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isAlive } from "../support/nagatha.ts"

const ROOT = new URL("../..", import.meta.url).pathname
const README = readFileSync(join(ROOT, "README.md"), "utf8")
const dataDir = mkdtempSync(join(tmpdir(), "nagatha-readme-"))

/** Runs a script of a shell in the checkout to its end. */
const shell = async (script: string) => {
  const { NATS_URL: _url, NATS_CREDS: _creds, ...env } = process.env
  const child = spawn("/bin/sh", ["-ec", script], {
    cwd: ROOT,
    env: { ...env, NAGATHA_DATA_DIR: dataDir, NAGATHA_HTTP_PORT: "0" }
  })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, "close")) as [number | null]
  return { code, stdout, stderr }
}

/** The blocks of shell commands below a heading. */
const blocks = (heading: string): ReadonlyArray<string> => {
  const section = README.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? ""
  return [...section.matchAll(/```sh\n([^]*?)```/g)].map(([, script = ""]) => script)
}

afterAll(async () => {
  await shell(`bin/nagatha down --data '${dataDir}'`)
  rmSync(dataDir, { recursive: true, force: true })
}, 60_000)

describe("the README", () => {
  it("begins with commands that work", async () => {
    const [script = ""] = blocks("The smallest thing that works")
    const ran = await shell(script)
    assert.strictEqual(ran.code, 0, ran.stderr)
    for (const said of ["nagatha is up", "understood  every 10 seconds", "cancelled clock", "stopped process"]) {
      assert.include(ran.stdout, said)
    }
    const [, pid] = /stopped process (\d+)/.exec(ran.stdout) ?? []
    assert.isFalse(isAlive(Number(pid)))
  }, 120_000)

  it("explains words without any server", async () => {
    const [script = ""] = blocks("When")
    const ran = await shell(`export PATH="$PWD/bin:$PATH"\n${script}`)
    assert.strictEqual(ran.code, 0, ran.stderr)
    assert.match(ran.stdout, /17:00:00/)
  }, 60_000)

  it("says how another NATS client finds its address and its rights", async () => {
    assert.strictEqual((await shell(`bin/nagatha up --detach`)).code, 0)
    const [script = ""] = blocks("Events, for any NATS client")
    const usual = "~/.local/share/nagatha/up.json"
    assert.include(script, usual)
    const given = script.replace(usual, join(dataDir, "up.json")).replace(/^nats .*$/m, 'echo "$URL $PASSWORD"')
    const ran = await shell(given)
    assert.match(ran.stdout, /^nats:\/\/127\.0\.0\.1:\d+ \S{20,}\n$/, ran.stderr)
  }, 60_000)

  it("schedules a task of every type", async () => {
    const [script = ""] = blocks("Task types")
    const ran = await shell(`export PATH="$PWD/bin:$PATH"\n${script}`)
    assert.strictEqual(ran.code, 0, ran.stderr)
    for (const type of ["mcp_tool", "notification", "http_request", "sequence"])
      assert.include(ran.stdout, `type        ${type}`)
    assert.include(ran.stdout, '"timezone":"Asia/Tokyo"')
  }, 60_000)

  it("puts its reader in charge of a task", async () => {
    const [script = ""] = blocks("In charge")
    const ran = await shell(`export PATH="$PWD/bin:$PATH"\n${script}`)
    assert.strictEqual(ran.code, 0, ran.stderr)
    for (const said of [
      "paused report until",
      "resumed report",
      "next runs now",
      "report leaves out",
      "runs now: execution"
    ]) {
      assert.include(ran.stdout, said)
    }
  }, 60_000)
})
