/**
 * Natural language, once: durations from now by an own reader, days and times by chrono-node, which is asked about the wall
 * clock only (the zone is ours), and believed only when it has read every word.
 */
import * as chrono from "chrono-node"
import * as Iso from "./Iso.ts"
import { other, type Reading, refused, type WhenOptions } from "./Reading.ts"
import { DAY, HOUR, MINUTE, SECOND } from "./zone/Wall.ts"
import { type Ahead, ahead as aheadOf, place, type Placed } from "./zone/WallClock.ts"
import { guess, Reader } from "./words/Tokens.ts"
import { unitOf } from "./words/Vocabulary.ts"
import * as Zone from "./zone/Zone.ts"

const nothing: Ahead = { months: 0, days: 0, ms: 0 }

const SIZES: Readonly<Record<string, (count: number) => Partial<Ahead>>> = {
  second: (count) => ({ ms: count * SECOND }),
  minute: (count) => ({ ms: count * MINUTE }),
  hour: (count) => ({ ms: count * HOUR }),
  day: (count) => ({ days: count }),
  week: (count) => ({ days: count * 7 }),
  fortnight: (count) => ({ days: count * 14 }),
  month: (count) => ({ months: count }),
  year: (count) => ({ months: count * 12 })
}

const quantity = (reader: Reader): number | undefined =>
  reader.wholeNumber() ??
  reader.attempt(() => {
    const word = reader.next()
    if (word === "a" || word === "an") return 1
    return /^\d+\.\d+$/.test(word) ? Number(word) : undefined
  })

/** `30 minutes`, `1h30m`, `an hour and a half`, `2 weeks`; null when it is no duration. */
const duration = (text: string): Ahead | null => {
  const reader = new Reader(text)
  let { months, days, ms } = nothing
  for (let parts = 0; !reader.done; parts++) {
    if (parts > 0) reader.oneOf("and", ",")
    if (reader.take("half", "an", "hour")) {
      ms += HOUR / 2
      continue
    }
    const count = quantity(reader)
    const word = reader.next()
    const unit = word.replace(/s$/, "") === "fortnight" ? "fortnight" : unitOf(word)
    const size = unit === undefined ? undefined : SIZES[unit]
    if (count === undefined || size === undefined) return null
    const part = size(count)
    if (!Number.isInteger(part.days ?? 0) || !Number.isInteger(part.months ?? 0)) return null
    months += part.months ?? 0
    days += part.days ?? 0
    ms += part.ms ?? 0
    if (unit === "hour" && reader.take("and", "a", "half")) ms += HOUR / 2
  }
  return text === "" ? null : { months, days, ms: Math.round(ms) }
}

const noted = ({ note }: Placed) => (note === undefined ? {} : { notes: [note] })

const fromNow = (text: string, { now, zone }: WhenOptions): Reading => {
  const found = duration(text)
  if (found === null) return other
  const placed = aheadOf(zone, now, found)
  return placed === null
    ? refused("that is more than 10 years away")
    : { _tag: "instant", at: placed.at, words: `in ${text}`, ...noted(placed) }
}

/** chrono reads its dates through the process's zone: for the length of one call that is UTC. */
const inUtc = <A>(run: () => A): A => {
  const { TZ: before } = process.env
  process.env["TZ"] = "UTC"
  try {
    return run()
  } finally {
    if (before === undefined) delete process.env["TZ"]
    else process.env["TZ"] = before
  }
}

/** What is refused before it is read, each with its way out. */
const REFUSED: ReadonlyArray<readonly [RegExp, (found: RegExpExecArray) => string]> = [
  [
    /\b[A-Z]\w+\/\w+(?:\/\w+)?$/i,
    ([zone]) => `the zone does not belong into the text: give it beside it (--timezone ${zone})`
  ],
  [/\d+\/\d+(?:\/\d+)?/, () => "dates with slashes mean different days to different people; write 2026-07-27T09:00"],
  [
    /^(?:on )?(?:the )?(.+\bof (?:the|a) month\b.*)$/i,
    ([, words]) => `once or every month? write "every ${words}" with a time of day, or the date: 2026-07-31T09:00`
  ],
  [/\d,\d/, ([found]) => `write the decimal with a point: ${found.replace(",", ".")}`],
  [
    /\b(?:2[4-9]|[3-9]\d):\d\d\b|\b\d{1,2}:[6-9]\d\b/,
    ([found]) => `${found} is no time of day: hours are 0 to 23, minutes 0 to 59`
  ],
  [/\b(?:last|ago|yesterday)\b/i, () => "that is in the past"],
  [
    /\b(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?:day)? \d{1,2}$/i,
    ([found]) =>
      `${JSON.stringify(found)} has two meanings: write the time as 9:00 or 9am, or the date as 2026-07-17T09:00`
  ]
]

