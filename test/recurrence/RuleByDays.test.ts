/**
 * Recurrence rules against the table of RFC 5545 section 3.3.10, read plainly: every day of each period is asked whether each
 * part lets it through, and then every time of day. Slow, without a single shortcut, and nothing is shared with the code.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Occurrences from "../../src/recurrence/Occurrences.ts"
import * as When from "../../src/recurrence/When.ts"
import { pick, randomOf } from "../support/random.ts"

const DAY = 86_400_000
const NAMES = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]
const FREQUENCIES = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"]

interface Rule {
  readonly frequency: string
  readonly interval: number
  readonly wkst: number
  /** What stands behind `BYHOUR=` and its like; a part that is not there lets everything through. */
  readonly by: Readonly<Record<string, ReadonlyArray<string>>>
  readonly count?: number
}

const yearOf = (day: number): number => new Date(day).getUTCFullYear()
const monthOf = (day: number): number => new Date(day).getUTCMonth()
const weekdayOf = (day: number): number => new Date(day).getUTCDay()
const firstOfMonth = (day: number, ahead = 0): number => Date.UTC(yearOf(day), monthOf(day) + ahead, 1)
const firstOfYear = (day: number, ahead = 0): number => Date.UTC(yearOf(day) + ahead, 0, 1)
const weekStart = (day: number, wkst: number): number => day - ((weekdayOf(day) - wkst + 7) % 7) * DAY
/** Week 1 of a year is the first with four of its days: the one that holds 4 January. */
const weekOne = (year: number, wkst: number): number => weekStart(Date.UTC(year, 0, 4), wkst)

/** Where it stands between two ends, from the front and from the back: the 3rd, the -29th. */
const positions = (day: number, begin: number, end: number, step: number): ReadonlyArray<number> => [
  Math.floor((day - begin) / step) + 1,
  -(Math.floor((end - DAY - day) / step) + 1)
]
const any = (values: ReadonlyArray<string>, found: ReadonlyArray<number>): boolean =>
  values.some((value) => found.includes(Number(value)))

const weekNumbers = (day: number, wkst: number): ReadonlyArray<number> => {
  for (const year of [yearOf(day) + 1, yearOf(day), yearOf(day) - 1]) {
    const begin = weekOne(year, wkst)
    if (day >= begin) return positions(day, begin, weekOne(year + 1, wkst), 7 * DAY)
  }
  return []
}

const letsDayThrough = ({ by, frequency, wkst }: Rule, day: number): boolean => {
  const { BYDAY, BYMONTH, BYMONTHDAY, BYWEEKNO, BYYEARDAY } = by
  if (BYMONTH !== undefined && !any(BYMONTH, [monthOf(day) + 1])) return false
  if (BYWEEKNO !== undefined && !any(BYWEEKNO, weekNumbers(day, wkst))) return false
  if (BYYEARDAY !== undefined && !any(BYYEARDAY, positions(day, firstOfYear(day), firstOfYear(day, 1), DAY)))
    return false
  if (BYMONTHDAY !== undefined && !any(BYMONTHDAY, positions(day, firstOfMonth(day), firstOfMonth(day, 1), DAY)))
    return false
  if (BYDAY === undefined) return true
  const ofMonth = frequency === "MONTHLY" || BYMONTH !== undefined
  const [begin, end] = ofMonth ? [firstOfMonth(day), firstOfMonth(day, 1)] : [firstOfYear(day), firstOfYear(day, 1)]
  return BYDAY.some((value) => {
    const number = value.slice(0, -2)
    if (NAMES[weekdayOf(day)] !== value.slice(-2)) return false
    return number === "" || positions(day, begin, end, 7 * DAY).includes(Number(number))
  })
}

