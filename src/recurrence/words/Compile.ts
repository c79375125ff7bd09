/**
 * What was said, as a recurrence: elapsed time as an interval, everything on the clock as cron, what comes every so many days,
 * weeks or months as a rule. What does not fit together, or leaves the time open, is refused with the way to say it.
 */
import * as Cron from "../cron/Cron.ts"
import { fromMillis } from "../Instant.ts"
import * as Occurrences from "../Occurrences.ts"
import { calendarOf, type WhenOptions } from "../Reading.ts"
import type { SingleRecurrence } from "../Recurrence.ts"
import * as Rule from "../rule/Rule.ts"
import { DAY, HOUR, MINUTE, SECOND } from "../zone/Wall.ts"
import { place } from "../zone/WallClock.ts"
import * as Zone from "../zone/Zone.ts"
import { isElapsed, type Said } from "./Said.ts"
import { cronTimes, ofDay, shown, sinceMidnight, type TimeOfDay, type Window } from "./TimeOfDay.ts"
import { Unread } from "./Tokens.ts"
import type { Unit } from "./Vocabulary.ts"

/** A recurrence in parts, and what is worth saying about it. */
export interface Compiled {
  readonly parts: ReadonlyArray<SingleRecurrence>
  readonly notes: ReadonlyArray<string>
}

/** What `compile` is told: what was said, as which text, and where it begins when a bound says so. */
export interface Context {
  readonly said: Said
  readonly text: string
  readonly options: WhenOptions
  readonly startAt?: number
}

const MS: Readonly<Record<string, number>> = { second: SECOND, minute: MINUTE, hour: HOUR }
const EVERY_DAY: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6])

const refuse = ({ text }: Context, problem: string): never => {
  throw new Unread(problem, 0, text.length)
}

export const compile = (context: Context): Compiled => {
  const { said } = context
  const { every, times, window } = said
  if (every === undefined && !hasDays(said)) {
    return refuse(context, 'say how often: "every day at 9:00", "every 15 minutes"')
  }
  if (every !== undefined && isElapsed(every.unit)) {
    if (times !== undefined) refuse(context, "an interval has no time of day; say when it begins: from 9:00")
    if (said.phase !== undefined && (hasDays(said) || window !== undefined)) {
      refuse(context, "say the part of the day instead: between 9:00 and 17:00")
    }
    if (said.minute !== undefined) return crons(context, [`0 ${said.minute} ${hoursIn(context, said.minute, window)}`])
    return hasDays(said) || window !== undefined ? within(context, every, window) : interval(context, every)
  }
  if (window !== undefined) return refuse(context, "say how often in that part of the day: every 15 minutes")
  return every !== undefined && every.count > 1 && every.unit !== "quarter" ? rules(context, every) : calendar(context)
}

const hasDays = ({ dates, except, months, nth, weekdays, workingDay }: Said): boolean =>
  [dates, except, months, nth, weekdays, workingDay].some((one) => one !== undefined)

const hasDates = ({ dates, nth, workingDay }: Said): boolean =>
  dates !== undefined || nth !== undefined || workingDay !== undefined

type Every = NonNullable<Said["every"]>

/** The hours, as a cron field, whose minute lies in a part of the day. */
const hoursIn = (context: Context, minute: number, window: Window | undefined): string => {
  if (window === undefined) return "*"
  const [from, to] = [sinceMidnight(window.from), sinceMidnight(window.to)]
  if (to <= from) {
    refuse(context, "over midnight an interval is needed: every 60 minutes between 22:00 and 2:00")
  }
  const hours = Array.from({ length: 24 }, (_, hour) => hour).filter((hour) => {
    const at = hour * HOUR + minute * MINUTE
    return from <= at && at <= to
  })
  if (hours.length === 0) refuse(context, "no such minute lies in that part of the day")
  return hours.join(",")
}

