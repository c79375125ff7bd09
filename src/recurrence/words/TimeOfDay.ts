/** Times of day: how they are said, and how several of them are written as cron. */
import { HOUR, MINUTE } from "../zone/Wall.ts"
import { type Reader, Unread } from "./Tokens.ts"
import { DAYPARTS, unitOf } from "./Vocabulary.ts"

export interface TimeOfDay {
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** A time as it was said: `half` is whether am and pm are still open. */
interface Said extends TimeOfDay {
  readonly open: boolean
  readonly start: number
  readonly end: number
}

const clock = (hour: number, minute = 0, second = 0): TimeOfDay => ({ hour, minute, second })

const two = (value: number): string => String(value).padStart(2, "0")

/** `09:00`, `09:00:30` */
export const shown = ({ hour, minute, second }: TimeOfDay): string =>
  `${two(hour)}:${two(minute)}${second === 0 ? "" : `:${two(second)}`}`

/** Milliseconds since midnight. */
export const sinceMidnight = ({ hour, minute, second }: TimeOfDay): number =>
  hour * HOUR + minute * MINUTE + second * 1000

export const ofDay = (ms: number): TimeOfDay =>
  clock(Math.floor(ms / HOUR), Math.floor((ms % HOUR) / MINUTE), Math.floor((ms % MINUTE) / 1000))

/** A part of the day after a time (`in the evening`, `at night`). */
export const daypart = (reader: Reader): string | undefined =>
  reader.attempt(() => {
    if (reader.take("at", "night")) return "night"
    if (!reader.take("in", "the")) return undefined
    return Object.hasOwn(DAYPARTS, reader.peek()) ? reader.next() : undefined
  })

const named: Readonly<Record<string, number>> = { noon: 12, midday: 12, midnight: 0 }

/** One time as it is said; undefined when none comes here. */
const said = (reader: Reader): Said | undefined =>
  reader.attempt(() => {
    const { start } = reader
    const word = reader.next()
    const fixed = Object.hasOwn(named, word) ? named[word] : undefined
    if (fixed !== undefined) return { ...clock(fixed), open: false, start, end: reader.end }
    const found = /^(\d{1,2})(?::(\d\d)(?::(\d\d))?)?$/.exec(word)
    if (found === null) return undefined
    const hour = Number(found[1])
    const half = reader.oneOf("am", "pm", "a", "p")
    if (half === "a" || half === "p") {
      if (!reader.take(".", "m") && !reader.take("m")) return undefined
      reader.take(".")
    }
    const oClock = reader.take("o'clock")
    const bare = found[2] === undefined && half === undefined && !oClock
    if (bare && (unitOf(reader.peek()) !== undefined || reader.peek() === "times")) return undefined
    const time = clock(hour, Number(found[2] ?? 0), Number(found[3] ?? 0))
    const wrong = (problem: string) => new Unread(problem, start, reader.end)
    const text = reader.text.slice(start, reader.end)
    if (hour > 23) throw wrong(`there is no hour ${hour}: it is 0 to 23`)
    if (time.minute > 59) throw wrong(`there is no minute ${time.minute}: it is 0 to 59`)
    if (time.second > 59) throw wrong(`there is no second ${time.second}: it is 0 to 59`)
    if (half === undefined) return { ...time, open: hour >= 1 && hour <= 12, start, end: reader.end }
    if (hour < 1 || hour > 12) throw wrong(`${JSON.stringify(text)} is no time of day: am and pm go with 1 to 12`)
    return { ...time, hour: (hour % 12) + (half.startsWith("p") ? 12 : 0), open: false, start, end: reader.end }
  })

/** The hour that is meant in a part of the day. */
const inPart = (time: Said, part: string): TimeOfDay => {
  const { first, last } = DAYPARTS[part] ?? { first: 0, last: 23 }
  const hours = time.open ? [time.hour % 12, (time.hour % 12) + 12, (time.hour % 12) + 24] : [time.hour, time.hour + 24]
  const hour = hours.find((one) => one >= first && one <= last)
  if (hour === undefined) {
    throw new Unread(`${shown(time)} is not in the ${part}`, time.start, time.end)
  }
  return clock(hour % 24, time.minute, time.second)
}

/** One time, with the part of the day that is said after it or was said before. */
export const timeOfDay = (reader: Reader, part?: string): TimeOfDay | undefined => {
  const time = said(reader)
  if (time === undefined) return undefined
  const which = daypart(reader) ?? part
  return which === undefined ? clock(time.hour, time.minute, time.second) : inPart(time, which)
}

/** Several times: `9, 12 and 17`; a repeated `at` is fine. */
export const timesOfDay = (reader: Reader, part?: string): ReadonlyArray<TimeOfDay> | undefined =>
  reader.list(() => {
    reader.take("at")
    return timeOfDay(reader, part)
  })

/** Two times that bound a part of the day: `9am` and `5pm`. A bare `9 and 5` leaves open what is meant. */
export const window = (reader: Reader, ...joins: ReadonlyArray<string>): Window | undefined =>
  reader.attempt(() => {
    const { start } = reader
    const from = said(reader)
    if (from === undefined || reader.oneOf(...joins) === undefined) return undefined
    const to = said(reader)
    if (to === undefined) return undefined
    if (from.open && to.open && sinceMidnight(to) <= sinceMidnight(from) && to.minute === 0 && from.minute === 0) {
      throw new Unread(
        `say which half of the day: "${from.hour}am" and "${to.hour}pm", or "${shown(from)}" and "${shown(clock(to.hour + 12))}"`,
        start,
        reader.end
      )
    }
    return { from: clock(from.hour, from.minute, from.second), to: clock(to.hour, to.minute, to.second) }
  })

export interface Window {
  readonly from: TimeOfDay
  readonly to: TimeOfDay
}

const sorted = (values: Iterable<number>): ReadonlyArray<number> => [...new Set(values)].sort((a, b) => a - b)

/** Numbers as a cron field: three or more in a row as a range. */
const listed = (values: ReadonlyArray<number>): string => {
  const first = values[0] ?? 0
  const last = values.at(-1) ?? 0
  return values.length > 2 && last - first === values.length - 1 ? `${first}-${last}` : values.join(",")
}

/** Minutes that come again and again as steps: such a cron follows real time. */
const stepped = (values: ReadonlyArray<number>): string => {
  const step = 60 / values.length
  if (values.length === 60) return "*"
  const even = values.length > 1 && Number.isInteger(step) && values.every((value, index) => value === index * step)
  return even ? `*/${step}` : listed(values)
}

/**
 * Times as the first three fields of cron expressions: hours with the same minutes go together. `repeated`: the times are
 * those of something that comes every so many minutes.
 */
export const cronTimes = (times: ReadonlyArray<TimeOfDay>, repeated = false): ReadonlyArray<string> => {
  const hoursByMinutes = new Map<string, Array<number>>()
  for (const [key, ofHour] of Map.groupBy(times, ({ hour, second }) => `${second} ${hour}`)) {
    const [second = "0", hour = "0"] = key.split(" ")
    const minutes = sorted(ofHour.map(({ minute }) => minute))
    const first = `${second} ${repeated ? stepped(minutes) : listed(minutes)}`
    const hours = hoursByMinutes.get(first)
    if (hours === undefined) hoursByMinutes.set(first, [Number(hour)])
    else hours.push(Number(hour))
  }
  return [...hoursByMinutes].map(([first, hours]) => `${first} ${listed(sorted(hours))}`)
}