/** A name of a zone at the end other than UTC: several zones share most of them, and none follows daylight saving. */
const ABBREVIATION = /\b(?!(?:utc|gmt|am|pm|z)$)([a-z]{2,5})$/i

export const naturalLanguage = (text: string, options: WhenOptions): Reading => {
  const { now, zone } = options
  const lower = text.toLowerCase()
  if (lower === "now" || lower === "immediately") return { _tag: "instant", at: now, words: "now" }
  const days = lower === "tomorrow" ? 1 : lower === "next week" ? 7 : 0
  const sameTime = days === 0 ? null : aheadOf(zone, now, { ...nothing, days })
  if (sameTime !== null) {
    return { _tag: "instant", at: sameTime.at, words: `${lower}, same time of day`, ...noted(sameTime) }
  }
  const reading = words(text, options)
  return reading._tag === "instant" && reading.day !== undefined
    ? refused(`this needs a time of day: "${lower} at ${/evening|night/.test(lower) ? "8pm" : "9:00"}"`)
    : reading
}

/** An instant, or a day (with its `day`), in ISO 8601 or in words. */
export const oneTime = (text: string, options: WhenOptions): Reading => {
  const iso = Iso.read(text.toUpperCase(), options)
  return iso._tag === "other" ? words(text, options) : iso
}

const words = (text: string, options: WhenOptions): Reading => {
  const lower = text.toLowerCase()
  const ahead = /^(?:in |\+ ?)(.+)$|^(.+) from now$/.exec(lower)
  const reading = fromNow(ahead?.[1] ?? ahead?.[2] ?? lower, options)
  if (reading._tag !== "other") return reading
  for (const [pattern, problem] of REFUSED) {
    const found = pattern.exec(text)
    if (found !== null) return refused(problem(found), found.index, found.index + found[0].length)
  }
  return byChrono(lower, options)
}

const byChrono = (lower: string, { gap, now, overlap, zone }: WhenOptions): Reading => {
  const local = Zone.toLocal(zone, now)
  const text = lower
    .replace(/^(?:at|on|by|in the) (?=noon|midnight|midday|morning|afternoon|evening)/, "")
    .replace(/\bmidday\b/, "noon")
    .replace(/^day after/, "the day after")
  const [result, ...more] = inUtc(() =>
    chrono.en.casual.parse(text, { instant: new Date(local), timezone: 0 }, { forwardDate: true })
  )
  if (result === undefined) return other
  const read = result.text.trim()
  if (more.length > 0 || (read !== text && read !== text.replace(/^(?:at|on) /, ""))) return notWhole(lower, read)
  if (result.end !== null && result.end !== undefined) return refused("this is a span of time; say when it begins")
  const { start } = result
  const value = (name: chrono.Component): number => start.get(name) ?? 0
  const date = Date.UTC(value("year"), value("month") - 1, value("day"))
  const named = start.isCertain("timezoneOffset") ? start.get("timezoneOffset") : null
  const abbreviation = named === null ? null : ABBREVIATION.exec(lower)
  if (abbreviation !== null) {
    return refused(
      `${(abbreviation[1] ?? "").toUpperCase()} is no zone that can be relied on; give an IANA name beside the text (--timezone America/New_York)`,
      abbreviation.index,
      lower.length
    )
  }
  const fixed = /\b(?:noon|midnight)\b/.test(text)
  if (!start.isCertain("hour") && !fixed) {
    return { _tag: "instant", at: place(zone, date)?.at ?? now, words: `on ${lower}`, day: date }
  }
  const wanted = date + (value("hour") * 60 + value("minute")) * MINUTE + value("second") * SECOND
  if (named !== null) return { _tag: "instant", at: wanted - named * MINUTE, words: `at ${lower}` }
  // A time of day without a day is the next one: today, or tomorrow when it has passed.
  const bare = !start.isCertain("day") && !start.isCertain("weekday") && !/\b(?:today|tonight)\b/.test(lower)
  const passed = wanted <= local
  const weekly = passed && start.isCertain("weekday") && !start.isCertain("day")
  const placed = place(zone, wanted + (passed && bare ? DAY : weekly ? 7 * DAY : 0), gap, overlap)
  if (placed === null) return refused("that time does not exist on that day (the clocks go forward)")
  return { _tag: "instant", at: placed.at, words: `at ${Zone.localText(zone, placed.at)}`, ...noted(placed) }
}

/** Names what chrono left over: before what it read, or else behind. */
const notWhole = (lower: string, read: string): Reading => {
  const at = lower.indexOf(read)
  const before = at < 0 ? lower : lower.slice(0, at).trimEnd()
  const behind = at < 0 ? "" : lower.slice(at + read.length)
  const rest = before === "" ? behind.trim() : before
  if (rest === "") return refused("this names more than one time")
  const start = lower.indexOf(rest)
  return refused(
    `${JSON.stringify(rest)} is not understood${guess(rest)}`,
    start,
    start + rest.length,
    before === "" ? read : undefined
  )
}
