/** What workers are offered, word for word, and who keeps what through a change of owners. */
import { assert, describe, it } from "@effect/vitest"
import * as Claim from "../../../src/actors/task/Claim.ts"
import type { LiveTask, TaskState } from "../../../src/actors/task/TaskState.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import { Played } from "../../support/playedSequence.ts"
import { done, everySecond, failed, History, START } from "../../support/task.ts"

const instant = (seconds: number): string => fromMillis(START + seconds * 1000)
const id = (seconds: number): string => executionIdOf("task-1", START + seconds * 1000)
const live = (state: TaskState | undefined): LiveTask => {
  if (state?._tag !== "live") throw new Error("the task has ended")
  return state
}
/** As after the loss of a queue: all that is offered is offered again. */
const offered = (task: History, at = task.now) => {
  const state = Claim.reoffer(live(task.state), () => false)
  return Claim.offer(state, 7, at).offers
}
const stages = (state: TaskState | undefined): ReadonlyArray<string> => {
  const { executions } = live(state)
  return executions.map(({ stage }) => (stage._tag === "waiting" ? `waiting ${stage.until}` : stage._tag))
}

describe("an offer", () => {
  const item = {
    v: 1,
    partition: 7,
    taskId: "task-1",
    taskName: "backup",
    taskType: "shell_command",
    taskArgs: { command: "true" },
    queue: "shell_command",
    executionId: id(60),
    attempt: 1,
    nominalAt: instant(60),
    dueAt: instant(60),
    timeoutMs: 300_000,
    hardTimeoutMs: 600_000
  } as const
  it("says all that is needed to run it", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    assert.deepStrictEqual(
      offered(task).map((offer) => offer.item),
      [item]
    )
  })
  it("of what a message started has the message, and the arguments with what it says", () => {
    const task = new History()
    task.schedule({
      recurrence: { kind: "subject", subject: "orders.created" },
      taskArgs: { command: ["pack", "{{ message.order }}"] }
    })
    const message = {
      id: "ORDERS.1",
      subject: "orders.created",
      at: fromMillis(START),
      place: { stream: "ORDERS", created: "c1", sequence: 1 },
      data: { order: 5 }
    }
    const said = task.command({ type: "fire", heardFor: "on subject orders.created", message, bytes: 10, chain: 2 })
    assert.strictEqual(said, "due 0")
    const [offer] = offered(task)
    assert.deepStrictEqual(offer?.item.message?.data, { order: 5 })
    assert.strictEqual(offer?.item.chain, 3)
    assert.deepStrictEqual(offer?.item.taskArgs, { command: ["pack", 5] })
  })
  it("of a step has the step's type and arguments; the sequence itself is offered to nobody", () => {
    const { task } = new Played([
      { name: "a", type: "notification", args: { message: "hello" } },
      { name: "b", type: "shell_command", args: { command: "false" } }
    ])
    const offers = offered(task)
    assert.deepStrictEqual(
      offers.map((offer) => [offer.item.taskType, offer.item.taskArgs]),
      [["notification", { message: "hello", notificationType: "info" }]]
    )
  })
  it("is made when its time has come, not before, and leaves the state alone while there is none", () => {
    const task = new History()
    task.schedule({ backoffMs: 1000, jitter: 0 })
    task.at(60_000).wake()
    task.claim(id(60))
    assert.strictEqual(task.report(id(60), failed), "retry 1 exitCode")
    const state = live(task.state)
    assert.strictEqual(Claim.offer(state, 7, task.now + 999).state, state)
    const made = Claim.offer(state, 7, task.now + 1000)
    assert.deepStrictEqual(
      made.offers.map((offer) => offer.item.attempt),
      [2]
    )
    assert.deepStrictEqual(stages(made.state), ["offered"])
  })
})

describe("a queue that has lost what it held", () => {
  it("is offered again what is offered and not held any more, and nothing else", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(1), overlap: "allowAll" })
    for (const second of [1, 2, 3]) task.at(second * 1000).wake()
    task.claim(id(1))
    const state = live(task.state)
    assert.deepStrictEqual(stages(state), ["claimed", "offered", "offered"])
    const again = Claim.reoffer(state, (executionId, attempt) => executionId === id(2) && attempt === 1)
    assert.deepStrictEqual(stages(again), ["claimed", "offered", "waiting 0"])
    assert.strictEqual(
      Claim.reoffer(state, () => true),
      state,
      "the same state where nothing is lost"
    )
    const begun = new History()
    begun.schedule()
    begun.at(60_000).wake()
    begun.claim(id(60))
    const busy = live(begun.state)
    assert.strictEqual(
      Claim.reoffer(busy, () => false),
      busy,
      "what is claimed is not offered"
    )
  })
})

describe("a queue with limits", () => {
  it("is asked before an attempt begins, and not again for what has begun", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    const request = { taskId: "task-1", executionId: id(60), attempt: 1, worker: "w1" }
    const full = () => 250
    assert.deepStrictEqual(Claim.claim(task.state, request, task.now, 10_000, full).answer, {
      answer: "held",
      retryAfterMs: 250
    })
    task.claim(id(60))
    assert.strictEqual(Claim.claim(task.state, request, task.now, 10_000, full).answer.answer, "granted")
  })
})

describe("a new owner", () => {
  it("gives every holder a whole lease, takes none of one that is longer, and leaves what nobody holds", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(1), overlap: "allowAll" })
    for (const second of [1, 2]) task.at(second * 1000).wake()
    task.claim(id(1))
    const state = live(task.state)
    const leases = (extended: TaskState) =>
      live(extended).executions.map(({ stage }) => (stage._tag === "claimed" ? stage.leaseUntil - START : stage._tag))
    assert.deepStrictEqual(leases(state), [12_000, "offered"])
    assert.deepStrictEqual(leases(Claim.extendAll(state, START + 9000, 10_000)), [19_000, "offered"])
    assert.deepStrictEqual(leases(Claim.extendAll(state, START, 10_000)), [12_000, "offered"])
    task.report(id(1), done)
    const unheld = live(task.state)
    assert.strictEqual(Claim.extendAll(unheld, START, 10_000), unheld)
  })
})

describe("a worker", () => {
  it("that is not the one to whom it was granted is told to stop", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(id(60))
    assert.strictEqual(task.beat(id(60), 1, "w2"), "stop")
    assert.strictEqual(task.beat(id(60)), "continue")
  })
  it("cannot keep what waits for its turn, nor what its steps do", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(1), overlap: "bufferOne" })
    for (const second of [1, 2]) task.at(second * 1000).wake()
    assert.deepStrictEqual(stages(task.state), ["offered", "buffered"])
    assert.strictEqual(task.beat(id(2)), "stop")
    assert.deepStrictEqual(stages(task.state), ["offered", "buffered"])
    const sequence = new Played([{ name: "a" }]).task
    assert.strictEqual(sequence.beat(id(60)), "stop")
    assert.strictEqual(sequence.claim(id(60)), "gone")
  })
  it("that asks again keeps what it has for another lease, from the first instant on", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(id(60))
    assert.strictEqual(task.at(65_000).claim(id(60)), "granted")
    const [execution] = live(task.state).executions
    assert.deepStrictEqual(execution?.stage, {
      _tag: "claimed",
      worker: "w1",
      since: START + 60_000,
      leaseUntil: START + 75_000,
      recorded: false
    })
  })
  it("is held off until the lease of the one before has ended, and a little longer", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(id(60))
    assert.strictEqual(task.at(70_000).claim(id(60), 1, "w2"), "held 50")
    assert.strictEqual(task.at(71_000).claim(id(60), 1, "w2"), "held 50")
  })
})
