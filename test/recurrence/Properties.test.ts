/** What holds for every recurrence, and for every text, whatever it is. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Occurrences from "../../src/recurrence/Occurrences.ts"
import { isByMessage, type Recurrence } from "../../src/recurrence/Recurrence.ts"
import * as When from "../../src/recurrence/When.ts"
import * as Zone from "../../src/recurrence/zone/Zone.ts"
import { pick, randomOf } from "../support/random.ts"
import { PROMISED } from "./promised.ts"
import { REFUSED } from "./refused.ts"
import { UNDERSTOOD } from "./understood.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR
const ZONES = [
  "UTC",
  "America/New_York",
  "Australia/Lord_Howe",
  "Pacific/Chatham",
  "America/Havana",
  "Africa/Casablanca"
]
const NOW = Date.parse("2026-07-15T18:00:00.000Z")

/** Recurring phrases of the tables, in a zone. */
const recurring = (zone: string): ReadonlyArray<readonly [string, Recurrence]> =>
  [...UNDERSTOOD, ...PROMISED].flatMap(([phrase, kind]) => {
    const read = kind.startsWith("once") ? undefined : When.parse(phrase, { now: NOW, zone, taskId: "task" })
    return read !== undefined && Result.isSuccess(read) ? [[phrase, read.success.recurrence] as const] : []
  })

describe.each(ZONES)("recurrences in %s", (zone) => {
  const all = recurring(zone)

  it("go forward: next is strictly after, and nothing lies between", () => {
    const random = randomOf(1)
    for (const [phrase, recurrence] of all) {
      let at = NOW + Math.floor(random() * 900) * DAY
      for (let step = 0; step < 25; step++) {
        const next = Occurrences.next(recurrence, at)
        if (next === null) break
        assert.isAbove(next, at, phrase)
        // From anywhere before it, it is the same one.
        const between = at + Math.floor(random() * (next - at))
        assert.strictEqual(
          Occurrences.next(recurrence, between),
          next,
          `${phrase} after ${new Date(between).toISOString()}`
        )
        at = next
      }
    }
  })

  it("are listed ahead as they are walked", () => {
    for (const [phrase, recurrence] of all) {
      const walked: Array<string> = []
      for (let at = Occurrences.next(recurrence, NOW); at !== null && walked.length < 12;) {
        walked.push(new Date(at).toISOString())
        at = Occurrences.next(recurrence, at)
      }
      const listed = Occurrences.upcoming(recurrence, NOW, 12, zone)
      assert.deepStrictEqual(
        listed.map(({ at }) => at),
        walked,
        phrase
      )
      for (const { at, local } of listed) assert.strictEqual(Date.parse(local), Date.parse(at), phrase)
    }
  })

  it("are counted as they are walked, over changes of the clocks as well", () => {
    const random = randomOf(2)
    for (const [phrase, recurrence] of all) {
      const first = Occurrences.next(recurrence, NOW)
      const second = first === null ? null : Occurrences.next(recurrence, first)
      if (first === null || second === null) continue
      // Some hundred steps, beginning near a change of the clocks every other time.
      const change = Zone.nextTransition(zone, NOW + Math.floor(random() * 300) * DAY)
      const from = random() < 0.5 || change === null ? NOW + Math.floor(random() * 500 * DAY) : change.at - 3 * HOUR
      const to = from + Math.min(400 * DAY, Math.max(DAY, 150 * (second - first)))
      const walked: Array<number> = []
      for (
        let at = Occurrences.next(recurrence, from);
        at !== null && at <= to;
        at = Occurrences.next(recurrence, at)
      ) {
        walked.push(at)
        if (walked.length > 100_000) assert.fail(`${phrase} does not end`)
      }
      const expected =
        walked.length === 0 ? null : { count: walked.length, first: walked[0] ?? 0, last: walked.at(-1) ?? 0 }
      assert.deepStrictEqual(Occurrences.range(recurrence, from, to), expected, phrase)
    }
  })

  it("have a run on every date on which a fixed time stands", () => {
    for (const time of ["0:30", "1:30", "2:15", "2:45", "3:00", "23:30"]) {
      const read = When.parse(`every day at ${time}`, { now: NOW, zone, taskId: "task" })
      const { recurrence } = Result.getOrThrow(read)
      const dates = new Map<string, number>()
      const from = Date.UTC(2026, 0, 1)
      for (
        let at = Occurrences.next(recurrence, from);
        at !== null && at < from + 730 * DAY;
        at = Occurrences.next(recurrence, at)
      ) {
        const date = Zone.localText(zone, at).slice(0, 10)
        dates.set(date, (dates.get(date) ?? 0) + 1)
      }
      const [first = "", ...rest] = [...dates.keys()]
      let day = Date.parse(`${first}T00:00Z`)
      for (const date of rest) {
        day += DAY
        assert.strictEqual(date, new Date(day).toISOString().slice(0, 10), `${time} is missing`)
      }
      assert.deepStrictEqual([...new Set(dates.values())], [1], `${time} runs twice`)
    }
  })
})