/** Elapsed time: from now, from an instant, or in step with a time of today. */
const interval = (context: Context, { count, unit }: Every): Compiled => {
  const { options, said, startAt } = context
  const everyMs = count * (MS[unit] ?? HOUR)
  if (everyMs > 366 * DAY) refuse(context, "that is longer than a year")
  return {
    parts: [{ kind: "interval", everyMs, anchorAt: fromMillis(startAt ?? inStep(options, everyMs, said.phase)) }],
    notes: []
  }
}

/** An instant not after now that is in step with a time of day. */
const inStep = ({ now, zone }: WhenOptions, everyMs: number, phase: TimeOfDay | undefined): number => {
  if (phase === undefined) return now
  const midnight = Math.floor(Zone.toLocal(zone, now) / DAY) * DAY
  const at = place(zone, midnight + sinceMidnight(phase))?.at ?? now
  return at > now ? at - Math.ceil((at - now) / everyMs) * everyMs : at
}

/** Seconds, minutes or hours on some days, or in a part of the day: on the clock. */
const within = (context: Context, { count, unit }: Every, window: Window | undefined): Compiled => {
  if (window !== undefined && unit !== "second") return inWindow(context, count * (MS[unit] ?? HOUR), window)
  const size = unit === "hour" ? 24 : 60
  if (size % count !== 0) {
    refuse(
      context,
      `on some days only, the ${unit}s must divide ${size} evenly; or say the times: between 9:00 and 17:00`
    )
  }
  const step = count === 1 ? "*" : `*/${count}`
  const fields = { second: `${step} * *`, minute: `0 ${step} *`, hour: `0 0 ${step}` }[
    unit as "second" | "minute" | "hour"
  ]
  if (window === undefined) return crons(context, [fields])
  const { from, to } = window
  if (from.minute !== 0 || to.minute !== 0 || sinceMidnight(to) <= sinceMidnight(from)) {
    refuse(context, "seconds go with whole hours of one day only")
  }
  return crons(context, [`${step} * ${from.hour}-${to.hour - 1}`, `0 0 ${to.hour}`])
}

/** From the beginning of a part of the day to its end, both included; after midnight it is the next day. */
const inWindow = (context: Context, stepMs: number, { from, to }: Window): Compiled => {
  const begin = sinceMidnight(from)
  const end = sinceMidnight(to) > begin ? sinceMidnight(to) : sinceMidnight(to) + DAY
  if (stepMs > end - begin) refuse(context, "that is longer than the part of the day")
  const all = Array.from({ length: Math.floor((end - begin) / stepMs) + 1 }, (_, index) => begin + index * stepMs)
  const same = all.filter((at) => at < DAY).map(ofDay)
  const following = all.filter((at) => at >= DAY).map((at) => ofDay(at - DAY))
  if (following.length === 0) return crons(context, cronTimes(same, true))
  if (hasDates(context.said) || context.said.months !== undefined) {
    refuse(context, "a part of the day over midnight goes with weekdays only")
  }
  const days = new Set([...weekdaysOf(context.said)].map((day) => (day + 1) % 7))
  const shifted = { ...context, said: { ...context.said, weekdays: days } }
  const late = crons(shifted, cronTimes(following, true))
  return { parts: [...crons(context, cronTimes(same, true)).parts, ...late.parts], notes: [] }
}

const weekdaysOf = ({ except, weekdays }: Said): ReadonlySet<number> =>
  new Set([...(weekdays ?? EVERY_DAY)].filter((day) => except === undefined || !except.has(day)))

const ordered = (values: Iterable<number>): ReadonlyArray<number> => [...values].sort((a, b) => a - b)

