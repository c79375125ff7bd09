/** Tasks as files, applied to the real rules in one process. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { decidedFields, FOLLOWING } from "../../src/cli/asking/ApplyPlan.ts"
import { Scheduler, Unreachable } from "../../src/Scheduler.ts"
import { runCli, type Setting } from "../support/cli.ts"

const START = Date.parse("2026-03-01T00:00:00.000Z")

/** A directory named `nightly`, with files by name; null: removed again. */
class Files {
  readonly root = mkdtempSync(join(tmpdir(), "nagatha-apply-"))
  readonly path = join(this.root, "nightly")

  constructor() {
    mkdirSync(this.path)
  }

  write(files: Readonly<Record<string, string | null>>): this {
    for (const [name, text] of Object.entries(files)) {
      const file = join(this.path, name)
      mkdirSync(dirname(file), { recursive: true })
      if (text === null) rmSync(file)
      else writeFileSync(file, text)
    }
    return this
  }
}

interface Told {
  readonly set: string
  readonly tasks: ReadonlyArray<{
    readonly taskId: string
    readonly action: string
    readonly done?: string | null
    readonly error?: { readonly code: string } | null
    readonly note: string | null
    readonly place: string | null
    readonly changes: ReadonlyArray<{ readonly field: string; readonly before: unknown; readonly after: unknown }>
    readonly drift: ReadonlyArray<{ readonly field: string; readonly actor: string; readonly revision: number }>
    readonly nextRunsBefore: ReadonlyArray<{ readonly at: string }>
    readonly nextRunsAfter: ReadonlyArray<{ readonly at: string }>
  }>
  readonly summary: Readonly<Record<string, number>>
}

interface World {
  readonly files: Files
  readonly scheduler: Scheduler["Service"]
  /** Applies the directory. */
  readonly apply: (
    args?: string,
    setting?: Setting
  ) => Effect.Effect<{ readonly code: number; readonly stdout: string; readonly stderr: string }>
  /** The same with --json. */
  readonly told: (args?: string) => Effect.Effect<Told>
}

const scenario = (name: string, body: (world: World) => Effect.Effect<void, unknown>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(START)
      const scheduler = yield* Scheduler
      const files = new Files()
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(files.root, { recursive: true })))
      const apply: World["apply"] = (args = "--yes", setting = {}) =>
        runCli(["apply", "-f", files.path, ...args.split(" ").filter((word) => word !== "")], { scheduler, ...setting })
      const told = (args = "--yes") =>
        Effect.map(apply(`${args} --json`), ({ stderr, stdout }) => {
          assert.notStrictEqual(stdout, "", stderr)
          return JSON.parse(stdout) as Told
        })
      yield* body({ files, scheduler, apply, told })
    }).pipe(Effect.scoped, Effect.provide(Scheduler.layerMemory({ actor: "program" }), { local: true }))
  )

const task = (id: string, more = "", schedule = "every day at 2:00"): string =>
  `taskId: ${id}\ntaskType: shell_command\nschedule: ${schedule}\ntimezone: UTC\ntaskArgs:\n  command: "true"\n${more}`

const did = ({ tasks }: Told) => tasks.map(({ action, done, taskId }) => `${taskId} ${action} ${done ?? "-"}`)

