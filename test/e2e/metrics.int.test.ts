/** The metrics of a running node: all that the rules and the dashboard ask for is there, and nothing that is nobody's business. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { METRICS } from "../../src/telemetry/Metrics.ts"
import { eventually, Nagatha } from "../support/nagatha.ts"
import { families, samples } from "../support/prometheus.ts"

/** Stands in arguments, in the environment, in names and in output; must stand in no metric. */
const SECRET = "canary7f3a9"

const nagatha = new Nagatha({ SOME_SECRET: SECRET, NAGATHA_LOG_FORMAT: "json" })
beforeAll(() => nagatha.up(), 120_000)
afterAll(() => nagatha.end(), 120_000)

const text = async (...args: ReadonlyArray<string>): Promise<string> => {
  const ran = await nagatha.run(["metrics", ...args])
  assert.strictEqual(ran.code, 0, ran.stderr)
  return ran.stdout
}

const runs = async (id: string, command: string, ...more: ReadonlyArray<string>) =>
  nagatha.run(["schedule", "shell_command", "now", "--command", command, "--id", id, "--wait", ...more])

describe("a node", () => {
  it("tells every metric, with what has happened, and no id and no secret", async () => {
    const env = ["--env", `TOKEN=${SECRET}`, "--name", `name ${SECRET}`, "--tag", SECRET]
    assert.strictEqual((await runs("fine", `echo ${SECRET}`, ...env)).code, 0)
    assert.strictEqual((await runs("broken", `echo ${SECRET} >&2; exit 3`, "--retries", "0", ...env)).code, 6)
    const told = await eventually(
      "both ends are counted",
      () => text(),
      (seen) => {
        const found = samples(seen)
        return (
          found.get('nagatha_executions_total{task_type="shell_command",outcome="success"}') === 1 &&
          found.get('nagatha_executions_total{task_type="shell_command",outcome="failure"}') === 1
        )
      }
    )
    assert.deepStrictEqual(families(told), new Set(METRICS.map(({ name }) => name)))
    for (const hidden of [SECRET, "fine", "broken", "name "]) {
      assert.notInclude(told.replaceAll(/^# .*$/gm, ""), hidden)
    }
    assert.notInclude(told, SECRET)
    const found = samples(told)
    assert.strictEqual(found.get("nagatha_partitions_owned"), 16)
    assert.strictEqual(found.get("nagatha_partitions"), 16)
    assert.strictEqual(found.get('nagatha_worker_claims_total{answer="granted"}'), 2)
    assert.strictEqual(found.get('nagatha_log_appends_total{outcome="stored"}'), found.get("nagatha_log_sequence"))
    assert.strictEqual(found.get("nagatha_firing_lateness_seconds_count"), 2)
    assert.isAbove(found.get("process_resident_memory_bytes") ?? 0, 10_000_000)
  })

  it("tells the same over HTTP, to those who have the token", async () => {
    const { http } = JSON.parse(readFileSync(join(nagatha.dataDir, "up.json"), "utf8")) as { http: { url: string } }
    const token = readFileSync(join(nagatha.dataDir, "token"), "utf8").trim()
    const open = await fetch(`${http.url}/metrics`)
    assert.strictEqual(open.status, 401)
    const answer = await fetch(`${http.url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
    assert.strictEqual(answer.status, 200)
    assert.strictEqual(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
    const told = await answer.text()
    assert.deepStrictEqual(families(told), families(await text()))
    assert.notInclude(told, token)
  })

  it("answers by its name, and no other does", async () => {
    const { nodes } = await nagatha.json<{ nodes: ReadonlyArray<{ nodeId: string }> }>("status")
    const nodeId = nodes[0]?.nodeId ?? ""
    assert.strictEqual((await nagatha.json<{ nodeId: string }>("metrics", "--node", nodeId)).nodeId, nodeId)
    const other = await nagatha.run(["metrics", "--node", "n000000000000"])
    assert.strictEqual(other.code, 4)
    assert.include(other.stderr, 'no node "n000000000000" answers')
    const strange = await nagatha.run(["metrics", "--node", "*"])
    assert.strictEqual(strange.code, 4)
  })
})
