import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { type LoadOptions, loadOf, type LoadTask } from "../../src/audit/Load.ts"
import * as Series from "../../src/recurrence/Series.ts"
import * as When from "../../src/recurrence/When.ts"

const FROM = Date.parse("2026-03-01T00:00:00Z")
const DAY = 86_400_000

const task = (words: string, timezone = "UTC", changes: Partial<LoadTask> = {}): LoadTask => ({
  taskId: words,
  taskName: words,
  recurrence: Result.getOrThrow(When.parse(words, { now: FROM, zone: timezone, taskId: words })).recurrence,
  timezone,
  startAt: null,
  endAt: null,
  maxRuns: null,
  overlap: "skip",
  runs: 0,
  usualMs: null,
  ...changes
})
const options = (days: number, changes: Partial<LoadOptions> = {}): LoadOptions => ({
  from: FROM,
  to: FROM + days * DAY,
  timezone: "UTC",
  daysOf: () => [],
  ...changes
})

/** Every run by itself. */
const slowly = (one: LoadTask, { daysOf, from, to }: LoadOptions) => {
  const counts = new Map<string, number>()
  const series = Series.of(one, daysOf(one.exclude ?? []))
  let left = one.maxRuns === null ? Infinity : one.maxRuns - one.runs
  const offset = one.offsetMs ?? 0
  for (let at = series.next(from - offset - 1); at !== null && at + offset < to && left > 0; at = series.next(at)) {
    const minute = new Date(at + offset).toISOString().slice(11, 16)
    counts.set(minute, (counts.get(minute) ?? 0) + 1)
    left -= 1
  }
  return counts
}

describe("the load to come", () => {
  const schedules: ReadonlyArray<readonly [string, string, Partial<LoadTask>?]> = [
    ["*/5 * * * *", "Europe/Berlin"],
    ["30 2 * * *", "Europe/Berlin"],
    ["15,45 0-4 * * *", "America/New_York"],
    ["0 9 * * 1-5", "Asia/Kolkata"],
    ["*/20 * * * * *", "Australia/Lord_Howe"],
    ["every 7 minutes", "UTC"],
    ["every last friday of the month at 17:00", "Europe/Berlin"],
    ["0 9 * * *; */30 9 * * *", "Europe/Berlin"],
    ["0 * * * *", "UTC", { offsetMs: 754_321 }],
    ["0 23 * * *", "America/St_Johns", { offsetMs: 3_599_999 }],
    ["0 * * * *", "UTC", { maxRuns: 100, runs: 7 }],
    ["*/10 * * * *", "Europe/Berlin", { startAt: "2026-03-10T11:11:00.000Z", endAt: "2026-04-11T10:00:00.000Z" }],
    ["0 */6 * * *", "Europe/Berlin", { exclude: ["holidays"] }]
  ]
  for (const [words, timezone, changes] of schedules) {
    it(`counts each run of ${words} in ${timezone}${changes === undefined ? "" : ` with ${Object.keys(changes).join(", ")}`}, once`, () => {
      const one = task(words, timezone, changes)
      const stretch = options(61, {
        daysOf: (names) => (names.length === 0 ? [] : [{ from: "2026-03-20", to: "2026-03-22" }])
      })
      const { heat, runs } = loadOf([one], stretch)
      const expected = slowly(one, stretch)
      assert.strictEqual(
        runs,
        [...expected.values()].reduce((sum, count) => sum + count, 0)
      )
      for (const [hour, row] of heat.entries()) {
        for (const [minute, count] of row.entries()) {
          const name = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`
          assert.strictEqual(count, expected.get(name) ?? 0, name)
        }
      }
    })
  }

  it("counts tasks with the same schedule together, and tells the herd at the full hour and what spreading does", () => {
    const herd = Array.from({ length: 20 }, (_, index) => task("0 * * * *", "UTC", { taskId: `task-${index}` }))
    const all = [...herd, task("*/7 * * * *")]
    const report = loadOf(all, options(7))
    assert.strictEqual(report.heat[3]?.[0], 21 * 7)
    assert.strictEqual(report.peakMinutes[0]?.runs, 21)
    assert.strictEqual(report.herd?.minute, 0)
    assert.strictEqual(report.herd?.tasks, 21)
    const spread = loadOf(all, options(7, { spreadMs: 1_800_000 }))
    assert.strictEqual(spread.runs, report.runs)
    assert.isBelow(spread.peakMinutes[0]?.runs ?? Infinity, 10)
    assert.isNull(spread.herd)
  })

  it("tells which tasks usually take longer than their runs are apart, and how much is at work", () => {
    const report = loadOf(
      [task("* * * * *", "UTC", { usualMs: 90_000 }), task("0 * * * *", "UTC", { usualMs: 90_000 })],
      options(1)
    )
    assert.deepStrictEqual(report.overlapping, [
      { taskId: "* * * * *", taskName: "* * * * *", everyMs: 60_000, usualMs: 90_000, overlap: "skip" }
    ])
    assert.closeTo(report.atWork, 1.5 + 0.025, 1e-9)
  })

  it("tells what changes of the clocks do, to how many tasks", () => {
    const nightly = task("30 2 * * *", "Europe/Berlin")
    const skipping = {
      ...nightly,
      taskId: "skipping",
      recurrence: { ...nightly.recurrence, gap: "skip" } as LoadTask["recurrence"]
    }
    const twice = {
      ...nightly,
      taskId: "twice",
      recurrence: { ...nightly.recurrence, overlap: "both" } as LoadTask["recurrence"]
    }
    const { clocks } = loadOf([nightly, skipping, twice, task("0 9 * * *", "Europe/Berlin")], options(300))
    assert.deepStrictEqual(
      clocks.map(({ at, lost, moved, onceOnly, twice: both }) => ({ at, lost, moved, onceOnly, both })),
      [
        { at: "2026-03-29T01:00:00.000Z", lost: 1, moved: 2, onceOnly: 0, both: 0 },
        { at: "2026-10-25T01:00:00.000Z", lost: 0, moved: 0, onceOnly: 2, both: 1 }
      ]
    )
  })
})