/** Cron expressions of some times on the days that were said. */
const crons = (context: Context, times: ReadonlyArray<string>): Compiled => {
  const { said, options } = context
  const weekdays = weekdaysOf(said)
  if (weekdays.size === 0) refuse(context, "no day is left")
  if (hasDates(said) && weekdays.size < 7) {
    refuse(
      context,
      "days of the month and days of the week exclude each other; say one of them, or two schedules joined by ;"
    )
  }
  if ([said.dates, said.nth, said.workingDay].filter((one) => one !== undefined).length > 1) {
    refuse(context, "say the days of the month in one way")
  }
  const fromEnd = (n: number): string => (n === -1 ? "L" : String(n))
  const date =
    said.dates?.map(fromEnd).join(",") ?? (said.workingDay === undefined ? "*" : said.workingDay < 0 ? "LW" : "1W")
  const weekday =
    said.nth?.map(({ nth, weekday: day }) => (nth < 0 ? `${day}L` : `${day}#${nth}`)).join(",") ??
    (weekdays.size === 7 ? "*" : dayList(weekdays))
  const month = said.months === undefined ? "*" : ordered(said.months).join(",")
  const parts = times.map((time): SingleRecurrence => {
    const parsed = Cron.parse(`${time} ${date} ${month} ${weekday}`, () => 0)
    if (parsed._tag === "Failure") return refuse(context, parsed.failure.problem)
    const { expression } = parsed.success
    return { kind: "cron", expression, ...calendarOf(Cron.followsRealTime(expression), options) }
  })
  return { parts, notes: shortMonths(said) }
}

/** `1-5`, `0,6`, `1,4` */
const dayList = (days: ReadonlySet<number>): string => {
  const all = ordered(days)
  const first = all[0] ?? 0
  const inRow = all.length > 2 && (all.at(-1) ?? 0) - first === all.length - 1
  return inRow ? `${first}-${all.at(-1)}` : all.join(",")
}

/** Months that lack a day leave it out. */
const shortMonths = ({ dates, months }: Said): ReadonlyArray<string> => {
  const late = Math.max(0, ...(dates ?? []))
  const hasShort = months === undefined ? late > 28 : [...months].some((month) => late > (SHORT[month] ?? 31))
  if (!hasShort) return []
  return [
    months === undefined
      ? `months without day ${late} are left out; "on the last day of the month" has every month`
      : `where the month has no day ${late} it is left out`
  ]
}
const SHORT: Readonly<Record<number, number>> = { 2: 28, 4: 30, 6: 30, 9: 30, 11: 30 }

/** Days of the calendar at times of day. */
const calendar = (context: Context): Compiled => {
  const { said } = context
  const unit = said.every?.unit
  const missing = missingDay(said, unit)
  if (missing !== undefined) refuse(context, missing)
  if (said.times === undefined) {
    const example =
      said.part === undefined ? "9:00" : ({ morning: "9", afternoon: "3", evening: "8", night: "11" }[said.part] ?? "9")
    return refuse(context, `say a time: "${context.text} at ${example}"`)
  }
  const months = unit === "quarter" ? new Set([1, 4, 7, 10]) : said.months
  const whole = months === undefined ? context : { ...context, said: { ...said, months } }
  return crons(whole, cronTimes(said.times))
}

/** What a week, month or year leaves open. */
const missingDay = (said: Said, unit: Unit | undefined): string | undefined => {
  if (unit === "week" && said.weekdays === undefined) return 'say the day and the time: "every monday at 9:00"'
  if ((unit === "month" || unit === "quarter") && !hasDates(said)) {
    return `say the day and the time: "every ${unit} on the 1st at 9:00"`
  }
  if (unit === "year" && (said.months === undefined || !hasDates(said))) {
    return 'say the month, the day and the time: "every year on july 4 at 9:00"'
  }
  if (unit === undefined && said.months !== undefined && !hasDates(said) && said.weekdays === undefined) {
    return 'say the day and the time: "every july 4 at 9:00"'
  }
  return undefined
}

const FREQUENCY: Readonly<Record<string, string>> = { day: "DAILY", week: "WEEKLY", month: "MONTHLY", year: "YEARLY" }
const RULE_DAYS = ["SU", "MO", "TU", "WE", "TH", "FR", "SA"]

