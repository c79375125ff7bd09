import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { parseRate, rateText } from "../../src/cli/asking/Rates.ts"
import { runCli } from "../support/cli.ts"
import { anExecution, aTask, aWorld } from "../support/scheduler.ts"

const NOW = Date.parse("2026-03-08T12:05:00.000Z")

describe("nagatha queue", () => {
  it.effect("sets limits, shows them, and takes them away", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const run = (...args: ReadonlyArray<string>) => runCli(["queue", ...args], { world })
      const made = yield* run("set", "mail", "--concurrency", "2", "--rate", "100/1m")
      assert.deepStrictEqual([made.code, made.stdout], [0, "queue mail is limited to 2 at once, 100/1m\n"])
      const keyed = yield* run("set", "mail", "--key-concurrency", "1", "--key-rate", "10/s", "--json")
      assert.deepStrictEqual(JSON.parse(keyed.stdout), {
        queue: "mail",
        limits: {
          concurrency: 2,
          rate: { count: 100, perMs: 60_000 },
          keyConcurrency: 1,
          keyRate: { count: 10, perMs: 1000 }
        },
        paused: false,
        revision: 2,
        logSequence: 9
      })
      const listed = yield* run("list")
      assert.match(
        listed.stdout,
        /^QUEUE +STATE +RUNNING +WAITING +HELD BACK BY +LIMITS\nmail +open +0 +0 +- +2 at once, 100\/1m/
      )
      const all = ["--concurrency", "none", "--rate", "none", "--key-concurrency", "none", "--key-rate", "none"]
      assert.strictEqual((yield* run("set", "mail", ...all)).stdout, "queue mail has no limits now\n")
    })
  )

  it.effect("pauses and resumes, and shows what waits and why", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(NOW)
      const world = aWorld()
      world.queues.push({
        queue: "mail",
        limits: { concurrency: 2 },
        paused: null,
        running: 2,
        waiting: 7,
        held: { concurrency: 3, keyRate: 1 },
        revision: 4,
        changedAt: "2026-03-08T12:00:00.000Z"
      })
      const run = (...args: ReadonlyArray<string>) => runCli(["queue", ...args], { world })
      assert.match((yield* run("list")).stdout, /mail +open +2 +7 +3 concurrency, 1 key rate +2 at once/)
      const shown = yield* run("info", "mail")
      assert.match(
        shown.stdout,
        /^mail\n +running +2\n +waiting +7\n +held back by +3 concurrency, 1 key rate\n +next in line +3, for a free worker\n/
      )
      const paused = yield* run("pause", "mail", "--reason", "it moves")
      assert.strictEqual(paused.stdout, "paused queue mail: nothing new of it begins\n")
      assert.include(paused.stderr, "nagatha queue resume mail")
      assert.match((yield* run("info", "mail")).stdout, /paused +for 5 min by cli:ann: it moves/)
      assert.match((yield* run("list")).stdout, /mail +paused/)
      assert.strictEqual((yield* run("resume", "mail")).stdout, "queue mail goes on\n")
      assert.strictEqual(JSON.parse((yield* run("info", "mail", "--json")).stdout).paused, null)
    })
  )

  it.effect("says when there was nothing to resume, and of a queue that nobody knows which was meant", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const run = (...args: ReadonlyArray<string>) => runCli(["queue", ...args], { world })
      yield* run("set", "mail", "--concurrency", "2")
      yield* run("set", "slow", "--concurrency", "2")
      const open = yield* run("resume", "mail")
      assert.deepStrictEqual(open, { code: 0, stdout: "queue mail is not paused: it went on already\n", stderr: "" })
      assert.strictEqual(JSON.parse((yield* run("resume", "mail", "--json")).stdout).revision, 1)
      yield* run("pause", "mail")
      assert.strictEqual((yield* run("resume", "mail")).stdout, "queue mail goes on\n")
      for (const verb of ["info", "resume"]) {
        yield* run("pause", "mail")
        const missing = yield* run(verb, "mial")
        assert.strictEqual(missing.code, 4)
        assert.match(
          missing.stderr,
          /^error: no queue "mial" is known: .*\nhint: did you mean "mail"\? there are: mail, slow\n$/
        )
        assert.notStrictEqual(world.queues.find(({ queue }) => queue === "mail")?.paused, null)
        assert.include((yield* run(verb, "quite-another")).stderr, "hint: there are: mail, slow\n")
      }
    })
  )

  it.effect("refuses what says nothing, and what is no limit", () =>
    Effect.gen(function* () {
      const world = aWorld()
      for (const [args, told] of [
        [["set", "mail"], /nothing is to be changed[^]*--concurrency 2/],
        [["set", "mail", "--concurrency", "0"], /a whole number from 1 to 1000000, or none/],
        [["set", "mail", "--rate", "often"], /100\/1m, 5\/1s or 1000\/1h, or none/]
      ] as const) {
        const ran = yield* runCli(["queue", ...args], { world })
        assert.strictEqual(ran.code, 2, args.join(" "))
        assert.match(ran.stderr, told)
      }
      assert.deepStrictEqual(world.queues, [])
    })
  )

  it.effect("tells in the task's info what holds an execution back", () =>
    Effect.gen(function* () {
      const world = aWorld()
      world.tasks.push(aTask({ taskId: "teatime", priority: 30, key: "tenant-1" }))
      world.executions.push(anExecution({ taskId: "teatime", status: "queued", heldBy: "keyConcurrency" }))
      const { stdout } = yield* runCli(["info", "teatime"], { world })
      assert.match(stdout, /held back +as many run as the queue allows for its key/)
      assert.match(stdout, /priority +30 s\n +key +tenant-1/)
    })
  )
})

describe("rates in words", () => {
  it("are a number and a time, and are written as they are read", () => {
    for (const [text, count, perMs] of [
      ["100/1m", 100, 60_000],
      ["5/1s", 5, 1000],
      ["3/250ms", 3, 250],
      ["1/1h30m", 1, 5_400_000],
      ["7/24h", 7, 86_400_000]
    ] as const) {
      const read = parseRate(text)
      assert.deepStrictEqual(read, { count, perMs }, text)
      assert.deepStrictEqual(read === undefined ? undefined : parseRate(rateText(read)), read)
    }
    assert.deepStrictEqual(parseRate("10/h"), { count: 10, perMs: 3_600_000 })
    for (const text of ["", "5", "5/", "/1s", "0/1s", "-1/1s", "1.5/1s", "5/0s", "5/2d", "5/1s/1s", "5 per 1s"]) {
      assert.strictEqual(parseRate(text), undefined, text)
    }
  })
})
