/** What is over, and what runs: ended one by one, done again, let go on, taken back, on real processes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { eventually, Nagatha } from "../support/nagatha.ts"

interface Execution {
  readonly executionId: string
  readonly status: string
  readonly nominalAt: string
  readonly errorCode: string | null
  readonly waitsFor: string | null
  readonly retryOf: string | null
  readonly retriedBy: string | null
  readonly stepName: string | null
  readonly attempts: ReadonlyArray<unknown>
}
interface Info {
  readonly task: { readonly status: string; readonly revision: number; readonly taskName: string }
  readonly nextRuns: ReadonlyArray<{ readonly at: string }>
  readonly executions: ReadonlyArray<Execution>
}
interface Changes {
  readonly items: ReadonlyArray<{
    readonly event: string
    readonly reason: string | null
    readonly changes: ReadonlyArray<{ readonly field: string; readonly from: unknown; readonly to: unknown }>
  }>
  readonly lastSet: ReadonlyArray<{ readonly field: string; readonly revision: number }>
}

const nagatha = new Nagatha()
beforeAll(() => nagatha.up(), 120_000)
afterAll(() => nagatha.end(), 120_000)

const info = (id: string) => nagatha.json<Info>("info", id)
const schedule = (id: string, when: string, command: string, ...more: ReadonlyArray<string>) =>
  nagatha.json<object>("schedule", "shell_command", when, "--command", command, "--id", id, ...more)
const ok = async (...args: ReadonlyArray<string>): Promise<string> => {
  const ran = await nagatha.run(args)
  assert.strictEqual(ran.code, 0, `${args.join(" ")}: ${ran.stderr}`)
  return ran.stdout
}
const executionOf = (id: string, what: string, holds: (one: Execution) => boolean): Promise<Execution> =>
  eventually(
    what,
    async () => (await info(id)).executions.find(holds),
    (found) => found !== undefined
  ).then((found) => {
    if (found === undefined) throw new Error(what)
    return found
  })

describe("one execution", () => {
  it("that runs is asked to stop, through a crash of everything; the task goes on, and what waits is dropped", async () => {
    await schedule("slow", "every 1 second", "sleep 300", "--overlap", "bufferAll")
    const running = await executionOf("slow", "one runs", ({ status }) => status === "running")
    await executionOf("slow", "one waits", ({ waitsFor }) => waitsFor === "overlap")
    assert.match(await ok("cancel", "slow", "--waiting", "--yes"), /^dropped \d+ waiting executions? of slow\n$/)
    assert.strictEqual(
      await ok("cancel", running.executionId, "--yes", "--reason", "hangs"),
      `asked execution ${running.executionId} to stop\n`
    )
    await nagatha.killAll()
    await nagatha.up()
    const ended = await executionOf(
      "slow",
      "it has ended",
      ({ executionId, status }) => executionId === running.executionId && status !== "running"
    ).catch(async () => {
      // The newest are shown with the task; it may be further back.
      const one = await nagatha.json<ReadonlyArray<Execution>>("history", "slow", "--status", "cancelled")
      const found = one.find(({ executionId }) => executionId === running.executionId)
      if (found === undefined) throw new Error("it has not ended")
      return found
    })
    assert.deepInclude(ended, { status: "cancelled", errorCode: "cancelled" })
    assert.strictEqual(ended.attempts.length, 1)
    assert.include(["scheduled", "running"], (await info("slow")).task.status)
    const again = await nagatha.run(["cancel", running.executionId, "--yes"])
    assert.strictEqual(again.code, 5)
    assert.include(again.stderr, "has ended already: cancelled")
    await ok("cancel", "slow", "--yes")
  }, 120_000)
})

describe("what has failed", () => {
  it("is done again for the same instant, also where its task is over; a sequence from its failed step", async () => {
    const mended = join(nagatha.dataDir, "mended")
    await nagatha.json(
      "schedule",
      "sequence",
      "now",
      "--id",
      "steps",
      "--retries",
      "0",
      "--args",
      JSON.stringify({
        steps: [
          { name: "first", type: "shell_command", args: { command: "echo once" } },
          { name: "second", type: "shell_command", args: { command: `test -e ${mended}` } }
        ]
      })
    )
    await eventually(
      "it has failed",
      () => info("steps"),
      ({ task }) => task.status === "failed"
    )
    writeFileSync(mended, "")
    const retried = await nagatha.json<{ readonly executionId: string; readonly execution: Execution }>(
      "retry",
      "steps",
      "--wait"
    )
    assert.strictEqual(retried.execution.status, "completed")
    const { executions, task } = await info("steps")
    assert.strictEqual(task.status, "completed")
    const first = executions.find(({ executionId }) => executionId === retried.execution.retryOf)
    assert.strictEqual(first?.nominalAt, retried.execution.nominalAt)
    assert.strictEqual(first?.retriedBy, retried.executionId)
    assert.strictEqual(executions.filter(({ stepName }) => stepName === "first").length, 1)
    const well = await nagatha.run(["retry", retried.executionId])
    assert.strictEqual(well.code, 5)
    rmSync(mended)
  }, 120_000)

  it("is done again all at once, by a filter, and only what nothing has taken the place of", async () => {
    const mended = join(nagatha.dataDir, "mended-too")
    for (const id of ["bulk-a", "bulk-b"]) {
      await schedule(id, "now", `test -e ${mended}`, "--retries", "0", "--tag", "bulk")
      await eventually(
        `${id} has failed`,
        () => info(id),
        ({ task }) => task.status === "failed"
      )
    }
    writeFileSync(mended, "")
    const told = await ok("retry", "--failed", "--since", "1d", "--tag", "bulk", "--yes")
    assert.match(told, /^retries: execution bulk-a@[^\n]+\nretries: execution bulk-b@[^\n]+\n$/)
    for (const id of ["bulk-a", "bulk-b"]) {
      await eventually(
        `${id} is mended`,
        () => info(id),
        ({ task }) => task.status === "completed"
      )
    }
    assert.isTrue(existsSync(mended))
    const none = await nagatha.run(["retry", "--failed", "--tag", "bulk", "--yes"])
    assert.include(none.stderr, "nothing like that has failed")
  }, 120_000)
})

describe("a task", () => {
  it("that was cancelled goes on under its id, after a restart as well", async () => {
    await schedule("daily", "every day at 9:00", "true", "--name", "morning")
    const before = (await info("daily")).nextRuns
    await ok("cancel", "daily", "--yes", "--reason", "by mistake")
    await nagatha.killAll()
    await nagatha.up()
    assert.match(await ok("restore", "daily", "--reason", "back"), /^restored daily, next run /)
    const { nextRuns, task } = await info("daily")
    assert.deepInclude(task, { status: "scheduled", revision: 3, taskName: "morning" })
    assert.deepStrictEqual(nextRuns, before)
    const twice = await nagatha.run(["restore", "daily"])
    assert.strictEqual(twice.code, 5)
  }, 120_000)

  it("that runs once needs to be allowed to run late, and then does", async () => {
    await schedule("late", "in 15 seconds", "true")
    const [{ at } = { at: "" }] = (await info("late")).nextRuns
    await ok("cancel", "late", "--yes")
    await eventually(
      "its instant has passed",
      () => Date.now(),
      (now) => now > Date.parse(at)
    )
    const refused = await nagatha.run(["restore", "late"])
    assert.strictEqual(refused.code, 2)
    assert.include(refused.stderr, "--allow-past")
    await ok("restore", "late", "--allow-past")
    await eventually(
      "it has run",
      () => info("late"),
      ({ task }) => task.status === "completed"
    )
  }, 120_000)

  it("gets back what it was, and tells who changed what and why", async () => {
    await schedule("changed", "every day at 9:00", "echo one", "--name", "one")
    await ok("update", "changed", "--args", '{"command":"echo two"}', "--name", "two", "--reason", "louder")
    await ok("reschedule", "changed", "every day at 10:00")
    assert.match(await ok("undo", "changed"), /^changed changed, revision 4\n[^]*next runs now\n.* 09:00:00/)
    await ok("revert", "changed", "--to-revision", "1", "--if-revision", "4")
    assert.strictEqual((await info("changed")).task.taskName, "one")
    const changes = await nagatha.json<Changes>("info", "changed", "--changes")
    assert.deepStrictEqual(
      changes.items.map(({ event }) => event),
      ["updated", "rescheduled", "rescheduled", "updated", "scheduled"]
    )
    assert.strictEqual(changes.items.at(-2)?.reason, "louder")
    const back = changes.items[0]?.changes.find(({ field }) => field === "taskArgs.command")
    assert.deepInclude(back, { from: "echo two", to: "echo one" })
    const field = await nagatha.json<Changes>("info", "changed", "--changes", "--field", "taskName")
    assert.deepStrictEqual(
      field.lastSet.map(({ revision }) => revision),
      [5]
    )
    const conflict = await nagatha.run(["revert", "changed", "--to-revision", "2", "--if-revision", "4"])
    assert.strictEqual(conflict.code, 5)
  }, 120_000)

  it("is changed, and run, together with all that have its tag", async () => {
    for (const id of ["many-a", "many-b"]) await schedule(id, "every day at 9:00", "true", "--tag", "many")
    assert.strictEqual(
      await ok("update", "--where-tag", "many", "--retries", "7", "--yes"),
      "changed many-a, revision 2\nchanged many-b, revision 2\n"
    )
    assert.match(await ok("run", "--tag", "many", "--yes"), /many-a@[^]*many-b@/)
  }, 120_000)
})
