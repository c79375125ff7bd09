/** From when and until when something recurs: an instant, or a whole day of the zone. */
import * as Iso from "../Iso.ts"
import { oneTime } from "../NaturalLanguage.ts"
import type { WhenOptions } from "../Reading.ts"
import { DAY } from "../Wall.ts"
import { place } from "../WallClock.ts"
import { type Reader, Unread } from "./Tokens.ts"

/** The words of a bound, and their place in the text. */
export interface Bound {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** The words up to one of those with which another clause begins. */
export const bound = (reader: Reader, stops: ReadonlyArray<string>): Bound => {
  const { start } = reader
  while (!reader.done && !stops.includes(reader.peek())) reader.next()
  if (reader.end <= start) throw reader.unread("a day or an instant is missing here: 2026-12-31, next monday")
  return { text: reader.text.slice(start, reader.end), start, end: reader.end }
}

/** A bound as an instant: a whole day by its beginning or its last millisecond. */
export const resolve = (words: Bound, edge: "begin" | "end", options: WhenOptions): number => {
  const day = /^\d{4}-\d\d-\d\d$/.test(words.text) ? words.text : undefined
  const reading =
    day === undefined
      ? oneTime(words.text, { ...options, allowPast: true })
      : Iso.read(`${day}T00:00`, { ...options, gap: "nextValid" })
  if (reading._tag === "refused") throw new Unread(reading.problem, words.start, words.end)
  if (reading._tag !== "instant") {
    throw new Unread(`${JSON.stringify(words.text)} is no day or instant; write 2026-12-31`, words.start, words.end)
  }
  if (day === undefined && reading.day === undefined) return reading.at
  const local = reading.day ?? Date.parse(`${words.text}T00:00Z`)
  const at = place(options.zone, edge === "begin" ? local : local + DAY)?.at ?? reading.at
  return edge === "begin" ? at : at - 1
}
