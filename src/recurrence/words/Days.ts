/** The clauses about days: of the week, of the month, of the year. */
import { put, type Said } from "./Said.ts"
import { type Reader, Unread } from "./Tokens.ts"
import { monthOf, ordinalOf, unitOf, weekdayOf } from "./Vocabulary.ts"

const WORKDAYS = [1, 2, 3, 4, 5]

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
export const weekdays = (reader: Reader): ReadonlySet<number> | undefined => {
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
export const dates = (said: Said, reader: Reader, bare: boolean): true | undefined =>
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
export const monthDay = (said: Said, reader: Reader): true | undefined =>
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

/** `on mondays`, `on the 1st`, `on july 4`, `in july`, `except sunday`. */
export const days = (said: Said, reader: Reader): true | undefined =>
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
