/**
 * Natural language, once: durations from now by an own reader, days and times by chrono-node, which is asked about the wall
 * clock only (the zone is ours), and believed only when it has read every word.
 */
import * as chrono from "chrono-node"
import { other, type Reading, refused, type WhenOptions } from "./Reading.ts"
import { addDays, place } from "./WallClock.ts"
import * as Zone from "./Zone.ts"

const UNITS: ReadonlyArray<readonly [RegExp, number, "elapsed" | "days"]> = [
  [/^(?:s|secs?|seconds?)$/, 1000, "elapsed"],
  [/^(?:m|mins?|minutes?)$/, 60_000, "elapsed"],
  [/^(?:h|hrs?|hours?)$/, 3_600_000, "elapsed"],
  [/^(?:d|days?)$/, 1, "days"],
  [/^(?:w|weeks?)$/, 7, "days"]
]

const NUMBERS: Readonly<Record<string, number>> = {
  a: 1,
  an: 1,
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  fifteen: 15,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60
}

/** `30 minutes`, `1h30m`, `an hour and a half`: elapsed milliseconds and whole days; null when it is no duration. */
const duration = (text: string): { readonly ms: number; readonly days: number } | null => {
  const plain = text.replace(/\bhalf an hour\b/, "30 minutes").replace(/\b(?:a|an|one) hour and a half\b/, "90 minutes")
  let ms = 0
  let days = 0
  let rest = plain
  let parts = 0
  while (rest !== "") {
    const found = /^(?:and |, ?)?(\d+(?:\.\d+)?|[a-z]+) ?([a-z]+)(?:,? |$|(?=\d))/.exec(rest)
    if (found === null) return null
    const [whole, count = "", unit = ""] = found
    const value = /^\d/.test(count) ? Number(count) : NUMBERS[count]
    const known = UNITS.find(([pattern]) => pattern.test(unit))
    if (value === undefined || known === undefined) return null
    const [, size, kind] = known
    if (kind === "elapsed") ms += value * size
    else if (Number.isInteger(value)) days += value * size
    else return null
    rest = rest.slice(whole.length)
    parts += 1
  }
  return parts === 0 ? null : { ms, days }
}

const fromNow = (text: string, options: WhenOptions): Reading => {
  const found = duration(text)
  if (found === null) return other
  const day = addDays(options.zone, options.now, found.days)
  if (day === null) return other
  return {
    _tag: "instant",
    at: Math.round(day.at + found.ms),
    words: `in ${text}`,
    ...(day.note === undefined ? {} : { notes: [day.note] })
  }
}

const SAME_TIME = /^(?:tomorrow|next week|in \S+ (?:days?|weeks?))$/

const AMBIGUOUS_ZONE = /\b([ECMP][SD]T|BST|IST|CST|AEST|AEDT|GST)$/i

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

export const naturalLanguage = (text: string, options: WhenOptions): Reading => {
  const { now, zone } = options
  const lower = text.toLowerCase().replace(/[?]$/, "")
  if (lower === "now" || lower === "immediately") return { _tag: "instant", at: now, words: "now" }
  const ahead = /^in (.+)$/.exec(lower)
  const reading = fromNow(ahead?.[1] ?? lower, options)
  if (reading._tag !== "other") return reading
  if (lower === "tomorrow" || lower === "next week") {
    const day = addDays(zone, now, lower === "tomorrow" ? 1 : 7)
    if (day !== null)
      return {
        _tag: "instant",
        at: day.at,
        words: `${lower}, same time of day`,
        ...(day.note === undefined ? {} : { notes: [day.note] })
      }
  }
  const abbreviation = AMBIGUOUS_ZONE.exec(text)
  if (abbreviation !== null) {
    return refused(
      `${abbreviation[1]} is no zone that can be relied on; give an IANA name beside the text (--timezone America/New_York)`,
      abbreviation.index,
      text.length
    )
  }
  if (/\d\/\d/.test(text))
    return refused("dates with slashes mean different days to different people; write 2026-07-27T09:00")
  if (/\b(?:last|ago|yesterday)\b/i.test(text)) return refused("that is in the past")
  return byChrono(lower, options)
}

const byChrono = (lower: string, { gap, now, overlap, zone }: WhenOptions): Reading => {
  const local = Zone.toLocal(zone, now)
  const text = lower
    .replace(/^(?:at|on|by) (?=noon|midnight|midday)/, "")
    .replace(/\bmidday\b/, "noon")
    .replace(/^day after/, "the day after")
  const results = inUtc(() =>
    chrono.en.casual.parse(text, { instant: new Date(local), timezone: 0 }, { forwardDate: true })
  )
  const [result, ...more] = results
  if (result === undefined) return other
  if (
    more.length > 0 ||
    (result.text.trim() !== text.replace(/^(?:at|on) /, "").trim() && result.text.trim() !== text)
  ) {
    const start = lower.indexOf(result.text)
    const rest = lower.replace(result.text, "").trim()
    const at = Math.max(0, lower.indexOf(rest))
    return refused(
      rest === "" ? "this names more than one time" : `${JSON.stringify(rest)} is not understood`,
      rest === "" ? 0 : at,
      rest === "" ? lower.length : at + rest.length,
      start < 0 ? undefined : result.text
    )
  }
  if (result.end !== null && result.end !== undefined) return refused("this is a span of time; say when it begins")
  const { start } = result
  if (
    !start.isCertain("hour") &&
    !SAME_TIME.test(lower) &&
    !/\b(?:noon|midnight|morning|afternoon|evening|night|tonight)\b/.test(lower)
  ) {
    return refused(`this needs a time of day: "${lower} at 9:00"`)
  }
  const value = (name: chrono.Component): number => start.get(name) ?? 0
  const wanted = Date.UTC(
    value("year"),
    value("month") - 1,
    value("day"),
    value("hour"),
    value("minute"),
    value("second")
  )
  const named = start.isCertain("timezoneOffset") ? start.get("timezoneOffset") : null
  if (named !== null) return { _tag: "instant", at: wanted - named * 60_000, words: `at ${lower}` }
  // A time of day without a day is the next one: today, or tomorrow when it has passed.
  const bare = !start.isCertain("day") && !start.isCertain("weekday") && !/\btoday\b/.test(lower)
  const passed = wanted <= local
  const weekly = passed && start.isCertain("weekday") && !start.isCertain("day")
  const moved = wanted + (passed && bare ? 86_400_000 : weekly ? 7 * 86_400_000 : 0)
  const placed = place(zone, moved, gap, overlap)
  if (placed === null) return refused("that time does not exist on that day (the clocks go forward)")
  return {
    _tag: "instant",
    at: placed.at,
    words: `at ${Zone.localText(zone, placed.at)}`,
    ...(placed.note === undefined ? {} : { notes: [placed.note] })
  }
}
