/** A task in the hands of its owner: paused, changed, left out, run by hand, on real processes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { eventually, Nagatha } from "../support/nagatha.ts"

interface Run {
  readonly at: string
}
interface Info {
  readonly task: {
    readonly status: string
    readonly revision: number
    readonly taskName: string
    readonly scheduleSpec: string
    readonly timezone: string
    readonly maxRetries: number
    readonly taskArgs: Readonly<Record<string, unknown>>
    readonly maxRuns: number | null
    readonly pausedUntil: string | null
    readonly pauseReason: string | null
  }
  readonly nextRuns: ReadonlyArray<Run>
  readonly executions: ReadonlyArray<{
    readonly status: string
    readonly nominalAt: string
    readonly errorCode: string
  }>
}

/** A program of one request. */
const PROGRAM = new URL("../support/scheduleProcess.mjs", import.meta.url).pathname

const nagatha = new Nagatha()
beforeAll(() => nagatha.up("--queues", "mail"), 120_000)
afterAll(() => nagatha.end(), 120_000)

const info = (id: string) => nagatha.json<Info>("info", id)
const schedule = (id: string, when: string, ...more: ReadonlyArray<string>) =>
  nagatha.json<object>("schedule", "shell_command", when, "--command", "true", "--id", id, ...more)

