/** The times that a cron expression names on a wall clock: found by the day, counted by the day. */
import { DAY, daysInMonth, HORIZON_MS, type Wall } from "../zone/Wall.ts"

/** Days that a field names by their place in the month. */
export interface Days {
  readonly restricted: boolean
  readonly values: ReadonlySet<number>
  /** Days before the last of the month: 0 for `L`. */
  readonly fromLast: ReadonlyArray<number>
  /** Nearest working day to a day; 0 for the last of the month. */
  readonly nearest: ReadonlyArray<number>
  /** `[weekday, n]`: its nth in the month, -1 for the last. */
  readonly nth: ReadonlyArray<readonly [number, number]>
}

export interface Cron {
  /** Six fields, with `H` resolved and aliases replaced. */
  readonly expression: string
  readonly seconds: ReadonlyArray<number>
  readonly minutes: ReadonlyArray<number>
  readonly hours: ReadonlyArray<number>
  readonly months: ReadonlySet<number>
  readonly dayOfMonth: Days
  readonly dayOfWeek: Days
}

export const of = (cron: Cron): Wall => ({
  next: (after) => next(cron, after),
  count: (from, to) => count([cron], from, to)
})

/** How many times in `[from, to)` several expressions have in common. */
export const countCommon = (crons: ReadonlyArray<Cron>, from: number, to: number): number => count(crons, from, to)

/** The first match after a local time; null when there is none. */
export const next = (cron: Cron, after: number): number | null => {
  const from = Math.floor(after / 1000) * 1000 + 1000
  let day = Math.floor(from / DAY) * DAY
  const limit = day + HORIZON_MS
  let time = timeOnOrAfter(cron, (from - day) / 1000)
  while (day < limit) {
    const date = new Date(day)
    const year = date.getUTCFullYear()
    const month = date.getUTCMonth()
    if (!cron.months.has(month + 1)) {
      day = Date.UTC(year, month + 1, 1)
      time = timeOnOrAfter(cron, 0)
      continue
    }
    if (time !== null && matchesDay(cron, year, month, date.getUTCDate(), date.getUTCDay())) return day + time * 1000
    day += DAY
    time = timeOnOrAfter(cron, 0)
  }
  return null
}

/** The first second of the day that matches, at or after one; null when the day has none left. */
const timeOnOrAfter = (cron: Cron, second: number): number | null => {
  const wantedHour = Math.floor(second / 3600)
  const wantedMinute = Math.floor((second % 3600) / 60)
  const wantedSecond = second % 60
  for (const hour of cron.hours) {
    if (hour < wantedHour) continue
    for (const minute of cron.minutes) {
      if (hour === wantedHour && minute < wantedMinute) continue
      for (const one of cron.seconds) {
        if (hour === wantedHour && minute === wantedMinute && one < wantedSecond) continue
        return hour * 3600 + minute * 60 + one
      }
    }
  }
  return null
}

const matchesDay = (cron: Cron, year: number, month: number, day: number, weekday: number): boolean => {
  const byDate = matchesDate(cron.dayOfMonth, year, month, day)
  const byWeekday = matchesWeekday(cron.dayOfWeek, year, month, day, weekday)
  return cron.dayOfMonth.restricted && cron.dayOfWeek.restricted ? byDate || byWeekday : byDate && byWeekday
}

const matchesDate = (days: Days, year: number, month: number, day: number): boolean => {
  if (days.values.has(day)) return true
  if (days.fromLast.length === 0 && days.nearest.length === 0) return false
  const last = daysInMonth(year, month)
  return (
    days.fromLast.some((back) => last - back === day) ||
    days.nearest.some(
      (wanted) =>
        (wanted === 0 || wanted <= last) && nearestWorkday(year, month, wanted === 0 ? last : wanted, last) === day
    )
  )
}

/** Monday to Friday nearest to a day, within its month. */
const nearestWorkday = (year: number, month: number, day: number, last: number): number => {
  const weekday = new Date(Date.UTC(year, month, day)).getUTCDay()
  if (weekday === 6) return day > 1 ? day - 1 : day + 2
  if (weekday === 0) return day < last ? day + 1 : day - 2
  return day
}

const matchesWeekday = (days: Days, year: number, month: number, day: number, weekday: number): boolean =>
  days.values.has(weekday) ||
  days.nth.some(([wanted, n]) =>
    wanted !== weekday ? false : n === -1 ? day + 7 > daysInMonth(year, month) : Math.ceil(day / 7) === n
  )

/** How many times in `[from, to)` match all of these. */
const count = (crons: ReadonlyArray<Cron>, from: number, to: number): number => {
  const [cron, ...others] = crons
  const first = Math.ceil(from / 1000)
  const end = Math.ceil(to / 1000)
  if (end <= first || cron === undefined) return 0
  const times = others.reduce<Times>(common, cron)
  const dayOf = (second: number): number => Math.floor(second / 86_400)
  const lastDay = dayOf(end - 1)
  let total = 0
  for (let day = dayOf(first); day <= lastDay; day++) {
    const date = new Date(day * DAY)
    const month = date.getUTCMonth()
    const matches = (one: Cron): boolean =>
      one.months.has(month + 1) && matchesDay(one, date.getUTCFullYear(), month, date.getUTCDate(), date.getUTCDay())
    if (!crons.every(matches)) continue
    const begin = day * 86_400
    total += before(times, Math.min(86_400, end - begin)) - before(times, Math.max(0, first - begin))
  }
  return total
}

type Times = Pick<Cron, "hours" | "minutes" | "seconds">

const common = (a: Times, b: Times): Times => ({
  hours: a.hours.filter((hour) => b.hours.includes(hour)),
  minutes: a.minutes.filter((minute) => b.minutes.includes(minute)),
  seconds: a.seconds.filter((second) => b.seconds.includes(second))
})

/** How many times of a matching day lie before one of its seconds. */
const before = ({ hours, minutes, seconds }: Times, second: number): number => {
  const below = (values: ReadonlyArray<number>, limit: number): number => {
    const index = values.findIndex((value) => value >= limit)
    return index === -1 ? values.length : index
  }
  const hour = Math.floor(second / 3600)
  const minute = Math.floor((second % 3600) / 60)
  let total = below(hours, hour) * minutes.length * seconds.length
  if (hours.includes(hour)) {
    total += below(minutes, minute) * seconds.length
    if (minutes.includes(minute)) total += below(seconds, second % 60)
  }
  return total
}