describe("reading", () => {
  const options = { now: NOW, zone: "America/New_York", taskId: "task" }
  const words = [...new Set([...UNDERSTOOD, ...REFUSED].flatMap(([phrase]) => phrase.split(/\s+/)))]

  const phrases = [...UNDERSTOOD.map(([phrase]) => phrase), ...REFUSED.map(([phrase]) => phrase)]

  /** Total: it answers, and marks a part of the text where it refuses. */
  const answers = (text: string): void => {
    const read = When.parse(text, options)
    if (Result.isSuccess(read)) {
      const after = read.success.startAt === undefined ? NOW - 1 : Date.parse(read.success.startAt) - 1
      const { recurrence } = read.success
      // Messages bring what they start: no instant of it is known.
      assert.strictEqual(Occurrences.next(recurrence, after) === null, isByMessage(recurrence), text)
      return
    }
    const { end, input, message, start } = read.failure
    assert.isTrue(start >= 0 && start <= end && end <= input.length, `${JSON.stringify(text)}: ${start} to ${end}`)
    assert.isAbove(message.length, 0)
  }

  it("never throws at words in any order", () => {
    const random = randomOf(3)
    for (let count = 0; count < 4000; count++) {
      const length = 1 + Math.floor(random() * 9)
      answers(
        Array.from({ length }, () => pick(random, words)).join(pick(random, [" ", " ", " ", ", ", "; ", " and "]))
      )
    }
  })
  it("never throws at phrases with letters changed, left out, doubled or swapped", () => {
    const random = randomOf(4)
    const letters = [..."abcdefghijklmnopqrstuvwxyz0123456789:;,.*/-#?()LWH@ \t\n'\"é日🎉\u0000\u202e"]
    for (let count = 0; count < 4000; count++) {
      const phrase = pick(random, phrases)
      const characters = [...phrase]
      for (let edits = 1 + Math.floor(random() * 3); edits > 0; edits--) {
        const at = Math.floor(random() * (characters.length + 1))
        const kind = random()
        if (kind < 0.3) characters.splice(at, 1)
        else if (kind < 0.6) characters.splice(at, 0, pick(random, letters))
        else if (kind < 0.8) characters.splice(at, 1, pick(random, letters))
        else characters.splice(at, 0, ...characters.slice(Math.max(0, at - 3), at))
      }
      answers(characters.join(""))
    }
  })
  it("never throws at what is long, repeated or strange", () => {
    for (const piece of [
      "every ",
      "5 minutes ",
      "and ",
      "at 9 and ",
      "; ",
      "1;",
      "FREQ=DAILY;",
      "BYHOUR=1,",
      "H ",
      "*/1,",
      "((",
      "mon-",
      "until ",
      "for 5 times ",
      "\u0000",
      "é",
      "𝟓 ",
      "\u202e",
      "DTSTART:",
      "  "
    ]) {
      for (const begin of ["", "every ", "in ", "0 0 ", "FREQ=YEARLY;", "every monday at 9 until "]) {
        answers((begin + piece.repeat(300)).slice(0, When.MAX_LENGTH))
        answers(begin + piece.repeat(300))
      }
    }
  })
  it("says the same each time, whatever was read before", () => {
    const once = UNDERSTOOD.map(([phrase]) => When.parse(phrase, options))
    const again = UNDERSTOOD.toReversed().map(([phrase]) => When.parse(phrase, options))
    assert.deepStrictEqual(again.toReversed(), once)
  })
})
