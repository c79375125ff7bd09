/** What a message leads to: one decision each, whatever is delivered how often. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { LOG, MAX_CHAIN, MAX_MESSAGE_BYTES, type Message } from "../../../src/events/Message.ts"
import type { EventOf } from "../../../src/events/TaskEvent.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import { render } from "../../../src/recurrence/Render.ts"
import { wakeAt } from "../../../src/actors/task/TaskState.ts"
import { done, everySecond, failed, History, START } from "../../support/task.ts"

const orders: Partial<TaskDefinition> = { recurrence: { kind: "subject", subject: "orders.created" } }

const after: TaskDefinition["recurrence"] = { kind: "after", tasks: ["backup"], on: "success" }

class Told extends History {
  /** A message at a place of the stream, `seconds` after the start. */
  message(
    sequence: number,
    more: Partial<Message> & { readonly chain?: number; readonly bytes?: number } = {}
  ): string {
    const { bytes = 10, chain = 0, ...changes } = more
    return this.told(
      this.decide({
        type: "fire",
        taskId: this.taskId,
        heardFor: "on subject orders.created",
        message: {
          id: `ORDERS.${sequence}`,
          subject: "orders.created",
          at: fromMillis(this.now),
          place: { stream: "ORDERS", created: "c1", sequence },
          data: { order: sequence },
          ...changes
        },
        bytes,
        chain,
        causedBy: { commandId: `ORDERS.${sequence}`, actor: "subject orders.created" }
      })
    )
  }
  get ids(): ReadonlyArray<string> {
    return this.log.flatMap((event) => (event.type === "due" ? [event.executionId] : []))
  }
  /** Ends the newest execution that became due. */
  end(outcome = done): string {
    const id = this.ids.at(-1) ?? ""
    this.claim(id)
    return this.report(id, outcome)
  }
}

const scheduled = (changes: Partial<TaskDefinition> = {}): Told => {
  const task = new Told()
  assert.strictEqual(task.schedule({ ...orders, ...changes }), "scheduled")
  return task
}

