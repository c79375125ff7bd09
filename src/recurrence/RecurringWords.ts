/**
 * Recurring words: `every 5 minutes`, `every weekday at 9:00 and 17:30`, `every last friday of the month at 17:00`. An own small
 * grammar over whole texts. What begins like a recurrence and does not read as one is refused, never read as something else.
 *
 * Seconds, minutes and hours are elapsed time, whatever the clocks do; everything with a time of day is calendar time in the zone.
 */
import * as Cron from "./Cron.ts"
import { fromMillis } from "./Instant.ts"
import { cronUnderstood, other, type Reading, refused, type Understood, type WhenOptions } from "./Reading.ts"
import type { SingleRecurrence } from "./Recurrence.ts"
import { place } from "./WallClock.ts"
import * as Zone from "./Zone.ts"

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
const ORDINALS: Readonly<Record<string, string>> = {
  first: "1",
  second: "2",
  third: "3",
  fourth: "4",
  fifth: "5",
  last: "L",
  "1st": "1",
  "2nd": "2",
  "3rd": "3",
  "4th": "4"
}
const BEGIN =
  /^(?:every|each|hourly|daily|weekly|monthly|yearly|once an?|twice an?|weekdays|weekends|(?:sun|mon|tues|wednes|thurs|fri|satur)days)\b/i

/** Whether a text says that it recurs: it is then never read as a single instant. */
export const beginsRecurring = (text: string): boolean => BEGIN.test(text)

const dayOf = (word: string): number => {
  const plain = word.replace(/s$/, "")
  const index = DAYS.findIndex((day) => day === plain || (plain.length >= 3 && day.startsWith(plain)))
  return index
}

/** `monday and thursday`, `mon, wed and fri`, `weekday`, `weekend`, `day`: as a cron field; null when it is none of these. */
const daysField = (text: string): string | null => {
  if (/^(?:day|days)$/.test(text)) return "*"
  if (/^weekdays?$/.test(text)) return "1-5"
  if (/^weekends?$/.test(text)) return "0,6"
  const all = text.split(/\s*,\s*(?:and\s+)?|\s+and\s+/).map(dayOf)
  return all.length === 0 || all.includes(-1) ? null : [...new Set(all)].sort((a, b) => a - b).join(",")
}

interface TimeOfDay {
  readonly hour: number
  readonly minute: number
}

const timeOf = (text: string): TimeOfDay | null => {
  if (text === "noon" || text === "midday") return { hour: 12, minute: 0 }
  if (text === "midnight") return { hour: 0, minute: 0 }
  const found = /^(\d{1,2})(?::(\d\d))?\s?(am|pm)?$/.exec(text)
  if (found === null) return null
  const [, hourText, minuteText, half] = found
  const hour = Number(hourText)
  const minute = Number(minuteText ?? 0)
  if (minute > 59 || (half !== undefined && (hour < 1 || hour > 12)) || hour > 23) return null
  return { hour: half === undefined ? hour : (hour % 12) + (half === "pm" ? 12 : 0), minute }
}

const timesOf = (text: string): ReadonlyArray<TimeOfDay> | null => {
  const all = text.split(/\s*,\s*(?:and\s+)?(?:at\s+)?|\s+and\s+(?:at\s+)?/).map(timeOf)
  return all.some((one) => one === null) ? null : all.filter((one) => one !== null)
}

/** The day fields of a text without its times; null when it is not understood. */
const dayFields = (text: string): { readonly date: string; readonly weekday: string } | null => {
  const everyDay = /^(?:daily|(?:every|each) day)$/.exec(text)
  if (everyDay !== null) return { date: "*", weekday: "*" }
  const weekly = /^(?:(?:every|each) |weekly on |(?:every|each) week on )?(.+?)$/.exec(text)
  const dates = /^(?:monthly|(?:every|each) month) on (?:the )?(.+)$/.exec(text)
  if (dates !== null) {
    const list = (dates[1] ?? "").split(/\s*,\s*(?:and\s+)?(?:the )?|\s+and\s+(?:the )?/).map((one) => {
      if (/^last day(?: of the month)?$/.test(one)) return "L"
      const day = /^(\d{1,2})(?:st|nd|rd|th)?$/.exec(one)
      return day === null || Number(day[1]) < 1 || Number(day[1]) > 31 ? null : String(Number(day[1]))
    })
    return list.includes(null) ? null : { date: list.join(","), weekday: "*" }
  }
  if (/^(?:every|each) last day of the month$/.test(text)) return { date: "L", weekday: "*" }
  const nth = /^(?:every|each|on the) (\w+) (\w+) (?:of the|of every|of each|in the) month$/.exec(text)
  if (nth !== null) {
    const n = ORDINALS[nth[1] ?? ""]
    const day = dayOf(nth[2] ?? "")
    return n === undefined || day < 0 ? null : { date: "*", weekday: n === "L" ? `${day}L` : `${day}#${n}` }
  }
  const field = daysField(weekly?.[1] ?? "")
  return field === null || field === "*" ? null : { date: "*", weekday: field }
}

const WORDS = [
  ...DAYS,
  "every",
  "each",
  "day",
  "days",
  "week",
  "weeks",
  "weekday",
  "weekdays",
  "weekend",
  "weekends",
  "month",
  "months",
  "hour",
  "hours",
  "minute",
  "minutes",
  "second",
  "seconds",
  "daily",
  "weekly",
  "monthly",
  "hourly",
  "at",
  "on",
  "the",
  "of",
  "and",
  "last",
  "first",
  "third",
  "fourth",
  "noon",
  "midnight",
  "from",
  "other"
]

