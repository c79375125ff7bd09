/** What must hold when everything is killed, on real processes: nothing acknowledged is lost, nothing due is left undecided. */
import { assert, afterEach, describe, it } from "@effect/vitest"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { eventually, Nagatha } from "../support/nagatha.ts"
import { commitsOf, eventsOf } from "../support/log.ts"

const worlds: Array<Nagatha> = []
const world = (): Nagatha => {
  const made = new Nagatha()
  worlds.push(made)
  return made
}
afterEach(async () => {
  for (const one of worlds.splice(0)) await one.end()
}, 120_000)

interface Task {
  readonly taskId: string
  readonly status: string
  readonly runCount: number
  readonly lastStatus: string | null
}
interface Info {
  readonly task: Task
  readonly executions: ReadonlyArray<{
    readonly status: string
    readonly attempt: number
    readonly output: string | null
  }>
}

describe("a deployment that is killed as a whole", () => {
  it("is seen by other processes, survives kill -9 and forgets nothing that was acknowledged", async () => {
    const nagatha = world()
    await nagatha.up()
    const effects = join(nagatha.dataDir, "effects")
    writeFileSync(effects, "")
    const ids: Array<string> = []
    const schedule = async (when: string, ...more: ReadonlyArray<string>) => {
      const { taskId } = await nagatha.json<{ readonly taskId: string }>(
        "schedule",
        "shell_command",
        when,
        "--command",
        `echo $NAGATHA_EXECUTION_ID >> ${effects}`,
        ...more
      )
      ids.push(taskId)
      return taskId
    }
    const soon = await schedule("in 3 seconds")
    const done = await schedule("now")
    const cancelled = await schedule("in 4 seconds")
    await nagatha.json("cancel", cancelled, "--yes")
    await eventually(
      "the first task has run",
      () => nagatha.json<Info>("info", done),
      ({ task }) => task.status === "completed"
    )
    await nagatha.killAll()
    await nagatha.up()
    const listed = await nagatha.json<ReadonlyArray<Task>>("list", "--all")
    assert.deepStrictEqual(listed.map((task) => task.taskId).sort(), [...ids].sort())
    await eventually(
      "what was due meanwhile has run",
      () => nagatha.json<Info>("info", soon),
      ({ task }) => task.status === "completed"
    )
    assert.strictEqual((await nagatha.json<Info>("info", cancelled)).task.status, "cancelled")
    const ran = readFileSync(effects, "utf8").trim().split("\n")
    assert.strictEqual(ran.filter((id) => id.startsWith(done)).length, 1)
    assert.strictEqual(ran.filter((id) => id.startsWith(cancelled)).length, 0)
    assert.isAtLeast(ran.filter((id) => id.startsWith(soon)).length, 1)
  }, 120_000)

  it("decides each instant of a recurring task exactly once over restarts, and none after its cancellation", async () => {
    const nagatha = world()
    await nagatha.up()
    const everyTwo = await nagatha.json<{ readonly taskId: string }>(
      "schedule",
      "shell_command",
      "*/2 * * * * *",
      "--command",
      "true",
      "--overlap",
      "allowAll",
      "--catch-up",
      "all"
    )
    const everyOne = await nagatha.json<{ readonly taskId: string }>(
      "schedule",
      "shell_command",
      "every 1 seconds",
      "--command",
      "true",
      "--overlap",
      "allowAll",
      "--catch-up",
      "all"
    )
    const runs = (taskId: string, count: number) =>
      eventually(
        `${count} runs`,
        () => nagatha.json<Info>("info", taskId),
        ({ task }) => task.runCount >= count
      )
    await runs(everyTwo.taskId, 2)
    await nagatha.killAll()
    await nagatha.up()
    await runs(everyTwo.taskId, 6)
    for (const { taskId } of [everyOne, everyTwo]) await nagatha.json("cancel", taskId, "--yes")
    const cancelledAt = Date.now()
    await eventually(
      "time has passed",
      () => Date.now(),
      (now) => now > cancelledAt + 3500
    )
    await nagatha.run(["down"])

    const commits = await commitsOf(nagatha.dataDir)
    for (const { period, task } of [
      { task: everyTwo, period: 2000 },
      { task: everyOne, period: 1000 }
    ]) {
      const events = eventsOf(commits, task.taskId)
      const end = events.findIndex((event) => event.type === "cancelled")
      assert.isAbove(end, 0)
      const decided = events.flatMap((event) =>
        event.type === "due" ? [Date.parse(event.nominalAt)] : event.type === "skipped" ? [NaN] : []
      )
      assert.isAtLeast(decided.length, 4)
      for (const [index, at] of decided.entries()) {
        if (index > 0) assert.strictEqual(at - (decided[index - 1] ?? 0), period, `instant ${index} of ${period}`)
      }
      assert.isFalse(events.slice(end).some((event) => event.type === "due"))
      const outcomes = events.flatMap((event) =>
        event.type === "success" || event.type === "failure" ? [event.executionId] : []
      )
      assert.strictEqual(new Set(outcomes).size, outcomes.length)
    }
  }, 120_000)
})
