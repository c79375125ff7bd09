/**
 * What a person writes, understood as a whole or refused with help: messages, ISO 8601, cron, recurrence rules, recurring words, natural
 * language, in this order, or several of these joined by `;`. The first that reads the whole text wins; a part is never accepted.
 *
 * Pure: the same text at the same instant, in the same zone and for the same task, is always the same recurrence.
 */
import { Result } from "effect"
import * as Cron from "./cron/Cron.ts"
import { cronWords } from "./cron/CronWords.ts"
import { fromMillis, toMillis } from "./Instant.ts"
import * as Iso from "./Iso.ts"
import { messageWords } from "./MessageWords.ts"
import { naturalLanguage } from "./NaturalLanguage.ts"
import * as Occurrences from "./Occurrences.ts"
import { ParseProblem } from "./ParseProblem.ts"
import { type PlainText, plainText } from "./PlainText.ts"
import {
  calendarOf,
  hashOf,
  other,
  type Reading,
  type Refusal,
  refused,
  together,
  type Understood,
  type WhenOptions
} from "./Reading.ts"
import { isByMessage } from "./Recurrence.ts"
import { recurringWords } from "./words/RecurringWords.ts"
import { boundAt } from "./words/Bounds.ts"
import { guess } from "./words/Tokens.ts"
import { isRule, isRulePart, ruleText } from "./rule/RuleText.ts"
import * as Zone from "./zone/Zone.ts"

export { ParseProblem } from "./ParseProblem.ts"
export type { Understood, WhenOptions } from "./Reading.ts"
export { render } from "./Render.ts"

/** Longest text, in characters. */
export const MAX_LENGTH = 256
/** Most schedules joined by `;`. */
export const MAX_PARTS = 16
/** An instant must lie within this many years. */
const HORIZON_MS = 10 * 366 * 86_400_000

