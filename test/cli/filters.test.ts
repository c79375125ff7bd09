/** What `list` and `history` ask for when their flags say so, and how counts and steps are shown. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { runCli } from "../support/cli.ts"
import { anExecution, aTask, aWorld } from "../support/scheduler.ts"

const NOW = Date.parse("2026-03-08T12:00:00.000Z")

/** What one command asks for; words within '…' are one argument. */
const asked = Effect.fnUntraced(function* (line: string) {
  const args = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word = ""]) => quoted ?? word)
  yield* TestClock.setTime(NOW)
  const world = aWorld()
  const ran = yield* runCli(args, { world, zone: "Europe/Berlin" })
  assert.strictEqual(ran.code, 0, ran.stderr)
  const [only, ...more] = world.asked
  assert.deepStrictEqual(more, [])
  const { limit: _limit, ...query } = only as Readonly<Record<string, unknown>>
  return query
})

describe("the flags of nagatha list", () => {
  it.effect("become the filter of the query", () =>
    Effect.gen(function* () {
      const query = yield* asked(
        "list --status paused,failed --status running --type a --type b --queue fast --tag x --tag 'y, z' --any-tag u --search 'backup db' --id 4kx9 --no-paused --last-status failed --created-by cli:* --name back* --all"
      )
      assert.deepStrictEqual(query, {
        status: ["paused", "failed", "running"],
        type: ["a", "b"],
        queue: ["fast"],
        tag: ["x", "y, z"],
        anyTag: ["u"],
        search: "backup db",
        id: ["4kx9"],
        paused: false,
        lastStatus: ["failed"],
        createdBy: "cli:*",
        name: "back*",
        all: true
      })
    })
  )

  it.effect("read instants in the zone: days as a whole, durations ago, and ahead for the next run", () =>
    Effect.gen(function* () {
      const query = yield* asked(
        "list --created-since 2026-03-01 --created-until 2026-03-01 --updated-since 2h --last-run-since 'yesterday at 9' --last-run-until '3 hours ago' --next-until 2h --next-since 'tomorrow at 10'"
      )
      assert.deepStrictEqual(query, {
        createdSince: "2026-02-28T23:00:00.000Z",
        createdUntil: "2026-03-01T23:00:00.000Z",
        updatedSince: "2026-03-08T10:00:00.000Z",
        lastRunSince: "2026-03-07T08:00:00.000Z",
        lastRunUntil: "2026-03-08T09:00:00.000Z",
        nextRunSince: "2026-03-09T09:00:00.000Z",
        nextRunUntil: "2026-03-08T14:00:00.000Z",
        all: false
      })
    })
  )

  it.effect("say the order, and the other way round", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* asked("list --sort last-run"), { sort: "lastRun", all: false })
      const reversed = { sort: "lastRun", reverse: true, all: false }
      assert.deepStrictEqual(yield* asked("list --sort last-run-desc"), reversed)
      assert.deepStrictEqual(yield* asked("list --sort last-run --reverse"), reversed)
      assert.deepStrictEqual(yield* asked("list --sort name-desc --reverse"), { sort: "name", all: false })
      assert.deepStrictEqual(yield* asked("list --reverse"), { reverse: true, all: false })
    })
  )

  it.effect("are refused with what was meant", () =>
    Effect.gen(function* () {
      const wrong = yield* runCli(["list", "--status", "pasued"])
      assert.strictEqual(wrong.code, 2)
      assert.include(wrong.stderr, 'did you mean "paused"?')
      const strange = yield* runCli(["list", "--sort", "size"])
      assert.strictEqual(strange.code, 2)
      const moment = yield* runCli(["list", "--created-since", "lunch"])
      assert.strictEqual(moment.code, 2)
      assert.include(moment.stderr, "lunch")
    })
  )

  it.effect("count in place of showing", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const ran = yield* runCli(["list", "--count", "--type", "a"], { world })
      assert.deepStrictEqual(ran, { code: 0, stdout: "3 tasks\n  2  scheduled\n  1  paused\n", stderr: "" })
      assert.deepStrictEqual(world.asked, [{ type: ["a"], all: false, by: ["status"] }])
      const json = yield* runCli(["list", "--by", "status,tag", "--json"], { world })
      assert.deepStrictEqual(JSON.parse(json.stdout), {
        total: 3,
        by: { status: { paused: 1, scheduled: 2 } },
        logSequence: 1
      })
      assert.deepStrictEqual(world.asked[1], { all: false, by: ["status", "tag"] })
    })
  )
})

describe("the flags of nagatha history", () => {
  it.effect("become the filter of the query", () =>
    Effect.gen(function* () {
      const query = yield* asked(
        "history --status failed,cancelled --type a --tag x --any-tag y --name b* --queue slow --since 1d --until 2026-03-08T11:00 --worker box-* --manual --error-code timeout --error-code exitCode --min-duration 5s --min-lateness 1m --steps only --sort duration"
      )
      assert.deepStrictEqual(query, {
        status: ["failed", "cancelled"],
        type: ["a"],
        tag: ["x"],
        anyTag: ["y"],
        name: "b*",
        queue: ["slow"],
        since: "2026-03-07T12:00:00.000Z",
        until: "2026-03-08T10:00:00.000Z",
        worker: "box-*",
        manual: true,
        errorCode: ["timeout", "exitCode"],
        minDurationMs: 5000,
        minLatenessMs: 60_000,
        steps: "only",
        sort: "duration"
      })
    })
  )

  const sequence = anExecution({ executionId: "seq0000000000001", taskType: "sequence", taskName: "nightly" })
  const step = (stepName: string) =>
    anExecution({
      executionId: `${sequence.executionId}/${stepName}`,
      parentExecutionId: sequence.executionId,
      taskName: "nightly",
      stepName
    })
  // Newest first, as the service gives them.
  const world = () =>
    aWorld({
      tasks: [aTask()],
      executions: [anExecution({ executionId: "other00000000001" }), sequence, step("second"), step("first")]
    })

  it.effect("show the steps of a sequence under it, in a table of all", () =>
    Effect.gen(function* () {
      const { stdout } = yield* runCli(["history"], { world: world() })
      const lines = stdout.trimEnd().split("\n")
      assert.deepStrictEqual(
        lines.slice(1).map((line) => line.slice(0, 35).trimEnd()),
        [
          "other00000000001         tea",
          "seq0000000000001         nightly",
          "seq0000000000001/first     first",
          "seq0000000000001/second    second"
        ]
      )
      const flat = yield* runCli(["history", "--steps", "among"], { world: world() })
      assert.include(flat.stdout, "nightly › first")
      const none = yield* runCli(["history", "--steps", "none"], { world: world() })
      assert.notInclude(none.stdout, "first")
    })
  )

  it.effect("print a line each as the pages come, with ndjson", () =>
    Effect.gen(function* () {
      const many = aWorld({
        executions: Array.from({ length: 2500 }, (_, index) => anExecution({ executionId: `run${index}` }))
      })
      const { stdout } = yield* runCli(["history", "--limit", "2100", "--format", "ndjson"], { world: many })
      assert.lengthOf(stdout.trimEnd().split("\n"), 2100)
      assert.deepStrictEqual(
        many.asked.map((query) => Reflect.get(query, "limit")),
        [1000, 1000, 100]
      )
    })
  )

  it.effect("count in place of showing", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["history", "--count", "--since", "1d"])
      assert.deepStrictEqual(ran, { code: 0, stdout: "12 executions\n  10  completed\n   2  failed\n", stderr: "" })
    })
  )
})
