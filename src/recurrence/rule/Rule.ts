/**
 * Recurrence rules of RFC 5545 (3.3.10): syntax, and what a rule leaves to its start filled in. All parts of the RFC are
 * read; where two readings of it are common, the one of its text and errata stands.
 */
import { Result } from "effect"
import { FREQUENCIES, type Frequency, type Rule, type Weekday } from "./RuleWall.ts"
import * as RuleWall from "./RuleWall.ts"
import { DAY } from "../zone/Wall.ts"

export interface RuleProblem {
  readonly problem: string
  /** Offsets in the text. */
  readonly start: number
  readonly end: number
}

const WEEKDAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]

/** More occurrences are not counted to. */
const MAX_COUNT = 10_000

interface Part {
  readonly name: string
  readonly value: string
  readonly start: number
  readonly end: number
}

/** What a part cannot mean. */
class Bad {
  readonly problem: string
  readonly part: Part
  constructor(part: Part, problem: string) {
    this.part = part
    this.problem = problem
  }
}

const LISTS = {
  BYSECOND: [0, 59],
  BYMINUTE: [0, 59],
  BYHOUR: [0, 23],
  BYMONTHDAY: [-31, 31],
  BYYEARDAY: [-366, 366],
  BYWEEKNO: [-53, 53],
  BYMONTH: [1, 12],
  BYSETPOS: [-366, 366]
} as const
type ListName = keyof typeof LISTS

/** The order in which a rule is written again. */
const ORDER = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY"]
const TIMES = ["BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"]
const NAMES = [...ORDER, ...TIMES]

const partsOf = (text: string): ReadonlyArray<Part> =>
  [...text.matchAll(/[^;]+/g)].map(({ 0: word, index }) => {
    const at = word.indexOf("=")
    return {
      name: (at === -1 ? word : word.slice(0, at)).trim().toUpperCase(),
      value:
        at === -1
          ? ""
          : word
              .slice(at + 1)
              .trim()
              .toUpperCase(),
      start: index,
      end: index + word.length
    }
  })

const positive = (part: Part, most: number): number => {
  const value = Number(part.value)
  if (!/^\d+$/.test(part.value) || value < 1 || value > most) {
    throw new Bad(part, `${part.name} is a number from 1 to ${most.toLocaleString("en")}`)
  }
  return value
}

const numbers = (part: Part, name: ListName): ReadonlyArray<number> => {
  const [least, most] = LISTS[name]
  return part.value.split(",").map((text) => {
    const value = Number(text)
    if (!/^[+-]?\d+$/.test(text) || value < least || value > most || (value === 0 && least < 0)) {
      const range = least < 0 ? `1 to ${most} or -1 to ${least}` : `${least} to ${most}`
      throw new Bad(part, `${JSON.stringify(text)} is no ${name}: it is ${range}`)
    }
    return value
  })
}

const weekdaysOf = (part: Part): ReadonlyArray<Weekday> =>
  part.value.split(",").map((text) => {
    const found = /^([+-]?\d{1,2})?([A-Z]{2})$/.exec(text)
    const weekday = WEEKDAYS.indexOf(found?.[2] ?? "")
    const nth = Number(found?.[1] ?? 0)
    if (weekday < 0 || (found?.[1] !== undefined && (nth === 0 || Math.abs(nth) > 53))) {
      throw new Bad(part, `${JSON.stringify(text)} is no day: write MO TU WE TH FR SA SU, 1MO, -1FR`)
    }
    return { weekday, nth }
  })

const localTime = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d))?$/

/** A local time of the RFC (`20260308T093000`) as a wall-clock time; a bare date is the end of its day; null for others. */
export const localOf = (text: string): number | null => {
  const found = localTime.exec(text)
  if (found === null) return null
  const [year = 0, month = 1, day = 1] = found.slice(1, 4).map(Number)
  const [hour = 0, minute = 0, second = 0] = found.slice(4).map((part) => Number(part ?? 0))
  const date = Date.UTC(year, month - 1, day)
  const known = new Date(date)
  if (known.getUTCMonth() !== month - 1 || known.getUTCDate() !== day) return null
  if (hour > 23 || minute > 59 || second > 59) return null
  return found[4] === undefined ? date + DAY - 1000 : date + ((hour * 60 + minute) * 60 + second) * 1000
}

