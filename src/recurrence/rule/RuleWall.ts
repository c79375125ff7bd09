/**
 * The times that a recurrence rule names on a wall clock. From period to period of its frequency, beginning at the one in
 * which the time asked about lies: what came before costs nothing.
 */
import { DAY, daysInMonth, HORIZON_MS, HOUR, MINUTE, SECOND, type Wall, walked } from "../zone/Wall.ts"

/** Slowest first. */
export const FREQUENCIES = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"] as const
export type Frequency = (typeof FREQUENCIES)[number]

/** A weekday, 0 for Sunday; `nth` of the month or year, negative from its end, 0 for every one. */
export interface Weekday {
  readonly weekday: number
  readonly nth: number
}

/** Lists are empty where the rule does not restrict; `hours`, `minutes` and `seconds` are those within a period. */
export interface Rule {
  readonly frequency: Frequency
  readonly interval: number
  readonly count: number | null
  /** Wall-clock time, included. */
  readonly until: number | null
  readonly weekStart: number
  readonly months: ReadonlyArray<number>
  readonly weekNumbers: ReadonlyArray<number>
  readonly yearDays: ReadonlyArray<number>
  readonly monthDays: ReadonlyArray<number>
  readonly weekdays: ReadonlyArray<Weekday>
  readonly hours: ReadonlyArray<number>
  readonly minutes: ReadonlyArray<number>
  readonly seconds: ReadonlyArray<number>
  readonly positions: ReadonlyArray<number>
  /** Wall-clock time of its DTSTART: nothing comes before. */
  readonly starts: number
}

/** Intervals with more phases than this are walked day by day: each day has few times then. */
const MAX_PHASES = 1000

/** Periods that are looked at in search of an occurrence. */
const MAX_PERIODS = 20_000

export const of = (rule: Rule): Wall => {
  const unit = FINE[rule.frequency]
  const search = unit === undefined ? byDays(rule) : withinDays(rule, unit)
  let end: number | undefined
  const next = (after: number): number | null => {
    end ??= lastOf(rule, search)
    const at = search(Math.max(Math.floor(after / SECOND) * SECOND + SECOND, rule.starts))
    return at === null || at > end ? null : at
  }
  const walk = walked(next)
  const wholeDay = countOfDay(rule, unit, walk)
  if (wholeDay === null) return { next, count: walk }
  return {
    next,
    count: (from, to) => {
      end ??= lastOf(rule, search)
      const begin = Math.max(from, rule.starts)
      const stop = Math.min(to, end + SECOND)
      const firstDay = Math.ceil(begin / DAY) * DAY
      const lastDay = Math.floor(stop / DAY) * DAY
      if (lastDay <= firstDay) return walk(begin, stop)
      let total = walk(begin, firstDay) + walk(lastDay, stop)
      for (let day = firstDay; day < lastDay; day += DAY) total += wholeDay(day)
      return total
    }
  }
}

/** Counts a day of which no part lies outside the rule's bounds; null where only walking tells. */
const countOfDay = (rule: Rule, unit: number | undefined, walk: Wall["count"]): ((day: number) => number) | null => {
  if (unit === undefined) {
    if (rule.positions.length > 0) return null
    const times = timesOfDay(rule)
    const search = byDays(rule)
    return (day) => ((search(day) ?? Infinity) < day + DAY ? times.length : 0)
  }
  // Days that begin at the same place of the interval have the same times.
  const matches = dayMatches(rule)
  const known = new Map<number, number>()
  return (day) => {
    if (!matches(day)) return 0
    const into = (day - Math.floor(rule.starts / unit) * unit) / unit
    const phase = rule.interval > MAX_PHASES ? into : into % rule.interval
    const counted = known.get(phase)
    if (counted !== undefined) return counted
    const count = walk(day, day + DAY)
    known.set(phase, count)
    return count
  }
}

/** The last time by COUNT or UNTIL. */
const lastOf = (rule: Rule, search: Search): number => {
  if (rule.until !== null) return rule.until
  if (rule.count === null) return Infinity
  let last = rule.starts - SECOND
  for (let counted = 0; counted < rule.count; counted++) {
    const at = search(last + SECOND)
    if (at === null) break
    // So far ahead nobody counts.
    if (at > rule.starts + HORIZON_MS) return Infinity
    last = at
  }
  return last
}