describe("nagatha apply", () => {
  scenario(
    "makes tasks of one file each, of documents and of lists, of all files below a directory",
    ({ files, scheduler, told }) =>
      Effect.gen(function* () {
        files.write({
          "a.yaml": task("one", "taskName: The first\ntags: [x, y]\n"),
          "deeper/b.yml": `${task("two")}---\n${task("three")}`,
          "c.json": JSON.stringify([
            { taskId: "four", taskType: "notification", schedule: "hourly", taskArgs: { message: "hi" } }
          ]),
          "README.md": "no task",
          ".hidden.yaml": "nonsense: ["
        })
        const plan = yield* told("--dry-run")
        assert.deepStrictEqual(did(plan), ["one create -", "four create -", "two create -", "three create -"])
        assert.deepStrictEqual((yield* scheduler.tasks({ all: true })).items, [])
        assert.deepStrictEqual(did(yield* told()), [
          "one create created",
          "four create created",
          "two create created",
          "three create created"
        ])
        const { task: made } = yield* scheduler.info({ id: "one" })
        assert.deepInclude(made, {
          taskName: "The first",
          tags: ["x", "y"],
          managedBy: "apply:nightly",
          timezone: "UTC"
        })
        const { items } = yield* scheduler.tasks({ managedBy: "apply:nightly" })
        assert.lengthOf(items, 4)
      })
  )

  scenario(
    "changes nothing the second time, whatever the time of day, and however relative the words",
    ({ apply, files, scheduler, told }) =>
      Effect.gen(function* () {
        files.write({
          "a.yaml": [
            task("daily"),
            task("once", "", "in 30 minutes"),
            task("soon", "", "tomorrow at 9"),
            task("bounded", "", "every 5 minutes until tomorrow"),
            task("thrice", "maxRuns: 3\nspreadMs: 60000\nstartAt: 2026-03-02T00:00:00Z\n", "every 10 minutes"),
            task("fixed", "", "2026-03-01T01:00:00Z")
              .replace("shell_command", "notification")
              .replace("command:", "message:")
          ].join("---\n")
        })
        yield* told()
        const before = (yield* scheduler.tasks({ all: true, sort: "name" })).items
        yield* TestClock.adjust("50 minutes")
        assert.deepStrictEqual((yield* told()).summary["unchanged"], 6)
        yield* TestClock.adjust("1 day")
        const { summary, tasks } = yield* told()
        assert.strictEqual(summary["unchanged"], 6)
        assert.strictEqual(tasks.find(({ taskId }) => taskId === "fixed")?.note, "it is over (completed)")
        const after = (yield* scheduler.tasks({ all: true, sort: "name" })).items
        assert.deepStrictEqual(
          after.map(({ revision }) => revision),
          before.map(({ revision }) => revision)
        )
        const shown = yield* apply("--yes")
        assert.deepStrictEqual([shown.code, shown.stdout], [0, "set nightly: 6 unchanged\n"])
      })
  )

  scenario(
    "changes what differs, field by field, and a schedule with the runs before and after",
    ({ apply, files, scheduler, told }) =>
      Effect.gen(function* () {
        files.write({ "a.yaml": task("one", "maxRetries: 5\nexpiresMs: 60000\n"), "b.yaml": task("two") })
        yield* told()
        files.write({
          "a.yaml": task("one", "description: changed\n").replace('"true"', "date"),
          "b.yaml": task("two", "", "every day at 3:00")
        })
        const [one, two] = (yield* told("--dry-run")).tasks
        assert.strictEqual(one?.action, "update")
        assert.deepStrictEqual(one?.changes, [
          { field: "description", before: "", after: "changed" },
          { field: "taskArgs", before: { command: "true" }, after: { command: "date" } },
          { field: "maxRetries", before: 5, after: 3 },
          { field: "expiresMs", before: 60_000, after: null }
        ])
        assert.strictEqual(two?.action, "reschedule")
        assert.deepStrictEqual(
          [two?.nextRunsBefore[0]?.at, two?.nextRunsAfter[0]?.at],
          ["2026-03-01T02:00:00.000Z", "2026-03-01T03:00:00.000Z"]
        )
        const shown = yield* apply("--yes")
        assert.include(shown.stdout, 'taskArgs.command: "true" → "date"')
        assert.match(shown.stdout, /next runs before\n.*02:00:00[^]*next runs then\n.*03:00:00/)
        assert.include(shown.stdout, "updated one\nrescheduled two\n")
        assert.deepInclude((yield* scheduler.info({ id: "one" })).task, { maxRetries: 3, expiresMs: null })
        assert.strictEqual((yield* told()).summary["unchanged"], 2)
        const { items } = yield* scheduler.changes({ id: "one" })
        assert.strictEqual(items[0]?.reason, "apply nightly")
      })
  )

  scenario("brings every field back to what the file says, and names each", ({ files, scheduler, told }) =>
    Effect.gen(function* () {
      yield* scheduler.setCalendar({ calendar: "holidays", days: ["12-25"] })
      const cron = { schedule: "0 9 * * *" }
      files.write({
        "a.json": JSON.stringify({ taskId: "one", taskType: "shell_command", taskArgs: { command: "true" }, ...cron })
      })
      yield* told()
      const before = (yield* scheduler.info({ id: "one" })).task
      yield* scheduler.update({
        taskId: "one",
        taskName: "other",
        description: "other",
        taskArgs: { command: "date" },
        schedule: "0 10 * * *",
        timezone: "Europe/Berlin",
        dstGap: "skip",
        dstOverlap: "both",
        startAt: "2026-04-01T00:00:00Z",
        endAt: "2027-04-01T00:00:00Z",
        maxRuns: 7,
        spreadMs: 60_000,
        exclude: ["holidays"],
        queue: "other",
        priority: 5,
        key: "ann",
        tags: ["other"],
        maxRetries: 7,
        backoffMs: 2000,
        backoffFactor: 3,
        maxBackoffMs: 70_000,
        jitter: 0.5,
        noRetryOn: ["exitCode"],
        timeoutMs: 1000,
        hardTimeoutMs: 2000,
        overlap: "allowAll",
        catchUp: "all",
        catchUpWindowMs: 1000,
        catchUpMax: 3,
        catchUpRate: { count: 1, perMs: 1000 },
        expiresMs: 1000,
        pauseAfterFailures: 3
      })
      const [plan] = (yield* told("--dry-run")).tasks
      const changed = plan?.changes.map(({ field }) => field) ?? []
      assert.sameMembers(
        changed,
        decidedFields.filter((field) => field !== "managedBy")
      )
      assert.sameMembers(plan?.drift.map(({ field }) => field) ?? [], changed)
      assert.deepStrictEqual(did(yield* told()), ["one reschedule rescheduled"])
      const after = (yield* scheduler.info({ id: "one" })).task
      assert.deepStrictEqual({ ...after, revision: 0, updatedAt: "" }, { ...before, revision: 0, updatedAt: "" })
      const dry = yield* scheduler.schedule({
        taskType: "shell_command",
        taskArgs: { command: "true" },
        ...cron,
        dryRun: true
      })
      assert.sameMembers([...decidedFields, ...FOLLOWING], Object.keys(dry.wouldBe ?? {}))
    })
  )

  scenario(
    "tells who changed what by hand since it was applied, and takes it back; whether it is paused is left alone",
    ({ apply, files, scheduler, told }) =>
      Effect.gen(function* () {
        files.write({ "a.yaml": task("one"), "b.yaml": task("two") })
        yield* told()
        yield* scheduler.update({ taskId: "one", taskName: "mine", actor: "cli:bob", reason: "for a test" })
        yield* scheduler.pause({ taskId: "two" })
        const shown = yield* apply("--dry-run")
        assert.strictEqual(shown.code, 0)
        assert.match(shown.stdout, /by hand: taskName was changed by cli:bob at .*, revision 2: for a test/)
        assert.include(shown.stdout, "1 to update, 1 unchanged")
        const [one] = (yield* told("--dry-run")).tasks
        assert.deepInclude(one?.drift[0] ?? {}, { field: "taskName", actor: "cli:bob", revision: 2 })
        assert.strictEqual((yield* apply("--dry-run --exit-code")).code, 7)
        yield* told()
        assert.strictEqual((yield* scheduler.info({ id: "one" })).task.taskName, "shell_command")
        assert.strictEqual((yield* scheduler.info({ id: "two" })).task.status, "paused")
        assert.strictEqual((yield* apply("--dry-run --exit-code")).code, 0)
      })
  )

  scenario(
    "with --prune cancels tasks of this set that no file says any more, and no others; a file that is back restores",
    ({ apply, files, scheduler, told }) =>
      Effect.gen(function* () {
        files.write({ "a.yaml": task("one"), "b.yaml": task("two") })
        yield* told()
        yield* scheduler.schedule({
          taskId: "own",
          taskType: "shell_command",
          taskArgs: { command: "true" },
          schedule: "hourly"
        })
        files.write({ "b.yaml": null })
        assert.deepStrictEqual(did(yield* told()), ["one unchanged -", "two gone -"])
        assert.strictEqual((yield* apply("--dry-run --exit-code")).code, 7)
        assert.strictEqual((yield* scheduler.info({ id: "two" })).task.status, "scheduled")
        assert.deepStrictEqual(did(yield* told("--prune --yes")), ["one unchanged -", "two prune cancelled"])
        assert.strictEqual((yield* scheduler.info({ id: "two" })).task.status, "cancelled")
        assert.strictEqual((yield* scheduler.info({ id: "own" })).task.status, "scheduled")
        assert.deepStrictEqual(did(yield* told("--prune --yes")), ["one unchanged -"])
        files.write({ "b.yaml": task("two", "description: back\n") })
        assert.deepStrictEqual(did(yield* told()), ["one unchanged -", "two restore restored"])
        assert.deepInclude((yield* scheduler.info({ id: "two" })).task, { status: "scheduled", description: "back" })
      })
  )

  scenario(
    "takes over a task of nobody, refuses that of another set or of another type, and does the rest",
    ({ apply, files, scheduler, told }) =>
      Effect.gen(function* () {
        const own = (taskId: string, more: object) =>
          scheduler.schedule({
            taskId,
            taskType: "shell_command",
            taskArgs: { command: "true" },
            schedule: "every day at 2:00",
            timezone: "UTC",
            ...more
          })
        yield* own("mine", {})
        yield* own("theirs", { managedBy: "apply:other" })
        yield* own("noted", { taskType: "notification", taskArgs: { message: "hi" } })
        files.write({ "a.yaml": ["theirs", "noted", "mine", "fresh"].map((id) => task(id)).join("---\n") })
        const ran = yield* apply("--yes")
        assert.strictEqual(ran.code, 5)
        assert.include(ran.stdout, "apply:other looks after it")
        assert.include(ran.stdout, "a task's type cannot be changed")
        assert.include(ran.stdout, 'managedBy: null → "apply:nightly"')
        assert.include(ran.stderr, "2 of 4 tasks are not as the files say: theirs, noted")
        assert.deepStrictEqual(did(yield* told()), [
          "theirs refused -",
          "noted refused -",
          "mine unchanged -",
          "fresh unchanged -"
        ])
      })
  )

  scenario(
    "loses no change that somebody makes meanwhile, and that stops no other task",
    ({ apply, files, scheduler, told }) =>
      Effect.gen(function* () {
        files.write({ "a.yaml": task("one"), "b.yaml": task("two") })
        yield* told()
        files.write({ "a.yaml": task("one", "maxRetries: 1\n"), "b.yaml": task("two", "maxRetries: 1\n") })
        const late: Scheduler["Service"] = {
          ...scheduler,
          update: (request) =>
            request.taskId === "one"
              ? Effect.andThen(scheduler.update({ taskId: "one", taskName: "mine" }), scheduler.update(request))
              : scheduler.update(request)
        }
        const ran = yield* apply("--yes", { scheduler: late })
        assert.strictEqual(ran.code, 5)
        assert.include(ran.stderr, "is at revision 2, not 1")
        assert.include(ran.stdout, "updated two")
        assert.strictEqual((yield* scheduler.info({ id: "one" })).task.taskName, "mine")
      })
  )

  scenario(
    "tells everything that is wrong with file, line and field, and does nothing then",
    ({ apply, files, scheduler }) =>
      Effect.gen(function* () {
        files.write({
          "good.yaml": task("good"),
          "twice.yaml": task("good"),
          "docs.yaml": `${task("a")}---\n${task("b", "maxRetrys: 3\n")}---\nschedule: hourly\n`,
          "list.yaml": `- taskId: c\n  taskType: shell_command\n  schedule: hourly\n  maxRetries: many\n- 7\n`,
          "words.yaml": task("d", "", "every mnday"),
          "args.yaml": task("e").replace("command:", "comand:"),
          "type.yaml": task("f").replace("shell_command", "shel_command"),
          "broken.yaml": "taskId: [\n",
          "broken.json": "{",
          "managed.yaml": task("g", "managedBy: apply:nightly\n")
        })
        const { code, stderr, stdout } = yield* apply("--yes")
        assert.deepStrictEqual([code, stdout], [2, ""])
        // What only the service can know is told beside what cannot be read.
        const byService = [
          /words\.yaml:3: cannot read "every mnday"[^]*did you mean "monday"\?/,
          /args\.yaml:6: .*did you mean "command"\?/,
          /type\.yaml:2: .*shel_command/
        ]
        for (const said of [
          ...byService,
          /docs\.yaml:14 \(document 2\): "maxRetrys" is not known; did you mean "maxRetries"\?/,
          /docs\.yaml:16 \(document 3\): "taskId" is missing/,
          /docs\.yaml:16 \(document 3\): "taskType" is missing/,
          /list\.yaml:4 \(item 1\): "maxRetries" /,
          /list\.yaml:5 \(item 2\): a task is an object/,
          /broken\.yaml:\d: /,
          /broken\.json: /,
          /managed\.yaml:7: "managedBy" is not known: the set of files is the manager/,
          /twice\.yaml:1: the task good stands in .*good\.yaml:1 already/,
          /nothing was done/
        ]) {
          assert.match(stderr, said)
        }
        const cut = { tasks: () => Effect.fail(new Unreachable({ message: "nobody answers" })) }
        const alone = yield* apply("--yes --json", { scheduler: { ...scheduler, ...cut } })
        assert.strictEqual(alone.code, 2)
        const { error } = JSON.parse(alone.stderr)
        assert.include(error.message, '"maxRetrys" is not known')
        assert.notInclude(error.message, "mnday")
        assert.include(error.hint, "the service, which could not be asked, may find more")
        for (const name of ["twice", "docs", "list", "broken", "managed"]) files.write({ [`${name}.yaml`]: null })
        files.write({ "broken.json": null })
        const refused = yield* apply("--yes")
        assert.strictEqual(refused.code, 2)
        for (const said of byService) assert.match(refused.stderr, said)
        assert.notInclude(refused.stderr, "may find more")
        assert.deepStrictEqual((yield* scheduler.tasks({ all: true })).items, [])
      })
  )

  scenario("asks first; no is an answer, and without anybody to ask it wants --yes", ({ apply, files, scheduler }) =>
    Effect.gen(function* () {
      files.write({ "a.yaml": task("one") })
      const nobody = yield* apply("")
      assert.strictEqual(nobody.code, 2)
      assert.include(nobody.stderr, "give --yes")
      const no = yield* apply("", { typed: "n" })
      assert.deepStrictEqual([no.code, no.stderr], [0, "Do this? [y/N]\nnothing was done\n"])
      assert.deepStrictEqual((yield* scheduler.tasks({})).items, [])
      assert.include((yield* apply("", { typed: "yes" })).stdout, "created one")
    })
  )

  scenario("names the set after the directory, and wants a name where there is none", ({ files, scheduler, told }) =>
    Effect.gen(function* () {
      files.write({ "a.yaml": task("one") })
      assert.strictEqual((yield* told("--dry-run --set other")).set, "other")
      const file = yield* runCli(["apply", "-f", join(files.path, "a.yaml"), "--dry-run", "--json"], { scheduler })
      assert.strictEqual((JSON.parse(file.stdout) as Told).set, "a")
      const wrong = yield* runCli(["apply", "-f", files.path, "--set", "so not"], { scheduler })
      assert.strictEqual(wrong.code, 2)
      const empty = yield* runCli(["apply", "-f", join(files.root)], { scheduler })
      assert.strictEqual(empty.code, 2)
      const missing = yield* runCli(["apply", "-f", join(files.path, "none.yaml"), "--yes"], { scheduler })
      assert.include(missing.stderr, "none.yaml: cannot be read")
      assert.strictEqual((yield* runCli(["apply"], { scheduler })).code, 2)
    })
  )
})
