/**
 * A log that was written by a newer version, or on which somebody has laid hands, met by real nodes: the writer of that
 * partition stops and says so, the others go on, nothing is lost, and there is a way back.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { join } from "node:path"
import type { Report } from "../../src/audit/Verify.ts"
import * as Commit from "../../src/events/Commit.ts"
import { partitionOf } from "../../src/events/Partition.ts"
import type { ScheduledTask } from "../../src/projections/ScheduledTask.ts"
import type { ServiceStatus } from "../../src/Scheduler.ts"
import { appendByHand, type Line, rewriteLog } from "../support/alteredLog.ts"
import { eventually, Nagatha } from "../support/nagatha.ts"

const PARTITIONS = 16
let nagatha = new Nagatha()
const A = "alpha"
const B = "beta"
const [ofA, ofB] = [partitionOf(A, PARTITIONS), partitionOf(B, PARTITIONS)]

const schedule = (id: string) =>
  nagatha.json("schedule", "shell_command", "every 1 seconds", "--command", "true", "--id", id, "--description", "one")

const stopped = async () => {
  await nagatha.run(["down"])
  await eventually(
    "it is down",
    () => nagatha.upPid(),
    (pid) => pid === null,
    60_000
  )
}

const status = () => nagatha.json<ServiceStatus>("status")
const troublesOf = async (partition: number) =>
  (await status()).partitions.find((one) => one.partition === partition)?.troubles ?? []

const taskOf = async (id: string) => (await nagatha.json<{ readonly task: ScheduledTask }>("info", id)).task
const runsOf = async (id: string) => (await taskOf(id)).runCount

/** Until a task has run twice more. */
const goesOn = async (id: string) => {
  const before = await runsOf(id)
  await eventually(
    `${id} runs on`,
    () => runsOf(id),
    (runs) => runs >= before + 2
  )
}

interface Failed {
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string }
}
const refused = async (...args: ReadonlyArray<string>) => {
  const { code, stderr } = await nagatha.run([...args, "--json"])
  const { error } = JSON.parse(stderr) as Failed
  return { exit: code, ...error }
}

const checks = async () => {
  const { stdout } = await nagatha.run(["doctor", "--json"])
  const report = JSON.parse(stdout) as {
    readonly checks: ReadonlyArray<{ readonly name: string; readonly state: string; readonly found: string }>
  }
  return new Map(report.checks.map((check) => [check.name, check]))
}

/** Without one commit, with one changed, or with one twice: of a partition, counted from its first. */
const atCommit =
  (partition: number, index: number, change: (line: Line) => ReadonlyArray<Line>) =>
  (lines: ReadonlyArray<Line>): ReadonlyArray<Line> => {
    const wanted = lines.filter((line) => line.partition === partition)[index]
    return lines.flatMap((line) => (line === wanted ? change(line) : [line]))
  }

beforeAll(async () => {
  assert.notStrictEqual(ofA, ofB)
  await nagatha.up()
  await schedule(A)
  await schedule(B)
  await goesOn(A)
  await goesOn(B)
}, 120_000)

afterAll(() => nagatha.end(), 60_000)

describe("an event that a newer version wrote", () => {
  beforeAll(async () => {
    await stopped()
    await appendByHand(nagatha.dataDir, ofA, (newest) => {
      const [last] = newest.events
      const { causedBy, scheduleType, taskName, taskType, time } = last ?? assert.fail("no event")
      return [
        {
          type: "paused",
          version: 1,
          time,
          taskId: A,
          taskName,
          taskType,
          scheduleType,
          revision: 2,
          causedBy,
          until: null,
          colour: "blue"
        }
      ]
    })
    await nagatha.up()
  }, 120_000)

  it("halts its partition, loudly, and no other", async () => {
    const [trouble, ...more] = await troublesOf(ofA)
    assert.deepStrictEqual(more, [])
    assert.strictEqual(trouble?.kind, "newer")
    assert.match(trouble?.found ?? "", /the event "paused" version 1 of task alpha .*colour/)
    assert.match(trouble?.remedy ?? "", /upgrade this node/)
    assert.deepStrictEqual(await troublesOf(ofB), [])
    await goesOn(B)
    const told = await nagatha.run(["status"])
    assert.match(told.stdout, new RegExp(`partition ${ofA} is halted`))
    assert.match(told.stdout, /upgrade this node/)
    const found = await checks()
    assert.strictEqual(found.get(`partition ${ofA}`)?.state, "problem")
    assert.match(found.get("read models")?.found ?? "", /1 event of the log not understood/)
  }, 120_000)

  it("lets nothing through: commands are refused and say why, reading goes on, and it cannot be accepted", async () => {
    for (const args of [
      ["run", A],
      ["cancel", A, "--yes"],
      ["resume", A]
    ]) {
      const { code, exit, hint, message } = await refused(...args)
      assert.deepStrictEqual([exit, code], [5, "partitionHalted"])
      assert.match(message, new RegExp(`partition ${ofA}.*is halted.*Nothing was done`))
      assert.match(hint ?? "", /upgrade this node/)
    }
    assert.strictEqual((await taskOf(A)).status, "scheduled")
    assert.strictEqual((await status()).projection.parked?.count, 1)
    const accepted = await refused("admin", "accept-log", String(ofA), "--reason", "no", "--yes")
    assert.deepStrictEqual([accepted.exit, accepted.code], [5, "notAcceptable"])
    const { stdout } = await nagatha.run(["audit", "verify", "--json"])
    assert.deepStrictEqual((JSON.parse(stdout) as Report).counts, { newer: 1 })
  }, 120_000)

  it("is taken in by a version that knows it, which goes on from there", async () => {
    await stopped()
    const preload = join(import.meta.dirname, "..", "support", "newerVersion.mjs")
    await nagatha.upWith({ NODE_OPTIONS: `--import=${preload}` })
    assert.deepStrictEqual(await troublesOf(ofA), [])
    // The read models were built anew, with what they had left out.
    assert.strictEqual((await taskOf(A)).status, "paused")
    assert.isUndefined((await status()).projection.parked)
    await nagatha.json("resume", A)
    await goesOn(A)
  }, 120_000)
})