/** The first time at or after one. */
type Search = (from: number) => number | null

const FINE: Readonly<Record<string, number>> = { HOURLY: HOUR, MINUTELY: MINUTE, SECONDLY: SECOND }

const timesOfDay = ({ hours, minutes, seconds }: Pick<Rule, "hours" | "minutes" | "seconds">): ReadonlyArray<number> =>
  hours.flatMap((hour) =>
    minutes.flatMap((minute) => seconds.map((second) => hour * HOUR + minute * MINUTE + second * SECOND))
  )

/** Rules of days and longer: each period has its days, each day its times. */
const byDays = (rule: Rule): Search => {
  const times = timesOfDay(rule)
  const period = PERIODS[rule.frequency] ?? daily
  const first = period.indexOf(rule.starts, rule)
  const matches = dayMatches(rule)
  let known: { readonly index: number; readonly days: ReadonlyArray<number> } | undefined
  const daysOf = (index: number): ReadonlyArray<number> => {
    if (known?.index === index) return known.days
    const days: Array<number> = []
    const end = period.begin(index + 1, rule)
    for (let day = period.begin(index, rule); day < end; day += DAY) if (matches(day)) days.push(day)
    known = { index, days }
    return days
  }
  /** The `n`th time of a period, from 0. */
  const nth = (days: ReadonlyArray<number>, n: number): number =>
    (days[Math.floor(n / times.length)] ?? 0) + (times[n % times.length] ?? 0)
  return (from) => {
    const limit = from + HORIZON_MS
    const ahead = Math.max(0, Math.ceil((period.indexOf(from, rule) - first) / rule.interval))
    let index = first + ahead * rule.interval
    for (let looked = 0; looked < MAX_PERIODS && period.begin(index, rule) < limit; looked++) {
      const days = daysOf(index)
      if (rule.positions.length === 0) {
        for (const day of days) {
          if (day + DAY <= from) continue
          for (const time of times) if (day + time >= from) return day + time
        }
      } else {
        const all = days.length * times.length
        const chosen = rule.positions
          .map((position) => (position > 0 ? position - 1 : all + position))
          .filter((position) => position >= 0 && position < all)
          .map((position) => nth(days, position))
          .sort((a, b) => a - b)
        for (const at of chosen) if (at >= from) return at
      }
      index += rule.interval
    }
    return null
  }
}

/** Rules of hours, minutes and seconds: each period is such a unit, and has the finer times within it. */
const withinDays = (rule: Rule, unit: number): Search => {
  const first = Math.floor(rule.starts / unit)
  const matches = dayMatches(rule)
  const within = timesOfDay({
    hours: [0],
    minutes: unit === HOUR ? rule.minutes : [0],
    seconds: unit >= MINUTE ? rule.seconds : [0]
  })
  const chosen =
    rule.positions.length === 0
      ? within
      : within.filter(
          (_, index) => rule.positions.includes(index + 1) || rule.positions.includes(index - within.length)
        )
  const has = (list: ReadonlyArray<number>, value: number): boolean => list.length === 0 || list.includes(value)
  return (from) => {
    const limit = from + HORIZON_MS
    let at = from
    for (let looked = 0; looked < MAX_PERIODS && at < limit; looked++) {
      const ahead = Math.max(0, Math.ceil((Math.floor(at / unit) - first) / rule.interval))
      const begin = (first + ahead * rule.interval) * unit
      const day = Math.floor(begin / DAY) * DAY
      const nextUnit = (size: number): number => (Math.floor(begin / size) + 1) * size
      const date = new Date(day)
      if (!has(rule.months, date.getUTCMonth() + 1)) {
        at = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
        continue
      }
      if (!matches(day)) {
        at = day + DAY
        continue
      }
      if (!has(rule.hours, Math.floor((begin - day) / HOUR))) {
        at = nextUnit(HOUR)
        continue
      }
      if (unit < HOUR && !has(rule.minutes, Math.floor((begin % HOUR) / MINUTE))) {
        at = nextUnit(MINUTE)
        continue
      }
      if (unit === SECOND && !has(rule.seconds, Math.floor((begin % MINUTE) / SECOND))) {
        at = begin + SECOND
        continue
      }
      for (const time of chosen) if (begin + time >= from) return begin + time
      at = begin + unit
    }
    return null
  }
}