/** A wall-clock time as the RFC writes it. */
export const localText = (local: number): string => new Date(local).toISOString().slice(0, 19).replace(/[-:]/g, "")

const read = (text: string, starts: number): Rule => {
  const parts = partsOf(text)
  const byName = new Map<string, Part>()
  const whole: Part = { name: "", value: "", start: 0, end: text.length }
  for (const part of parts) {
    if (part.name === "RSCALE" || part.name === "SKIP")
      throw new Bad(part, `${part.name} (RFC 7529) is not carried out`)
    if (!NAMES.includes(part.name))
      throw new Bad(part, `${JSON.stringify(part.name)} is no part of a rule: ${NAMES.join(" ")}`)
    if (part.value === "") throw new Bad(part, `${part.name} has no value`)
    if (byName.has(part.name)) throw new Bad(part, `${part.name} is there twice`)
    byName.set(part.name, part)
  }
  const freq = byName.get("FREQ")
  const frequency = FREQUENCIES.find((known) => known === freq?.value)
  if (frequency === undefined) throw new Bad(freq ?? whole, `FREQ is one of ${FREQUENCIES.join(" ")}`)
  const list = (name: ListName): ReadonlyArray<number> => {
    const part = byName.get(name)
    return part === undefined ? [] : [...new Set(numbers(part, name))].sort((a, b) => a - b)
  }
  const untilPart = byName.get("UNTIL")
  const until = untilPart === undefined ? null : localOf(untilPart.value)
  if (untilPart !== undefined && until === null) throw new Bad(untilPart, `UNTIL is written as 20261231T235959`)
  const countPart = byName.get("COUNT")
  if (countPart !== undefined && untilPart !== undefined) throw new Bad(countPart, "COUNT and UNTIL exclude each other")
  const dayPart = byName.get("BYDAY")
  const weekdays = dayPart === undefined ? [] : weekdaysOf(dayPart)
  const numbered = weekdays.some(({ nth }) => nth !== 0)
  const weekNumberPart = byName.get("BYWEEKNO")
  if (
    dayPart !== undefined &&
    numbered &&
    (!["YEARLY", "MONTHLY"].includes(frequency) || weekNumberPart !== undefined)
  ) {
    throw new Bad(dayPart, "a numbered day (1MO) needs FREQ=MONTHLY, or FREQ=YEARLY without BYWEEKNO")
  }
  if (weekNumberPart !== undefined && frequency !== "YEARLY")
    throw new Bad(weekNumberPart, "BYWEEKNO needs FREQ=YEARLY")
  const yearDayPart = byName.get("BYYEARDAY")
  if (yearDayPart !== undefined && ["DAILY", "WEEKLY", "MONTHLY"].includes(frequency)) {
    throw new Bad(yearDayPart, `BYYEARDAY does not go with FREQ=${frequency}`)
  }
  const monthDayPart = byName.get("BYMONTHDAY")
  if (monthDayPart !== undefined && frequency === "WEEKLY") {
    throw new Bad(monthDayPart, "BYMONTHDAY does not go with FREQ=WEEKLY")
  }
  const positionPart = byName.get("BYSETPOS")
  if (positionPart !== undefined && ![...byName.keys()].some((name) => name.startsWith("BY") && name !== "BYSETPOS")) {
    throw new Bad(positionPart, "BYSETPOS needs another BY part to choose from")
  }
  const weekStart = WEEKDAYS.indexOf(byName.get("WKST")?.value ?? "MO")
  if (weekStart < 0) throw new Bad(byName.get("WKST") ?? whole, "WKST is one of MO TU WE TH FR SA SU")
  const intervalPart = byName.get("INTERVAL")
  return withStart({
    frequency,
    interval: intervalPart === undefined ? 1 : positive(intervalPart, 100_000),
    count: countPart === undefined ? null : positive(countPart, MAX_COUNT),
    until,
    weekStart,
    months: list("BYMONTH"),
    weekNumbers: list("BYWEEKNO"),
    yearDays: list("BYYEARDAY"),
    monthDays: list("BYMONTHDAY"),
    weekdays,
    hours: list("BYHOUR"),
    minutes: list("BYMINUTE"),
    seconds: list("BYSECOND"),
    positions: list("BYSETPOS"),
    starts
  })
}

