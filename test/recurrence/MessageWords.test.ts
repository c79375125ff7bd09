/** What is started by messages: read as a whole, or refused with the wrong part marked. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import type { Recurrence } from "../../src/recurrence/Recurrence.ts"
import * as Series from "../../src/recurrence/Series.ts"
import * as When from "../../src/recurrence/When.ts"

const options = { now: Date.parse("2026-07-15T18:00:00.000Z"), zone: "UTC", taskId: "report" }

const understood = (text: string): When.Understood => {
  const result = When.parse(text, options)
  if (Result.isFailure(result)) throw new Error(result.failure.message)
  return result.success
}

const problem = (text: string): string => {
  const result = When.parse(text, options)
  if (Result.isSuccess(result)) return "understood"
  const { end, input, problem: said, start } = result.failure
  return `[${input.slice(start, end)}] ${said}`
}

describe("words that name messages", () => {
  it.each<readonly [string, Recurrence, string]>([
    [
      "on subject orders.created",
      { kind: "subject", subject: "orders.created" },
      "when a message arrives on orders.created"
    ],
    [
      "On Subject orders.*.Paid",
      { kind: "subject", subject: "orders.*.Paid" },
      "when a message arrives on orders.*.Paid"
    ],
    ["on subject orders.>", { kind: "subject", subject: "orders.>" }, "when a message arrives on orders.>"],
    [
      "on subject scheduler.task.failure",
      { kind: "subject", subject: "scheduler.task.failure" },
      "when a message arrives on scheduler.task.failure"
    ],
    [
      "on subject scheduler.notification.*",
      { kind: "subject", subject: "scheduler.notification.*" },
      "when a message arrives on scheduler.notification.*"
    ],
    ["after backup", { kind: "after", tasks: ["backup"], on: "success" }, "each time backup has succeeded"],
    ["after backup succeeds", { kind: "after", tasks: ["backup"], on: "success" }, "each time backup has succeeded"],
    ["after backup fails", { kind: "after", tasks: ["backup"], on: "failure" }, "each time backup has failed"],
    ["after a, b or c ends", { kind: "after", tasks: ["a", "b", "c"], on: "end" }, "each time a, b or c has ended"],
    ["after a,b,a", { kind: "after", tasks: ["a", "b"], on: "success" }, "each time a or b has succeeded"]
  ])("are understood: %s", (text, recurrence, words) => {
    const found = understood(text)
    assert.deepStrictEqual(found.recurrence, recurrence)
    assert.strictEqual(found.understoodAs, words)
  })

  it.each([
    ["on subject", "[on subject] say the subject: on subject orders.created"],
    ["on subject orders created", "[ created] a subject has no blanks"],
    ["on subject orders..created", "[.] a subject has no empty parts"],
    ["on subject .orders", "[.] a subject has no empty parts"],
    ["on subject >", "[>] a subject begins with a word: every message of a server starts no task"],
    ["on subject *.created", "[*] a subject begins with a word: every message of a server starts no task"],
    ["on subject $JS.API.>", "[$JS] subjects under $JS belong to NATS itself"],
    ["on subject _INBOX_core.x", "[_INBOX_core] subjects under _INBOX_core belong to NATS itself"],
    ["on subject orders.>.x", '[>] ">" stands at the end only'],
    ["on subject orders.new*", '[new*] a wildcard is a part of its own: "*" or, at the end, ">"'],
    ["after", "[after] say the id of a task: after backup"],
    ["after backup,", "[,] a task id is missing at the end"],
    ["after backup or", "[r] a task id is missing at the end"],
    ["after backup sometimes", "[sometimes] say succeeds, fails or ends"],
    ["after backup restore fails", '[restore] "," or "or" stands between task ids'],
    ["after back/up", '["back/up"] "back/up" is no task id'.replace('["back/up"]', "[back/up]")],
    ["after report", "[report] a task does not start itself"],
    ["after 5 minutes", '[after] what comes after a length of time is said with "in": in 5 minutes'],
    ["after 30m", '[after] a length of time is said with "in": in 30m'],
    [
      "on subject orders.created; every day at 9",
      "[on subject orders.created] what messages start is not joined with others: schedule two tasks"
    ]
  ])("are refused at their place: %s", (text, said) => {
    assert.strictEqual(problem(text), said)
  })

  it("name one event of the scheduler's own, not all of them", () => {
    for (const text of [
      "on subject scheduler.task.*",
      "on subject scheduler.>",
      "on subject scheduler.task.progress"
    ]) {
      assert.match(problem(text), /name one event, such as scheduler\.task\.failure/)
    }
  })

  it("are read back from what they are rendered to, and have no instants", () => {
    for (const text of ["on subject a.b", "after a, b fails"]) {
      const { recurrence } = understood(text)
      assert.deepStrictEqual(understood(When.render(recurrence)).recurrence, recurrence)
      const series = Series.of({ recurrence, timezone: "UTC", startAt: null, endAt: null })
      assert.isNull(series.next(options.now))
      assert.deepStrictEqual(series.first(options.now, 3), [])
      assert.isNull(series.range(0, options.now))
    }
  })
})
