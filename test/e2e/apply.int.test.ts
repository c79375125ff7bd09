/** The example folder applied to a real server: made, changed by hand, taken back, pruned and restored. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventually, Nagatha } from "../support/nagatha.ts"

interface Told {
  readonly tasks: ReadonlyArray<{
    readonly taskId: string
    readonly action: string
    readonly done?: string | null
    readonly drift: ReadonlyArray<{ readonly field: string; readonly actor: string }>
  }>
  readonly summary: Readonly<Record<string, number>>
}

const EXAMPLES = new URL("../../examples/tasks", import.meta.url).pathname
const nagatha = new Nagatha()
const root = mkdtempSync(join(tmpdir(), "nagatha-apply-"))
const tasks = join(root, "tasks")

beforeAll(async () => {
  cpSync(EXAMPLES, tasks, { recursive: true })
  await nagatha.up()
}, 120_000)
afterAll(async () => {
  rmSync(root, { recursive: true, force: true })
  await nagatha.end()
}, 120_000)

const apply = (...more: ReadonlyArray<string>) => nagatha.json<Told>("apply", "-f", tasks, ...more)
/** The plan, once what was done before can be read. */
const planned = (holds: (told: Told) => boolean) => eventually("the plan", () => apply("--dry-run"), holds)
const did = ({ tasks: all }: Told) => all.map(({ action, taskId }) => `${action} ${taskId}`)

describe("the example folder", () => {
  it("is applied as a whole, and the second time nothing is to be done", async () => {
    const first = await nagatha.run(["apply", "-f", tasks, "--yes"])
    assert.strictEqual(first.code, 0, first.stderr)
    assert.include(first.stdout, "5 to create\n")
    assert.include(first.stdout, "created backup-db")
    await planned(({ summary }) => summary["unchanged"] === 5)
    const again = await nagatha.run(["apply", "-f", tasks, "--yes"])
    assert.deepStrictEqual(again, { code: 0, stdout: "set tasks: 5 unchanged\n", stderr: "" })
    const shown = await nagatha.run(["info", "tea"])
    assert.match(shown.stdout, /managed by +apply:tasks/)
    const list = await nagatha.json<ReadonlyArray<{ readonly taskId: string }>>(
      "list",
      "--managed-by",
      "apply:*",
      "--sort",
      "name"
    )
    assert.sameMembers(
      list.map(({ taskId }) => taskId),
      ["tea", "backup-db", "backup-check", "report-sales", "report-visits"]
    )
  }, 300_000)

  it("shows what was changed by hand and by whom, and takes it back", async () => {
    const changed = await nagatha.run(["update", "tea", "--retries", "9", "--reason", "it is cold"])
    assert.strictEqual(changed.code, 0, changed.stderr)
    const plan = await planned(({ summary }) => summary["update"] === 1)
    const tea = plan.tasks.find(({ taskId }) => taskId === "tea")
    assert.deepStrictEqual(
      tea?.drift.map(({ field }) => field),
      ["maxRetries"]
    )
    assert.match(tea?.drift[0]?.actor ?? "", /^cli:/)
    assert.strictEqual((await nagatha.run(["apply", "-f", tasks, "--dry-run", "--exit-code"])).code, 7)
    assert.include(did(await apply("--yes")), "update tea")
    await planned(({ summary }) => summary["unchanged"] === 5)
  }, 300_000)

  it("prunes what has no file any more, and restores what has one again", async () => {
    const file = join(tasks, "tea.yaml")
    const text = readFileSync(file, "utf8")
    rmSync(file)
    assert.include(did(await apply("--prune", "--yes")), "prune tea")
    await planned(({ tasks: all }) => !all.some(({ taskId }) => taskId === "tea"))
    writeFileSync(file, text.replace("16:00", "17:00"))
    const back = await nagatha.run(["apply", "-f", tasks, "--yes"])
    assert.strictEqual(back.code, 0, back.stderr)
    assert.include(back.stdout, "restored tea")
    await planned(({ summary }) => summary["unchanged"] === 5)
    const { task } = await nagatha.json<{ readonly task: { readonly status: string; readonly scheduleSpec: string } }>(
      "info",
      "tea"
    )
    assert.deepInclude(task, { status: "scheduled", scheduleSpec: "every weekday at 17:00" })
  }, 300_000)

  it("is not applied in part where a file is wrong", async () => {
    writeFileSync(
      join(tasks, "wrong.yaml"),
      "taskId: wrong\ntaskType: shell_command\nschedule: every mnday\ntaskArgs:\n  command: date\n"
    )
    writeFileSync(
      join(tasks, "new.yaml"),
      "taskId: new\ntaskType: notification\nschedule: hourly\ntaskArgs:\n  message: hi\n"
    )
    const ran = await nagatha.run(["apply", "-f", tasks, "--yes"])
    assert.deepStrictEqual([ran.code, ran.stdout], [2, ""])
    assert.match(ran.stderr, /wrong\.yaml:3: cannot read "every mnday"/)
    assert.strictEqual((await nagatha.run(["info", "new"])).code, 4)
  }, 300_000)
})
