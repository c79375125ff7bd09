/** Refusals as people see them, and the slots of H. What phrases mean stands in tables beside this file. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Occurrences from "../../src/recurrence/Occurrences.ts"
import * as When from "../../src/recurrence/When.ts"

const NOW = Date.parse("2026-07-15T18:00:00.000Z")

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
  it("tells of a text that is too long no more than its beginning", () => {
    const read = When.parse("x".repeat(257), { now: NOW, zone: "UTC", taskId: "t" })
    assert.match(Result.isFailure(read) ? read.failure.message : "", /257 characters; at most 256/)
    assert.isBelow(Result.isFailure(read) ? read.failure.message.length : Infinity, 300)
  })
  it("is of words that are no words as well", () => {
    for (const text of ["", "   ", ";", "\n"]) {
      const read = When.parse(text, { now: NOW, zone: "UTC", taskId: "t" })
      assert.match(Result.isFailure(read) ? read.failure.problem : "", /there are no words/, JSON.stringify(text))
    }
  })
})

describe("a note", () => {
  const notes = (text: string, now = NOW, zone = "America/New_York"): ReadonlyArray<string> => {
    const read = When.parse(text, { now, zone, taskId: "t" })
    return Result.isSuccess(read) ? read.success.notes : [`refused: ${read.failure.problem}`]
  }
  it("tells that a time of day which nobody said is that of now", () => {
    for (const text of ["every 2 days", "every other week", "every 3 months", "every 2 years"])
      assert.match(notes(text).join(), /no time of day was said: it keeps 14:00/, text)
    assert.deepStrictEqual(notes("every 2 days at 9"), [])
  })
  it("tells that months without the day are left out", () => {
    for (const text of [
      "every month on the 31st at 9",
      "every 31st of the month at 9",
      "every 2 months on the 30th at 9"
    ])
      assert.match(notes(text).join(), /without day 3[01] are left out/, text)
    assert.match(notes("every year on february 29 at 9").join(), /29 it is left out/)
    assert.match(notes("every 2 months", Date.parse("2026-12-31T17:00:00Z")).join(), /without day 31 are left out/)
    for (const text of ["every month on the 28th at 9", "every last day of the month at 9", "every december 31 at 9"])
      assert.deepStrictEqual(notes(text), [], text)
  })
  it("tells that either day field of cron is enough, where it is", () => {
    assert.match(notes("0 9 13 * 5").join(), /a day on which either matches is one/)
    for (const text of ["0 9 13 * *", "0 9 * * 5", "0 9 13 * ?", "0 9 * 1 5"])
      assert.deepStrictEqual(notes(text), [], text)
  })
  it("tells what the clocks do to a single time", () => {
    const eve = Date.parse("2027-03-13T18:00:00Z")
    assert.match(notes("tomorrow at 2:30", eve).join(), /does not exist on that day .* taken as 2027-03-14T03:00/)
    assert.match(notes("2027-03-14T02:30", eve).join(), /does not exist/)
    assert.match(notes("november 7 at 1:30", eve).join(), /twice/)
    assert.deepStrictEqual(notes("tomorrow at 3:30", eve), [])
  })
})

describe("what becomes of a time that is missing, or there twice", () => {
  const instants = (text: string, now: string, chosen: Partial<When.WhenOptions>): ReadonlyArray<string> => {
    const from = Date.parse(now)
    const read = When.parse(text, { now: from, zone: "America/New_York", taskId: "t", ...chosen })
    if (Result.isFailure(read)) return [read.failure.problem]
    return Occurrences.upcoming(read.success.recurrence, from, 2, "UTC").map(({ at }) => at.slice(0, 16))
  }
  const kinds = ["every day at 2:30", "30 2 * * *", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "30 2 1-31 * *; 30 2 * * 0"]
  it("is chosen for every kind alike: the gap", () => {
    for (const text of kinds) {
      const eve = (gap: "nextValid" | "skip" | "shift") => instants(text, "2027-03-13T18:00:00Z", { gap })
      assert.deepStrictEqual(eve("nextValid"), ["2027-03-14T07:00", "2027-03-15T06:30"], text)
      assert.deepStrictEqual(eve("shift"), ["2027-03-14T07:30", "2027-03-15T06:30"], text)
      assert.deepStrictEqual(eve("skip"), ["2027-03-15T06:30", "2027-03-16T06:30"], text)
    }
  })
  it("is chosen for every kind alike: the overlap", () => {
    for (const text of kinds.map((text) =>
      text.replaceAll("30 2 ", "30 1 ").replace(" 2:", " 1:").replace("=2;", "=1;")
    )) {
      const eve = (overlap: "first" | "last" | "both") => instants(text, "2026-10-31T18:00:00Z", { overlap })
      assert.deepStrictEqual(eve("first"), ["2026-11-01T05:30", "2026-11-02T06:30"], text)
      assert.deepStrictEqual(eve("last"), ["2026-11-01T06:30", "2026-11-02T06:30"], text)
      assert.deepStrictEqual(eve("both"), ["2026-11-01T05:30", "2026-11-01T06:30"], text)
    }
  })
  it("is chosen for a single time as well", () => {
    const eve = (gap: "nextValid" | "skip" | "shift") => instants("tomorrow at 2:30", "2027-03-13T18:00:00Z", { gap })
    assert.deepStrictEqual(eve("nextValid"), ["2027-03-14T07:00"])
    assert.deepStrictEqual(eve("shift"), ["2027-03-14T07:30"])
    assert.match(eve("skip").join(), /does not exist/)
    const before = (overlap: "first" | "last") => instants("tomorrow at 1:30", "2026-10-31T18:00:00Z", { overlap })
    assert.deepStrictEqual([before("first"), before("last")], [["2026-11-01T05:30"], ["2026-11-01T06:30"]])
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