/** The parts that a rule leaves to its start. */
const completed = (rule: Rule, start: number): Rule => {
  const by: Record<string, ReadonlyArray<string>> = { ...rule.by }
  const date = new Date(start)
  const rank = FREQUENCIES.indexOf(rule.frequency)
  const weekday = [NAMES[date.getUTCDay()] ?? ""]
  const monthDay = [String(date.getUTCDate())]
  const has = (...parts: ReadonlyArray<string>): boolean => parts.some((part) => rule.by[part] !== undefined)
  if (rule.frequency === "YEARLY" && !has("BYYEARDAY", "BYMONTHDAY", "BYDAY")) {
    if (has("BYWEEKNO")) by["BYDAY"] = weekday
    else {
      by["BYMONTHDAY"] = monthDay
      if (!has("BYMONTH")) by["BYMONTH"] = [String(date.getUTCMonth() + 1)]
    }
  }
  if (rule.frequency === "MONTHLY" && !has("BYMONTHDAY", "BYDAY")) by["BYMONTHDAY"] = monthDay
  if (rule.frequency === "WEEKLY" && !has("BYDAY")) by["BYDAY"] = weekday
  if (rank < 4) by["BYHOUR"] ??= [String(date.getUTCHours())]
  if (rank < 5) by["BYMINUTE"] ??= [String(date.getUTCMinutes())]
  if (rank < 6) by["BYSECOND"] ??= [String(date.getUTCSeconds())]
  return { ...rule, by }
}

/** The periods of a rule from that of its start on, those that the interval leaves out left out. */
const periods = function* ({ frequency, interval, wkst }: Rule, start: number) {
  const [minute, hour, day] = [60_000, 3_600_000, DAY].map((size) => start - (start % size)) as [number, number, number]
  for (let index = 0; ; index += interval) {
    const from = {
      YEARLY: () => firstOfYear(day, index),
      MONTHLY: () => firstOfMonth(day, index),
      WEEKLY: () => weekStart(day, wkst) + index * 7 * DAY,
      DAILY: () => day + index * DAY,
      HOURLY: () => hour + index * 3_600_000,
      MINUTELY: () => minute + index * 60_000,
      SECONDLY: () => start + index * 1000
    }[frequency]
    const at = from?.() ?? 0
    const length = { YEARLY: firstOfYear(at, 1) - at, MONTHLY: firstOfMonth(at, 1) - at, WEEKLY: 7 * DAY, DAILY: DAY }[
      frequency
    ]
    yield { at, length: length ?? { HOURLY: 3_600_000, MINUTELY: 60_000 }[frequency] ?? 1000 }
  }
}

const allOf = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, index) => index)

/** The times of one day, in order. */
const timesOf = ({ by }: Rule): ReadonlyArray<number> => {
  const numbers = (part: string, all: number): ReadonlyArray<number> =>
    [...new Set(by[part]?.map(Number) ?? allOf(all))].sort((a, b) => a - b)
  return numbers("BYHOUR", 24).flatMap((hour) =>
    numbers("BYMINUTE", 60).flatMap((minute) =>
      numbers("BYSECOND", 60).map((second) => ((hour * 60 + minute) * 60 + second) * 1000)
    )
  )
}

/** The first runs, as far as they lie before `end`. */
const expected = (given: Rule, start: number, end: number, wanted: number): ReadonlyArray<number> => {
  const rule = completed(given, start)
  const times = timesOf(rule)
  const isTime = new Set(times)
  const runs: Array<number> = []
  for (const { at, length } of periods(rule, start)) {
    if (at >= end) return runs
    const set: Array<number> = []
    for (let day = at - (at % DAY); day < at + length; day += DAY) {
      if (!letsDayThrough(rule, day)) continue
      if (length >= DAY) for (const time of times) set.push(day + time)
      else for (let run = at; run < at + length; run += 1000) if (isTime.has(run - day)) set.push(run)
    }
    const chosen = rule.by["BYSETPOS"]?.map(Number)
    for (const [index, run] of set.entries()) {
      if (run < start || run >= end) continue
      if (chosen !== undefined && !chosen.includes(index + 1) && !chosen.includes(index - set.length)) continue
      runs.push(run)
      if (runs.length === Math.min(wanted, rule.count ?? wanted)) return runs
    }
  }
  return runs
}

const textOf = ({ by, count, frequency, interval, wkst }: Rule): string =>
  [
    `FREQ=${frequency}`,
    `INTERVAL=${interval}`,
    `WKST=${NAMES[wkst]}`,
    ...Object.entries(by).map(([part, values]) => `${part}=${values.join(",")}`),
    ...(count === undefined ? [] : [`COUNT=${count}`])
  ].join(";")

