/**
 * What recurring words say, clause by clause in any order: how often, on which days, at what times, within what bounds.
 * Every word has to be read: what is left over is refused with its place.
 */
import { bound, type Bound } from "./Bounds.ts"
import { type TimeOfDay, timeOfDay, timesOfDay, type Window, window } from "./TimeOfDay.ts"
import { type Reader, Unread } from "./Tokens.ts"
import { DAYPARTS, monthOf, numberOf, ordinalOf, type Unit, unitOf, weekdayOf } from "./Vocabulary.ts"

/** What the clauses say; absent is what was not said. */
export interface Said {
  every?: { readonly count: number; readonly unit: Unit }
  /** 0 for Sunday. */
  weekdays?: ReadonlySet<number>
  except?: ReadonlySet<number>
  /** Days of the month: from its end where negative. */
  dates?: ReadonlyArray<number>
  /** First (1) or last (-1) working day of the month. */
  workingDay?: number
  /** Weekdays by their number in the month, from its end where negative. */
  nth?: ReadonlyArray<{ readonly nth: number; readonly weekday: number }>
  /** 1 for January. */
  months?: ReadonlySet<number>
  times?: ReadonlyArray<TimeOfDay>
  /** Part of the day to which bare hours belong. */
  part?: string
  window?: Window
  /** Minute of each hour. */
  minute?: number
  /** Time of day with which an interval is in step. */
  phase?: TimeOfDay
  from?: Bound
  until?: Bound
  maxRuns?: number
  lasting?: { readonly count: number; readonly unit: Unit }
}

const WORKDAYS = [1, 2, 3, 4, 5]

/** Adds what a clause says; the same thing twice is a contradiction. */
const put = <Key extends keyof Said>(said: Said, key: Key, value: Said[Key], reader: Reader, start: number): true => {
  if (said[key] !== undefined) {
    throw new Unread(
      `${JSON.stringify(reader.text.slice(start, reader.end))} says a second time what was said before`,
      start,
      reader.end
    )
  }
  said[key] = value
  return true
}

const count = (reader: Reader): number | undefined =>
  reader.attempt(() => {
    const word = reader.peek()
    if (/^\d+$/.test(word)) {
      reader.next()
      return Number(word)
    }
    const number = numberOf(word, reader.peek(1) === "-" ? reader.peek(2) : reader.peek(1))
    if (number === undefined) return undefined
    for (let read = 0; read < number.words + (number.words === 2 && reader.peek(1) === "-" ? 1 : 0); read++)
      reader.next()
    return number.value
  })

const weekday = (reader: Reader): ReadonlyArray<number> | undefined => {
  reader.oneOf("on", "every")
  if (reader.oneOf("weekday", "weekdays", "workday", "workdays") !== undefined) return WORKDAYS
  if (reader.take("working", "day") || reader.take("working", "days")) return WORKDAYS
  if (reader.oneOf("weekend", "weekends") !== undefined) return [0, 6]
  const from = weekdayOf(reader.next())
  if (from < 0) return undefined
  const to = reader.attempt(() => {
    if (reader.oneOf("to", "through", "thru", "until", "till", "-", "–") === undefined) return undefined
    const last = weekdayOf(reader.next())
    return last < 0 ? undefined : last
  })
  if (to === undefined) return [from]
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, index) => (from + index) % 7)
}

/** `monday and thursday`, `mon-fri`, `weekdays`. */
const weekdays = (reader: Reader): ReadonlySet<number> | undefined => {
  const all = reader.list(() => weekday(reader))
  return all === undefined ? undefined : new Set(all.flat())
}

const months = (reader: Reader): ReadonlySet<number> | undefined => {
  const all = reader.list(() => {
    const month = monthOf(reader.next())
    return month === 0 ? undefined : month
  })
  return all === undefined ? undefined : new Set(all)
}

