import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { runCli } from "../support/cli.ts"

const NOW = Date.parse("2026-03-07T12:00:00.000Z")

const next = (...args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(NOW)
    return yield* runCli(["next", ...args], { zone: "America/New_York" })
  })

const json = (...args: ReadonlyArray<string>) =>
  Effect.map(next(...args, "--json"), ({ code, stderr, stdout }) => {
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(stderr, "")
    return JSON.parse(stdout)
  })

describe("nagatha next", () => {
  it.effect("says how the words were read and lists the runs in local time, in UTC and by how far off they are", () =>
    Effect.gen(function* () {
      const ran = yield* next("every day at 9am", "-n", "2")
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.strictEqual(ran.stderr, "")
      assert.match(ran.stdout, /^every day at 9am\n {2}understood +\S.*\n/)
      assert.match(ran.stdout, /\n {2}zone +America\/New_York \(zone data .+\)\n/)
      assert.match(
        ran.stdout,
        /\n {2}Sat 2026-03-07 09:00:00 -05:00  2026-03-07T14:00:00Z  in 2 h\n {2}Sun 2026-03-08 09:00:00 -04:00  2026-03-08T13:00:00Z  in 1 d 1 h.*\n$/
      )
    })
  )

  it.effect("prints the JSON that is promised", () =>
    Effect.gen(function* () {
      const printed = yield* json("0 9 * * 1-5", "--count", "3", "--timezone", "europe/berlin")
      assert.deepStrictEqual(Object.keys(printed), ["kind", "understoodAs", "timezone", "tzdata", "runs", "notes"])
      assert.strictEqual(printed.kind, "cron")
      assert.strictEqual(printed.timezone, "Europe/Berlin")
      assert.deepStrictEqual(printed.runs[0], {
        at: "2026-03-09T08:00:00.000Z",
        local: "2026-03-09T09:00:00.000+01:00"
      })
      assert.strictEqual(printed.runs.length, 3)
      const one = yield* next("0 9 * * *", "--format", "ndjson")
      assert.deepStrictEqual(JSON.parse(one.stdout).runs.length, 10)
      assert.strictEqual(one.stdout.trimEnd().split("\n").length, 1)
    })
  )

  it.effect("lists what comes after --from, and tells what the clocks do", () =>
    Effect.gen(function* () {
      const printed = yield* json("30 2 * * *", "--from", "2026-03-07T12:00", "-n", "2")
      assert.strictEqual(printed.runs[0].at, "2026-03-08T07:00:00.000Z")
      assert.isString(printed.runs[0].note)
      assert.strictEqual(printed.runs[1].at, "2026-03-09T06:30:00.000Z")
      assert.match(printed.notes[0], /^the clocks go forward on 2026-03-08 at 02:00 by 1 hour/)
      const skipped = yield* json("30 2 * * *", "--from", "2026-03-07T12:00", "--dst-gap", "skip", "-n", "1")
      assert.strictEqual(skipped.runs[0].at, "2026-03-09T06:30:00.000Z")
      const past = yield* json("every day at 9am", "--from", "2020-01-01T00:00:00Z", "-n", "1")
      assert.strictEqual(past.runs[0].at, "2020-01-01T14:00:00.000Z")
      const recurring = yield* next("every day at 9am", "--from", "every day at 9am")
      assert.strictEqual(recurring.code, 2)
      assert.match(recurring.stderr, /--from must be one instant/)
    })
  )

  it.effect("marks the place of what cannot be read, for people and for programs", () =>
    Effect.gen(function* () {
      const ran = yield* next("every mnday at 9")
      assert.strictEqual(ran.code, 2)
      assert.strictEqual(ran.stdout, "")
      assert.match(
        ran.stderr,
        /cannot read "every mnday at 9"\n {13}~{6}\^{5} +unknown word "mnday"; did you mean "monday"\?\n/
      )
      assert.match(ran.stderr, /\nunderstood so far: every …\nexamples: "every monday at 9", /)
      const { error } = JSON.parse((yield* next("every mnday at 9", "--json")).stderr)
      assert.strictEqual(error.code, "invalidSchedule")
      assert.deepStrictEqual([error.detail.start, error.detail.end, error.detail.understoodSoFar], [6, 11, "every"])
    })
  )

  it.effect("lists what comes once, also now", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        (yield* json("in 30 minutes")).runs.map(({ at }: { at: string }) => at),
        ["2026-03-07T12:30:00.000Z"]
      )
      assert.deepStrictEqual(
        (yield* json("now")).runs.map(({ at }: { at: string }) => at),
        ["2026-03-07T12:00:00.000Z"]
      )
    })
  )

  it.effect("refuses misspelt words with a suggestion, and exits with 2", () =>
    Effect.gen(function* () {
      const ran = yield* next("every mnday at 9")
      assert.strictEqual(ran.code, 2)
      assert.strictEqual(ran.stdout, "")
      assert.match(ran.stderr, /^cannot read "every mnday at 9"\n {13}~~~~~~\^\^\^\^\^ .*did you mean "monday"\?/)
      const told = yield* next("every mnday at 9", "--json")
      assert.strictEqual(told.code, 2)
      assert.strictEqual(told.stdout, "")
      const { error } = JSON.parse(told.stderr)
      assert.strictEqual(error.code, "invalidSchedule")
      assert.strictEqual(error.detail.input, "every mnday at 9")
      assert.isNotEmpty(error.detail.examples)
    })
  )
})

describe("nagatha demo --basic", () => {
  it.live("needs no server: shows how words are read, and runs a command for real", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["demo", "--basic"])
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.include(ran.stdout, '"every weekday at 9:00 and 17:30"')
      assert.match(ran.stdout, /\n {2}Hello from demo, attempt 1\n {2}exit code 0\n/)
    })
  )
})
