/** Limits, pauses and priorities of queues over several worker processes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { eventually, Nagatha } from "../support/nagatha.ts"

interface Execution {
  readonly executionId: string
  readonly status: string
  readonly startedAt: string | null
  readonly completedAt: string | null
  readonly worker: string | null
  readonly heldBy?: string
}
interface Info {
  readonly task: { readonly status: string; readonly priority: number; readonly key: string | null }
  readonly executions: ReadonlyArray<Execution>
}
interface Queue {
  readonly queue: string
  readonly running: number
  readonly waiting: number
  readonly held: Readonly<Record<string, number>>
  readonly limits: Readonly<Record<string, unknown>>
  readonly paused: { readonly reason: string | null } | null
}

const nagatha = new Nagatha()
const serve = (queues: string, concurrency: number) =>
  nagatha.start(
    ["node", "start", "--roles", "worker", "--queues", queues, "--concurrency", String(concurrency)],
    /process (\d+)/
  )
beforeAll(async () => {
  await nagatha.up()
  await Promise.all([serve("narrow,paced,keyed,stopped,lined", 3), serve("narrow,paced,keyed", 3), serve("busy", 1)])
}, 180_000)
afterAll(() => nagatha.end(), 120_000)

/** A task of the past, of which so many runs become due at once when it is filled in. */
const PAST = "2026-01-01T00:00:00Z"
const hourly = (id: string, queue: string, command: string, ...flags: ReadonlyArray<string>) =>
  nagatha.json(
    "schedule",
    "shell_command",
    "0 * * * *",
    "--timezone=UTC",
    "--retries=0",
    `--id=${id}`,
    `--queue=${queue}`,
    `--command=${command}`,
    ...flags
  )
const fill = (id: string, runs: number) =>
  nagatha.json(
    "backfill",
    id,
    "--overlap=allowAll",
    `--from=${PAST}`,
    `--to=${new Date(Date.parse(PAST) + runs * 3_600_000).toISOString()}`
  )
const info = (id: string) => nagatha.json<Info>("info", id, "--executions", "50")
const ended = (id: string, runs: number) =>
  eventually(
    `${runs} runs of ${id} have ended`,
    () => info(id),
    ({ executions }) => executions.filter(({ status }) => status === "completed").length === runs,
    90_000
  )
const queue = async (name: string): Promise<Queue> => nagatha.json<Queue>("queue", "info", name)

const at = (instant: string | null): number => Date.parse(instant ?? "")
/** Most of them that ran at the same time, by what their workers say. */
const most = (executions: ReadonlyArray<Execution>): number =>
  Math.max(
    ...executions.map(
      ({ startedAt }) =>
        executions.filter((other) => at(other.startedAt) <= at(startedAt) && at(startedAt) < at(other.completedAt))
          .length
    )
  )

