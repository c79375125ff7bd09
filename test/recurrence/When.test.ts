/** What the words mean: instants that are expected, refusals that are expected, under any zone of the process. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Occurrences from "../../src/recurrence/Occurrences.ts"
import * as When from "../../src/recurrence/When.ts"

/** Wednesday, 14:00 in New York. */
const NOW = Date.parse("2026-07-15T18:00:00.000Z")
const ZONE = "America/New_York"

const processZone = process.env["TZ"]
afterAll(() => {
  if (processZone === undefined) delete process.env["TZ"]
  else process.env["TZ"] = processZone
})

const runs = (text: string, count: number, now = NOW, zone = ZONE): ReadonlyArray<string> | string => {
  const read = When.parse(text, { now, zone, taskId: "task" })
  if (Result.isFailure(read)) return `refused: ${read.failure.problem}`
  return Occurrences.upcoming(read.success.recurrence, now - 1, count, zone).map(({ local }) => local.slice(0, 16))
}

const ONCE: ReadonlyArray<readonly [string, string]> = [
  ["now", "2026-07-15T14:00"],
  ["in 30 minutes", "2026-07-15T14:30"],
  ["in 5 minutes", "2026-07-15T14:05"],
  ["in 2 hours", "2026-07-15T16:00"],
  ["in 2 hours 30 minutes", "2026-07-15T16:30"],
  ["in 2 hours and 30 minutes", "2026-07-15T16:30"],
  ["in an hour", "2026-07-15T15:00"],
  ["in half an hour", "2026-07-15T14:30"],
  ["in 1.5 hours", "2026-07-15T15:30"],
  ["30m", "2026-07-15T14:30"],
  ["1h30m", "2026-07-15T15:30"],
  ["90 minutes", "2026-07-15T15:30"],
  ["2 days", "2026-07-17T14:00"],
  ["in 3 days", "2026-07-18T14:00"],
  ["in a week", "2026-07-22T14:00"],
  ["in twenty minutes", "2026-07-15T14:20"],
  ["IN 30 MINUTES", "2026-07-15T14:30"],
  ["  in   30   minutes  ", "2026-07-15T14:30"],
  ["tomorrow", "2026-07-16T14:00"],
  ["next week", "2026-07-22T14:00"],
  ["tomorrow at 2pm", "2026-07-16T14:00"],
  ["tomorrow at 14:00", "2026-07-16T14:00"],
  ["tomorrow at noon", "2026-07-16T12:00"],
  ["next monday at 8", "2026-07-20T08:00"],
  ["at 14:30", "2026-07-15T14:30"],
  ["at 9", "2026-07-16T09:00"],
  ["at 9am", "2026-07-16T09:00"],
  ["9am", "2026-07-16T09:00"],
  ["noon", "2026-07-16T12:00"],
  ["on friday 9am", "2026-07-17T09:00"],
  ["friday at 9am", "2026-07-17T09:00"],
  ["july 27 at 2:30pm", "2026-07-27T14:30"],
  ["tonight at 8", "2026-07-15T20:00"],
  ["2026-07-27T14:30:00Z", "2026-07-27T10:30"],
  ["2026-07-27T14:30", "2026-07-27T14:30"],
  ["2026-07-27 14:30", "2026-07-27T14:30"],
  ["2026-07-27T14:30:00+02:00", "2026-07-27T08:30"],
  ["2026-12-24T09:00", "2026-12-24T09:00"],
  ["PT30M", "2026-07-15T14:30"],
  ["P1D", "2026-07-16T14:00"],
  ["P1W", "2026-07-22T14:00"],
  ["PT1H30M", "2026-07-15T15:30"]
]