interface Period {
  /** Number of the period in which a time lies. */
  readonly indexOf: (local: number, rule: Rule) => number
  readonly begin: (index: number, rule: Rule) => number
}

const daily: Period = { indexOf: (local) => Math.floor(local / DAY), begin: (index) => index * DAY }

/** Day 0 (1 January 1970) was a Thursday: days from the start of its week. */
const intoWeek = (rule: Rule): number => (4 - rule.weekStart + 7) % 7

const PERIODS: Readonly<Record<string, Period>> = {
  YEARLY: {
    indexOf: (local) => new Date(local).getUTCFullYear(),
    begin: (index) => Date.UTC(index, 0, 1)
  },
  MONTHLY: {
    indexOf: (local) => new Date(local).getUTCFullYear() * 12 + new Date(local).getUTCMonth(),
    begin: (index) => Date.UTC(Math.floor(index / 12), index % 12, 1)
  },
  WEEKLY: {
    indexOf: (local, rule) => Math.floor((Math.floor(local / DAY) + intoWeek(rule)) / 7),
    begin: (index, rule) => (index * 7 - intoWeek(rule)) * DAY
  },
  DAILY: daily
}

/** Whether a day is one that all the parts about days name. */
const dayMatches = (rule: Rule): ((day: number) => boolean) => {
  const { monthDays, months, weekdays, weekNumbers, yearDays } = rule
  const fromEnd = (list: ReadonlyArray<number>, number: number, total: number): boolean =>
    list.length === 0 || list.includes(number) || list.includes(number - total - 1)
  const inYear = rule.frequency === "YEARLY" && months.length === 0
  return (day) => {
    const date = new Date(day)
    const year = date.getUTCFullYear()
    const month = date.getUTCMonth()
    if (months.length > 0 && !months.includes(month + 1)) return false
    if (!fromEnd(monthDays, date.getUTCDate(), daysInMonth(year, month))) return false
    const january = Date.UTC(year, 0, 1)
    const dayOfYear = (day - january) / DAY + 1
    const daysInYear = (Date.UTC(year + 1, 0, 1) - january) / DAY
    if (!fromEnd(yearDays, dayOfYear, daysInYear)) return false
    if (weekNumbers.length > 0) {
      const { number, total } = weekOf(day, rule.weekStart)
      if (!fromEnd(weekNumbers, number, total)) return false
    }
    if (weekdays.length === 0) return true
    const [number, total] = inYear ? [dayOfYear, daysInYear] : [date.getUTCDate(), daysInMonth(year, month)]
    const weekday = date.getUTCDay()
    return weekdays.some((wanted) => wanted.weekday === weekday && isNth(wanted, number, total))
  }
}

const isNth = ({ nth }: Weekday, day: number, total: number): boolean =>
  nth === 0 || (nth > 0 ? Math.ceil(day / 7) === nth : Math.ceil((total - day + 1) / 7) === -nth)

/** The number of the week in its year and how many that year has; week 1 is the first with four days or more in the year. */
const weekOf = (day: number, weekStart: number): { readonly number: number; readonly total: number } => {
  const begin = (year: number): number => {
    const january = Date.UTC(year, 0, 1)
    const into = (new Date(january).getUTCDay() - weekStart + 7) % 7
    return january - into * DAY + (into > 3 ? 7 * DAY : 0)
  }
  const year = new Date(day).getUTCFullYear()
  const of = day < begin(year) ? year - 1 : day >= begin(year + 1) ? year + 1 : year
  return {
    number: Math.floor((day - begin(of)) / (7 * DAY)) + 1,
    total: Math.round((begin(of + 1) - begin(of)) / (7 * DAY))
  }
}
