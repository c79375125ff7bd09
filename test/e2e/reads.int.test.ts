/** Looking things up on real processes: filters, orders, counts, pages, and moments of the past. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { eventually, Nagatha } from "../support/nagatha.ts"

interface Task {
  readonly taskId: string
  readonly status: string
  readonly lastStatus: string | null
}
interface Execution {
  readonly executionId: string
  readonly taskId: string
  readonly status: string
  readonly stepName: string | null
  readonly parentExecutionId: string | null
}

const nagatha = new Nagatha()
/** What was shown, and when: an instant behind it and before anything else happened. */
const moments: Array<{ readonly at: string; readonly shown: ReadonlyArray<string> }> = []

const run = async (...args: ReadonlyArray<string>) => {
  const ran = await nagatha.run(args)
  assert.strictEqual(ran.code, 0, `${args.join(" ")}: ${ran.stderr}`)
  return ran.stdout
}
const schedule = (id: string, command: string, ...more: ReadonlyArray<string>) =>
  run("schedule", "shell_command", "every day at 9:00", "--command", command, "--id", id, "--retries", "0", ...more)
const ids = async (...args: ReadonlyArray<string>) =>
  (await nagatha.json<ReadonlyArray<Task>>("list", ...args)).map(({ taskId }) => taskId)
const ranOnce = async (id: string, status: string) => {
  await run("run", id)
  await eventually(
    `${id} has run`,
    () => nagatha.json<ReadonlyArray<Execution>>("history", id, "--steps", "none"),
    (executions) => executions.length > 0 && executions.every((one) => one.status === status)
  )
}

const LOOKS: ReadonlyArray<ReadonlyArray<string>> = [
  ["list", "--all"],
  ["list", "--count", "--by", "status,tag"],
  ["info", "backup"],
  ["history"],
  ["history", "--status", "failed", "--count"]
]
/** What all looks show; the exit code in place of what is refused. */
const look = (...more: ReadonlyArray<string>) =>
  Promise.all(
    LOOKS.map(async (args) => {
      const { code, stdout } = await nagatha.run([...args, "--json", ...more])
      return code === 0 ? stdout : `exit ${code}`
    })
  )
const remember = async () => moments.push({ shown: await look(), at: new Date().toISOString() })

beforeAll(async () => {
  await nagatha.up()
  await run("calendar", "set", "holidays", "12-25")
  await schedule("backup", "true", "--name", "Backup of the db", "--tag", "night", "--exclude", "holidays")
  await remember()
  await Promise.all([
    schedule("broken", "exit 3", "--tag", "night", "--tag", "db", "--description", "never works"),
    schedule("moved", "true")
  ])
  await Promise.all([ranOnce("broken", "failed"), ranOnce("backup", "completed"), run("pause", "moved")])
  await remember()
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  await Promise.all([
    run("calendar", "set", "holidays", tomorrow),
    run("reschedule", "moved", "every weekday at 10:00"),
    run("cancel", "broken", "--yes")
  ])
  await remember()
  const steps = [
    { name: "first", type: "shell_command", args: { command: "true" } },
    { name: "second", type: "shell_command", args: { command: "true" } }
  ]
  await Promise.all([
    run("resume", "moved"),
    run("update", "backup", "--name", "Backup"),
    run("schedule", "sequence", "every day at 9:00", "--id", "chain", "--args", JSON.stringify({ steps }))
  ])
  await ranOnce("chain", "completed")
  await remember()
}, 600_000)
afterAll(() => nagatha.end(), 120_000)

describe("list and history", () => {
  it("find by what is known, in the order asked for, and count", async () => {
    assert.deepStrictEqual((await ids("--tag", "night", "--status", "scheduled")).sort(), ["backup"])
    assert.deepStrictEqual((await ids("--any-tag", "night", "--any-tag", "db")).sort(), ["backup", "broken"])
    assert.deepStrictEqual(await ids("--search", "NEVER works"), ["broken"])
    assert.deepStrictEqual(await ids("--last-status", "failed"), ["broken"])
    assert.deepStrictEqual(await ids("--queue", "shell_command", "--status", "cancelled"), ["broken"])
    assert.deepStrictEqual(await ids("--sort", "name-desc", "--type", "shell_command", "--status", "scheduled"), [
      "moved",
      "backup"
    ])
    assert.deepStrictEqual(await ids("--id", "chai", "--id", "moved", "--sort", "created"), ["moved", "chain"])
    assert.deepStrictEqual(await ids("--paused"), [])
    assert.strictEqual(await run("list", "--count"), "4 tasks\n  3  scheduled\n  1  cancelled\n")
    const failed = await nagatha.json<ReadonlyArray<Execution>>("history", "--error-code", "exitCode", "--manual")
    assert.deepStrictEqual(
      failed.map(({ taskId }) => taskId),
      ["broken"]
    )
  }, 300_000)

  it("show steps under their sequence, and print a line each", async () => {
    const [, first = "", second = "", third = ""] = (await run("history")).split("\n")
    assert.include(first, "sequence")
    assert.match(second, /^\S+ {4,}first /)
    assert.match(third, /^\S+ {4,}second /)
    const lines = (await run("history", "--format", "ndjson", "--limit", "4")).trimEnd().split("\n")
    assert.lengthOf(lines, 4)
    const only = await nagatha.json<ReadonlyArray<Execution>>("history", "--steps", "only")
    assert.deepStrictEqual(only.map(({ stepName }) => stepName).sort(), ["first", "second"])
  }, 300_000)
})

describe("a moment of the past", () => {
  it("is shown as it was shown then, to the byte", async () => {
    for (const { at, shown } of moments) assert.deepStrictEqual(await look("--as-of", at), shown)
    assert.isAbove(new Set(moments.map(({ shown }) => shown[0])).size, 3)
  }, 600_000)

  it("is reached by a log sequence and by words", async () => {
    const first = await run("list", "--all", "--as-of", "#2", "--json")
    assert.deepStrictEqual(
      (JSON.parse(first) as ReadonlyArray<Task>).map(({ taskId }) => taskId),
      ["backup"]
    )
    const early = await nagatha.run(["list", "--as-of", "yesterday at 9"])
    assert.deepStrictEqual([early.code, early.stdout], [0, ""])
    assert.include(early.stderr, "there was nothing yet: the log begins at")
    const unknown = await nagatha.run(["info", "backup", "--as-of", "1d"])
    assert.strictEqual(unknown.code, 4)
    assert.include(unknown.stderr, "the log begins at")
  }, 300_000)

  it("that is still to come is refused", async () => {
    for (const when of ["2099-01-01", "tomorrow", "#999999"]) {
      const ran = await nagatha.run(["list", "--as-of", when])
      assert.strictEqual(ran.code, 2, ran.stderr)
      assert.match(ran.stderr, /future|still to come/)
    }
  }, 300_000)
})
