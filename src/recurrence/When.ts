/**
 * What a person writes, understood as a whole or refused with help: ISO 8601, cron, recurring words, natural language, in this
 * order. The first that reads the whole text wins; a part is never accepted.
 *
 * Pure: the same text at the same instant, in the same zone and for the same task, is always the same recurrence.
 */
import { Result } from "effect"
import * as Cron from "./Cron.ts"
import { fromMillis } from "./Instant.ts"
import * as Iso from "./Iso.ts"
import { naturalLanguage } from "./NaturalLanguage.ts"
import { ParseProblem } from "./ParseProblem.ts"
import { cronUnderstood, hashOf, other, type Reading, refused, type Understood, type WhenOptions } from "./Reading.ts"
import { beginsRecurring, recurringWords } from "./RecurringWords.ts"
import * as Zone from "./Zone.ts"

export { ParseProblem } from "./ParseProblem.ts"
export type { Understood, WhenOptions } from "./Reading.ts"

/** Longest text, in characters. */
export const MAX_LENGTH = 256
/** An occurrence must lie within this many years. */
const HORIZON_MS = 10 * 366 * 86_400_000

const looksLikeCron = (text: string): boolean =>
  text.startsWith("@") ||
  (/^[\d*?HL/,\-#()A-Za-z ]+$/.test(text) &&
    /^\S*[\d*?H]\S*( \S+){3,6}$/.test(text) &&
    /^[\d*?H]/.test(text) &&
    !/^\d+ ?(?:[smhdw]|min|sec|hour|day|week|month|year)/i.test(text) &&
    !/^\d{1,2}(:\d\d)? ?(?:am|pm)\b/i.test(text))

const cron = (text: string, options: WhenOptions): Reading => {
  const zoned = /^(?:CRON_)?TZ=(\S+)\s+/i.exec(text)
  if (zoned !== null) {
    return refused(
      `the zone does not belong into the text: give it beside it (--timezone ${zoned[1]})`,
      0,
      zoned[0].length
    )
  }
  if (!looksLikeCron(text)) return other
  const parsed = Cron.parse(text, hashOf(options.taskId))
  if (Result.isFailure(parsed)) return refused(parsed.failure.problem, parsed.failure.start, parsed.failure.end)
  return { _tag: "understood", understood: cronUnderstood(parsed.success, `cron ${text}`, options) }
}

const EXAMPLES = ["every monday at 9", "0 9 * * 1", "tomorrow at 2pm", "2026-07-27T09:00:00Z"]

const shownInstant = (at: number, zone: string): string => `${Zone.localText(zone, at)} (${zone})`

const ago = (ms: number): string => {
  const units = [
    [365 * 86_400_000, "year"],
    [30 * 86_400_000, "month"],
    [86_400_000, "day"],
    [3_600_000, "hour"],
    [60_000, "minute"],
    [1000, "second"]
  ] as const
  for (const [size, name] of units) {
    const count = Math.floor(ms / size)
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"} ago`
  }
  return "just now"
}

/** Reads a text. Total: never throws. */
export const parse = (text: string, options: WhenOptions): Result.Result<Understood, ParseProblem> => {
  const fail = (problem: string, start = 0, end = text.length, soFar?: string) =>
    Result.fail(
      new ParseProblem({
        input: text,
        start,
        end,
        problem,
        ...(soFar === undefined ? {} : { understoodSoFar: soFar }),
        examples: EXAMPLES
      })
    )
  if (text.length > MAX_LENGTH) {
    return Result.fail(
      new ParseProblem({
        input: `${text.slice(0, 40)}…`,
        start: 0,
        end: 40,
        problem: `the text has ${text.length} characters; at most ${MAX_LENGTH} are read`,
        examples: EXAMPLES
      })
    )
  }
  const plain = text.normalize("NFKC").trim().replace(/\s+/g, " ").replace(/[.!]$/, "")
  if (plain === "") return fail("there are no words")
  const offset = Math.max(0, text.indexOf(plain.slice(0, 1)))
  for (const read of [Iso.read, cron, recurringWords, naturalLanguage]) {
    const reading = read(plain, options)
    if (reading._tag === "other") continue
    if (reading._tag === "understood") return Result.succeed(reading.understood)
    if (reading._tag === "refused") {
      const { end = plain.length, start = 0 } = reading
      return fail(reading.problem, start + offset, end + offset, reading.soFar)
    }
    const { at } = reading
    if (at < options.now && options.allowPast !== true) {
      return fail(`that has passed: ${shownInstant(at, options.zone)}, ${ago(options.now - at)}`)
    }
    if (at > options.now + HORIZON_MS) return fail(`that is more than 10 years away: ${shownInstant(at, options.zone)}`)
    return Result.succeed({
      recurrence: { kind: "once", at: fromMillis(at) },
      understoodAs: `once, ${reading.words}`,
      notes: reading.notes ?? []
    })
  }
  return beginsRecurring(plain)
    ? fail("these words are not understood")
    : fail("these words are not understood as a time")
}