describe("a task", () => {
  it("is paused with a reason, shows no runs, and goes on without making up for what it has missed", async () => {
    await schedule("ticks", "every 1 second")
    const paused = await nagatha.run(["pause", "ticks", "--reason", "moving house"])
    assert.strictEqual(paused.stdout, "paused ticks\n", paused.stderr)
    const { nextRuns, task } = await info("ticks")
    assert.deepInclude(task, { status: "paused", pauseReason: "moving house" })
    assert.deepStrictEqual(nextRuns, [])
    const before = (await info("ticks")).executions.length
    const pausedAt = Date.now()
    await eventually(
      "some of its instants have passed",
      () => Date.now(),
      (now) => now > pausedAt + 2500
    )
    assert.strictEqual((await info("ticks")).executions.length, before)
    assert.strictEqual((await nagatha.run(["resume", "tick"])).stdout, "resumed ticks\n")
    const { executions } = await eventually(
      "it runs again",
      () => info("ticks"),
      (now) => now.executions.some(({ status }) => status === "completed") && now.task.status !== "paused"
    )
    assert.isTrue(executions.some(({ errorCode, status }) => status === "skipped" && errorCode === "paused"))
    assert.strictEqual((await nagatha.run(["resume", "ticks"])).code, 5)
    await nagatha.run(["cancel", "ticks", "--yes"])
  }, 60_000)

  it("that is paused until an instant goes on by itself", async () => {
    await schedule("until", "every 1 second")
    const { code, stderr } = await nagatha.run(["pause", "until", "--until", "in 8 seconds"])
    assert.strictEqual(code, 0, stderr)
    assert.isNotNull((await info("until")).task.pausedUntil)
    await eventually(
      "it goes on",
      () => info("until"),
      ({ task }) => task.status !== "paused"
    )
    const past = await nagatha.run(["pause", "until", "--until", "2020-01-01T00:00:00Z"])
    assert.strictEqual(past.code, 2)
    await nagatha.run(["cancel", "until", "--yes"])
  }, 60_000)

  it("leaves out one occurrence, which its next runs no longer show", async () => {
    await schedule("daily", "every day at 9:00")
    const [first, second, third] = (await info("daily")).nextRuns
    const skipped = await nagatha.run(["skip", "daily", second?.at ?? ""])
    assert.strictEqual(skipped.code, 0, skipped.stderr)
    assert.include(skipped.stdout, "daily leaves out")
    const { nextRuns } = await info("daily")
    assert.deepStrictEqual([nextRuns[0]?.at, nextRuns[1]?.at], [first?.at, third?.at])
    assert.strictEqual((await nagatha.run(["skip", "daily", "2030-01-01T10:00"])).code, 2)
  }, 60_000)

  it("gets another schedule in its own zone, shown with the runs before and after", async () => {
    await schedule("moved", "every day at 9:00", "--timezone", "Asia/Tokyo", "--max-runs", "7")
    const ran = await nagatha.run(["reschedule", "moved", "every weekday at 8:30"])
    assert.strictEqual(ran.code, 0, ran.stderr)
    assert.match(
      ran.stdout,
      /^changed moved, revision 2\n[^]*next runs before\n.* 09:00:00 \+09:00[^]*next runs now\n.* 08:30:00 \+09:00/
    )
    const { nextRuns, task } = await info("moved")
    assert.deepInclude(task, { scheduleSpec: "every weekday at 8:30", timezone: "Asia/Tokyo", maxRuns: 7 })
    assert.match(nextRuns[0]?.at ?? "", /T23:30:00\.000Z$/)
    const wrong = await nagatha.run(["reschedule", "moved", "every mnday"])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, 'did you mean "monday"?')
  }, 60_000)

  it("is changed in what is named and in nothing else; arguments are checked as when it was scheduled", async () => {
    await schedule("changed", "every day at 9:00", "--name", "before", "--end-at", "2099-01-01")
    const ran = await nagatha.run([
      "update",
      "changed",
      "--name",
      "after",
      "--retries",
      "5",
      "--args",
      '{"command": "date"}',
      "--end-at",
      "none"
    ])
    assert.strictEqual(ran.code, 0, ran.stderr)
    const { task } = await info("changed")
    assert.deepInclude(task, { taskName: "after", maxRetries: 5, scheduleSpec: "every day at 9:00", revision: 2 })
    assert.deepStrictEqual(task.taskArgs, { command: "date" })
    const wrong = await nagatha.run(["update", "changed", "--args", '{"comand": "date"}'])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, 'did you mean "command"?')
    assert.strictEqual((await nagatha.run(["update", "changed"])).code, 2)
  }, 60_000)

  it("that two programs change at once loses no change: one is told the revision", async () => {
    await schedule("contested", "every day at 9:00")
    const names = ["one", "two", "three", "four"]
    const ran = await Promise.all(
      names.map((name) => nagatha.run(["update", "contested", "--name", name, "--if-revision", "1"]))
    )
    assert.deepStrictEqual(ran.map(({ code }) => code).sort(), [0, 5, 5, 5])
    assert.include(ran.find(({ code }) => code === 5)?.stderr ?? "", "is at revision 2, not 1")
    assert.strictEqual((await info("contested")).task.revision, 2)
  }, 60_000)

  it("is run for a stretch of the past: listed first, then one after another, beside its schedule", async () => {
    await schedule("hourly", "0 * * * *", "--timezone", "UTC")
    const range = ["--from", "2026-01-01", "--to", "2026-01-01T05:00", "--timezone", "UTC"]
    const listed = await nagatha.run(["backfill", "hourly", ...range, "--dry-run"])
    assert.strictEqual(listed.code, 0, listed.stderr)
    assert.match(
      listed.stdout,
      /^5 occurrences from 2026-01-01T00:00:00.000Z to before 2026-01-01T05:00:00.000Z; nothing was done/
    )
    const ran = await nagatha.run(["backfill", "hourly", ...range])
    assert.strictEqual(ran.stdout, "5 executions of hourly, beside its schedule\n", ran.stderr)
    const { executions } = await eventually(
      "all have run",
      () => info("hourly"),
      (now) => now.executions.filter(({ status }) => status === "completed").length === 5
    )
    assert.deepStrictEqual(executions.map(({ nominalAt }) => nominalAt.slice(11, 13)).sort(), [
      "00",
      "01",
      "02",
      "03",
      "04"
    ])
    const ahead = await nagatha.run(["backfill", "hourly", "--from", "2026-01-01", "--to", "2090-01-01"])
    assert.strictEqual(ahead.code, 2)
    assert.include(ahead.stderr, "lies in the future")
  }, 60_000)

  it("that overlaps itself waits for its turn, or takes the place of the run before it", async () => {
    const slow = (id: string, overlap: string) =>
      nagatha.json(
        "schedule",
        "shell_command",
        "every 1 second",
        "--command",
        "sleep 30",
        "--id",
        id,
        "--overlap",
        overlap
      )
    await slow("waits", "bufferOne")
    const waiting = await eventually(
      "one waits",
      () => info("waits"),
      ({ executions }) => executions.some(({ errorCode, status }) => status === "skipped" && errorCode === "overlap")
    )
    assert.deepStrictEqual(
      waiting.executions
        .map(({ status }) => status)
        .filter((status) => status === "queued" || status === "running")
        .sort(),
      ["queued", "running"]
    )
    await nagatha.run(["cancel", "waits", "--yes"])
    await slow("replaces", "terminateOther")
    await eventually(
      "one has taken the place of another",
      () => info("replaces"),
      ({ executions }) => executions.some(({ status }) => status === "cancelled")
    )
    await nagatha.run(["cancel", "replaces", "--yes"])
  }, 60_000)

  it("is paused after failures in a row, and gives up what nobody begins", async () => {
    await nagatha.json(
      "schedule",
      "shell_command",
      "every 1 second",
      "--command",
      "exit 1",
      "--id",
      "fails",
      "--retries",
      "0",
      "--pause-after",
      "2"
    )
    const { task } = await eventually(
      "it is paused",
      () => info("fails"),
      (now) => now.task.status === "paused"
    )
    assert.strictEqual(task.pauseReason, "2 failures in a row")
    await nagatha.json(
      "schedule",
      "shell_command",
      "now",
      "--command",
      "true",
      "--id",
      "unbegun",
      "--queue",
      "nobody",
      "--expires",
      "1s"
    )
    const { executions } = await eventually(
      "it is over",
      () => info("unbegun"),
      (now) => now.task.status === "failed"
    )
    assert.strictEqual(executions[0]?.errorCode, "expired")
  }, 60_000)

  it("in a queue of one's own is run where a worker serves it; where none does, that is said at once", async () => {
    const asked = ["schedule", "shell_command", "now", "--command", "true", "--queue"]
    const served = await nagatha.run([...asked, "mail", "--wait"])
    assert.strictEqual(served.code, 0, served.stderr)
    assert.notInclude(served.stderr, "no worker serves")
    const unserved = await nagatha.run([...asked, "mial"])
    assert.strictEqual(unserved.code, 0)
    assert.include(unserved.stderr, "no worker serves the queue mial yet, so this waits: nagatha node start")
  }, 60_000)

  it("that fifty processes schedule at the same moment under one id is one task", async () => {
    const { nats } = JSON.parse(readFileSync(join(nagatha.dataDir, "up.json"), "utf8")) as {
      readonly nats: { readonly url: string; readonly user: string; readonly password: string }
    }
    const request = { taskId: "the-same", taskType: "shell_command", taskArgs: { command: "true" }, schedule: "@daily" }
    const programs = Array.from({ length: 50 }, () => {
      const args = [PROGRAM, nats.url, nats.user, nats.password, JSON.stringify(request)]
      const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
      let told = ""
      child.stdout.on("data", (chunk: Buffer) => (told += chunk.toString()))
      return { child, closed: once(child, "close"), lines: () => told.split("\n") }
    })
    await eventually(
      "all are connected",
      () => programs.filter(({ lines }) => lines()[0] === "ready").length,
      (count) => count === programs.length,
      120_000
    )
    for (const { child } of programs) child.stdin.write("go\n")
    await Promise.all(programs.map(({ closed }) => closed))
    const answers = programs.map(({ lines }) => JSON.parse(lines()[1] ?? "") as { readonly created?: boolean })
    assert.deepStrictEqual(
      [true, false].map((created) => answers.filter((answer) => answer.created === created).length),
      [1, 49]
    )
    assert.strictEqual((await info("the-same")).task.revision, 1)
  }, 180_000)

  it("has a past that can be read again before what comes is heard, each event once", async () => {
    await schedule("remembered", "every day at 9:00")
    await nagatha.run(["pause", "remembered"])
    const following = await nagatha.start(
      ["events", "--task", "remembered", "--since", "1h", "--json"],
      /"scheduler.task.scheduled"[^]*"scheduler.task.paused"/
    )
    let heard = ""
    following.stdout?.on("data", (chunk: Buffer) => (heard += chunk.toString()))
    await nagatha.run(["resume", "remembered"])
    await eventually(
      "what comes is heard",
      () => heard,
      (text) => text.includes('"scheduler.task.resumed"')
    )
    following.kill("SIGINT")
    assert.notInclude(heard, '"scheduler.task.paused"', "what was shown is not shown again")
    const paused = await nagatha.start(["events", "paused", "--since", "1h", "--json"], /"scheduler.task.paused"/)
    paused.kill("SIGINT")
  }, 60_000)
})
