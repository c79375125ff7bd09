/** Sequences, on real processes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventually, Nagatha } from "../support/nagatha.ts"

interface Execution {
  readonly executionId: string
  readonly stepName: string | null
  readonly parentExecutionId: string | null
  readonly taskType: string
  readonly status: string
  readonly attempts: ReadonlyArray<unknown>
  readonly result: { readonly completedSteps?: number; readonly failedStep?: string | null } | null
  readonly errorDetail: { readonly failedStep?: string | null } | null
}
interface Info {
  readonly task: { readonly status: string }
  readonly executions: ReadonlyArray<Execution>
}

const directory = mkdtempSync(join(tmpdir(), "nagatha-sequence-"))
const nagatha = new Nagatha()
beforeAll(() => nagatha.up(), 120_000)
afterAll(async () => {
  await nagatha.end()
  rmSync(directory, { recursive: true })
}, 120_000)

const shell = (name: string, command: string, more: object = {}) => ({
  name,
  type: "shell_command",
  args: { command },
  ...more
})
const lines = (file: string) => readFileSync(join(directory, file), "utf8").trim().split("\n")
const info = (id: string) => nagatha.json<Info>("info", id)
const schedule = (id: string, steps: ReadonlyArray<object>, ...more: ReadonlyArray<string>) =>
  nagatha.run(["schedule", "sequence", "now", "--id", id, "--args", JSON.stringify({ steps }), ...more, "--json"])

describe("a sequence", () => {
  it("runs its steps in order on workers, hands results on, and shows the tree", async () => {
    const said = await schedule(
      "backup",
      [
        shell("dump", `echo dump >> ${directory}/order; printf 3`),
        shell("check", `echo check >> ${directory}/order; test "$1" = 3`, {
          args: { command: ["/bin/sh", "-c", `echo check {{ steps.dump.result.stdout }} >> ${directory}/order`] }
        }),
        {
          name: "both",
          type: "sequence",
          args: { steps: [shell("left", "true", { dependsOn: [] }), shell("right", "true", { dependsOn: [] })] }
        },
        { name: "tell", type: "notification", args: { message: "{{ steps.dump.result.stdout }} rows" } }
      ],
      "--wait"
    )
    assert.strictEqual(said.code, 0, said.stderr)
    assert.deepStrictEqual(lines("order"), ["dump", "check 3"])
    const { executions } = await info("backup")
    const [sequence, ...steps] = executions
    assert.strictEqual(sequence?.result?.completedSteps, 4)
    assert.deepStrictEqual(
      steps.map(({ status, stepName, taskType }) => [stepName, taskType, status]),
      [
        ["dump", "shell_command", "completed"],
        ["check", "shell_command", "completed"],
        ["both", "sequence", "completed"],
        ["left", "shell_command", "completed"],
        ["right", "shell_command", "completed"],
        ["tell", "notification", "completed"]
      ]
    )
    const both = steps[2]
    assert.strictEqual(steps[3]?.parentExecutionId, both?.executionId)
  }, 60_000)

  it("stops at a step that fails for good, and says which", async () => {
    const said = await schedule(
      "broken",
      [shell("good", "true"), shell("bad", "exit 3", { retries: 1 }), shell("never", `touch ${directory}/never`)],
      "--wait",
      "--backoff",
      "50ms"
    )
    assert.strictEqual(said.code, 6)
    assert.include(said.stderr, 'the step \\"bad\\" failed: exited with 3')
    const { executions, task } = await info("broken")
    assert.strictEqual(task.status, "failed")
    assert.strictEqual(executions[0]?.errorDetail?.failedStep, "bad")
    assert.strictEqual(executions.find(({ stepName }) => stepName === "bad")?.attempts.length, 2)
    assert.isUndefined(executions.find(({ stepName }) => stepName === "never"))
  }, 60_000)

  it("goes on after everything was killed: at most the step that ran is run again", async () => {
    await schedule("long", [
      shell("one", `echo one >> ${directory}/crash`),
      shell(
        "two",
        `echo two >> ${directory}/crash; test -e ${directory}/again || { touch ${directory}/again; sleep 60; }`
      ),
      shell("three", `echo three >> ${directory}/crash`)
    ])
    await eventually(
      "the second step runs",
      async () => lines("crash"),
      (all) => all.includes("two")
    )
    await nagatha.killAll()
    await nagatha.up()
    const over = await eventually(
      "the sequence is over",
      () => info("long"),
      ({ task }) => task.status !== "running" && task.status !== "scheduled",
      60_000
    )
    assert.strictEqual(over.task.status, "completed")
    assert.deepStrictEqual(lines("crash"), ["one", "two", "two", "three"])
  }, 120_000)

  it("is refused when it is scheduled with a plan that cannot work, with the place", async () => {
    const refused = await schedule("wrong", [
      shell("a", "true", { dependsOn: ["b"] }),
      shell("b", "true", { dependsOn: ["a"] })
    ])
    assert.strictEqual(refused.code, 2)
    assert.include(refused.stderr, "these steps wait for each other: a, b")
    assert.strictEqual((await nagatha.run(["info", "wrong"])).code, 4)
  }, 60_000)

  it("that has failed is taken up from its failed step, on the same task, also after everything was killed", async () => {
    const steps = [
      shell("fetch", `echo fetch >> ${directory}/taken; printf 7`),
      shell("store", `echo store >> ${directory}/taken; test -e ${directory}/disk`),
      shell("tell", `echo told {{ steps.fetch.result.stdout }} >> ${directory}/taken`)
    ]
    assert.strictEqual((await schedule("taken-up", steps, "--retries", "0", "--wait")).code, 6)
    await nagatha.killAll()
    await nagatha.up()
    const unknown = await nagatha.run(["run", "taken-up", "--from-step", "stor"])
    assert.strictEqual(unknown.code, 2)
    assert.include(unknown.stderr, 'did you mean "store"?')
    writeFileSync(join(directory, "disk"), "")
    const ran = await nagatha.run(["run", "taken-up", "--from-step", "store", "--wait"])
    assert.strictEqual(ran.code, 0, ran.stderr)
    assert.deepStrictEqual(lines("taken"), ["fetch", "store", "store", "told 7"])
    const { executions, task } = await info("taken-up")
    assert.strictEqual(task.status, "completed")
    assert.strictEqual(executions.filter(({ parentExecutionId }) => parentExecutionId === null).length, 2)
  }, 120_000)

  it("runs by hand beside its schedule", async () => {
    await nagatha.run(["schedule", "shell_command", "every day at 3:00", "--id", "daily", "--command", "echo by hand"])
    const { execution } = await nagatha.json<{
      readonly execution: { readonly status: string; readonly manual: boolean }
    }>("run", "daily", "--wait")
    assert.deepInclude(execution, { status: "completed", manual: true })
    const again = await nagatha.json<Info>("info", "daily")
    assert.strictEqual(again.task.status, "scheduled")
  })
})
