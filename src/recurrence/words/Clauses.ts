/**
 * What recurring words say, clause by clause in any order: how often, on which days, at what times, within what bounds.
 * Every word has to be read: what is left over is refused with its place.
 */
import { bound } from "./Bounds.ts"
import { dates, days, monthDay, weekdays } from "./Days.ts"
import { isElapsed, put, type Said } from "./Said.ts"
import { timeOfDay, timesOfDay, window } from "./TimeOfDay.ts"
import { type Reader, Unread } from "./Tokens.ts"
import { DAYPARTS, ordinalOf, type Unit, unitOf, weekdayOf } from "./Vocabulary.ts"

const AMBIGUOUS: Readonly<Record<string, string>> = {
  biweekly: 'say "every other week on monday at 9", or name the days: "every monday and thursday at 9"',
  bimonthly: 'say "every 2 months on the 1st at 9", or name the days: "every month on the 1st and 15th at 9"',
  semiweekly: 'name the days: "every monday and thursday at 9"'
}

const EVERY: Readonly<Record<string, readonly [number, Unit]>> = {
  daily: [1, "day"],
  weekly: [1, "week"],
  fortnightly: [2, "week"],
  monthly: [1, "month"],
  quarterly: [1, "quarter"],
  yearly: [1, "year"],
  annually: [1, "year"],
  hourly: [1, "hour"]
}

/** `daily`, `once a day`; what is said a number of times is refused. */
const adverb = (said: Said, reader: Reader): true | undefined =>
  reader.attempt(() => {
    const { start } = reader
    const word = reader.next()
    const ambiguous = Object.hasOwn(AMBIGUOUS, word) ? AMBIGUOUS[word] : undefined
    if (ambiguous !== undefined)
      throw new Unread(`${JSON.stringify(word)} has two meanings: ${ambiguous}`, start, reader.end)
    const every = Object.hasOwn(EVERY, word) ? EVERY[word] : undefined
    if (every !== undefined) {
      const [n, unit] = every
      if (word === "hourly") put(said, "minute", minuteOfHour(reader) ?? 0, reader, start)
      return put(said, "every", { count: n, unit }, reader, start)
    }
    if (word === "nightly") {
      put(said, "part", "night", reader, start)
      return put(said, "every", { count: 1, unit: "day" }, reader, start)
    }
    if (
      word === "once" &&
      (reader.oneOf("a", "an", "per", "every") !== undefined || EVERY[reader.peek()] !== undefined)
    ) {
      const next = reader.next()
      const [n, unit] = (Object.hasOwn(EVERY, next) ? EVERY[next] : undefined) ?? [1, unitOf(next)]
      return unit === undefined ? undefined : put(said, "every", { count: n, unit }, reader, start)
    }
    const several = word === "twice" || word === "thrice" || (/^(?:\d+|[a-z]+)$/.test(word) && reader.take("times"))
    const unit = several ? (reader.oneOf("a", "an", "per", "every", "each") ?? EVERY[reader.peek()]?.[1]) : undefined
    if (unit === undefined) return undefined
    const what = unitOf(reader.peek()) ?? EVERY[reader.peek()]?.[1]
    reader.next()
    const example = what === "week" ? '"every monday and thursday at 9:00"' : '"every day at 9:00 and 17:00"'
    throw new Unread(`say the times: ${example}`, start, reader.end)
  })

/** Hours of the clock rather than an interval: `on the hour`, `at :15`. */
const minuteOfHour = (reader: Reader): number | undefined =>
  reader.attempt(() => {
    const { start } = reader
    if (reader.take("on", "the", "hour")) return 0
    if (reader.take("on", "the", "half", "hour")) return 30
    reader.oneOf("at")
    const found = /^:(\d\d)$/.exec(reader.next())
    if (found === null) return undefined
    const minute = Number(found[1])
    if (minute > 59) throw new Unread(`there is no minute ${minute}: it is 0 to 59`, start, reader.end)
    return minute
  })

