/** What must hold when a worker dies in the middle of its work, on real processes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { commitsOf, eventsOf } from "../support/log.ts"
import { eventually, isAlive, Nagatha } from "../support/nagatha.ts"

interface Info {
  readonly task: { readonly status: string }
  readonly executions: ReadonlyArray<{
    readonly executionId: string
    readonly status: string
    readonly worker: string | null
    readonly attempts: ReadonlyArray<{
      readonly attempt: number
      readonly worker: string | null
      readonly errorCode: string | null
    }>
  }>
}

const LEASE_MS = 10_000

const nagatha = new Nagatha()
beforeAll(() => nagatha.up(), 120_000)
afterAll(() => nagatha.end(), 120_000)

const readyPid = /process (\d+)/

describe("a worker that is killed in the middle of a run", () => {
  it("is noticed: the execution is run again by another within the lease, with the same key, and recorded once", async () => {
    const runs = join(nagatha.dataDir, "runs")
    await nagatha.start(["node", "start", "--roles", "worker", "--queues", "fragile"], readyPid)
    const { taskId } = await nagatha.json<{ readonly taskId: string }>(
      "schedule",
      "shell_command",
      "now",
      "--queue",
      "fragile",

      "--command",
      `echo $NAGATHA_EXECUTION_ID $NAGATHA_ATTEMPT $$ >> ${runs}; [ $NAGATHA_ATTEMPT = 1 ] && sleep 60; true`
    )
    const began = await eventually(
      "the first attempt runs",
      () => nagatha.json<Info>("info", taskId),
      ({ task }) => task.status === "running"
    )
    const shell = Number(readFileSync(runs, "utf8").trim().split(" ")[2])
    const worker = Number((began.executions[0]?.worker ?? "").split(".")[1])
    process.kill(worker, "SIGKILL")
    const killedAt = Date.now()
    await nagatha.start(["node", "start", "--roles", "worker", "--queues", "fragile"], readyPid)
    await eventually(
      "its command has died with it",
      () => isAlive(shell),
      (alive) => !alive,
      5000
    )
    const over = await eventually(
      "another worker has run it",
      () => nagatha.json<Info>("info", taskId),
      ({ task }) => task.status === "completed",
      60_000
    )
    assert.isBelow(Date.now() - killedAt, LEASE_MS + 10_000)
    const [execution] = over.executions
    assert.deepStrictEqual(
      execution?.attempts.map(({ attempt, errorCode }) => [attempt, errorCode]),
      [
        [1, "lost"],
        [2, null]
      ]
    )
    assert.notStrictEqual(execution?.attempts[0]?.worker, execution?.attempts[1]?.worker)
    const lines = readFileSync(runs, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(" "))
    assert.deepStrictEqual(
      lines.map(([id, attempt]) => [id, attempt]),
      [
        [execution?.executionId, "1"],
        [execution?.executionId, "2"]
      ]
    )
    await nagatha.run(["down"])
    const events = eventsOf(await commitsOf(nagatha.dataDir), taskId)
    const lost = events.find((event) => event.type === "retry")
    const success = events.filter((event) => event.type === "success")
    assert.strictEqual(success.length, 1)
    assert.isBelow(
      Date.parse(success[0]?.startedAt ?? "") - Date.parse(lost?.startedAt ?? ""),
      LEASE_MS + LEASE_MS / 3 + 1000,
      "from the start of the lost attempt to the start of the next: the lease after its last heartbeat, and a second"
    )
  }, 120_000)
})
