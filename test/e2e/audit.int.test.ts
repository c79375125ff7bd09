/** The audit of a real log, of a deployment that was killed several times: every promise was kept, and the log shows it. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readdirSync, rmSync } from "node:fs"
import { basename, join } from "node:path"
import type { ReplayReport } from "../../src/audit/Replay.ts"
import type { Report } from "../../src/audit/Verify.ts"
import type { WhyAnswer } from "../../src/audit/WhyAnswer.ts"
import type { TaskExecution } from "../../src/projections/TaskExecution.ts"
import { eventually, Nagatha } from "../support/nagatha.ts"

const nagatha = new Nagatha()
const ids: Array<string> = []

const schedule = async (when: string, ...more: ReadonlyArray<string>) => {
  const { taskId } = await nagatha.json<{ readonly taskId: string }>(
    "schedule",
    "shell_command",
    when,
    "--command",
    "true",
    ...more
  )
  ids.push(taskId)
  return taskId
}

const decided = async (): Promise<number> => (await nagatha.json<Report>("audit", "verify")).decisions.due

/** Until so many more instants have been decided. */
const goesOn = async (more: number) => {
  const before = await decided()
  await eventually("more is decided", decided, (due) => due >= before + more)
}

beforeAll(async () => {
  await nagatha.up()
  await schedule("*/2 * * * * *", "--overlap", "allowAll", "--catch-up", "all")
  await schedule("every 1 seconds", "--catch-up", "latest")
  await schedule("every 3 seconds", "--spread", "2s", "--max-runs", "4")
  await schedule("in 4 seconds")
  await goesOn(4)
  await nagatha.killAll()
  await nagatha.up()
  await goesOn(4)
  await nagatha.json("pause", ids[1] ?? "")
  // The server alone: the node starts another one.
  process.kill(nagatha.serverPid() ?? 0, "SIGKILL")
  await eventually(
    "it answers again",
    () => nagatha.run(["list"]),
    ({ code }) => code === 0,
    60_000
  )
  await nagatha.json("resume", ids[1] ?? "")
  await goesOn(4)
  await nagatha.json("cancel", ids[0] ?? "", "--yes")
}, 240_000)

afterAll(() => nagatha.end(), 60_000)

describe("the audit of a log that was written through crashes", () => {
  it("finds every instant decided once, and the chain whole", async () => {
    const report = await nagatha.json<Report>("audit", "verify")
    assert.deepStrictEqual(report.findings, [])
    assert.isTrue(report.ok)
    assert.strictEqual(report.tasks, 4)
    assert.isAtLeast(report.decisions.due, 12)
    const told = await nagatha.run(["audit", "verify"])
    assert.strictEqual(told.code, 0)
    assert.match(told.stdout, /no findings/)
  }, 60_000)

  it("folds into the rows that are served", async () => {
    const report = await nagatha.json<ReplayReport>("audit", "replay")
    assert.deepStrictEqual(report.differences, [])
    assert.isAtLeast(report.executions.log.rows, 12)
    assert.strictEqual(report.executions.log.digest, report.executions.served.digest)
  }, 60_000)

  it("tells why an instant ran, and why one did not", async () => {
    const [execution] = await nagatha.json<ReadonlyArray<TaskExecution>>(
      "history",
      ids[0] ?? "",
      "--status",
      "completed"
    )
    const ran = await nagatha.json<WhyAnswer>("audit", "why", ids[0] ?? "", execution?.nominalAt ?? "")
    assert.strictEqual(ran.verdict, "due")
    assert.strictEqual(ran.decision?.executionId, execution?.executionId)
    const gone = await nagatha.json<WhyAnswer>("audit", "why", ids[0] ?? "", "tomorrow at 9")
    assert.strictEqual(gone.verdict, "afterCancelled")
    const told = await nagatha.run(["audit", "why", ids[0] ?? "", "tomorrow at 9"])
    assert.match(told.stdout, /The task was cancelled by cli:\S+ at .* It would have been an instant of its schedule\./)
  }, 60_000)

  it("exports the same log, line by line", async () => {
    const { stdout } = await nagatha.run(["audit", "export", "--to", "10"])
    assert.strictEqual(stdout.trimEnd().split("\n").length, 10)
    const rest = await nagatha.run(["audit", "export", "--after", "10", "--task", ids[0] ?? "", "--events"])
    for (const line of rest.stdout.trimEnd().split("\n")) assert.include(line, ids[0] ?? "")
  }, 60_000)

  it("is found to be another one when somebody has put an empty one in its place", async () => {
    interface Examined {
      readonly checks: ReadonlyArray<{ readonly name: string; readonly state: string; readonly found: string }>
    }
    const logOf = async () => {
      const { stdout } = await nagatha.run(["doctor", "--json"])
      return (JSON.parse(stdout) as Examined).checks.find(({ name }) => name === "log")
    }
    assert.strictEqual((await logOf())?.state, "ok")
    await nagatha.run(["down"])
    await eventually(
      "it is down",
      () => nagatha.upPid(),
      (pid) => pid === null
    )
    const [store] = readdirSync(nagatha.dataDir, { recursive: true, encoding: "utf8" }).filter(
      (name) => basename(name) === "jetstream"
    )
    rmSync(join(nagatha.dataDir, store ?? "missing"), { recursive: true })
    await nagatha.up()
    const found = await logOf()
    assert.strictEqual(found?.state, "problem")
    assert.match(
      found?.found ?? "",
      /it was shortened, or replaced by another|the log was edited, or replaced by another/
    )
  }, 120_000)
})