const RECURRING: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["every 5 minutes", ["2026-07-15T14:00", "2026-07-15T14:05", "2026-07-15T14:10"]],
  ["every 2 hours from 09:30", ["2026-07-15T15:30", "2026-07-15T17:30", "2026-07-15T19:30"]],
  ["every other hour", ["2026-07-15T14:00", "2026-07-15T16:00", "2026-07-15T18:00"]],
  ["every day at 9am", ["2026-07-16T09:00", "2026-07-17T09:00", "2026-07-18T09:00"]],
  ["daily at 14:30", ["2026-07-15T14:30", "2026-07-16T14:30", "2026-07-17T14:30"]],
  ["every weekday at 9:00 and 17:30", ["2026-07-15T17:30", "2026-07-16T09:00", "2026-07-16T17:30"]],
  ["every weekday at 9", ["2026-07-16T09:00", "2026-07-17T09:00", "2026-07-20T09:00"]],
  ["every weekend at noon", ["2026-07-18T12:00", "2026-07-19T12:00", "2026-07-25T12:00"]],
  ["every monday and thursday at 8", ["2026-07-16T08:00", "2026-07-20T08:00", "2026-07-23T08:00"]],
  ["every mon, wed and fri at 8", ["2026-07-17T08:00", "2026-07-20T08:00", "2026-07-22T08:00"]],
  ["weekly on friday at 17:00", ["2026-07-17T17:00", "2026-07-24T17:00", "2026-07-31T17:00"]],
  ["every month on the 1st at noon", ["2026-08-01T12:00", "2026-09-01T12:00", "2026-10-01T12:00"]],
  ["every month on the 1st and 15th at 9", ["2026-08-01T09:00", "2026-08-15T09:00", "2026-09-01T09:00"]],
  ["every month on the last day at 9", ["2026-07-31T09:00", "2026-08-31T09:00", "2026-09-30T09:00"]],
  ["every last friday of the month at 17:00", ["2026-07-31T17:00", "2026-08-28T17:00", "2026-09-25T17:00"]],
  ["every first monday of the month at 9", ["2026-08-03T09:00", "2026-09-07T09:00", "2026-10-05T09:00"]],
  ["hourly", ["2026-07-15T14:00", "2026-07-15T15:00", "2026-07-15T16:00"]],
  ["*/15 * * * *", ["2026-07-15T14:00", "2026-07-15T14:15", "2026-07-15T14:30"]],
  ["0 9 * * 1-5", ["2026-07-16T09:00", "2026-07-17T09:00", "2026-07-20T09:00"]],
  ["0 9 * * MON-FRI", ["2026-07-16T09:00", "2026-07-17T09:00", "2026-07-20T09:00"]],
  ["0 0 * * 0,7", ["2026-07-19T00:00", "2026-07-26T00:00", "2026-08-02T00:00"]],
  ["0 0 * * 7", ["2026-07-19T00:00", "2026-07-26T00:00", "2026-08-02T00:00"]],
  ["0 0 13 * 5", ["2026-07-17T00:00", "2026-07-24T00:00", "2026-07-31T00:00"]],
  ["0 0 L * *", ["2026-07-31T00:00", "2026-08-31T00:00", "2026-09-30T00:00"]],
  ["0 0 15W * *", ["2026-08-14T00:00", "2026-09-15T00:00", "2026-10-15T00:00"]],
  ["0 0 * * 5L", ["2026-07-31T00:00", "2026-08-28T00:00", "2026-09-25T00:00"]],
  ["0 0 * * 1#1", ["2026-08-03T00:00", "2026-09-07T00:00", "2026-10-05T00:00"]],
  ["0 22-2/2 * * *", ["2026-07-15T22:00", "2026-07-16T00:00", "2026-07-16T02:00"]],
  ["@daily", ["2026-07-16T00:00", "2026-07-17T00:00", "2026-07-18T00:00"]],
  ["@midnight", ["2026-07-16T00:00", "2026-07-17T00:00", "2026-07-18T00:00"]],
  ["@hourly", ["2026-07-15T14:00", "2026-07-15T15:00", "2026-07-15T16:00"]],
  ["0 0 29 2 *", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]]
]

