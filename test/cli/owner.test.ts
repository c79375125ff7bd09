/** The commands of a task's owner, without a server: what they ask for, and what they say. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { runCli } from "../support/cli.ts"
import { aTask, aWorld } from "../support/scheduler.ts"

const world = () =>
  aWorld({
    tasks: [
      aTask({ taskId: "aaaa", taskName: "one", tags: ["x"] }),
      aTask({ taskId: "bbbb", taskName: "two", tags: ["x"] }),
      aTask({ taskId: "cccc", taskName: "three", tags: [] })
    ]
  })

describe("pause, resume and cancel", () => {
  it.effect("of several tasks tell each by itself, and fail with what failed", () =>
    Effect.gen(function* () {
      const at = world()
      const ran = yield* runCli(["pause", "aaaa", "nope", "bbbb", "--reason", "why"], { world: at })
      assert.strictEqual(ran.stdout, "paused aaaa\npaused bbbb\n")
      assert.strictEqual(ran.code, 4)
      assert.deepStrictEqual(at.changed, [
        { taskId: "aaaa", reason: "why" },
        { taskId: "bbbb", reason: "why" }
      ])
    })
  )

  it.effect("by a filter ask first, and do nothing unless the answer is yes", () =>
    Effect.gen(function* () {
      const at = world()
      const no = yield* runCli(["pause", "--tag", "x"], { world: at, typed: "n" })
      assert.include(no.stderr, "Pause these 2 tasks? [y/N]")
      assert.include(no.stderr, "nothing was done")
      assert.deepStrictEqual(at.changed, [])
      const yes = yield* runCli(["pause", "--tag", "x"], { world: at, typed: "y" })
      assert.strictEqual(yes.stdout, "paused aaaa\npaused bbbb\n", yes.stderr)
      const resumed = yield* runCli(["resume", "--tag", "x", "--yes", "--json"], { world: at })
      assert.deepStrictEqual(
        (JSON.parse(resumed.stdout) as ReadonlyArray<{ readonly taskId: string }>).map(({ taskId }) => taskId),
        ["aaaa", "bbbb"]
      )
      const cancelled = yield* runCli(["cancel", "--tag", "x", "--yes"], { world: at })
      assert.strictEqual(cancelled.stdout, "cancelled aaaa\ncancelled bbbb\n")
      const none = yield* runCli(["resume", "--tag", "nobody", "--yes"], { world: at })
      assert.deepStrictEqual([none.code, none.stdout], [0, ""])
      assert.include(none.stderr, "there is no such task to resume")
    })
  )

  it.effect("by a filter that fits nothing say so before they ask, whoever is there, and have nothing to do", () =>
    Effect.gen(function* () {
      const among: ReadonlyArray<readonly [args: ReadonlyArray<string>, told: string]> = [
        [["pause", "--tag", "nope"], "there is no such task to pause"],
        [["resume", "--tag", "nope"], "there is no such task to resume"],
        [["cancel", "--tag", "nope"], "there is no such task to cancel"],
        [["cancel", "--tag", "nope", "--waiting"], "there is no such task to cancel"],
        [["run", "--tag", "nope"], "there is no such task to run"],
        [["restore", "--tag", "nope"], "there is no such task to restore"],
        [["update", "--where-tag", "nope", "--retries", "5"], "there is no such task to update"],
        [["retry", "--failed", "--tag", "nope"], "nothing like that has failed"]
      ]
      for (const [args, told] of among) {
        const at = world()
        for (const [setting, more] of [
          [{}, []],
          [{}, ["--yes"]],
          [{ typed: "y" }, []]
        ] as const) {
          const ran = yield* runCli([...args, ...more], { world: at, ...setting })
          assert.deepStrictEqual(ran, { code: 0, stdout: "", stderr: `${told}\n` }, args.join(" "))
        }
        const json = yield* runCli([...args, "--json"], { world: at })
        assert.deepStrictEqual(json, { code: 0, stdout: "[]\n", stderr: `${told}\n` }, args.join(" "))
        assert.deepStrictEqual([at.changed, at.cancelled, at.ran], [[], [], []])
      }
    })
  )

  it.effect("need to be told which, in one way, and whether, where nobody can be asked", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [args: ReadonlyArray<string>, told: RegExp]> = [
        [["pause"], /pause which tasks\?/],
        [["resume", "aaaa", "--tag", "x"], /ids and a filter contradict each other/],
        [["pause", "--tag", "x"], /pause asks first, and there is nobody to ask here/],
        [["pause", "--tag", "x", "--json"], /nobody to ask here/],
        [["pause", "aaaa", "bbbb", "--command-id", "c"], /--command-id is for one task/]
      ]
      for (const [args, told] of wrong) {
        const at = world()
        const ran = yield* runCli(args, { world: at })
        assert.strictEqual(ran.code, 2, args.join(" "))
        assert.match(ran.stderr, told)
        assert.deepStrictEqual(at.changed, [])
      }
    })
  )
})

describe("a change of a task", () => {
  it.effect("asks for what is named and for nothing else", () =>
    Effect.gen(function* () {
      const at = world()
      const args = ["--retries", "5", "--end-at", "none", "--max-runs", "7", "--tag", "y", "--if-revision", "3"]
      const ran = yield* runCli(["update", "aaaa", ...args], { world: at })
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.match(ran.stdout, /^changed aaaa, revision \d+\n[^]*next runs before\n[^]*next runs now\n/)
      assert.deepStrictEqual(at.changed, [
        { taskId: "aaaa", maxRetries: 5, endAt: null, maxRuns: 7, tags: ["y"], ifRevision: 3 }
      ])
      const wrong = yield* runCli(["update", "aaaa", "--max-runs", "few"], { world: at })
      assert.match(wrong.stderr, /--max-runs: "few" is not right/)
    })
  )

  it.effect("spreads a task, or many, and no longer", () =>
    Effect.gen(function* () {
      const at = world()
      yield* runCli(["update", "--where-tag", "x", "--spread", "5m", "--yes"], { world: at })
      yield* runCli(["update", "aaaa", "--spread", "none"], { world: at })
      assert.deepStrictEqual(at.changed, [
        { taskId: "aaaa", spreadMs: 300_000 },
        { taskId: "bbbb", spreadMs: 300_000 },
        { taskId: "aaaa", spreadMs: 0 }
      ])
      assert.match((yield* runCli(["update", "aaaa", "--spread", "wide"], { world: at })).stderr, /or none/)
    })
  )

  it.effect("takes away what none says, and refuses what is neither", () =>
    Effect.gen(function* () {
      const at = world()
      const set = ["--key", "tenant-1", "--catch-up-max", "20", "--catch-up-rate", "10/1m", "--max-backoff", "1h"]
      const gone = ["--key", "none", "--catch-up-max", "none", "--catch-up-rate", "none", "--no-retry-on", "none"]
      for (const args of [set, gone]) {
        const ran = yield* runCli(["update", "aaaa", ...args, "--priority=60"], { world: at })
        assert.strictEqual(ran.code, 0, ran.stderr)
      }
      assert.deepStrictEqual(at.changed, [
        {
          taskId: "aaaa",
          priority: 60,
          key: "tenant-1",
          catchUpMax: 20,
          catchUpRate: { count: 10, perMs: 60_000 },
          maxBackoffMs: 3_600_000
        },
        { taskId: "aaaa", priority: 60, key: null, catchUpMax: null, catchUpRate: null, noRetryOn: [] }
      ])
      for (const [args, told] of [
        [["--catch-up-rate", "fast"], /100\/1m, 5\/1s or 1000\/1h, or none/],
        [["--catch-up-rate", "0/1m"], /--catch-up-rate/],
        [["--catch-up-rate", "5/2d"], /--catch-up-rate/],
        [["--priority", "86401"], /a whole number from -86400 to 86400/],
        [["--jitter", "1.1"], /a number from 0 to 1/],
        [["--backoff-factor", "0.5"], /a number from 1 to 100/]
      ] as const) {
        const wrong = yield* runCli(["update", "aaaa", ...args], { world: at })
        assert.strictEqual(wrong.code, 2, args.join(" "))
        assert.match(wrong.stderr, told)
      }
    })
  )

  it.effect(
    "of its schedule, an occurrence left out, and a stretch of the past are asked for with whole instants",
    () =>
      Effect.gen(function* () {
        const at = world()
        yield* TestClock.setTime(Date.parse("2026-03-08T12:00:00.000Z"))
        yield* runCli(["reschedule", "aaaa", "every day at 9", "--timezone", "Asia/Tokyo"], { world: at })
        yield* runCli(["skip", "aaaa", "2026-12-24T09:00", "--timezone", "UTC"], { world: at })
        const filled = yield* runCli(
          ["backfill", "aaaa", "--from", "2026-01-01", "--to", "2026-01-02", "--timezone", "UTC"],
          { world: at }
        )
        assert.strictEqual(filled.stdout, "7 executions of aaaa, beside its schedule\n", filled.stderr)
        assert.deepStrictEqual(at.changed, [
          { taskId: "aaaa", schedule: "every day at 9", timezone: "Asia/Tokyo" },
          { taskId: "aaaa", instant: "2026-12-24T09:00:00.000Z" },
          { taskId: "aaaa", from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" }
        ])
      })
  )

  it.effect("of its past is asked for in the words of the past, in their order", () =>
    Effect.gen(function* () {
      const at = world()
      yield* TestClock.setTime(Date.parse("2026-03-08T12:00:00.000Z"))
      const filled = (from: string, to: string) =>
        runCli(["backfill", "aaaa", "--from", from, "--to", to, "--timezone", "UTC"], { world: at })
      for (const [from, to] of [
        ["yesterday", "now"],
        ["1d", "yesterday at 18:00"]
      ] as const) {
        const ran = yield* filled(from, to)
        assert.strictEqual(ran.code, 0, ran.stderr)
      }
      assert.deepStrictEqual(at.changed, [
        { taskId: "aaaa", from: "2026-03-07T00:00:00.000Z", to: "2026-03-08T12:00:00.000Z" },
        { taskId: "aaaa", from: "2026-03-07T12:00:00.000Z", to: "2026-03-07T18:00:00.000Z" }
      ])
      const wrong = yield* filled("2026-03-07", "2026-03-02")
      assert.strictEqual(wrong.code, 2)
      assert.match(
        wrong.stderr,
        /--from "2026-03-07" \(2026-03-07T00:00:00.000Z\) does not lie before --to "2026-03-02"/
      )
      assert.strictEqual(at.changed.length, 2)
    })
  )
})