describe("a task that messages start", () => {
  it("is scheduled without an instant, and waits", () => {
    const task = scheduled()
    const [first] = task.log
    assert.strictEqual(first?.type === "scheduled" ? first.nextAt : "", null)
    assert.strictEqual(first?.scheduleType, "recurring")
    assert.isNull(task.state === undefined ? 0 : wakeAt(task.state, 100))
    assert.strictEqual(task.at(86_400_000).wake(), "")
  })

  it("runs once for each message, which it is given", () => {
    const task = scheduled()
    assert.strictEqual(task.at(1000).message(5), "due 1")
    assert.deepStrictEqual(task.ids, ["task-1@20260302T090001000Z-m5"])
    const due = task.log.at(-1) as EventOf<"due">
    assert.deepStrictEqual(due.message?.data, { order: 5 })
    assert.strictEqual(due.chain, 1)
    assert.strictEqual(task.end(), "success 1")
    assert.strictEqual(task.at(2000).message(6), "due 2")
    assert.strictEqual(task.end(), "success 1")
  })

  it("decides once about what is delivered again, now and after any number of others", () => {
    const task = scheduled({ overlap: "allowAll" })
    assert.strictEqual(task.message(5), "due 0")
    assert.strictEqual(task.message(5), "")
    for (let sequence = 6; sequence < 2000; sequence++) task.message(sequence)
    assert.strictEqual(task.message(5), "")
    assert.strictEqual(task.message(1999), "")
    assert.strictEqual(task.message(2000), "due 0")
  })

  it("hears the first message of a stream that was made anew", () => {
    const task = scheduled({ overlap: "allowAll" })
    task.message(500)
    assert.strictEqual(task.message(1, { place: { stream: "ORDERS", created: "c2", sequence: 1 } }), "due 0")
    assert.strictEqual(task.message(1, { place: { stream: "ORDERS", created: "c2", sequence: 1 } }), "")
  })

  it("does not hear what lay in the stream before it was scheduled", () => {
    const from = { stream: "ORDERS", created: "c1", sequence: 40 }
    const task = scheduled({ recurrence: { kind: "subject", subject: "orders.created", from } })
    assert.strictEqual(task.message(40), "")
    assert.strictEqual(task.message(41), "due 0")
  })

  it("does not run for a schedule that it no longer has", () => {
    const task = scheduled({ recurrence: { kind: "subject", subject: "orders.paid" } })
    assert.strictEqual(task.message(5), "")
  })

  it("lets messages wait, or leaves them out, by its overlap policy", () => {
    const task = scheduled({ overlap: "bufferOne" })
    assert.strictEqual(task.message(1), "due 0")
    assert.strictEqual(task.message(2), "due 0")
    assert.strictEqual(task.message(3), "skipped overlap 0-0 (1)")
    assert.deepStrictEqual(task.open, [
      "task-1@20260302T090000000Z-m1#1 offered",
      "task-1@20260302T090000000Z-m2#1 buffered"
    ])
    const skipped = task.log.at(-1) as EventOf<"skipped">
    assert.deepStrictEqual(skipped.message?.place.sequence, 3)
    assert.strictEqual(task.message(3), "")
  })

  it("skips while it is paused, and goes on after", () => {
    const task = scheduled()
    const origin = { taskId: "task-1", causedBy: { commandId: "p", actor: "test" } }
    task.decide({ type: "pause", until: null, ...origin })
    assert.strictEqual(task.message(1), "skipped paused 0-0 (1)")
    assert.strictEqual(
      task.told(task.decide({ type: "resume", taskId: "task-1", causedBy: { commandId: "r", actor: "test" } })),
      "resumed"
    )
    assert.strictEqual(task.message(2), "due 0")
  })

  it("keeps to its bounds, by the time of the message, and is over at its end", () => {
    const task = scheduled({ startAt: fromMillis(START + 5000), endAt: fromMillis(START + 10_000) })
    assert.strictEqual(task.at(1000).message(1), "skipped notStarted 1-1 (1)")
    assert.strictEqual(task.at(6000).message(2), "due 6")
    assert.strictEqual(task.end(), "success 1")
    assert.strictEqual(task.state === undefined ? 0 : wakeAt(task.state, 100), START + 10_001)
    assert.strictEqual(task.at(10_001).wake(), "completed")
    assert.strictEqual(task.message(3), "refused ended")
  })

  it("is over with the last of its runs", () => {
    const task = scheduled({ maxRuns: 2, overlap: "allowAll" })
    assert.strictEqual(task.message(1), "due 0")
    assert.strictEqual(task.message(2), "due 0")
    assert.strictEqual(task.message(3), "skipped maxRuns 0-0 (1)")
    const [first = "", second = ""] = task.ids
    task.claim(first)
    assert.strictEqual(task.report(first, done), "success 1")
    task.claim(second)
    assert.strictEqual(task.report(second, failed), "retry 1 exitCode")
    assert.strictEqual(task.message(4), "skipped maxRuns 0-0 (1)")
    task.at(5000).wake()
    task.claim(second, 2)
    assert.strictEqual(task.report(second, done, 2), "success 2, completed")
  })

  it("fails for good where a message is too large to be given", () => {
    const task = scheduled()
    assert.strictEqual(task.message(1, { bytes: MAX_MESSAGE_BYTES + 1 }), "due 0, failure 1 messageTooLarge")
    const due = task.log.at(-2) as EventOf<"due">
    assert.isNull(due.message?.data)
    assert.deepStrictEqual(task.open, [])
    assert.strictEqual(task.message(2, { bytes: MAX_MESSAGE_BYTES }), "due 0")
  })

  it("fails for good where the message lacks what its arguments take from it, and is then completed if that was the last run", () => {
    const task = scheduled({ taskArgs: { command: ["echo", "{{ message.customer.name }}"] }, maxRuns: 1 })
    assert.strictEqual(task.message(1), "due 0, failure 1 missingValue, completed")
    const failure = task.log.at(-2) as EventOf<"failure">
    assert.strictEqual(failure.error.message, "{{ message.customer.name }} has no value in the message")
  })

  it("ends chains that are too long with a decision that says so", () => {
    const task = scheduled()
    assert.strictEqual(task.message(1, { chain: MAX_CHAIN - 1 }), "due 0")
    assert.strictEqual(task.end(), "success 1")
    const success = task.log.at(-1) as EventOf<"success">
    assert.strictEqual(success.chain, MAX_CHAIN)
    assert.strictEqual(task.message(2, { chain: MAX_CHAIN }), "skipped chain 0-0 (1)")
  })

  /** Another schedule, or another bound of the same. */
  const change = (task: Told, changes: Partial<TaskDefinition>) =>
    task.command({
      type: "change",
      ifRevision: undefined,
      apply: (before) => Result.succeed({ definition: { ...before, ...changes }, timed: true })
    })

  it("does not run for what came while it had another schedule, once that is undone", () => {
    const from = { stream: "ORDERS", created: "c1", sequence: 40 }
    const task = scheduled({ recurrence: { kind: "subject", subject: "orders.created", from }, overlap: "allowAll" })
    assert.strictEqual(change(task.at(1000), { recurrence: everySecond(3600) }), "rescheduled")
    assert.strictEqual(
      task.at(5000).command({ type: "revert", toRevision: undefined, ifRevision: undefined }),
      "rescheduled"
    )
    assert.strictEqual(task.message(41, { at: fromMillis(START + 2000) }), "")
    assert.strictEqual(task.at(6000).message(42), "due 6")
  })

  it("does not run for what came while it had no run left, once it gets more", () => {
    const task = scheduled({ maxRuns: 1, overlap: "allowAll" })
    assert.strictEqual(task.message(1), "due 0")
    assert.strictEqual(change(task.at(5000), { maxRuns: 3 }), "rescheduled")
    assert.strictEqual(task.message(2, { at: fromMillis(START + 2000) }), "")
    assert.strictEqual(task.at(6000).message(3), "due 6")
  })

  it("runs for what is on its way while its bounds are changed", () => {
    const task = scheduled({ overlap: "allowAll" })
    assert.strictEqual(change(task.at(5000), { maxRuns: 3 }), "rescheduled")
    assert.strictEqual(task.message(2, { at: fromMillis(START + 4000) }), "due 4")
    const other = followed().at(5000)
    other.command({ type: "pause", until: null })
    other.command({ type: "resume" })
    assert.strictEqual(change(other, { maxRuns: 3 }), "rescheduled")
    assert.strictEqual(ended(other, 2, 7), "due 5")
  })

  /** Started by the ends of another task, and how that ends at a place of the log. */
  const followed = (): Told => scheduled({ recurrence: after })
  const ended = (task: Told, sequence: number, index = 0): string => {
    const message: Message = {
      id: `${sequence}.${index}`,
      subject: "scheduler.task.success",
      at: fromMillis(task.now),
      place: { stream: LOG, sequence, index },
      data: {}
    }
    const causedBy = { commandId: message.id, actor: "task backup" }
    const { taskId } = task
    return task.told(
      task.decide({ type: "fire", taskId, heardFor: render(after), message, bytes: 10, chain: 0, causedBy })
    )
  }

  it("hears, once it is restored, what stands behind that in the log, be it of the same millisecond", () => {
    const task = followed()
    task.cancel()
    assert.strictEqual(task.command({ type: "restore", allowPast: false }), "restored")
    assert.strictEqual(ended(task, task.log.length), "")
    assert.strictEqual(ended(task, task.log.length + 1), "due 0")
  })

  it("has no instants that could be left out or filled in, and is run by hand only where it needs no message", () => {
    const task = scheduled()
    const origin = { taskId: "task-1", causedBy: { commandId: "x", actor: "test" } }
    assert.strictEqual(task.told(task.decide({ type: "skip", at: START + 1000, ...origin })), "refused invalidRequest")
    assert.strictEqual(
      task.told(task.decide({ type: "backfill", from: START - 1000, to: START, atOnce: false, ...origin })),
      "refused invalidRequest"
    )
    assert.strictEqual(task.run(), "due 0")
    const needs = new Told("task-2")
    needs.schedule({ ...orders, taskArgs: { command: ["echo", "{{ message.order }}"] } })
    assert.strictEqual(needs.run(), "refused invalidRequest")
  })
})
