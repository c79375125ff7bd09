/** What is told of changes of the clocks, and the delay by which tasks are spread. */
import { assert, describe, it } from "@effect/vitest"
import { clockNotes } from "../../src/recurrence/ClockNotes.ts"
import type { Recurrence } from "../../src/recurrence/Recurrence.ts"
import * as Series from "../../src/recurrence/Series.ts"
import * as Spread from "../../src/recurrence/Spread.ts"

const timezone = "America/New_York"
const cron = (
  expression: string,
  gap: "nextValid" | "skip" | "shift",
  overlap: "first" | "last" | "both"
): Recurrence => ({
  kind: "cron",
  expression,
  timezone,
  gap,
  overlap
})
const notes = (recurrence: Recurrence, after: string): ReadonlyArray<string> => {
  const schedule = { recurrence, timezone, startAt: null, endAt: null }
  return clockNotes(Series.of(schedule), schedule, Date.parse(after))
}
const BEFORE_GAP = "2027-03-08T12:00:00Z"
const BEFORE_REPEAT = "2026-10-28T12:00:00Z"

describe("notes on the clocks", () => {
  it("tell what becomes of times that do not exist, by the policy", () => {
    const daily = "0 30 2 * * *"
    const [valid, ...others] = notes(cron(daily, "nextValid", "first"), BEFORE_GAP)
    assert.strictEqual(
      valid,
      "the clocks go forward on 2027-03-14 at 02:00 by 1 hour: times between 02:00 and 03:00 run at 03:00"
    )
    assert.deepStrictEqual(others, [])
    assert.match(notes(cron(daily, "shift", "first"), BEFORE_GAP)[0] ?? "", /run 1 hour later$/)
    // Nothing of the ten runs shows it: the run is not there.
    assert.match(notes(cron(daily, "skip", "first"), BEFORE_GAP)[0] ?? "", /do not run$/)
  })
  it("tell what becomes of times that happen twice, by the policy", () => {
    const daily = "0 30 1 * * *"
    assert.match(
      notes(cron(daily, "nextValid", "first"), BEFORE_REPEAT)[0] ?? "",
      /happen twice and run the first time only/
    )
    assert.match(notes(cron(daily, "nextValid", "last"), BEFORE_REPEAT)[0] ?? "", /run the last time only/)
    assert.match(notes(cron(daily, "nextValid", "both"), BEFORE_REPEAT)[0] ?? "", /run both times/)
  })
  it("are not made for runs that a change does not touch, for elapsed time, or too far ahead", () => {
    assert.deepStrictEqual(notes(cron("0 0 9 * * *", "nextValid", "first"), BEFORE_GAP), [])
    assert.deepStrictEqual(notes(cron("0 30 2 * * *", "nextValid", "first"), "2027-01-10T12:00:00Z"), [])
    const interval: Recurrence = { kind: "interval", everyMs: 3_600_000, anchorAt: "2027-03-14T00:30:00.000Z" }
    assert.deepStrictEqual(notes(interval, "2027-03-14T05:00:00Z"), [])
    assert.deepStrictEqual(notes({ kind: "once", at: "2027-03-14T07:00:00.000Z" }, BEFORE_GAP), [])
  })
})

describe("a spread", () => {
  const every = (everyMs: number) =>
    Series.of({
      recurrence: { kind: "interval", everyMs, anchorAt: "2026-01-01T00:00:00.000Z" },
      timezone,
      startAt: null,
      endAt: null
    })
  const now = Date.parse("2026-06-01T00:00:00Z")
  const ids = Array.from({ length: 500 }, (_, index) => `task-${index}`)

  it("is the same for a task each time, and lies within its width", () => {
    for (const id of ids) {
      const offset = Spread.offset(id, 300_000, every(3_600_000), now)
      assert.isTrue(offset >= 0 && offset <= 300_000)
      assert.strictEqual(Spread.offset(id, 300_000, every(3_600_000), now + 86_400_000), offset)
    }
  })
  it("spreads tasks evenly enough that no tenth of the width has twice its share", () => {
    const tenths = Array.from({ length: 10 }, () => 0)
    for (const id of ids) {
      const tenth = Math.min(9, Math.floor(Spread.offset(id, 300_000, every(3_600_000), now) / 30_001))
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    assert.isBelow(Math.max(...tenths), 100)
  })
  it("never reaches the next instant", () => {
    for (const id of ids) assert.isBelow(Spread.offset(id, 86_400_000, every(10_000), now), 10_000)
  })
})