const near = (a: string, b: string): boolean => {
  if (Math.abs(a.length - b.length) > 1 || a === b) return false
  let [i, j, edits] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      i += 1
      j += 1
      continue
    }
    edits += 1
    if (a.length > b.length) i += 1
    else if (b.length > a.length) j += 1
    else {
      i += 1
      j += 1
    }
  }
  return edits + (a.length - i) + (b.length - j) <= 2
}

/** Names the first word that is not known, or says that the words do not fit together. */
const unread = (text: string): Reading => {
  for (const match of text.matchAll(/[a-z]+/g)) {
    const word = match[0]
    if (WORDS.includes(word) || dayOf(word) >= 0 || /^(?:am|pm|st|nd|rd|th|s|m|h|d)$/.test(word)) continue
    const meant = WORDS.find((known) => near(word, known))
    const soFar = text.slice(0, match.index).trim()
    return refused(
      `unknown word ${JSON.stringify(word)}${meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`}`,
      match.index,
      match.index + word.length,
      soFar === "" ? undefined : soFar
    )
  }
  return refused(
    'these words recur, but not in a way that is understood; write them like "every monday and thursday at 8"'
  )
}

const interval = (text: string, options: WhenOptions): Reading => {
  const found = /^(?:every|each) (?:(\d+|other) )?(second|minute|hour|sec|min)s?(?: (?:from|starting at) (.+))?$/.exec(
    text
  )
  if (found === null) return other
  const [, count, unit = "", from] = found
  const number = count === undefined ? 1 : count === "other" ? 2 : Number(count)
  const everyMs = number * (unit.startsWith("sec") ? 1000 : unit.startsWith("min") ? 60_000 : 3_600_000)
  if (number < 1) return refused("that is no interval: it is 1 second or longer")
  if (everyMs > 366 * 86_400_000) return refused("that is longer than a year")
  let anchor = options.now
  if (from !== undefined) {
    const time = timeOf(from)
    if (time === null)
      return refused(`${JSON.stringify(from)} is no time of day`, text.length - from.length, text.length)
    const midnight = Math.floor(Zone.toLocal(options.zone, options.now) / 86_400_000) * 86_400_000
    const placed = place(options.zone, midnight + (time.hour * 60 + time.minute) * 60_000)
    if (placed !== null)
      anchor =
        placed.at > options.now ? placed.at - Math.ceil((placed.at - options.now) / everyMs) * everyMs : placed.at
  }
  return {
    _tag: "understood",
    understood: {
      recurrence: { kind: "interval", everyMs, anchorAt: fromMillis(anchor) },
      understoodAs: `${number === 1 ? `every ${unit}` : `every ${number} ${unit}s`}${from === undefined ? "" : `, in step with ${from}`}`,
      notes: []
    }
  }
}

const never = (): number => 0

const calendar = (text: string, options: WhenOptions): Reading => {
  const separated = /^(.*?) at (.+)$/.exec(text)
  const fields = dayFields(separated?.[1] ?? text)
  if (fields === null) return other
  if (separated === null) return refused(`say a time: "${text} at 9:00"`)
  const times = timesOf(separated[2] ?? "")
  if (times === null) {
    const start = text.length - (separated[2] ?? "").length
    return refused(
      `${JSON.stringify(separated[2])} is no time of day; write it like 9:00, 9am, noon`,
      start,
      text.length,
      separated[1]
    )
  }
  const byMinute = Map.groupBy(times, (time) => time.minute)
  const parts: Array<SingleRecurrence> = []
  let understood: Understood | null = null
  for (const [minute, group] of byMinute) {
    const hours = [...new Set(group.map((time) => time.hour))].sort((a, b) => a - b).join(",")
    const parsed = Cron.parse(`0 ${minute} ${hours} ${fields.date} * ${fields.weekday}`, never)
    if (parsed._tag === "Failure") return refused(parsed.failure.problem)
    understood = cronUnderstood(parsed.success, text, options)
    if (understood.recurrence.kind !== "union") parts.push(understood.recurrence)
  }
  if (understood === null) return other
  return {
    _tag: "understood",
    understood: parts.length === 1 ? understood : { ...understood, recurrence: { kind: "union", of: parts } }
  }
}

export const recurringWords = (text: string, options: WhenOptions): Reading => {
  const lower = text.toLowerCase()
  if (!beginsRecurring(lower)) return other
  if (/^(?:once|twice) an?\b/.test(lower)) return refused('say the times: "every day at 9:00 and 17:00"')
  if (/^(?:weekly|monthly|yearly|every week|every month|every year)$/.test(lower)) {
    return refused(
      `say the day and the time, like "${lower.includes("month") ? "every month on the 1st at 9:00" : "every monday at 9:00"}"`
    )
  }
  if (/^(?:every|each) (?:other|\d+) (?:day|week|month|year)s?\b/.test(lower)) {
    return refused(
      'several days, weeks or months are not understood by this version; use hours ("every 48 hours") or cron ("0 9 */2 * *")'
    )
  }
  if (lower === "hourly" || lower === "daily") {
    if (lower === "daily") return refused('say the time: "daily at 9:00"')
    const parsed = Cron.parse("0 * * * *", never)
    if (parsed._tag === "Success")
      return { _tag: "understood", understood: cronUnderstood(parsed.success, "every hour, on the hour", options) }
  }
  for (const read of [interval, calendar]) {
    const reading = read(lower, options)
    if (reading._tag !== "other") return reading
  }
  return unread(lower)
}
