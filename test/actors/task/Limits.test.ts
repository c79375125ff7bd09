/** What a task bears: executions that nobody begins, and failures in a row. */
import { assert, describe, it } from "@effect/vitest"
import { wakeAt } from "../../../src/actors/task/TaskState.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import type { EventOf } from "../../../src/events/TaskEvent.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import { everySecond, failed, History, START } from "../../support/task.ts"

const done: Outcome = { outcome: "done", result: null }
const cancelled: Outcome = { outcome: "cancelled", error: { code: "cancelled", message: "" } }
const minutely = (changes: Partial<TaskDefinition>) => {
  const task = new History()
  task.schedule({ recurrence: everySecond(60), maxRetries: 0, ...changes })
  return task
}
const id = (seconds: number): string => executionIdOf("task-1", START + seconds * 1000)

/** Each minute's execution ends as told; what the last report led to. */
const play = (task: History, outcomes: ReadonlyArray<Outcome>, from = 1): string => {
  let said = ""
  for (const [index, outcome] of outcomes.entries()) {
    const at = (from + index) * 60
    task.at(at * 1000).wake()
    task.claim(id(at))
    said = task.report(id(at), outcome)
  }
  return said
}

describe("an execution that nobody begins", () => {
  it("is given up at the instant that the task says, and no worker gets it afterwards", () => {
    const task = minutely({ expiresMs: 5000 })
    task.at(60_000).wake()
    assert.strictEqual(task.state === undefined ? null : wakeAt(task.state, 100), START + 65_000)
    assert.strictEqual(task.at(64_999).wake(), "")
    assert.strictEqual(task.at(65_000).wake(), "failure 1 expired")
    assert.strictEqual(task.claim(id(60)), "gone")
    const failure = task.log.at(-1) as EventOf<"failure">
    assert.strictEqual(failure.error.message, "nobody had begun it 5000 ms after it was due; it expires after 5000 ms")
    assert.strictEqual(task.at(120_000).wake(), "due 120")
  })

  it("is not given up once it has been begun, nor while it waits to be tried again", () => {
    const task = minutely({ expiresMs: 5000, maxRetries: 3, backoffMs: 10_000 })
    task.at(60_000).wake()
    task.claim(id(60))
    assert.strictEqual(task.at(64_000).report(id(60), failed), "retry 1 exitCode")
    assert.strictEqual(task.at(66_000).wake(), "")
  })

  it("is given up while it waits for its turn, and is the end of a task that runs once", () => {
    const task = minutely({ expiresMs: 5000, overlap: "bufferOne" })
    task.at(60_000).wake()
    task.claim(id(60))
    task.at(119_000).beat(id(60))
    task.at(120_000).wake()
    task.at(124_000).beat(id(60))
    assert.strictEqual(task.at(125_000).wake(), "failure 1 expired")
    const once = new History()
    once.schedule({ expiresMs: 5000 })
    once.at(60_000).wake()
    assert.strictEqual(once.at(70_000).wake(), "failure 1 expired, completed")
  })
})

describe("a task that fails again and again", () => {
  it("is paused after so many failures in a row, with the reason", () => {
    const task = minutely({ pauseAfterFailures: 3 })
    assert.strictEqual(play(task, [failed, failed]), "failure 1 exitCode")
    assert.strictEqual(play(task, [failed], 3), "failure 1 exitCode, paused")
    const paused = task.log.at(-1) as EventOf<"paused">
    assert.deepInclude(paused.causedBy, { actor: "scheduler", reason: "3 failures in a row" })
    assert.strictEqual(task.at(600_000).wake(), "")
  })

  it("is not where one ended well between them, nor for what was cancelled or run by hand", () => {
    const task = minutely({ pauseAfterFailures: 2 })
    assert.strictEqual(play(task, [failed, done, failed, cancelled]), "failure 1 cancelled")
    task.run()
    const hand = task.log.findLast((event): event is EventOf<"due"> => event.type === "due")?.executionId ?? ""
    task.claim(hand)
    assert.strictEqual(task.report(hand, failed), "failure 1 exitCode")
    assert.strictEqual(play(task, [failed], 5), "failure 1 exitCode, paused")
  })

  it("begins to count anew when it is resumed", () => {
    const task = minutely({ pauseAfterFailures: 2 })
    play(task, [failed, failed])
    task.decide({ type: "resume", taskId: task.taskId, causedBy: { commandId: "r", actor: "test" } })
    assert.strictEqual(play(task, [failed], 3), "failure 1 exitCode")
    assert.strictEqual(play(task, [failed], 4), "failure 1 exitCode, paused")
  })

  it("counts what expired and what was lost with its worker, after its retries", () => {
    const task = minutely({ pauseAfterFailures: 1, expiresMs: 5000 })
    task.at(60_000).wake()
    assert.strictEqual(task.at(65_000).wake(), "failure 1 expired, paused")
  })
})
