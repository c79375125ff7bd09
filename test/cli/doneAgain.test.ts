/** The commands for what is over, and for single executions, without a server: what they ask for, and what they say. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { TaskChange } from "../../src/Scheduler.ts"
import { runCli } from "../support/cli.ts"
import { anExecution, aTask, aWorld } from "../support/scheduler.ts"

const at = (minute: number): string => `aaaa@20260307T1500${String(minute).padStart(2, "0")}000Z`
const world = () =>
  aWorld({
    tasks: [
      aTask({ taskId: "aaaa", taskName: "one", tags: ["x"] }),
      aTask({ taskId: "bbbb", taskName: "two", tags: ["x"], status: "cancelled" })
    ],
    executions: [
      anExecution({ executionId: at(1), taskId: "aaaa", status: "running" }),
      anExecution({ executionId: at(2), taskId: "aaaa", status: "queued", waitsFor: "overlap" }),
      anExecution({ executionId: at(3), taskId: "aaaa", status: "failed", errorMessage: "exited with 3" }),
      anExecution({ executionId: at(4), taskId: "aaaa", status: "failed", retriedBy: at(5) }),
      anExecution({ executionId: at(5), taskId: "aaaa", status: "failed", retryOf: at(4), endLogSequence: 77 })
    ]
  })

describe("nagatha cancel of executions", () => {
  it.effect("ends what is named, asks first, and says what became of each", () =>
    Effect.gen(function* () {
      const here = world()
      const no = yield* runCli(["cancel", at(1)], { world: here, typed: "n" })
      assert.include(no.stderr, `${at(1)}  tea  running\nCancel this execution? [y/N]`)
      assert.deepStrictEqual(here.changed, [])
      const ran = yield* runCli(["cancel", at(1), at(2), "--yes", "--reason", "slow"], { world: here })
      assert.strictEqual(ran.stdout, `asked execution ${at(1)} to stop\ncancelled execution ${at(2)}\n`, ran.stderr)
      assert.deepStrictEqual(here.changed, [
        { executionId: at(1), reason: "slow" },
        { executionId: at(2), reason: "slow" }
      ])
      const none = yield* runCli(["cancel", "aaaa@2020", "--yes"], { world: here })
      assert.strictEqual(none.code, 4)
      assert.include(none.stderr, "nagatha history shows the ids of executions")
    })
  )

  it.effect("drops what waits, of tasks only", () =>
    Effect.gen(function* () {
      const here = world()
      const ran = yield* runCli(["cancel", "aaaa", "--waiting", "--yes"], { world: here })
      assert.strictEqual(ran.stdout, "dropped 3 waiting executions of aaaa\n", ran.stderr)
      assert.deepStrictEqual(here.cancelled, [])
      assert.strictEqual((yield* runCli(["cancel", at(2), "--waiting", "--yes"], { world: here })).code, 2)
    })
  )
})

describe("nagatha retry", () => {
  it.effect("takes executions and tasks", () =>
    Effect.gen(function* () {
      const here = world()
      const ran = yield* runCli(["retry", at(3), "bbbb", "--from-start"], { world: here })
      assert.strictEqual(ran.stdout, "retries: execution aaaa@again\nretries: execution bbbb@again\n", ran.stderr)
      assert.deepStrictEqual(here.changed, [
        { executionId: at(3), fromStart: true },
        { taskId: "bbbb", fromStart: true }
      ])
    })
  )

  it.effect("of all that failed asks first, and leaves out what a retry has taken the place of", () =>
    Effect.gen(function* () {
      const here = world()
      const no = yield* runCli(["retry", "--failed"], { world: here, typed: "n" })
      assert.include(no.stderr, "Retry these 2 executions? [y/N]")
      assert.include(no.stderr, "exited with 3")
      assert.deepStrictEqual(here.changed, [])
      yield* TestClock.setTime(Date.parse("2026-03-08T12:00:00.000Z"))
      yield* runCli(["retry", "--failed", "--since", "2026-01-01", "--yes"], { world: here })
      assert.deepStrictEqual(here.changed, [
        { executionId: at(5), endedAt: 77 },
        { executionId: at(3), endedAt: 5 }
      ])
      const none = yield* runCli(["retry", "--failed", "--name", "nobody", "--yes"], { world: here })
      assert.include(none.stderr, "nothing like that has failed")
    })
  )

  it.effect("is told what, in one way", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, told: RegExp]> = [
        [["retry"], /retry what\?/],
        [["retry", "aaaa", "--failed"], /ids and --failed contradict each other/],
        [["retry", "--tag", "x"], /a filter goes with --failed/],
        [["retry", "--failed"], /retry asks first, and there is nobody to ask here/],
        [["retry", "aaaa", "bbbb", "--wait"], /--wait is for one execution/]
      ]
      for (const [args, told] of wrong) {
        const ran = yield* runCli(args, { world: world() })
        assert.strictEqual(ran.code, 2, args.join(" "))
        assert.match(ran.stderr, told)
      }
    })
  )
})

describe("nagatha restore, undo and revert", () => {
  it.effect("ask for just that, and say what follows", () =>
    Effect.gen(function* () {
      const here = world()
      const ran = yield* runCli(["restore", "bbbb", "--reason", "back"], { world: here })
      assert.strictEqual(ran.stdout, "restored bbbb, next run Mon 2026-03-09 09:00:00 +01:00\n", ran.stderr)
      const undone = yield* runCli(["undo", "aaaa", "--if-revision", "4"], { world: here })
      assert.match(undone.stdout, /^changed aaaa, revision \d+\n[^]*next runs before\n[^]*next runs now\n/)
      yield* runCli(["revert", "aaaa", "--to-revision", "3"], { world: here })
      assert.deepStrictEqual(here.changed, [
        { taskId: "bbbb", reason: "back" },
        { taskId: "aaaa", ifRevision: 4 },
        { taskId: "aaaa", toRevision: 3 }
      ])
    })
  )

  it.effect("say field by field what has changed, and the runs once where they stay as they are", () =>
    Effect.gen(function* () {
      const revision: TaskChange = {
        revision: 2,
        at: "2026-03-07T15:00:00.000Z",
        event: "updated",
        actor: "cli:bob",
        commandId: "c1",
        reason: null,
        revertsTo: 1,
        logSequence: 9,
        changes: [
          { field: "taskName", from: "one", to: "two" },
          { field: "understoodAs", from: "a", to: "b" },
          { field: "maxRetries", from: 3, to: 5 }
        ]
      }
      const here = { ...world(), revisions: [revision] }
      const ran = yield* runCli(["undo", "aaaa"], { world: here })
      const told = "\n  back to revision 1\n  taskName    one → two\n  maxRetries  3 → 5\n  understood  "
      assert.include(ran.stdout, told, ran.stderr)
      // The newest revision that is known is an older one: nothing is said of it.
      const other = yield* runCli(["undo", "aaaa"], {
        world: { ...world(), revisions: [{ ...revision, revision: 1 }] }
      })
      assert.notInclude(other.stdout, "taskName")
    })
  )

  it.effect("restore by a filter is about what was cancelled; update and run by one are about what is not over", () =>
    Effect.gen(function* () {
      const here = world()
      const restored = yield* runCli(["restore", "--tag", "x", "--yes"], { world: here })
      assert.match(restored.stdout, /^restored bbbb, next run [^\n]*\n$/)
      const other = world()
      const ran = yield* runCli(["run", "--tag", "x", "--yes"], { world: other })
      assert.strictEqual(ran.stdout, "runs now: execution aaaa@run\n", ran.stderr)
      const updated = yield* runCli(["update", "--where-tag", "x", "--retries", "5", "--yes"], { world: other })
      assert.match(updated.stdout, /^changed aaaa, revision \d+\n$/, updated.stderr)
      assert.deepStrictEqual(other.changed, [{ taskId: "aaaa", maxRetries: 5 }])
      const wrong = yield* runCli(["update", "--where-tag", "x", "--args", "{}", "--yes"], { world: other })
      assert.strictEqual(wrong.code, 2)
      assert.include(wrong.stderr, "taskArgs is a change of one task; name it")
    })
  )
})

const revisions: ReadonlyArray<TaskChange> = [
  {
    revision: 2,
    at: "2026-03-01T09:00:00.000Z",
    event: "updated",
    actor: "cli:bob",
    commandId: "c2",
    reason: "too slow\u001b[2J",
    revertsTo: 1,
    logSequence: 9,
    changes: [{ field: "taskArgs.command", from: "sleep 9", to: null }]
  }
]

describe("nagatha info --changes", () => {
  it.effect("tells each revision, harmless on a terminal, and as JSON", () =>
    Effect.gen(function* () {
      const here = aWorld({ tasks: [aTask({ taskId: "aaaa", timezone: "UTC" })], revisions })
      const ran = yield* runCli(["info", "aaaa", "--changes"], { world: here })
      assert.strictEqual(
        ran.stdout,
        [
          "revision 2  updated, back to revision 1  Sun 2026-03-01 09:00:00 +00:00  by cli:bob",
          "  reason  too slow\\x1b[2J",
          "  taskArgs.command  sleep 9 → none",
          "  command c2",
          ""
        ].join("\n"),
        ran.stderr
      )
      const field = yield* runCli(["info", "aaaa", "--changes", "--field", "taskArgs.command"], { world: here })
      assert.match(field.stdout, /^taskArgs\.command was set by cli:bob, Sun 2026-03-01 09:00:00 \+00:00, revision 2\n/)
      const json = yield* runCli(["info", "aaaa", "--changes", "--json"], { world: here })
      assert.deepStrictEqual((JSON.parse(json.stdout) as { readonly items: unknown }).items, revisions)
      assert.strictEqual((yield* runCli(["info", "aaaa", "--field", "x"], { world: here })).code, 2)
    })
  )
})

describe("nagatha info of an execution", () => {
  it.effect("shows that one, says why it was skipped, and has no changes", () =>
    Effect.gen(function* () {
      const here = aWorld({
        tasks: [aTask({ taskId: "aaaa" })],
        executions: [
          anExecution({
            executionId: at(1),
            taskId: "aaaa",
            status: "skipped",
            errorCode: "skippedByUser",
            errorMessage: "skipped (skippedByUser)"
          })
        ]
      })
      const ran = yield* runCli(["info", at(1)], { world: here })
      assert.match(
        ran.stdout,
        /^aaaa {2}tea\n\n {2}aaaa@20260307T150001000Z .* skipped\n[^]*why +left out by hand/,
        ran.stderr
      )
      const json = JSON.parse((yield* runCli(["info", at(1), "--json"], { world: here })).stdout)
      assert.strictEqual(json.execution.executionId, at(1))
      assert.deepStrictEqual(json.steps, [])
      assert.strictEqual((yield* runCli(["info", at(1), "--changes"], { world: here })).code, 2)
      assert.strictEqual((yield* runCli(["info", "aaaa@2020"], { world: here })).code, 4)
    })
  )
})
