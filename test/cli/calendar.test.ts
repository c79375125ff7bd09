import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { runCli } from "../support/cli.ts"
import { aWorld } from "../support/scheduler.ts"

describe("nagatha calendar", () => {
  it.effect("sets, lists and removes calendars of excluded days", () =>
    Effect.gen(function* () {
      const world = aWorld()
      const run = (...args: ReadonlyArray<string>) => runCli(["calendar", ...args], { world })
      const made = yield* run("set", "holidays", "12-25", "2026-12-24..2027-01-02")
      assert.deepStrictEqual([made.code, made.stdout], [0, "calendar holidays has 2 entries now\n"])
      assert.include(made.stderr, "--exclude holidays")
      const listed = yield* run("list")
      assert.match(listed.stdout, /^NAME +CHANGED +DAYS\nholidays +.*12-25 2026-12-24\.\.2027-01-02\n$/)
      assert.deepStrictEqual(JSON.parse((yield* run("list", "--json")).stdout)[0].days, [
        "12-25",
        "2026-12-24..2027-01-02"
      ])
      const removed = yield* run("remove", "holidays", "--json")
      assert.deepStrictEqual(JSON.parse(removed.stdout), { calendar: "holidays", revision: 2, logSequence: 10 })
      const gone = yield* run("remove", "holidays")
      assert.strictEqual(gone.code, 4)
      assert.include(gone.stderr, 'no calendar is named "holidays"')
      const none = yield* run("list")
      assert.deepStrictEqual([none.code, none.stdout], [0, ""])
      assert.include(none.stderr, "nagatha calendar set")
    })
  )
})