/** What follows `every`. */
const every = (said: Said, reader: Reader): true | undefined => {
  const { start } = reader
  if (reader.oneOf("every", "each") === undefined) return undefined
  if (reader.take("half", "hour")) return put(said, "every", { count: 30, unit: "minute" }, reader, start)
  if (reader.take("quarter", "hour")) return put(said, "every", { count: 15, unit: "minute" }, reader, start)
  const word = reader.peek()
  const following = reader.peek(1)
  if (word === "second" && (unitOf(following) !== undefined || weekdayOf(following) >= 0)) {
    const ofTheMonth = reader.peek(2) === "of" || reader.peek(2) === "in"
    if (!ofTheMonth) {
      throw new Unread(
        `"every second ${following}" has two meanings: say "every other ${following}"${weekdayOf(following) >= 0 ? ` or "every second ${following} of the month"` : ""}`,
        start,
        start + `every second ${following}`.length
      )
    }
    return dates(said, reader, false)
  }
  if (reader.take("other")) {
    const unit = unitOf(reader.peek())
    if (unit !== undefined) {
      reader.next()
      return put(said, "every", { count: 2, unit }, reader, start)
    }
    const days = weekdays(reader)
    if (days === undefined) throw reader.unread()
    put(said, "weekdays", days, reader, start)
    return put(said, "every", { count: 2, unit: "week" }, reader, start)
  }
  const third = ordinalOf(word)
  const thirdUnit = unitOf(following)
  if (
    third !== undefined &&
    third > 1 &&
    thirdUnit !== undefined &&
    reader.peek(2) !== "of" &&
    reader.peek(2) !== "in"
  ) {
    reader.next()
    reader.next()
    return put(said, "every", { count: third, unit: thirdUnit }, reader, start)
  }
  if (/^\d+\.\d+$/.test(word)) throw reader.unread("a whole number is needed here")
  const n = reader.wholeNumber()
  if (n !== undefined) {
    const unit = unitOf(reader.peek())
    if (unit === undefined) throw reader.unread(reader.done ? "say the unit: minutes, hours, days …" : undefined)
    reader.next()
    if (n < 1) throw new Unread("that is no interval: it is 1 or more", start, reader.end)
    if (n > 100_000) throw new Unread("that is too long", start, reader.end)
    return put(said, "every", { count: n, unit }, reader, start)
  }
  const single = unitOf(word)
  if (single !== undefined && word.length > 2) {
    reader.next()
    const minute = single === "hour" ? minuteOfHour(reader) : undefined
    if (minute !== undefined) put(said, "minute", minute, reader, start)
    return put(said, "every", { count: 1, unit: single }, reader, start)
  }
  if (Object.hasOwn(DAYPARTS, word)) {
    put(said, "part", reader.next(), reader, start)
    return put(said, "every", { count: 1, unit: "day" }, reader, start)
  }
  if (dates(said, reader, false) === true) return true
  const days = weekdays(reader)
  if (days !== undefined) return put(said, "weekdays", days, reader, start)
  if (monthDay(said, reader) === true) return true
  throw reader.unread()
}

/** `at 9`, `9am`, `between 9am and 5pm`. */
const times = (said: Said, reader: Reader): true | undefined =>
  reader.attempt(() => {
    const { start } = reader
    if (reader.take("between")) {
      const found = window(reader, "and", "to")
      if (found === undefined) throw reader.unread("say two times: between 9am and 5pm")
      return put(said, "window", found, reader, start)
    }
    const at = reader.oneOf("at", "by", "@") !== undefined
    const found = timesOfDay(reader, said.part)
    if (found === undefined) {
      if (at && !reader.done)
        throw reader.unread(
          `${JSON.stringify(reader.text.slice(reader.start))} is no time of day; write it like 9:00, 9am, noon`
        )
      if (at) throw reader.unread("a time of day is missing: 9:00, 9am, noon")
      return undefined
    }
    return put(said, "times", found, reader, start)
  })

/** Words with which the words of a bound end; `at` belongs to a bound only where the time of day is known without it. */
const stops = (said: Said): ReadonlyArray<string> => {
  const timeIsKnown = said.times !== undefined || (said.every !== undefined && isElapsed(said.every.unit))
  return [
    ..."until till through ending from starting beginning for every each except between".split(" "),
    ...(timeIsKnown ? [] : ["at"])
  ]
}

/** `from …`, `until …`, `for 10 times`, `for 2 weeks`. */
const bounds = (said: Said, reader: Reader): true | undefined =>
  reader.attempt(() => {
    const { start } = reader
    const begins = reader.oneOf("from", "starting", "beginning", "since")
    if (begins !== undefined) {
      const span = window(reader, "to", "until", "till", "-", "–")
      if (span !== undefined) return put(said, "window", span, reader, start)
      reader.oneOf("on", "at", "from")
      const phase = reader.attempt(() => {
        const time = timeOfDay(reader)
        return time !== undefined && said.every !== undefined && isElapsed(said.every.unit) ? time : undefined
      })
      if (phase !== undefined) return put(said, "phase", phase, reader, start)
      return put(said, "from", bound(reader, stops(said)), reader, start)
    }
    if (reader.oneOf("until", "till", "through", "ending") !== undefined) {
      reader.oneOf("on", "at")
      return put(said, "until", bound(reader, stops(said)), reader, start)
    }
    const lasts = reader.take("for")
    const n = lasts && reader.oneOf("a", "an") !== undefined ? 1 : reader.wholeNumber()
    if (n === undefined) {
      if (lasts) throw reader.unread()
      return undefined
    }
    if (reader.oneOf("times", "time", "runs", "occurrences") !== undefined) {
      if (n < 1) throw new Unread("that is no number of runs: it is 1 or more", start, reader.end)
      return put(said, "maxRuns", n, reader, start)
    }
    const unit = unitOf(reader.peek())
    if (!lasts || unit === undefined) {
      if (lasts) throw reader.unread()
      return undefined
    }
    reader.next()
    return put(said, "lasting", { count: n, unit }, reader, start)
  })

/** Reads all clauses; throws `Unread` where one cannot be. */
export const clauses = (reader: Reader): Said => {
  const said: Said = {}
  while (!reader.done) {
    if (reader.place > 0 && reader.oneOf(",", "and") !== undefined) {
      if (reader.done) throw reader.unread()
      continue
    }
    const read =
      every(said, reader) ?? adverb(said, reader) ?? bounds(said, reader) ?? times(said, reader) ?? days(said, reader)
    if (read === undefined) throw reader.unread()
  }
  return said
}
