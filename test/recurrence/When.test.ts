/** Refusals as people see them, and the slots of H. What phrases mean stands in tables beside this file. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
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
