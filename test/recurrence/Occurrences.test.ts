/** The instants of recurrences, held against independent oracles: a walk minute by minute, and croner. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Cron as Croner } from "croner"
import * as Occurrences from "../../src/recurrence/Occurrences.ts"
import type { GapPolicy, OverlapPolicy, Recurrence } from "../../src/recurrence/Recurrence.ts"
import * as When from "../../src/recurrence/When.ts"
import * as Zone from "../../src/recurrence/zone/Zone.ts"
import { fixedTimes, type Matches, realTime, walk, wallClock } from "./walk.ts"

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

const cron = (text: string, zone: string, gap?: GapPolicy, overlap?: OverlapPolicy): Recurrence => {
  const read = When.parse(text, {
    now: Date.parse("2024-01-01T00:00:00Z"),
    zone,
    taskId: "t",
    ...(gap === undefined ? {} : { gap }),
    ...(overlap === undefined ? {} : { overlap })
  })
  if (Result.isFailure(read)) throw read.failure
  return read.success.recurrence
}

const list = (recurrence: Recurrence, from: number, to: number): ReadonlyArray<number> => {
  const all: Array<number> = []
  for (let at = Occurrences.next(recurrence, from); at !== null && at <= to; at = Occurrences.next(recurrence, at))
    all.push(at)
  return all
}

/** Minutes since midnight, on the wall clock. */
const timeOf = (d: Date): number => d.getUTCHours() * 60 + d.getUTCMinutes()
const isSunday = (d: Date, time: number): boolean => d.getUTCDay() === 0 && timeOf(d) === time