/** A rule that section 3.3.10 allows. */
const randomRule = (random: () => number, frequency: string): Rule => {
  const by: Record<string, ReadonlyArray<string>> = {}
  const number = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1))
  const numbers = (part: string, chance: number, least: number, most: number, negative = false): void => {
    // A rule of seconds is looked at for an hour or two: most should have something in it.
    if (random() >= (rank === 6 ? chance / 3 : chance)) return
    const values = allOf(number(1, 3)).map(() => number(least, most) * (negative && random() < 0.3 ? -1 : 1))
    by[part] = [...new Set(values)].map(String)
  }
  const rank = FREQUENCIES.indexOf(frequency)
  numbers("BYMONTH", 0.3, 1, 12)
  if (frequency === "YEARLY") numbers("BYWEEKNO", 0.25, 1, 53, true)
  if (rank === 0 || rank > 3) numbers("BYYEARDAY", rank === 0 ? 0.2 : 0.05, 1, 366, true)
  if (frequency !== "WEEKLY") numbers("BYMONTHDAY", 0.3, 1, 31, true)
  if (random() < (rank === 6 ? 0.1 : 0.4)) {
    const numbered = rank < 2 && by["BYWEEKNO"] === undefined
    const most = frequency === "YEARLY" && by["BYMONTH"] === undefined ? 53 : 5
    by["BYDAY"] = [
      ...new Set(
        allOf(number(1, 3)).map(
          () => (numbered && random() < 0.5 ? number(1, most) * pick(random, [1, -1]) : "") + pick(random, NAMES)
        )
      )
    ]
  }
  numbers("BYHOUR", 0.3, 0, 23)
  numbers("BYMINUTE", 0.3, 0, 59)
  numbers("BYSECOND", 0.15, 0, 59)
  // The set of a week that lies in two years is that of neither: the RFC does not say whose.
  if (Object.keys(by).length > 0 && by["BYWEEKNO"] === undefined && random() < 0.25)
    by["BYSETPOS"] = [...new Set(allOf(number(1, 2)).map(() => pick(random, ["1", "2", "3", "-1", "-2"])))]
  const interval = by["BYWEEKNO"] === undefined && random() < 0.5 ? number(2, 6) : 1
  const count = random() < 0.2 ? number(1, 15) : undefined
  return { frequency, interval, wkst: number(0, 6), by, ...(count === undefined ? {} : { count }) }
}

describe.each(FREQUENCIES)("a rule of %s", (frequency) => {
  it("has the runs that its parts let through, one by one", () => {
    const random = randomOf(FREQUENCIES.indexOf(frequency) + 11)
    const fine = FREQUENCIES.indexOf(frequency) > 3
    let compared = 0
    for (let round = 0; round < (fine ? 120 : 250); round++) {
      const rule = randomRule(random, frequency)
      const start = Date.UTC(2023, 0, 1) + Math.floor(random() * 1500 * 86_400) * 1000
      const end = start + (frequency === "SECONDLY" ? 0.05 : frequency === "MINUTELY" ? 6 : fine ? 200 : 4000) * DAY
      const text = `DTSTART:${new Date(start).toISOString().replace(/[-:]|\.000Z/g, "")} RRULE:${textOf(rule)}`
      const wanted = 12
      const runs = expected(rule, start, end, wanted)
      const read = When.parse(text, { now: start, zone: "UTC", taskId: "task", allowPast: true })
      if (Result.isFailure(read)) {
        // What never occurs is refused, and nothing else.
        const ever = fine ? runs : expected(rule, start, start + 60 * 366 * DAY, 1)
        assert.deepStrictEqual([read.failure.problem, ever], ["this rule never occurs", []], text)
        continue
      }
      const ours = Occurrences.upcoming(read.success.recurrence, start - 1, wanted, "UTC")
        .map(({ at }) => Date.parse(at))
        .filter((at) => at < end)
      assert.deepStrictEqual(
        ours.map((at) => new Date(at).toISOString()),
        runs.map((at) => new Date(at).toISOString()),
        text
      )
      if (runs.length > 0) compared += 1
    }
    assert.isAbove(compared, 45)
  })
})