const REFUSED: ReadonlyArray<readonly [string, RegExp]> = [
  ["", /no words/],
  ["   ", /no words/],
  ["garbage", /not understood/],
  ["call bob tomorrow maybe", /not understood/],
  ["every mnday at 9", /did you mean "monday"/],
  ["every weekday", /say a time/],
  ["daily", /say a time/],
  ["every day at 25:00", /no hour 25/],
  ["every day at 9 maybe", /unknown word "maybe"/],
  ["twice a day", /say the times/],

  ["friday", /needs a time/],
  ["may", /needs a time|not understood/],
  ["yesterday", /past/],
  ["2 hours ago", /past/],
  ["last friday at 9", /past/],
  ["2020-01-01T00:00:00Z", /has passed/],
  ["2026-07-15T13:59", /has passed/],
  ["2040-01-01T00:00:00Z", /10 years/],
  ["2026-07-27", /needs a time/],
  ["2026-13-01T09:00", /no month 13/],
  ["2026-02-30T09:00", /no day 30/],
  ["2026-07-27T24:00", /no hour 24/],
  ["2026-07-27T09:60", /no minute 60/],
  ["2026-12-24T18:00:00+25:00", /no offset/],
  ["1784152800", /bare number/],
  ["3/4", /slashes/],
  ["03/04/2026 at 9am", /slashes/],
  ["tomorrow at 2pm PST", /no zone/],
  ["9am to 5pm", /span/],
  ["0 9 * *", /5 fields/],
  ["0 9 * * * * *", /5 fields/],
  ["*/61 * * * *", /step of 61/],
  ["*/0 * * * *", /1 or more/],
  ["60 * * * *", /0 to 59/],
  ["0 24 * * *", /0 to 23/],
  ["0 0 30 2 *", /never occurs/],
  ["0 0 31 4 *", /never occurs/],
  ["0 0 * * 8", /0 to 7/],
  ["0 0 * * 1#6", /1 to 5/],
  ["TZ=UTC 0 9 * * *", /--timezone UTC/],
  ["@reboot", /no reboot/],
  ["@every 5m", /every 5 minutes/],
  ["x".repeat(257), /257 characters/]
]

describe.each(["UTC", "America/New_York", "Australia/Lord_Howe"])("words, in a process whose zone is %s", (zone) => {
  it("name the instants that a person means", () => {
    process.env["TZ"] = zone
    for (const [text, expected] of ONCE) assert.deepStrictEqual(runs(text, 3), [expected], text)
  })
  it("name the recurrences that a person means", () => {
    process.env["TZ"] = zone
    for (const [text, expected] of RECURRING) assert.deepStrictEqual(runs(text, 3), expected, text)
  })
  it("are refused with the reason when they are not understood as a whole", () => {
    process.env["TZ"] = zone
    for (const [text, reason] of REFUSED) {
      const seen = runs(text, 1)
      assert.match(typeof seen === "string" ? seen : `accepted as ${seen.join()}`, reason, JSON.stringify(text))
    }
  })
})

describe("a refusal", () => {
  it("shows the place, the word that was meant, what was understood, and examples", () => {
    const read = When.parse("every mnday at 9", { now: NOW, zone: "UTC", taskId: "t" })
    assert.strictEqual(
      Result.isFailure(read) ? read.failure.message : "",
      [
        'cannot read "every mnday at 9"',
        '             ~~~~~~^^^^^              unknown word "mnday"; did you mean "monday"?',
        "understood so far: every …",
        'examples: "every monday at 9", "0 9 * * 1", "tomorrow at 2pm", "2026-07-27T09:00:00Z"'
      ].join("\n")
    )
  })
  it("never throws, whatever is given", () => {
    for (let seed = 1; seed < 4000; seed++) {
      const pieces = [
        "every",
        "at",
        "9",
        "*/2",
        "monday",
        "in",
        "L",
        "#",
        "-",
        "99",
        "T",
        "Z",
        "2026-",
        "P",
        "é",
        "\u0000",
        ",",
        "of",
        "@"
      ]
      let state = seed * 2654435761
      let text = ""
      for (let index = 0; index < 6; index++) {
        state = (Math.imul(state, 1103515245) + 12345) >>> 0
        text += `${pieces[state % pieces.length] ?? ""}${state % 3 === 0 ? "" : " "}`
      }
      When.parse(text, { now: NOW, zone: ZONE, taskId: "t" })
    }
  })
})

describe("H", () => {
  it("is a slot that the task's id decides, the same for ever, different between tasks", () => {
    const slots = Array.from({ length: 50 }, (_, index) => {
      const read = When.parse("H H * * *", { now: NOW, zone: "UTC", taskId: `task-${index}` })
      return Result.isSuccess(read) && read.success.recurrence.kind === "cron" ? read.success.recurrence.expression : ""
    })
    assert.isAbove(new Set(slots).size, 40)
    const again = When.parse("H H * * *", { now: NOW + 1e9, zone: "UTC", taskId: "task-7" })
    assert.strictEqual(
      Result.isSuccess(again) && again.success.recurrence.kind === "cron" ? again.success.recurrence.expression : "",
      slots[7]
    )
  })
})
