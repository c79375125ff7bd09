/** Days on which nothing runs, and what is left of a recurrence without them. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Exclusions from "../../src/recurrence/Exclusions.ts"
import type { Recurrence } from "../../src/recurrence/Recurrence.ts"
import * as Series from "../../src/recurrence/Series.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ZONE = "America/New_York"

const days = (...entries: ReadonlyArray<string>): ReadonlyArray<Exclusions.Days> =>
  entries.map((entry) => Result.getOrThrow(Exclusions.parse(entry)))

const cron = (expression: string): Recurrence => ({
  kind: "cron",
  expression,
  timezone: ZONE,
  gap: "nextValid",
  overlap: "first"
})
const hourly: Recurrence = { kind: "interval", everyMs: HOUR, anchorAt: "2026-01-01T00:30:00.000Z" }

const schedule = (recurrence: Recurrence): Series.Schedule => ({
  recurrence,
  timezone: ZONE,
  startAt: null,
  endAt: null
})

const localDay = (at: number): string => new Date(at).toLocaleDateString("sv-SE", { timeZone: ZONE })

describe("entries of a calendar", () => {
  it("are days, stretches of days, and the same of every year", () => {
    for (const entry of ["2026-12-25", "2026-12-24..2027-01-02", "12-25", "12-24..01-02", "02-29"]) {
      assert.strictEqual(Exclusions.render(Result.getOrThrow(Exclusions.parse(entry))), entry)
    }
    assert.strictEqual(Exclusions.render(Result.getOrThrow(Exclusions.parse("12-25..12-25"))), "12-25")
  })
  it("are refused where they are no days", () => {
    const problem = (entry: string) => Result.match(Exclusions.parse(entry), { onFailure: String, onSuccess: () => "" })
    assert.match(problem("christmas"), /is no day: write/)
    assert.match(problem("2026-02-29"), /there is no day 2026-02-29/)
    assert.match(problem("13-01"), /there is no day 13-01/)
    assert.match(problem("2026-12-24..01-02"), /both days with their year, or both without/)
    assert.match(problem("2026-12-24..2026-12-23"), /ends before it begins/)
    assert.match(problem("2026-1-1"), /is no day/)
  })
})

describe("a series without excluded days", () => {
  /** Asks day by day, without what the code under test knows of stretches. */
  const isExcluded = (entries: ReadonlyArray<string>, at: number): boolean => {
    const day = localDay(at)
    const year = day.slice(0, 4)
    return entries.some((entry) => {
      const [from = "", to = from] = entry.split("..")
      if (from.length === 10) return from <= day && day <= to
      const short = day.slice(5)
      return from <= to ? from <= short && short <= to && year !== "" : short >= from || short <= to
    })
  }

  const calendars: ReadonlyArray<ReadonlyArray<string>> = [
    ["2026-12-25"],
    ["12-25", "12-26", "01-01"],
    ["12-24..01-02"],
    ["2026-12-24..2027-01-02", "2027-03-14", "11-01"],
    ["2026-11-01..2026-11-02", "2026-11-02..2026-11-05"]
  ]
  for (const [index, entries] of calendars.entries()) {
    for (const [name, recurrence] of [
      ["every hour", hourly],
      ["at 2:30 and 13:30", cron("0 30 2,13 * * *")],
      ["on mondays at midnight", cron("0 0 0 * * 1")]
    ] as const) {
      it(`leaves out calendar ${index} of ${name}, and nothing else`, () => {
        const all = Series.of(schedule(recurrence))
        const left = Series.of(schedule(recurrence), days(...entries))
        const from = Date.UTC(2026, 9, 20)
        const to = Date.UTC(2027, 4, 1)
        const expected: Array<number> = []
        for (let at = all.next(from); at !== null && at <= to; at = all.next(at)) {
          if (!isExcluded(entries, at)) expected.push(at)
        }
        const walked: Array<number> = []
        for (let at = left.next(from); at !== null && at <= to; at = left.next(at)) walked.push(at)
        assert.deepStrictEqual(walked, expected)
        assert.deepStrictEqual(left.range(from, to), {
          count: expected.length,
          first: expected[0] ?? 0,
          last: expected.at(-1) ?? 0
        })
      })
    }
  }
  it("ends where every day is excluded", () => {
    const never = Series.of(schedule(cron("0 0 9 * * *")), days("01-01..12-31"))
    assert.isNull(never.next(Date.UTC(2026, 0, 1)))
    assert.isNull(never.range(Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)))
  })
  it("leaves 29 February out only where there is one", () => {
    const leap = Series.of(schedule(cron("0 0 9 * * *")), days("02-29"))
    const around = (year: number) => leap.first(Date.UTC(year, 1, 28), 3).map((at) => localDay(at).slice(5))
    assert.deepStrictEqual(around(2028), ["02-28", "03-01", "03-02"])
    assert.deepStrictEqual(around(2027), ["02-28", "03-01", "03-02"])
  })
  it("keeps its bounds", () => {
    const bounded = Series.of({
      ...schedule(hourly),
      startAt: "2026-03-01T00:30:00.000Z",
      endAt: "2026-03-01T02:30:00.000Z"
    })
    const from = Date.parse("2026-02-01T00:00:00Z")
    assert.deepStrictEqual(bounded.first(from, 10).length, 3)
    assert.deepStrictEqual(bounded.range(from, from + 90 * DAY)?.count, 3)
    assert.isNull(bounded.next(Date.parse("2026-03-01T02:30:00Z")))
  })
})