const FIXED: ReadonlyArray<readonly [string, Matches]> = [
  ["30 2 * * *", (d) => d.getUTCHours() === 2 && d.getUTCMinutes() === 30],
  ["0 0 * * *", (d) => d.getUTCHours() === 0 && d.getUTCMinutes() === 0],
  ["0 1,2,3 * * *", (d) => [1, 2, 3].includes(d.getUTCHours()) && d.getUTCMinutes() === 0],
  ["15,45 0-4 * * *", (d) => d.getUTCHours() <= 4 && [15, 45].includes(d.getUTCMinutes())],
  ["0 9 * * 1-5", (d) => d.getUTCHours() === 9 && d.getUTCMinutes() === 0 && d.getUTCDay() >= 1 && d.getUTCDay() <= 5],
  ["30 23 * * 6", (d) => d.getUTCHours() === 23 && d.getUTCMinutes() === 30 && d.getUTCDay() === 6],
  ["59 1 * * *", (d) => d.getUTCHours() === 1 && d.getUTCMinutes() === 59],
  ["0 12 * * *", (d) => d.getUTCHours() === 12 && d.getUTCMinutes() === 0],
  ["30 1 * * 0", (d) => d.getUTCHours() === 1 && d.getUTCMinutes() === 30 && d.getUTCDay() === 0],
  ["45 2 * * 0,6", (d) => d.getUTCHours() === 2 && d.getUTCMinutes() === 45 && d.getUTCDay() % 6 === 0],
  ["10 2-3 * * *", (d) => [2, 3].includes(d.getUTCHours()) && d.getUTCMinutes() === 10],
  ["0 2 1 * *", (d) => d.getUTCHours() === 2 && d.getUTCMinutes() === 0 && d.getUTCDate() === 1],
  [
    "30 2 L * *",
    (d) => d.getUTCHours() === 2 && d.getUTCMinutes() === 30 && new Date(d.getTime() + DAY).getUTCDate() === 1
  ],
  [
    "0 3 1-7 * 0",
    (d) => d.getUTCHours() === 3 && d.getUTCMinutes() === 0 && (d.getUTCDate() <= 7 || d.getUTCDay() === 0)
  ],
  ["DTSTART:20240101T000000 RRULE:FREQ=DAILY;BYHOUR=2;BYMINUTE=30", (d) => timeOf(d) === 150],
  [
    "DTSTART:20240101T000000 RRULE:FREQ=WEEKLY;BYDAY=SU,FR;BYHOUR=0,1,2,3;BYMINUTE=15,45",
    (d) => [0, 5].includes(d.getUTCDay()) && d.getUTCHours() <= 3 && [15, 45].includes(d.getUTCMinutes())
  ],
  [
    "DTSTART:20240101T021500 RRULE:FREQ=DAILY;INTERVAL=2",
    (d) => timeOf(d) === 135 && Math.floor((d.getTime() - Date.UTC(2024, 0, 1)) / DAY) % 2 === 0
  ],
  [
    "DTSTART:20240101T000000 RRULE:FREQ=MONTHLY;BYDAY=-1SU,2SU,1SU;BYHOUR=2",
    (d) =>
      timeOf(d) === 120 &&
      d.getUTCDay() === 0 &&
      (d.getUTCDate() <= 14 || new Date(d.getTime() + 7 * DAY).getUTCMonth() !== d.getUTCMonth())
  ],
  ["every day at 2:30; 45 1 * * *; every sunday at 0:15", (d) => [150, 105].includes(timeOf(d)) || isSunday(d, 15)],
  ["0 2 * * *; 0 3 * * *; 30 2 * * *", (d) => [120, 180, 150].includes(timeOf(d))]
]
const REAL: ReadonlyArray<readonly [string, Matches]> = [
  ["*/15 * * * *", (d) => d.getUTCMinutes() % 15 === 0],
  ["7 * * * *", (d) => d.getUTCMinutes() === 7],
  ["*/7 * * * *", (d) => d.getUTCMinutes() % 7 === 0],
  ["* 2 * * *", (d) => d.getUTCHours() === 2],
  ["0 */2 * * *", (d) => d.getUTCHours() % 2 === 0 && d.getUTCMinutes() === 0],
  ["*/20 0-5 * * 0,6", (d) => d.getUTCMinutes() % 20 === 0 && d.getUTCHours() <= 5 && d.getUTCDay() % 6 === 0],
  ["*/30 1-3 * * *", (d) => d.getUTCMinutes() % 30 === 0 && d.getUTCHours() >= 1 && d.getUTCHours() <= 3],
  ["DTSTART:20240101T000000 RRULE:FREQ=HOURLY;BYMINUTE=20", (d) => d.getUTCMinutes() === 20],
  [
    "DTSTART:20240101T000000 RRULE:FREQ=MINUTELY;INTERVAL=7;BYHOUR=0,1,2,3",
    (d) => d.getUTCHours() <= 3 && ((d.getTime() - Date.UTC(2024, 0, 1)) / MINUTE) % 7 === 0
  ],
  ["7 * * * *; */20 * * * *", (d) => d.getUTCMinutes() === 7 || d.getUTCMinutes() % 20 === 0]
]

const changes = (zone: string, fromYear: number, toYear: number): ReadonlyArray<number> => {
  const all: Array<number> = []
  const end = Date.UTC(toYear + 1, 0, 1)
  for (
    let change = Zone.nextTransition(zone, Date.UTC(fromYear, 0, 1));
    change !== null && change.at < end;
    change = Zone.nextTransition(zone, change.at)
  ) {
    all.push(change.at)
  }
  return all
}

/** One zone for each set of changes that there is in these years. */
const allKinds = (fromYear: number, toYear: number): ReadonlyArray<string> => {
  const kinds = new Map<string, string>()
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    const kind = changes(zone, fromYear, toYear).map((at) => `${at} ${Zone.offsetAt(zone, at)}`)
    if (kind.length > 0 && !kinds.has(kind.join())) kinds.set(kind.join(), zone)
  }
  return [...kinds.values()]
}

/** `NAGATHA_ALL_ZONES=1` walks through every change of 2024 to 2035, instead of those of two years: half a minute. */
const whole = process.env["NAGATHA_ALL_ZONES"] === "1"
const YEARS: readonly [number, number] = whole ? [2024, 2035] : [2026, 2027]