describe("a queue over two worker processes", () => {
  it("never runs more at once than it allows, wherever they run", async () => {
    await nagatha.json("queue", "set", "narrow", "--concurrency", "2")
    await hourly("narrow-task", "narrow", "sleep 1.5")
    await fill("narrow-task", 8)
    const seen = await eventually(
      "some are held back",
      () => queue("narrow"),
      ({ held }) => (held["concurrency"] ?? 0) > 0
    )
    assert.isAtMost(seen.running, 2)
    const { executions } = await ended("narrow-task", 8)
    assert.strictEqual(most(executions), 2)
    assert.deepStrictEqual(await queue("narrow"), { ...seen, running: 0, waiting: 0, held: {} })
  }, 120_000)

  it("begins no more within a time than its rate allows", async () => {
    await nagatha.json("queue", "set", "paced", "--rate", "5/1s")
    await hourly("paced-task", "paced", "true")
    await fill("paced-task", 20)
    const { executions } = await ended("paced-task", 20)
    const starts = executions.map(({ startedAt }) => at(startedAt)).sort((a, b) => a - b)
    // The owner counts when it grants; the workers begin a little later, one more so than the other.
    for (const [index, start] of starts.entries()) assert.isAtLeast((starts[index + 5] ?? Infinity) - start, 500)
    assert.isAtLeast((starts.at(-1) ?? 0) - (starts[0] ?? 0), 2500)
  }, 120_000)

  it("limits each key by itself", async () => {
    await nagatha.json("queue", "set", "keyed", "--key-concurrency", "1")
    for (const key of ["a", "b"]) await hourly(`keyed-${key}`, "keyed", "sleep 1", "--key", key)
    await nagatha.json("queue", "pause", "keyed")
    for (const key of ["a", "b"]) await fill(`keyed-${key}`, 4)
    await nagatha.json("queue", "resume", "keyed")
    const [a, b] = [await ended("keyed-a", 4), await ended("keyed-b", 4)]
    assert.strictEqual(a.task.key, "a")
    assert.deepStrictEqual([most(a.executions), most(b.executions)], [1, 1])
    assert.strictEqual(most([...a.executions, ...b.executions]), 2)
  }, 120_000)

  it("lets nothing begin while it is paused, and what runs go on; over a crash of everything, too", async () => {
    await hourly("stopped-task", "stopped", "sleep 4")
    await nagatha.json("run", "stopped-task")
    await eventually(
      "it runs",
      () => info("stopped-task"),
      ({ executions }) => executions[0]?.status === "running"
    )
    await nagatha.json("queue", "pause", "stopped", "--reason", "it moves")
    await nagatha.json("run", "stopped-task")
    const { executions } = await eventually(
      "the first has ended",
      () => info("stopped-task"),
      (now) => now.executions.some(({ status }) => status === "completed")
    )
    assert.deepStrictEqual(
      executions.map(({ heldBy, status }) => [status, heldBy]),
      [
        ["queued", "paused"],
        ["completed", undefined]
      ]
    )
    assert.include((await nagatha.run(["info", "stopped-task"])).stdout, "the queue is paused")
    await nagatha.killAll()
    await nagatha.up()
    const after = await queue("stopped")
    assert.deepStrictEqual([after.paused?.reason, after.waiting, after.held], ["it moves", 1, { paused: 1 }])
    const { task, executions: held } = await info("stopped-task")
    assert.deepStrictEqual([task.status, held[0]?.heldBy], ["scheduled", "paused"])
    await nagatha.json("queue", "resume", "stopped")
    await ended("stopped-task", 2)
  }, 180_000)
})

describe("what is urgent", () => {
  const order = async (...ids: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
    const all = await Promise.all(ids.map(info))
    return all
      .flatMap(({ executions }) => executions)
      .sort((a, b) => at(a.startedAt) - at(b.startedAt))
      .map(({ executionId }) => executionId.split("@")[0] ?? "")
  }

  /** Runs until it is let go. */
  const until = (name: string) => `until [ -e ${join(nagatha.dataDir, name)} ]; do sleep 0.1; done`
  const letGo = (name: string) => writeFileSync(join(nagatha.dataDir, name), "")

  it("is next where a queue has one place", async () => {
    await nagatha.json("queue", "set", "lined", "--concurrency", "1")
    await hourly("lined-first", "lined", until("lined"))
    await hourly("lined-plain", "lined", "true")
    await hourly("lined-urgent", "lined", "true", "--priority", "3600")
    await nagatha.json("run", "lined-first")
    for (let turn = 0; turn < 2; turn++) await nagatha.json("run", "lined-plain")
    await nagatha.json("run", "lined-urgent")
    letGo("lined")
    await ended("lined-plain", 2)
    assert.deepStrictEqual(await order("lined-first", "lined-plain", "lined-urgent"), [
      "lined-first",
      "lined-urgent",
      "lined-plain",
      "lined-plain"
    ])
  }, 120_000)

  it("is next where all workers are busy, however much lies with them", async () => {
    await hourly("busy-first", "busy", until("busy"))
    await hourly("busy-plain", "busy", "sleep 0.2")
    await hourly("busy-urgent", "busy", "true", "--priority", "3600")
    await nagatha.json("run", "busy-first")
    await fill("busy-plain", 40)
    await nagatha.json("run", "busy-urgent")
    letGo("busy")
    await ended("busy-plain", 40)
    const begun = await order("busy-first", "busy-plain", "busy-urgent")
    assert.strictEqual(begun.length, 42)
    assert.deepStrictEqual(begun.slice(0, 3), ["busy-first", "busy-urgent", "busy-plain"])
  }, 120_000)
})
