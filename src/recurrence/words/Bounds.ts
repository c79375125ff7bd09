/** From when and until when something recurs: an instant, or a whole day of the zone. */
import { Result } from "effect"
import * as Iso from "../Iso.ts"
import { oneTime } from "../NaturalLanguage.ts"
import { type Refusal, refused, type WhenOptions } from "../Reading.ts"
import { DAY } from "../zone/Wall.ts"
import { place } from "../zone/WallClock.ts"
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
export const boundAt = (text: string, edge: "begin" | "end", options: WhenOptions): Result.Result<number, Refusal> => {
  const date = /^\d{4}-\d\d-\d\d$/.test(text)
  const reading = date
    ? Iso.read(`${text}T00:00`, { ...options, gap: "nextValid" })
    : oneTime(text, { ...options, allowPast: true })
  if (reading._tag === "refused") return Result.fail(reading)
  if (reading._tag !== "instant") {
    return Result.fail(refused(`${JSON.stringify(text)} is no day or instant; write 2026-12-31`))
  }
  const day = date ? Date.parse(`${text}T00:00Z`) : reading.day
  if (day === undefined) return Result.succeed(reading.at)
  const at = place(options.zone, edge === "begin" ? day : day + DAY)?.at ?? reading.at
  return Result.succeed(edge === "begin" ? at : at - 1)
}

/** The instant of a bound in a longer text; throws `Unread` with its place there. */
export const resolve = (words: Bound, edge: "begin" | "end", options: WhenOptions): number => {
  const found = boundAt(words.text, edge, options)
  if (Result.isSuccess(found)) return found.success
  const { end, problem, start = 0 } = found.failure
  throw new Unread(problem, words.start + start, end === undefined ? words.end : words.start + end)
}