/** `of the month`, `of every month`, `of july`. */
const ofMonth = (said: Said, reader: Reader): void => {
  const { start } = reader
  reader.attempt(() => {
    if (reader.oneOf("of", "in") === undefined) return undefined
    const each = reader.oneOf("the", "every", "each", "a")
    if (each !== undefined && reader.take("month")) return true
    if (each !== undefined && reader.take("quarter")) return quarters(said, reader, start)
    if (each !== undefined && each !== "every") return undefined
    const named = months(reader)
    return named === undefined ? undefined : put(said, "months", named, reader, start)
  })
}

const quarters = (said: Said, reader: Reader, start: number): true =>
  put(said, "months", new Set([1, 4, 7, 10]), reader, start)

/** `the 1st and 15th`, `the last day`, `the first monday`, `the last working day`, each perhaps `of the month`. */
const dates = (said: Said, reader: Reader, bare: boolean): true | undefined =>
  reader.attempt(() => {
    const { start } = reader
    const numbers = reader.list(() => {
      reader.oneOf("the", "on")
      const word = reader.next()
      const ordinal = ordinalOf(word)
      if (ordinal !== undefined) return ordinal
      return bare && /^\d{1,2}$/.test(word) && unitOf(reader.peek()) === undefined ? Number(word) : undefined
    })
    if (numbers === undefined) return undefined
    const wrong = (problem: string) => new Unread(problem, start, reader.end)
    if (
      reader.take("weekday") ||
      reader.take("working", "day") ||
      reader.take("workday") ||
      reader.take("business", "day")
    ) {
      const [n] = numbers
      if (n === undefined || Math.abs(n) !== 1 || numbers.length > 1) {
        throw wrong("only the first and the last working day of a month are understood")
      }
      ofMonth(said, reader)
      return put(said, "workingDay", n, reader, start)
    }
    const days = reader.attempt(() => {
      const all = reader.list(() => {
        const day = weekdayOf(reader.next())
        return day < 0 ? undefined : day
      })
      return all
    })
    if (days !== undefined) {
      if (numbers.some((n) => n > 5)) throw wrong("a month has one to five of each weekday")
      ofMonth(said, reader)
      return put(
        said,
        "nth",
        days.flatMap((day) => numbers.map((nth) => ({ nth, weekday: day }))),
        reader,
        start
      )
    }
    reader.oneOf("day", "days")
    if (numbers.some((n) => n > 31 || n === 0)) throw wrong("a month has the days 1 to 31")
    ofMonth(said, reader)
    return put(said, "dates", numbers, reader, start)
  })

/** `july 4`, `4 july`, `july 4th and 5th`, `the 4th of july`. */
const monthDay = (said: Said, reader: Reader): true | undefined =>
  reader.attempt(() => {
    const { start } = reader
    const before = reader.attempt(() => (/^\d{1,2}$/.test(reader.peek()) ? Number(reader.next()) : undefined))
    const named = months(reader)
    if (named === undefined) return undefined
    put(said, "months", named, reader, start)
    if (before !== undefined) return put(said, "dates", [before], reader, start)
    dates(said, reader, named.size === 1 && !/^(?:at|on)$/.test(reader.peek()))
    return true
  })

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
  const n = count(reader)
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

/** `on mondays`, `on the 1st`, `on july 4`, `in july`, `except sunday`. */
const days = (said: Said, reader: Reader): true | undefined =>
  reader.attempt(() => {
    const { start } = reader
    if (reader.oneOf("except", "excluding") !== undefined || reader.take("but", "not")) {
      reader.oneOf("on", "for")
      const found = weekdays(reader)
      if (found === undefined)
        throw reader.unread("only weekdays can be left out in words; for dates use a calendar of exclusions")
      return put(said, "except", found, reader, start)
    }
    if (reader.oneOf("in", "during", "of") !== undefined) {
      reader.oneOf("every", "each")
      const found = months(reader)
      return found === undefined ? undefined : put(said, "months", found, reader, start)
    }
    const on = reader.oneOf("on") !== undefined
    const found = dates(said, reader, on)
    if (found !== undefined) return found
    const named = weekdays(reader)
    if (named !== undefined) return put(said, "weekdays", named, reader, start)
    return monthDay(said, reader)
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
    const n = count(reader)
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

export const isElapsed = (unit: Unit): boolean => unit === "second" || unit === "minute" || unit === "hour"

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