describe("cron, rules and unions around every change of the clocks", () => {
  for (const zone of allKinds(...YEARS)) {
    it(`agrees with a walk minute by minute in ${zone}`, () => {
      for (const change of changes(zone, ...YEARS)) {
        const from = change - DAY - (change % MINUTE)
        const to = change + DAY
        const walked = walk(zone, from, to)
        for (const [text, matches] of FIXED) {
          assert.deepStrictEqual(list(cron(text, zone), from, to), fixedTimes(walked, matches), `${text} at ${change}`)
        }
        for (const [text, matches] of REAL) {
          assert.deepStrictEqual(list(cron(text, zone), from, to), realTime(walked, matches), `${text} at ${change}`)
        }
        // What was chosen holds for the same times, and a range of them is counted as it is walked.
        for (const [text, matches] of FIXED.slice(0, 7)) {
          for (const gap of ["skip", "shift"] as const) {
            for (const overlap of ["last", "both"] as const) {
              const recurrence = cron(text, zone, gap, overlap)
              const expected = fixedTimes(walked, matches, gap, overlap).filter((at) => at <= to)
              assert.deepStrictEqual(list(recurrence, from, to), expected, `${text} ${gap} ${overlap} at ${change}`)
              assert.strictEqual(Occurrences.range(recurrence, from, to)?.count ?? 0, expected.length, text)
            }
          }
        }
      }
    }, 300_000)
  }

  it("finds the changes of every zone that the runtime's offsets show", () => {
    for (const zone of Intl.supportedValuesOf("timeZone")) {
      const clock = wallClock(zone)
      for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 41 * HOUR) {
        assert.strictEqual(Zone.toLocal(zone, at), clock(at), `${zone} ${at}`)
      }
    }
  }, 60_000)

  const GAP = Date.parse("2026-03-08T07:00:00.000Z")
  it("does what is asked for with a time that does not exist", () => {
    const around = (gap: GapPolicy) =>
      list(cron("30 2 * * *", "America/New_York", gap), GAP - 12 * HOUR, GAP + 12 * HOUR)
    assert.deepStrictEqual(around("nextValid"), [GAP])
    assert.deepStrictEqual(around("skip"), [])
    assert.deepStrictEqual(around("shift"), [GAP + 30 * MINUTE])
  })
  it("does what is asked for with a time that happens twice", () => {
    const first = Date.parse("2026-11-01T05:30:00.000Z")
    const around = (overlap: OverlapPolicy) =>
      list(cron("30 1 * * *", "America/New_York", undefined, overlap), first - 12 * HOUR, first + 12 * HOUR)
    assert.deepStrictEqual(around("first"), [first])
    assert.deepStrictEqual(around("last"), [first + HOUR])
    assert.deepStrictEqual(around("both"), [first, first + HOUR])
  })
  it("says in words what the clocks do to a run", () => {
    const notes = Occurrences.upcoming(cron("30 2 * * *", "America/New_York"), GAP - 12 * HOUR, 2, "America/New_York")
    assert.include(notes[0]?.note ?? "", "clocks go forward")
    assert.isUndefined(notes[1]?.note)
  })
})

describe("cron without changes of the clock", () => {
  it("agrees with croner on random expressions", () => {
    let state = 42
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const field = (min: number, max: number): string => {
      const value = () => min + random(max - min + 1)
      switch (random(6)) {
        case 0:
        case 1:
          return "*"
        case 2:
          return `*/${1 + random(Math.min(20, max - min))}`
        case 3: {
          const [a, b] = [value(), value()].sort((x, y) => x - y)
          return `${a}-${b}`
        }
        case 4:
          return [...new Set([value(), value(), value()])].sort((a, b) => a - b).join(",")
        default:
          return String(value())
      }
    }
    let compared = 0
    for (let round = 0; round < 3000; round++) {
      const text = [field(0, 59), field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)].join(" ")
      // Whether "*/n" of a day field restricts it is a matter of dialect.
      if (/\/\d+ \S+ \S+$|\/\d+$/.test(text)) continue
      const ours = cron(text, "UTC")
      const theirs = new Croner(text, { timezone: "UTC", legacyMode: true })
      let at = Date.UTC(2026, 0, 1) + random(365) * DAY
      for (let index = 0; index < 3; index++) {
        const expected = theirs.nextRun(new Date(at))?.getTime() ?? null
        assert.strictEqual(Occurrences.next(ours, at), expected, `${text} after ${new Date(at).toISOString()}`)
        if (expected === null) break
        at = expected
        compared += 1
      }
    }
    assert.isAbove(compared, 5000)
  }, 60_000)
})