/** Every so many days, weeks, months or years: rules whose phase is the first day that matches. */
const rules = (context: Context, { count, unit }: Every): Compiled => {
  const { options, said } = context
  const { dates, months, nth, times, workingDay } = said
  const weekdays = weekdaysOf(said)
  if (unit === "day" && (hasDates(said) || weekdays.size < 7)) {
    refuse(
      context,
      `every ${count} days and days of the week exclude each other; say "every ${count} weeks on monday at 9"`
    )
  }
  if (unit === "week" && hasDates(said)) refuse(context, "weeks have no days of the month")
  if ((unit === "month" || unit === "year") && weekdays.size < 7) {
    refuse(context, `say which one: "every ${count} ${unit}s on the first monday at 9"`)
  }
  if (unit !== "year" && months !== undefined)
    refuse(context, `every ${count} ${unit}s and months by name exclude each other`)
  if (workingDay !== undefined) refuse(context, `working days do not go with every ${count} ${unit}s`)
  const begin = context.startAt ?? options.now
  const local = Math.floor(Zone.toLocal(options.zone, begin) / SECOND) * SECOND
  const now = new Date(local)
  const needsDay = unit === "week" ? weekdays.size === 7 : unit !== "day" && !hasDates(said)
  const keeps = times === undefined
  if (needsDay && !keeps) refuse(context, missingDay(said, unit) ?? "say the day")
  if (keeps && !needsDay && unit !== "day") refuse(context, `say a time: "${context.text} at 9:00"`)
  const days = [
    ...(unit === "week"
      ? [
          `BYDAY=${
            needsDay
              ? RULE_DAYS[now.getUTCDay()]
              : ordered(weekdays)
                  .map((day) => RULE_DAYS[day])
                  .join(",")
          }`
        ]
      : []),
    ...(unit === "year" ? [`BYMONTH=${needsDay ? now.getUTCMonth() + 1 : ordered(months ?? []).join(",")}`] : []),
    ...(unit === "month" || unit === "year"
      ? [
          nth === undefined
            ? `BYMONTHDAY=${needsDay ? now.getUTCDate() : (dates ?? []).join(",")}`
            : `BYDAY=${nth.map((one) => `${one.nth}${RULE_DAYS[one.weekday]}`).join(",")}`
        ]
      : [])
  ]
  if (unit === "year" && !needsDay && months === undefined) refuse(context, missingDay(said, unit) ?? "say the month")
  const policies = calendarOf(false, options)
  const ruleAt = (time: TimeOfDay, interval: number, startsAt: number): SingleRecurrence => {
    const text = `FREQ=${FREQUENCY[unit]};INTERVAL=${interval};${[...days, `BYHOUR=${time.hour}`, `BYMINUTE=${time.minute}`, `BYSECOND=${time.second}`].join(";")}`
    const parsed = Rule.parse(text, startsAt)
    if (parsed._tag === "Failure") return refuse(context, parsed.failure.problem)
    return { kind: "rule", rrule: parsed.success, startsAt: new Date(startsAt).toISOString().slice(0, 19), ...policies }
  }
  const notes = shortMonths(needsDay && unit !== "week" ? { dates: [now.getUTCDate()] } : said)
  if (keeps) {
    const time = ofDay(((local % DAY) + DAY) % DAY)
    return {
      parts: [ruleAt(time, count, local)],
      notes: [`no time of day was said: it keeps ${shown(time)}`, ...notes]
    }
  }
  // The phase is that of the first day that matches at all.
  const first = Math.min(
    ...times.map(
      (time) =>
        Occurrences.next(
          ruleAt(time, 1, Math.floor(local / DAY) * DAY),
          context.startAt === undefined ? begin : begin - 1
        ) ?? Infinity
    )
  )
  if (!Number.isFinite(first)) refuse(context, "that never occurs")
  const day = Math.floor(Zone.toLocal(options.zone, first) / DAY) * DAY
  return { parts: times.map((time) => ruleAt(time, count, day)), notes }
}