describe("a log on which somebody has laid hands", () => {
  beforeAll(async () => {
    await nagatha.end()
    nagatha = new Nagatha()
    await nagatha.up()
    await schedule(A)
    await schedule(B)
    await goesOn(A)
    await goesOn(B)
    await stopped()
  }, 180_000)

  const edit = ({ partition, text }: Line): ReadonlyArray<Line> => [
    { partition, text: text.replace('"description":"one"', '"description":"two"') }
  ]

  it("halts the partition in which a commit was edited, until somebody accepts that", async () => {
    await rewriteLog(nagatha.dataDir, atCommit(ofA, 0, edit))
    await nagatha.up()
    const [trouble] = await troublesOf(ofA)
    assert.strictEqual(trouble?.kind, "edited")
    assert.match(trouble?.remedy ?? "", new RegExp(`admin accept-log ${ofA}`))
    assert.deepStrictEqual(await troublesOf(ofB), [])
    await goesOn(B)
    assert.strictEqual((await refused("run", A)).code, "partitionHalted")
    const { stdout } = await nagatha.run(["audit", "verify", "--json"])
    assert.deepStrictEqual((JSON.parse(stdout) as Report).counts, { brokenChain: 1 })

    await nagatha.json("admin", "accept-log", String(ofA), "--reason", "a test", "--yes")
    await eventually(
      "it goes on",
      () => troublesOf(ofA),
      (troubles) => troubles.length === 0
    )
    await goesOn(A)
    const report = await nagatha.json<Report>("audit", "verify")
    assert.deepStrictEqual(
      report.accepted?.map(({ acceptedBy, kind, reason }) => [kind, acceptedBy.startsWith("cli:"), reason]),
      [["brokenChain", true, "a test"]]
    )
    await stopped()
  }, 180_000)

  it("halts each partition whose end was cut off, which its chain cannot show, until somebody accepts that", async () => {
    let cut: ReadonlyArray<Line> = []
    await rewriteLog(nagatha.dataDir, (lines) => {
      const end = lines.findLastIndex(({ partition, text }) => {
        const read = Commit.read(1, text)
        return partition === ofB && read._tag === "whole"
      })
      cut = lines.slice(end)
      return lines.slice(0, end)
    })
    await nagatha.up()
    const [trouble] = await troublesOf(ofB)
    assert.strictEqual(trouble?.kind, "shortened")
    // What was accepted before stays accepted after a restart.
    assert.notInclude(
      (await troublesOf(ofA)).map(({ kind }) => kind),
      "edited"
    )
    assert.strictEqual((await refused("run", B)).code, "partitionHalted")
    for (const partition of new Set(cut.map((line) => line.partition))) {
      await nagatha.json("admin", "accept-log", String(partition), "--reason", "a test", "--yes")
    }
    await eventually(
      "all go on",
      async () => (await status()).partitions.filter(({ troubles }) => troubles !== undefined),
      (halted) => halted.length === 0
    )
    await goesOn(A)
    await goesOn(B)
    await stopped()
    await nagatha.up()
    assert.deepStrictEqual(await troublesOf(ofB), [])
    await stopped()
  }, 180_000)

  it("finds one event removed, or written twice, and goes on without a word once it is put back as it was", async () => {
    let whole: ReadonlyArray<Line> = []
    for (const [change, kinds] of [
      [() => [], ["brokenChain", "gap"]],
      [(line: Line) => [line, line], ["brokenChain", "duplicate", "scheduledTwice"]]
    ] as const) {
      await rewriteLog(nagatha.dataDir, (lines) => {
        if (whole.length === 0) whole = lines
        return atCommit(ofB, 3, change)(whole)
      })
      await nagatha.up()
      const { code, stdout } = await nagatha.run(["audit", "verify", "--json"])
      const { counts } = JSON.parse(stdout) as Report
      assert.strictEqual(code, 1)
      assert.isTrue(
        kinds.some((kind) => (counts[kind] ?? 0) > 0),
        JSON.stringify(counts)
      )
      assert.include(["gap", "replaced", "shortened"], (await troublesOf(ofB))[0]?.kind)
      await stopped()
    }
    await rewriteLog(nagatha.dataDir, () => whole)
    await nagatha.up()
    assert.deepStrictEqual(await troublesOf(ofB), [])
    await goesOn(B)
    await stopped()
  }, 180_000)
})
