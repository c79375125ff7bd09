/** Overlap policies: what becomes of an occurrence that is due while earlier ones are open. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import { evolve } from "../../../src/actors/task/Evolve.ts"
import { MAX_OPEN, turnOf } from "../../../src/actors/task/Overlap.ts"
import type { TaskState } from "../../../src/actors/task/TaskState.ts"
import type { ExecutionOverlap, TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import type { SequenceArgs } from "../../../src/work/sequence/SequenceArgs.ts"
import { plan } from "../../../src/work/sequence/SequencePlan.ts"
import { TaskTypes } from "../../../src/work/TaskTypes.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import { everySecond, failed, History, START } from "../../support/task.ts"

const done: Outcome = { outcome: "done", result: null }
const stopped: Outcome = { outcome: "cancelled", error: { code: "cancelled", message: "" } }
const id = (seconds: number): string => executionIdOf("task-1", START + seconds * 1000)

const minutely = (overlap: ExecutionOverlap, changes: Partial<TaskDefinition> = {}) => {
  const task = new History()
  task.schedule({ recurrence: everySecond(60), overlap, maxRetries: 0, ...changes })
  return task
}
const open = (task: History): ReadonlyArray<string> =>
  task.open.map((one) => one.replace("task-1@20260302T09", "").replace("000Z", ""))

describe("an occurrence that is due while another is open", () => {
  it("is skipped (skip, the default)", () => {
    const task = minutely("skip")
    task.at(60_000).wake()
    assert.strictEqual(task.at(120_000).wake(), "skipped overlap 120-120 (1)")
  })

  it("begins beside it (allowAll)", () => {
    const task = minutely("allowAll")
    task.at(60_000).wake()
    assert.strictEqual(task.at(120_000).wake(), "due 120")
    assert.deepStrictEqual(open(task), ["0100#1 offered", "0200#1 offered"])
  })

  it(`begins beside ${MAX_OPEN - 1} others, and not beside more: the task must still be one that can be cancelled`, () => {
    const standing = (running: number) => ({ running, waiting: 0 })
    assert.strictEqual(turnOf("allowAll", standing(MAX_OPEN - 1)), "begin")
    assert.strictEqual(turnOf("allowAll", standing(MAX_OPEN)), "skip")
    const longest = executionIdOf("x".repeat(128), START)
    assert.isBelow(MAX_OPEN * (longest.length + 3), 1_000_000)
  })

  it("waits for it, the first of them; those after are skipped (bufferOne)", () => {
    const task = minutely("bufferOne")
    task.at(60_000).wake()
    assert.strictEqual(task.at(120_000).wake(), "due 120")
    assert.strictEqual(task.at(180_000).wake(), "skipped overlap 180-180 (1)")
    assert.deepStrictEqual(open(task), ["0100#1 offered", "0200#1 buffered"])
    assert.strictEqual(task.claim(id(120)), "gone")
    task.claim(id(60))
    task.report(id(60), done)
    assert.deepStrictEqual(open(task), ["0200#1 offered"])
    assert.strictEqual(task.claim(id(120)), "granted")
  })

  it("waits for all before it, one after another (bufferAll)", () => {
    const task = minutely("bufferAll")
    for (const at of [60_000, 120_000, 180_000, 240_000]) task.at(at).wake()
    assert.deepStrictEqual(open(task), ["0100#1 offered", "0200#1 buffered", "0300#1 buffered", "0400#1 buffered"])
    for (const at of [60, 120, 180]) {
      task.claim(id(at))
      task.report(id(at), at === 120 ? failed : done)
    }
    assert.deepStrictEqual(open(task), ["0400#1 offered"])
  })

  it("takes its place once it has stopped (cancelOther)", () => {
    const task = minutely("cancelOther")
    task.at(60_000).wake()
    task.claim(id(60))
    assert.strictEqual(task.at(119_000).beat(id(60)), "continue")
    assert.strictEqual(task.at(120_000).wake(), "started 1, due 120")
    assert.deepStrictEqual(open(task), ["0100#1 claimed", "0200#1 buffered"])
    assert.strictEqual(task.beat(id(60)), "stop")
    assert.strictEqual(task.report(id(60), stopped), "failure 1 cancelled")
    assert.deepStrictEqual(open(task), ["0200#1 offered"])
  })

  it("takes the place of what nobody has begun at once, and of what waits for its turn (cancelOther)", () => {
    const task = minutely("cancelOther")
    task.at(60_000).wake()
    assert.strictEqual(task.at(120_000).wake(), "due 120, failure 1 cancelled")
    assert.deepStrictEqual(open(task), ["0200#1 offered"])
    task.claim(id(120))
    task.at(179_000).beat(id(120))
    task.at(180_000).wake()
    task.at(239_000).beat(id(120))
    assert.strictEqual(task.at(240_000).wake(), "due 240, failure 1 cancelled")
    assert.deepStrictEqual(open(task), ["0200#1 claimed", "0400#1 buffered"])
  })

  it("does not wait for a worker that has vanished, nor is that one's work done again (cancelOther)", () => {
    const task = minutely("cancelOther", { maxRetries: 3 })
    task.at(60_000).wake()
    task.claim(id(60))
    task.at(115_000).beat(id(60))
    task.at(120_000).wake()
    assert.strictEqual(task.at(125_001).wake(), "failure 1 cancelled")
    assert.deepStrictEqual(open(task), ["0200#1 offered"])
  })

  it("takes the place of an attempt that is lost in the same moment: each attempt ends once", () => {
    for (const overlap of ["terminateOther", "cancelOther"] as const) {
      const task = minutely(overlap, { maxRetries: 3 })
      task.at(60_000).wake()
      task.claim(id(60))
      task.at(60_100).wake()
      // Nobody was there to see that the worker is lost, nor that the next one is due.
      task.at(120_000)
      assert.strictEqual(task.wake(), "retry 1 lost")
      const [first, second] =
        overlap === "terminateOther" ? ["failure 2 cancelled", "due 120"] : ["due 120", "failure 2 cancelled"]
      assert.strictEqual(task.wake(), `${first}, ${second}`)
      assert.deepStrictEqual(open(task), ["0200#1 offered"])
    }
  })

  it("takes its place at once, and what it still says counts no more (terminateOther)", () => {
    const task = minutely("terminateOther")
    task.at(60_000).wake()
    task.claim(id(60))
    task.at(119_000).beat(id(60))
    assert.strictEqual(task.at(120_000).wake(), "started 1, failure 1 cancelled, due 120")
    assert.deepStrictEqual(open(task), ["0200#1 offered"])
    assert.strictEqual(task.beat(id(60)), "stop")
    assert.strictEqual(task.report(id(60), done), "")
  })

  it("of several that were missed, the last takes the place of all", () => {
    const task = minutely("terminateOther", { catchUp: "all" })
    assert.strictEqual(task.at(190_000).wake(), "skipped superseded 60-60 (1), skipped superseded 120-120 (1), due 180")
  })

  it("is no other task's end: it is completed when the last has ended", () => {
    const task = minutely("bufferAll", { endAt: fromMillis(START + 130_000) })
    task.at(60_000).wake()
    task.at(120_000).wake()
    task.claim(id(60))
    assert.strictEqual(task.report(id(60), done), "success 1")
    task.claim(id(120))
    assert.strictEqual(task.report(id(120), done), "success 1, completed")
  })

  it("is left by a cancel like any other", () => {
    const task = minutely("bufferAll")
    task.at(60_000).wake()
    task.at(120_000).wake()
    task.cancel()
    assert.deepStrictEqual(open(task), [])
  })

  it("neither waits for a run by hand, nor keeps it waiting", () => {
    const task = minutely("skip")
    task.at(10_000).run()
    assert.strictEqual(task.at(60_000).wake(), "due 60")
    assert.strictEqual(task.run(), "due 60")
  })

  it("waits after a restart as it did before: its turn follows from the events", () => {
    const task = minutely("bufferAll")
    for (const at of [60_000, 120_000, 180_000]) task.at(at).wake()
    task.claim(id(60))
    task.report(id(60), done)
    const again = task.log.reduce<TaskState | undefined>(
      (state, event) => evolve(state, event, { sequence: 1 }, 0),
      undefined
    )
    assert.deepStrictEqual(again?._tag === "live" ? again.executions.map(({ stage }) => stage._tag) : [], [
      "waiting",
      "buffered"
    ])
  })
})

const types = Effect.runSync(
  Effect.scoped(Effect.map(Layer.build(TaskTypes.layerDeclared()), (context) => Context.get(context, TaskTypes)))
)
const two = Result.getOrThrow(
  plan(
    {
      steps: ["a", "b"].map((name) => ({ name, type: "shell_command", args: { command: "true" } }))
    } as unknown as SequenceArgs,
    types
  )
)
const sequence = (overlap: ExecutionOverlap) =>
  minutely(overlap, { taskType: "sequence", queue: "sequence", taskArgs: two })

describe("a sequence that is due while another is open", () => {
  it("begins its steps when its turn has come", () => {
    const task = sequence("bufferOne")
    task.at(60_000).wake()
    assert.strictEqual(task.at(120_000).wake(), "due 120")
    for (const step of ["a", "b"]) {
      task.claim(`${id(60)}.${step}`)
      task.report(`${id(60)}.${step}`, done)
    }
    assert.deepStrictEqual(open(task), ["0200#1 steps", "0200.a#1 offered"])
    assert.strictEqual(task.log.filter(({ type }) => type === "started").length, 2)
  })

  it("stops the other: its step is asked to stop, and nothing further of it begins (cancelOther)", () => {
    const task = sequence("cancelOther")
    task.at(60_000).wake()
    task.claim(`${id(60)}.a`)
    task.at(119_000).beat(`${id(60)}.a`)
    task.at(120_000).wake()
    assert.strictEqual(task.beat(`${id(60)}.a`), "stop")
    assert.include(task.report(`${id(60)}.a`, stopped), "failure 1 cancelled, failure 1 cancelled, started 1, due 120")
    assert.deepStrictEqual(open(task), ["0200#1 steps", "0200.a#1 offered"])
  })

  it("ends the other with its steps at once (terminateOther)", () => {
    const task = sequence("terminateOther")
    task.at(60_000).wake()
    task.claim(`${id(60)}.a`)
    task.at(119_000).beat(`${id(60)}.a`)
    task.at(120_000).wake()
    assert.deepStrictEqual(open(task), ["0200#1 steps", "0200.a#1 offered"])
    const cancelled = task.log.filter((event) => event.type === "failure").map((event) => event.executionId)
    assert.deepStrictEqual(cancelled, [`${id(60)}.a`, id(60)])
  })
})