describe("intervals and unions", () => {
  it("are elapsed time, whatever the clocks do", () => {
    const read = When.parse("every 6 hours", {
      now: Date.parse("2026-10-31T12:00:00Z"),
      zone: "America/New_York",
      taskId: "t"
    })
    const all = Result.isSuccess(read)
      ? list(read.success.recurrence, Date.parse("2026-10-31T12:00:00Z"), Date.parse("2026-11-03T00:00:00Z"))
      : []
    assert.isAbove(all.length, 8)
    for (const [index, at] of all.entries()) if (index > 0) assert.strictEqual(at - (all[index - 1] ?? 0), 6 * HOUR)
  })
  it("count a range without walking through it", () => {
    const every: Recurrence = { kind: "interval", everyMs: 1000, anchorAt: "2016-01-01T00:00:00.000Z" }
    const [from, to] = [Date.parse("2016-01-01T00:00:00.000Z"), Date.parse("2026-01-01T00:00:00.000Z")]
    assert.deepStrictEqual(Occurrences.range(every, from, to), {
      count: (to - from) / 1000,
      first: from + 1000,
      last: to
    })
    assert.isNull(Occurrences.range(every, to, to))
  })
  it("count an instant of several parts once", () => {
    const union: Recurrence = {
      kind: "union",
      of: [
        { kind: "interval", everyMs: 2000, anchorAt: "2026-01-01T00:00:00.000Z" },
        { kind: "interval", everyMs: 3000, anchorAt: "2026-01-01T00:00:00.000Z" }
      ]
    }
    const start = Date.parse("2026-01-01T00:00:00.000Z")
    assert.deepStrictEqual(
      list(union, start, start + 12_000).map((at) => (at - start) / 1000),
      [2, 3, 4, 6, 8, 9, 10, 12]
    )
    assert.strictEqual(Occurrences.range(union, start, start + 12_000)?.count, 8)
  })
})

describe("a count", () => {
  for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"]) {
    it(`is that of the instants also where it begins or ends at, or about, a change of the clocks in ${zone}`, () => {
      const year = Date.parse("2026-01-01T00:00:00Z")
      for (const gap of ["nextValid", "skip", "shift"] as const) {
        for (const overlap of ["first", "last", "both"] as const) {
          for (const text of ["30 2 * * *", "15,45 1 * * *", "0 0 * * *", "*/20 * * * *"]) {
            const recurrence = cron(text, zone, gap, overlap)
            let change = Zone.nextTransition(zone, year)
            for (let seen = 0; change !== null && seen < 2; seen++) {
              const { at } = change
              for (const off of [-HOUR, -1, 0, 1, HOUR / 2, HOUR]) {
                const [from, to] = [at + off, at + off + 90 * MINUTE]
                for (const [begin, end] of [
                  [from - 1, to],
                  [from, to],
                  [from - 2 * HOUR, from - 1],
                  [from - 2 * HOUR, from]
                ] as const) {
                  const all = list(recurrence, begin, end)
                  const found = Occurrences.range(recurrence, begin, end)
                  assert.deepStrictEqual(
                    [found?.count ?? 0, found?.first, found?.last],
                    [all.length, all[0], all.at(-1)],
                    `${text} ${gap} ${overlap} ${new Date(begin).toISOString()} to ${new Date(end).toISOString()}`
                  )
                }
              }
              change = Zone.nextTransition(zone, at)
            }
          }
        }
      }
    })
  }
})
