/**
 * A night on which the clocks went forward, on the real server: a log of the evening before is put in place, and the node
 * that finds it decides what has passed since then.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Report } from "../../src/audit/Verify.ts"
import type { WhyAnswer } from "../../src/audit/WhyAnswer.ts"
import type { TaskExecution } from "../../src/projections/TaskExecution.ts"
import type { ScheduledTask } from "../../src/projections/ScheduledTask.ts"
import { type Line, rewriteLog } from "../support/alteredLog.ts"
import { eventually, Nagatha } from "../support/nagatha.ts"

const [before, nagatha] = [new Nagatha(), new Nagatha()]

const stopped = async (one: Nagatha) => {
  await one.run(["down"])
  await eventually(
    "it is down",
    () => one.upPid(),
    (pid) => pid === null
  )
}

/** The same commit as it would have been at noon of 28 March 2026. */
const ofTheEveBefore = ({ partition, text }: Line): Line => {
  const commit = JSON.parse(text)
  const time = "2026-03-28T11:00:00.000Z"
  const [scheduled] = commit.events
  const next = { nextAt: "2026-03-30T00:30:00.000Z", lostAt: "2026-03-29T01:00:00.000Z" }
  return { partition, text: JSON.stringify({ ...commit, time, events: [{ ...scheduled, time, ...next }] }) }
}

beforeAll(async () => {
  await before.up()
  const flags = ["--id", "nightly", "--command", "true", "--catch-up", "none"]
  const clocks = ["--timezone", "Europe/Berlin", "--dst-gap", "skip"]
  await before.json("schedule", "shell_command", "every day at 2:30", ...flags, ...clocks)
  await stopped(before)
  let scheduled: ReadonlyArray<Line> = []
  await rewriteLog(before.dataDir, (lines) => {
    scheduled = lines.filter(({ text }) => text.includes('"type":"scheduled"'))
    return lines
  })
  assert.lengthOf(scheduled, 1)
  await nagatha.up()
  await stopped(nagatha)
  await rewriteLog(nagatha.dataDir, () => scheduled.map(ofTheEveBefore))
  await nagatha.up()
  await eventually(
    "what has passed is decided",
    () => nagatha.json<ReadonlyArray<ScheduledTask>>("list"),
    ([task]) => Date.parse(task?.nextRunAt ?? "2026-01-01") > Date.now()
  )
}, 180_000)

afterAll(async () => {
  await before.end()
  await nagatha.end()
}, 60_000)

describe("an instant that the clocks took away", () => {
  it("stands in the history as skipped, with its reason, and is told by audit why", async () => {
    const rows = await nagatha.json<ReadonlyArray<TaskExecution>>("history", "nightly", "--limit", "1000")
    const lost = rows.filter(({ errorCode }) => errorCode === "dstGap")
    assert.include(
      lost.map(({ nominalAt }) => nominalAt),
      "2026-03-29T01:00:00.000Z"
    )
    for (const { status } of lost) assert.strictEqual(status, "skipped")
    const why = await nagatha.json<WhyAnswer>("audit", "why", "nightly", "2026-03-29T02:30")
    assert.strictEqual(why.verdict, "lostInGap")
    assert.strictEqual(why.decision?.reason, "dstGap")
    const [task] = await nagatha.json<ReadonlyArray<ScheduledTask>>("list")
    assert.strictEqual(task?.runCount, 0)
  }, 60_000)

  it("is found sound by the audit, and folds into the rows that are served", async () => {
    const report = await nagatha.json<Report>("audit", "verify")
    assert.deepStrictEqual(report.findings, [])
    const replayed = await nagatha.run(["audit", "replay"])
    assert.strictEqual(replayed.code, 0, replayed.stdout)
  }, 60_000)
})
