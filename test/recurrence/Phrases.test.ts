/** The table of phrases, whatever zone the process itself is in. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Occurrences from "../../src/recurrence/Occurrences.ts"
import { Recurrence } from "../../src/recurrence/Recurrence.ts"
import * as When from "../../src/recurrence/When.ts"
import { NEVER_READ } from "./neverRead.ts"
import { NIGHTS } from "./nights.ts"
import { PROMISED } from "./promised.ts"
import { REFUSED } from "./refused.ts"
import { UNDERSTOOD } from "./understood.ts"

const NOW = Date.parse("2026-07-15T18:00:00.000Z")
const ZONE = "America/New_York"
const options = { now: NOW, zone: ZONE, taskId: "task" }
const isRecurrence = Schema.is(Recurrence)

const read = (text: string): When.Understood => Result.getOrThrow(When.parse(text, options))

const boundsOf = ({ endAt, maxRuns, startAt }: When.Understood): string =>
  [
    startAt === undefined ? "" : `from ${startAt}`,
    endAt === undefined ? "" : `until ${endAt}`,
    maxRuns === undefined ? "" : `${maxRuns} times`
  ]
    .filter((bound) => bound !== "")
    .join(", ")

/** A local time without its offset, and without seconds of 0. */
const short = (local: string): string => local.slice(0, 19).replace(/:00$/, "")

const runsOf = ({ recurrence, startAt }: When.Understood): ReadonlyArray<string> => {
  const after = startAt === undefined ? (recurrence.kind === "once" ? NOW - 1 : NOW) : Date.parse(startAt) - 1
  return Occurrences.upcoming(recurrence, after, 3, ZONE).map(({ local }) => short(local))
}

describe.each(["UTC", "America/New_York", "Australia/Lord_Howe"])("phrases, in a process whose zone is %s", (zone) => {
  const before = process.env["TZ"]
  beforeAll(() => {
    process.env["TZ"] = zone
  })
  afterAll(() => {
    if (before === undefined) delete process.env["TZ"]
    else process.env["TZ"] = before
  })

  it("are read in that process zone indeed", () => {
    assert.strictEqual(new Intl.DateTimeFormat().resolvedOptions().timeZone, zone)
    const hours = { UTC: 0, "America/New_York": 4, "Australia/Lord_Howe": -10.5 }[zone]
    assert.strictEqual(new Date(NOW).getTimezoneOffset() / 60, hours)
  })
  it("are understood as a whole, with the kind, the runs and the bounds of the table", () => {
    for (const [phrase, kind, runs, bounds = ""] of UNDERSTOOD) {
      const understood = read(phrase)
      assert.deepStrictEqual(
        [understood.recurrence.kind, runsOf(understood), boundsOf(understood)],
        [kind, runs, bounds],
        phrase
      )
    }
  })
  it("mean what the documents promise, said in other ways", () => {
    for (const [phrase, promised] of PROMISED) {
      const { recurrence, startAt } = read(phrase)
      const after = startAt === undefined ? (recurrence.kind === "once" ? NOW - 1 : NOW) : Date.parse(startAt) - 1
      const wanted = promised.split(" ").length - 1
      const runs = Occurrences.upcoming(recurrence, after, wanted, ZONE).map(({ local }) => short(local))
      assert.strictEqual(`${recurrence.kind}: ${runs.join(" ")}`, promised, phrase)
    }
  })
  it.each(NIGHTS)("are reckoned in $zone $what", ({ now, rows, zone }) => {
    const at = Date.parse(now)
    for (const [phrase, expected] of rows) {
      const { recurrence, startAt } = Result.getOrThrow(When.parse(phrase, { now: at, zone, taskId: "task" }))
      const after = startAt === undefined ? at : Date.parse(startAt) - 1
      const runs = Occurrences.upcoming(recurrence, after, expected.split(" ").length, zone)
      assert.strictEqual(runs.map((run) => run.at.replace(/(?::00)?\.000Z$/, "Z")).join(" "), expected, phrase)
    }
  })
  it("are refused where a reading would be a guess", () => {
    for (const phrase of NEVER_READ) {
      const refused = When.parse(phrase, options)
      if (Result.isSuccess(refused)) return assert.fail(`${phrase} was understood as ${refused.success.understoodAs}`)
      const { end, problem, start } = refused.failure
      assert.isTrue(start >= 0 && start < end && end <= phrase.length, phrase)
      assert.isAbove(problem.length, 0, phrase)
    }
  })
  it("are refused with the place and the reason of the table", () => {
    for (const [phrase, marked, problem] of REFUSED) {
      const refused = When.parse(phrase, options)
      if (Result.isSuccess(refused)) return assert.fail(`${phrase} was understood as ${refused.success.understoodAs}`)
      const { end, problem: said, start } = refused.failure
      assert.deepStrictEqual([phrase.slice(start, end), said], [marked, problem], phrase)
    }
  })
})

describe("what is understood", () => {
  it("is in the table often enough to be worth the name", () => {
    assert.isAtLeast(UNDERSTOOD.length + PROMISED.length, 500)
    assert.isAtLeast(REFUSED.length + NEVER_READ.length, 300)
  })
  it("can be stored, and written as text that is read back to the same", () => {
    for (const [phrase] of [...UNDERSTOOD, ...PROMISED]) {
      const { recurrence } = read(phrase)
      assert.isTrue(isRecurrence(recurrence), phrase)
      const text = When.render(recurrence)
      if (text.length > When.MAX_LENGTH) continue
      const again = Result.getOrThrow(When.parse(text, { ...options, allowPast: true }))
      assert.deepStrictEqual(again.recurrence, recurrence, `${phrase} → ${text}`)
    }
  })
  it("is said again in words, without a word that nobody meant", () => {
    for (const [phrase] of [...UNDERSTOOD, ...PROMISED])
      assert.notMatch(read(phrase).understoodAs, /undefined|NaN|null|Infinity|^$/, phrase)
  })
  it("offers in every refusal of a missing time words that are understood", () => {
    let offered = 0
    for (const [phrase, , problem] of REFUSED) {
      const example = /^(?:say a time|this needs a time of day): "(.+)"$/.exec(problem)?.[1]
      if (example === undefined) continue
      offered += 1
      assert.isTrue(Result.isSuccess(When.parse(example, { ...options, allowPast: true })), `${phrase}: ${example}`)
    }
    assert.isAbove(offered, 15)
  })
})