const looksLikeCron = (text: string): boolean =>
  text.startsWith("@") ||
  (/^[\d*?HL/,\-#()A-Za-z ]+$/.test(text) &&
    /^\S*[\d*?H]\S*( \S+){3,6}$/.test(text) &&
    /^[\d*?H]/.test(text) &&
    !/^\d+ ?(?:[smhdw]|min|sec|hour|day|week|month|year)/i.test(text) &&
    !/^\d{1,2}(:\d\d)? ?(?:am|pm)\b/i.test(text) &&
    !/^\d{1,2}(?:st|nd|rd|th)? (?:of )?(?!jan\b|feb\b|mar\b|apr\b|may\b|jun\b|jul\b|aug\b|sep\b|oct\b|nov\b|dec\b|sun\b|mon\b|tue\b|wed\b|thu\b|fri\b|sat\b)[a-z]{3,}/i.test(
      text
    ))

/** Names that other programs know, with what to write here. */
const FOREIGN: Readonly<Record<string, string>> = {
  "@reboot": "the scheduler has no reboot to follow; say an instant or an interval",
  "@weekdays": 'write "0 9 * * 1-5", or "every weekday at 9"',
  "@weekends": 'write "0 9 * * 0,6", or "every weekend at 9"',
  "@minutely": 'write "* * * * *", or "every minute"'
}

const cron = (text: string, options: WhenOptions): Reading => {
  const zoned = /^(?:CRON_)?TZ=(\S+)(?:\s+|$)/i.exec(text)
  if (zoned !== null) {
    return refused(
      `the zone does not belong into the text: give it beside it (--timezone ${zoned[1]})`,
      0,
      zoned[0].trimEnd().length
    )
  }
  const foreign = Object.hasOwn(FOREIGN, text.toLowerCase()) ? FOREIGN[text.toLowerCase()] : undefined
  if (foreign !== undefined) return refused(foreign)
  const every = /^@every (.+)$/i.exec(text)
  if (every !== null) return refused(`write it in words: "every 5 minutes"`)
  if (!looksLikeCron(text)) return other
  const parsed = Cron.parse(text, hashOf(options.taskId))
  if (Result.isFailure(parsed)) return refused(parsed.failure.problem, parsed.failure.start, parsed.failure.end)
  const { dayOfMonth, dayOfWeek, expression } = parsed.success
  const calendar = calendarOf(Cron.followsRealTime(expression), options)
  const either = dayOfMonth.restricted && dayOfWeek.restricted
  return {
    _tag: "understood",
    understood: {
      recurrence: { kind: "cron", expression, ...calendar },
      understoodAs: either ? cronWords(expression).replace(", and ", ", or ") : cronWords(expression),
      notes: either ? ["both day fields are restricted: a day on which either matches is one"] : []
    }
  }
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

type Answer = { readonly _tag: "understood"; readonly understood: Understood } | Refusal

/** One schedule of a text. */
const one = (text: string, options: WhenOptions): Answer => {
  for (const read of [messageWords, Iso.read, cron, ruleText, recurringWords, naturalLanguage]) {
    const reading = read(text, options)
    if (reading._tag === "other") continue
    if (reading._tag === "refused") return reading
    return reading._tag === "understood" ? coming(reading.understood, options) : instant(reading, options)
  }
  return refused(`these words are not understood as a time${guess(text)}`)
}

const instant = (reading: Extract<Reading, { readonly _tag: "instant" }>, options: WhenOptions): Answer => {
  const { at } = reading
  const shown = (): string => shownInstant(at, options.zone)
  if (!(at <= options.now + HORIZON_MS)) return refused("that is more than 10 years away")
  if (at < options.now && options.allowPast !== true) {
    return refused(`that has passed: ${shown()}, ${ago(options.now - at)}`)
  }
  return {
    _tag: "understood",
    understood: {
      recurrence: { kind: "once", at: fromMillis(at) },
      understoodAs: `once, ${reading.words}`,
      notes: reading.notes ?? []
    }
  }
}

/** What recurs must have a run to come. */
const coming = (understood: Understood, options: WhenOptions): Answer => {
  const { endAt, recurrence, startAt } = understood
  if (options.allowPast === true || isByMessage(recurrence)) return { _tag: "understood", understood }
  const after = startAt === undefined ? options.now : Math.max(options.now, toMillis(startAt) - 1)
  const first = Occurrences.next(recurrence, after)
  if (first === null) return refused("no run is to come")
  if (endAt !== undefined && first > toMillis(endAt)) {
    return refused(
      `no run is to come: the first would be ${shownInstant(first, options.zone)}, the end is ${shownInstant(toMillis(endAt), options.zone)}`
    )
  }
  return { _tag: "understood", understood }
}

interface Piece {
  readonly text: string
  readonly start: number
}

/** Schedules joined by `;`: the parts of a rule, which are joined so as well, stay with it. */
const pieces = (text: string): ReadonlyArray<Piece> => {
  const all: Array<Piece> = []
  for (const { 0: word, index } of text.matchAll(/[^;]+/g)) {
    const before = all.at(-1)
    if (before !== undefined && isRule(before.text) && isRulePart(word) && !/^\s*(?:RRULE:)?FREQ=/i.test(word)) {
      all[all.length - 1] = { text: text.slice(before.start, index + word.length), start: before.start }
    } else if (word.trim() !== "") all.push({ text: word.trim(), start: index + word.search(/\S/) })
  }
  return all
}

const union = (all: ReadonlyArray<Piece>, options: WhenOptions): Answer => {
  if (all.length > MAX_PARTS) return refused(`at most ${MAX_PARTS} schedules are joined`, all[MAX_PARTS]?.start)
  const understood: Array<Understood> = []
  for (const { start, text } of all) {
    const answer = one(text, options)
    const at = { start, end: start + text.length }
    if (answer._tag === "refused") {
      const { end = text.length, start: from = 0 } = answer
      return { ...answer, start: start + from, end: start + end }
    }
    const { endAt, maxRuns, recurrence, startAt } = answer.understood
    if (isByMessage(recurrence)) {
      return refused("what messages start is not joined with others: schedule two tasks", at.start, at.end)
    }
    if (endAt !== undefined || startAt !== undefined || maxRuns !== undefined) {
      return refused(
        "a bound of one of several schedules is not understood: give it beside them all (--start-at, --end-at, --max-runs)",
        at.start,
        at.end
      )
    }
    understood.push(answer.understood)
  }
  const parts = understood.flatMap(({ recurrence }) => Occurrences.partsOf(recurrence))
  return {
    _tag: "understood",
    understood: {
      recurrence: together(parts),
      understoodAs: understood.map(({ understoodAs }) => understoodAs).join("; "),
      notes: understood.flatMap(({ notes }) => notes)
    }
  }
}

/** A refusal as the person sees it, with its place in what was written. */
const problemOf = (text: string, plain: PlainText, { end = plain.text.length, problem, soFar, start = 0 }: Refusal) =>
  new ParseProblem({
    input: text,
    start: plain.place(start),
    end: plain.text === "" ? text.length : plain.place(end - 1) + 1,
    problem,
    ...(soFar === undefined ? {} : { understoodSoFar: soFar }),
    examples: EXAMPLES
  })

/** The text without what does not count; a problem where there is none, or too much. */
const readable = (text: string): Result.Result<PlainText, ParseProblem> => {
  if (text.length > MAX_LENGTH) {
    const shown = `${text.slice(0, 40)}…`
    const problem = `the text has ${text.length} characters; at most ${MAX_LENGTH} are read`
    return Result.fail(problemOf(shown, plainText(shown), refused(problem)))
  }
  const plain = plainText(text)
  return plain.text.replaceAll(";", "").trim() === ""
    ? Result.fail(problemOf(text, plain, refused("there are no words")))
    : Result.succeed(plain)
}

/** Reads a text. Total: never throws. */
export const parse = (text: string, options: WhenOptions): Result.Result<Understood, ParseProblem> =>
  Result.flatMap(readable(text), (plain) => {
    const [only, ...more] = pieces(plain.text)
    const answer =
      only === undefined || more.length === 0
        ? one(plain.text.replace(/;\s*$/, ""), options)
        : union([only, ...more], options)
    return answer._tag === "understood"
      ? Result.succeed(answer.understood)
      : Result.fail(problemOf(text, plain, answer))
  })

/** From when, or until when: an instant, or a day of which the beginning or the last millisecond counts; milliseconds. */
export const bound = (text: string, edge: "begin" | "end", options: WhenOptions): Result.Result<number, ParseProblem> =>
  Result.flatMap(readable(text), (plain) =>
    Result.mapError(boundAt(plain.text, edge, options), (problem) => problemOf(text, plain, problem))
  )
