/** `nagatha simulate` on a scheduler in memory. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { LoadReport } from "../../src/audit/Load.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import { runCli } from "../support/cli.ts"

const scenario = (name: string, body: (scheduler: Scheduler["Service"]) => Effect.Effect<void, unknown>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-27T09:00:00.000Z"))
      yield* Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const schedule = (taskId: string, when: string, more: object = {}) =>
          scheduler.schedule({
            taskId,
            taskType: "notification",
            taskArgs: { message: "x" },
            schedule: when,
            timezone: "Europe/Berlin",
            ...more
          })
        yield* scheduler.setCalendar({ calendar: "holidays", days: ["2026-03-28"] })
        for (let index = 10; index < 22; index++) yield* schedule(`hourly${index}`, "0 * * * *", { tags: ["hourly"] })
        yield* schedule("nightly", "30 2 * * *", { exclude: ["holidays"] })
        yield* schedule("resting", "every minute")
        yield* scheduler.pause({ taskId: "resting" })
        yield* body(scheduler)
      }).pipe(Effect.provide(Scheduler.layerMemory(), { local: true }))
    })
  )

describe("nagatha simulate", () => {
  scenario("shows how much begins when, the herd at the full hour, and what the clocks do", (scheduler) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runCli(["simulate", "--to", "3d"], { scheduler })
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      const lines = stdout.split("\n")
      // Twelve an hour for 72 hours; the night of 28 March is excluded, on the next the clocks go forward.
      assert.strictEqual(
        lines[0],
        "866 runs of 13 tasks from 2026-03-27 10:00:00 +01:00 to 2026-03-30 11:00:00 +02:00 (Europe/Berlin)"
      )
      assert.match(stdout, /left out +1 task paused/)
      assert.match(stdout, /most in a minute +1[23] at /)
      assert.include(stdout, "\n10  █")
      assert.match(
        stdout,
        /herd: \d+ % of all runs begin at minute 0 of the hour, of 13 tasks\. Spread them: nagatha update ID --spread 5m/
      )
      assert.include(stdout, "2026-03-29 03:00:00 +02:00 (Europe/Berlin) forward by 1 h: 1 task run that after the gap")
    })
  )

  scenario("gives it as data, of some tasks, and as if they were spread", (scheduler) =>
    Effect.gen(function* () {
      const { stdout } = yield* runCli(
        ["simulate", "--tag", "hourly", "--from", "2026-04-01", "--to", "2026-04-01", "--json"],
        { scheduler }
      )
      const report = JSON.parse(stdout) as LoadReport
      assert.strictEqual(report.tasks, 12)
      assert.strictEqual(report.runs, 12 * 24)
      assert.strictEqual(report.herd?.minute, 0)
      const spread = yield* runCli(["simulate", "--tag", "hourly", "--spread", "30m", "--json"], { scheduler })
      assert.isBelow((JSON.parse(spread.stdout) as LoadReport).peakMinutes[0]?.runs ?? 99, 12)
    })
  )

  scenario("refuses a stretch that ends before it begins, or is longer than a year", (scheduler) =>
    Effect.gen(function* () {
      assert.strictEqual(
        (yield* runCli(["simulate", "--from", "2026-04-02", "--to", "2026-04-01"], { scheduler })).code,
        2
      )
      assert.strictEqual((yield* runCli(["simulate", "--to", "400d"], { scheduler })).code, 2)
    })
  )
})