/** What a rule does not say it takes from its start. */
const withStart = (rule: Rule): Rule => {
  const start = new Date(rule.starts)
  const slower = (than: Frequency): boolean => FREQUENCIES.indexOf(rule.frequency) < FREQUENCIES.indexOf(than)
  const { hours, minutes, monthDays, months, seconds, weekdays, weekNumbers, yearDays } = rule
  const noDay = monthDays.length === 0 && weekdays.length === 0 && yearDays.length === 0
  const sameWeekday = [{ weekday: start.getUTCDay(), nth: 0 }]
  const sameDay = noDay && weekNumbers.length === 0
  return {
    ...rule,
    months: rule.frequency === "YEARLY" && sameDay && months.length === 0 ? [start.getUTCMonth() + 1] : months,
    monthDays: slower("WEEKLY") && sameDay ? [start.getUTCDate()] : monthDays,
    weekdays: noDay && (rule.frequency === "WEEKLY" || weekNumbers.length > 0) ? sameWeekday : weekdays,
    hours: hours.length === 0 && slower("HOURLY") ? [start.getUTCHours()] : hours,
    minutes: minutes.length === 0 && slower("MINUTELY") ? [start.getUTCMinutes()] : minutes,
    seconds: seconds.length === 0 && slower("SECONDLY") ? [start.getUTCSeconds()] : seconds
  }
}

/** What a rule without a start must say for itself: the place of the gap, or null when nothing is missing. */
export const missingWithoutStart = (text: string): string | null => {
  const names = new Set(partsOf(text).map(({ name }) => name))
  const frequency = partsOf(text).find(({ name }) => name === "FREQ")?.value ?? ""
  const has = (...wanted: ReadonlyArray<string>): boolean => wanted.some((name) => names.has(name))
  if (["HOURLY", "MINUTELY", "SECONDLY"].includes(frequency)) return null
  if (!has("BYHOUR")) return "say the time of day: BYHOUR=9;BYMINUTE=0"
  if (frequency === "WEEKLY" && !has("BYDAY")) return "say the day of the week: BYDAY=MO"
  if (frequency === "MONTHLY" && !has("BYDAY", "BYMONTHDAY")) return "say the day: BYMONTHDAY=1, or BYDAY=1MO"
  if (frequency === "YEARLY" && !has("BYDAY", "BYMONTHDAY", "BYYEARDAY")) {
    return "say the month and the day: BYMONTH=7;BYMONTHDAY=4"
  }
  return null
}

/** Reads a rule and writes it in one form; `starts` is the wall-clock time of its DTSTART. */
export const parse = (text: string, starts: number): Result.Result<string, RuleProblem> => {
  try {
    const rule = read(text, starts)
    if (RuleWall.of(rule).next(starts - 1) === null) {
      return Result.fail({ problem: "this rule never occurs", start: 0, end: text.length })
    }
    const parts = partsOf(text).toSorted((a, b) => NAMES.indexOf(a.name) - NAMES.indexOf(b.name))
    return Result.succeed(parts.map(({ name, value }) => `${name}=${value}`).join(";"))
  } catch (cause) {
    if (!(cause instanceof Bad)) throw cause
    return Result.fail({ problem: cause.problem, start: cause.part.start, end: cause.part.end })
  }
}

/** A rule in the form that `parse` writes; `startsAt` as in `Recurrence`. */
export const compile = (rrule: string, startsAt: string): Rule => read(rrule, Date.parse(`${startsAt}Z`))

/** Whether a rule follows real time rather than the clock on the wall: it repeats within the day. */
export const followsRealTime = (rrule: string): boolean => /FREQ=(?:HOURLY|MINUTELY|SECONDLY)/.test(rrule)
