/** Ending one execution, doing again what failed, letting go on what is over, and taking back a change. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { executionIdOf, named } from "../../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import type { EventOf } from "../../../src/events/TaskEvent.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import { Played } from "../../support/playedSequence.ts"
import { type Asked, done, everySecond, failed, History, START } from "../../support/task.ts"

const id = (seconds: number): string => executionIdOf("task-1", START + seconds * 1000)
const cancelOne = (executionId: string): Asked => ({ type: "cancelExecution", executionId })
const retry = (executionId: string, fromStart = false): Asked => ({
  type: "retry",
  executionId,
  fromStart,
  endedAt: undefined
})
const dues = (task: History): ReadonlyArray<EventOf<"due">> => task.log.filter((event) => event.type === "due")
const lastDue = (task: History): string => dues(task).at(-1)?.executionId ?? ""
const lastFailure = (task: History) => task.log.findLast((event) => event.type === "failure")
const restore = (allowPast = false): Asked => ({ type: "restore", allowPast })

describe("a task whose last instant is missed while a failed run is done again", () => {
  it("is over when that has ended, and not before", () => {
    const task = new History()
    const endAt = fromMillis(START + 130_000)
    task.schedule({ recurrence: everySecond(60), maxRetries: 0, catchUp: "none", endAt })
    task.at(60_000).wake()
    task.claim(id(60))
    task.report(id(60), failed)
    assert.strictEqual(task.at(140_000).command(retry(id(60))), "due 60")
    assert.strictEqual(task.wake(), "skipped catchUp 120-120 (1)")
    task.claim(lastDue(task))
    assert.strictEqual(task.report(lastDue(task), done), "success 1, completed")
  })
})

describe("ending one execution", () => {
  it("is told with its reason, by whom and by which command, and carried out once", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60) })
    task.at(60_000).wake()
    assert.strictEqual(task.command(cancelOne(id(60)), "x1", "too slow"), "failure 1 cancelled")
    assert.deepInclude(lastFailure(task), {
      byHand: true,
      causedBy: { commandId: "x1", actor: "test", reason: "too slow" },
      error: { code: "cancelled", message: "too slow" }
    })
    assert.strictEqual(task.command(cancelOne(id(60)), "x1"), "known true")
    assert.strictEqual(task.claim(id(60)), "gone")
    assert.strictEqual(task.at(120_000).wake(), "due 120")
  })

  it("ends a task that runs once", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    assert.strictEqual(task.command(cancelOne(id(60))), "failure 1 cancelled, completed")
  })

  it("stops what runs: no attempt follows, and what ended well before it heard of it has ended well", () => {
    for (const [said, ends] of [
      [failed, "failure 1 cancelled"],
      [done, "success 1"]
    ] as const) {
      const task = new History()
      task.schedule({ recurrence: everySecond(60) })
      task.at(60_000).wake()
      task.claim(id(60))
      assert.strictEqual(task.beat(id(60)), "continue")
      assert.strictEqual(task.command(cancelOne(id(60))), "started 1, stopping")
      assert.strictEqual(task.beat(id(60)), "stop")
      assert.strictEqual(task.command(cancelOne(id(60))), "refused alreadyCancelled")
      assert.strictEqual(task.report(id(60), said), ends)
    }
  })

  it("that is lost with its worker ends it", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(600) })
    task.at(600_000).wake()
    task.claim(id(600))
    task.command(cancelOne(id(600)))
    assert.strictEqual(task.at(620_000).wake(), "failure 1 cancelled")
  })

  it("of a sequence stops the step that runs, and begins no other", () => {
    const played = new Played([{ name: "a" }, { name: "b" }])
    const { task } = played
    task.claim(`${id(60)}.a`)
    assert.strictEqual(task.command(cancelOne(id(60)), undefined, "enough"), "started 1, stopping")
    assert.strictEqual(task.beat(`${id(60)}.a`), "stop")
    assert.strictEqual(
      task.report(`${id(60)}.a`, { outcome: "cancelled", error: { code: "cancelled", message: "stopped" } }),
      "failure 1 cancelled, failure 1 cancelled, completed"
    )
    assert.strictEqual(played.statuses, "a failed, b skipped")
    assert.strictEqual(played.result.steps[1]?.reason, "enough")
  })

  it("of a sequence that nobody works on ends it at once, with its steps", () => {
    const { task } = new Played([{ name: "a" }, { name: "b" }])
    assert.strictEqual(task.command(cancelOne(id(60))), "stopping, failure 1 cancelled, failure 1 cancelled, completed")
    assert.deepStrictEqual(task.open, [])
    assert.strictEqual(task.claim(`${id(60)}.a`), "gone")
  })

  it("of a step leaves its sequence to go on where that may", () => {
    const { task } = new Played([{ name: "a", onFailure: "continue" }, { name: "b" }])
    assert.strictEqual(task.command(cancelOne(`${id(60)}.a`)), "failure 1 cancelled, due 60")
    assert.strictEqual(lastDue(task), `${id(60)}.b`)
  })

  it("tells a start once, of a retry for what it stands, and why, also where no reason is given", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60), maxRetries: 0 })
    task.at(60_000).wake()
    task.claim(id(60))
    task.report(id(60), failed)
    task.command(retry(id(60)))
    const again = lastDue(task)
    task.claim(again)
    assert.strictEqual(task.at(60_100).wake(), "started 1")
    assert.strictEqual(task.command(cancelOne(again)), "stopping")
    assert.deepInclude(task.log.at(-1), { type: "stopping", executionId: again, retryOf: id(60), attempt: 1 })
    const idle = new History()
    idle.schedule()
    idle.at(60_000).wake()
    idle.command(cancelOne(id(60)))
    assert.deepInclude(lastFailure(idle), { error: { code: "cancelled", message: "it was cancelled" } })
  })

  it("drops the oldest 500 that wait at a time", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(1), overlap: "bufferAll", catchUp: "all" })
    task.at(503_000)
    for (let said = task.wake(); said !== ""; said = task.wake()) assert.include(said, "due")
    const waiting = (): number => task.open.filter((one) => one.endsWith(" buffered")).length
    assert.strictEqual(waiting(), 502)
    task.command({ type: "cancelWaiting" })
    assert.strictEqual(waiting(), 2)
    assert.deepStrictEqual(task.open, [`${id(1)}#1 offered`, `${id(502)}#1 buffered`, `${id(503)}#1 buffered`])
  })

  it("drops all that wait for their turn, and only those", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60), overlap: "bufferAll" })
    for (let now = 60_000; now <= 240_000; now += 5000) {
      task.at(now).wake()
      if (now === 60_000) task.claim(id(60))
      else task.beat(id(60))
    }
    assert.strictEqual(
      task.command({ type: "cancelWaiting" }, "w1"),
      "failure 1 cancelled, failure 1 cancelled, failure 1 cancelled"
    )
    assert.strictEqual(task.state?.commands.find(({ commandId }) => commandId === "w1")?.executions, 3)
    assert.deepStrictEqual(task.open, [`${id(60)}#1 claimed`])
  })
})

describe("doing again what failed", () => {
  const once = (): History => {
    const task = new History()
    task.schedule({ maxRetries: 0 })
    task.at(60_000).wake()
    task.claim(id(60))
    task.report(id(60), failed)
    return task
  }

  it("is a new execution for the same instant, with the definition that the task has now", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(600), maxRetries: 0 })
    task.at(600_000).wake()
    task.claim(id(600))
    task.report(id(600), failed)
    const renamed: Asked = {
      type: "change",
      ifRevision: undefined,
      apply: (definition) => Result.succeed({ definition: { ...definition, taskName: "mended" }, timed: false })
    }
    task.command(renamed)
    assert.strictEqual(task.at(700_000).command(retry(id(600)), "r1"), "due 600")
    const [, due] = dues(task)
    assert.deepInclude(due, { retryOf: id(600), retried: id(600), manual: true, taskName: "mended", attempt: 1 })
    assert.deepInclude(due, { dueAt: fromMillis(START + 700_000), nextAt: fromMillis(START + 1_200_000) })
    assert.strictEqual(named(due?.executionId ?? "")?.taskId, "task-1")
    assert.strictEqual(task.state?._tag === "live" ? task.state.runs : 0, 1)
  })

  it("names the first, however often it is done again, and one at a time", () => {
    const task = once()
    task.command(retry(id(60)))
    const first = lastDue(task)
    assert.strictEqual(task.command(retry(id(60))), "refused alreadyRetried")
    task.claim(first)
    assert.strictEqual(task.report(first, failed), "failure 1 exitCode")
    task.command(retry(first))
    assert.deepInclude(dues(task).at(-1), { retryOf: id(60), retried: first })
    assert.strictEqual(task.state?.phase, "completed")
  })

  it("goes one after another, unless the task lets its runs overlap", () => {
    for (const [overlap, second] of [
      ["skip", "buffered"],
      ["allowAll", "offered"]
    ] as const) {
      const task = new History()
      task.schedule({ recurrence: everySecond(60), maxRetries: 0, overlap })
      for (const at of [60, 120]) {
        task.at(at * 1000).wake()
        task.claim(id(at))
        task.report(id(at), failed)
      }
      task.command(retry(id(60)))
      task.command(retry(id(120)))
      assert.match(task.open[1] ?? "", new RegExp(second))
    }
  })

  it("of a sequence begins with the step that failed, also long after it is over, or anew", () => {
    const played = new Played([{ name: "a" }, { name: "b" }, { name: "c" }])
    assert.deepStrictEqual(played.play(["b"]), ["a", "b"])
    played.task.command(retry(id(60)))
    assert.deepStrictEqual(played.play(["b"]), ["b"])
    const again = dues(played.task).findLast(({ retryOf }) => retryOf !== undefined)?.executionId ?? ""
    // A newer one that ends well, and then its owner keeps nothing of those that failed.
    played.task.command(retry(again, true))
    assert.deepStrictEqual(played.play(), ["a", "b", "c"])
    assert.strictEqual(played.task.state?._tag, "ended")
    played.task.command(retry(again))
    const due = dues(played.task).findLast(({ resumes }) => resumes !== undefined)
    assert.strictEqual(due?.resumes?.fromStep, "b")
    assert.strictEqual(due?.resumes?.outcomes?.["a"]?.status, "completed")
    assert.deepStrictEqual(played.play(), ["b", "c"])
    assert.strictEqual(played.statuses, "a completed, b completed, c completed")
  })

  it("of a step is refused: its sequence is what is done again", () => {
    const played = new Played([{ name: "a" }])
    played.play(["a"])
    assert.strictEqual(played.task.command(retry(`${id(60)}.a`)), "refused invalidRequest")
  })
})

describe("a task that is over", () => {
  it("goes on from now under its id: nothing of the past, and without what was left out by hand", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60), maxRuns: 3 })
    task.at(60_000).wake()
    task.claim(id(60))
    task.report(id(60), done)
    task.command({ type: "skip", at: START + 360_000 })
    task.cancel()
    assert.strictEqual(task.at(310_000).command(restore()), "restored")
    assert.deepInclude(task.log.at(-1), { revision: 3, nextAt: fromMillis(START + 420_000) })
    task.at(420_000).wake()
    task.claim(id(420))
    task.report(id(420), done)
    // What ran before counts.
    assert.strictEqual(task.at(480_000).wake(), "due 480")
    assert.strictEqual(task.command({ type: "cancel" }), "cancelled")
    assert.strictEqual(task.command(restore()), "refused invalidSchedule")
  })

  it("keeps no definition, and has it again when it goes on", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60), taskArgs: { command: "date" } })
    task.cancel()
    assert.notInclude(JSON.stringify(task.state), "date")
    task.command(restore())
    assert.deepInclude(task.state?._tag === "live" ? task.state.definition : {}, { taskArgs: { command: "date" } })
  })

  it("still stops what it was told to stop", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60) })
    task.at(60_000).wake()
    task.claim(id(60))
    task.cancel()
    task.command(restore())
    assert.strictEqual(task.beat(id(60)), "stop")
    assert.strictEqual(task.report(id(60), failed), "failure 1 cancelled")
  })

  it("and runs once goes on where its instant is to come; one that has passed needs to be allowed, and none runs twice", () => {
    const task = new History()
    task.schedule()
    task.cancel()
    assert.strictEqual(task.command(restore()), "restored")
    task.cancel()
    assert.strictEqual(task.at(90_000).command(restore()), "refused invalidSchedule")
    assert.strictEqual(task.command(restore(true)), "restored")
    assert.strictEqual(task.wake(), "due 60")
    task.cancel()
    assert.strictEqual(task.command(restore(true)), "refused invalidSchedule")
  })
})

describe("taking back a change", () => {
  const change = (task: History, changes: Partial<TaskDefinition>, timed = false) =>
    task.command({
      type: "change",
      ifRevision: undefined,
      apply: (definition) => Result.succeed({ definition: { ...definition, ...changes }, timed })
    })
  const undo: Asked = { type: "revert", toRevision: undefined, ifRevision: undefined }

  it("brings back what was before, and done twice what was after", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60), taskName: "one" })
    change(task, { taskName: "two" })
    const name = () => (task.state?._tag === "live" ? task.state.definition.taskName : "")
    task.command(undo)
    assert.strictEqual(name(), "one")
    assert.deepInclude(task.log.at(-1), { revision: 3, revertsTo: 1 })
    task.command(undo)
    assert.strictEqual(name(), "two")
  })

  it("of when it runs gives it a next run after now; an instant that has passed does not come back", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60) })
    change(task.at(5000), { recurrence: everySecond(7) }, true)
    assert.strictEqual(task.at(605_000).command(undo), "rescheduled")
    assert.deepInclude(task.log.at(-1), { nextAt: fromMillis(START + 660_000), revertsTo: 1 })
    const single = new History()
    single.schedule()
    change(single, { recurrence: everySecond(60) }, true)
    assert.strictEqual(single.at(61_000).command(undo), "refused invalidSchedule")
  })

  it("to a revision finds the definition as it stood then, and refuses what there is not", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60), taskName: "one" })
    change(task, { taskName: "two" })
    task.command({ type: "pause", until: null })
    change(task, { taskName: "four" })
    const revert = (toRevision: number, ifRevision?: number): Asked => ({ type: "revert", toRevision, ifRevision })
    assert.strictEqual(task.command(revert(9)), "refused invalidRequest")
    assert.strictEqual(task.command(revert(4)), "refused nothingToRevert")
    assert.strictEqual(task.command(revert(3, 2)), "refused revisionConflict")
    assert.strictEqual(task.command(revert(3, 4)), "updated")
    assert.deepInclude(task.log.at(-1), { taskName: "two", revertsTo: 2 })
  })

  it("is possible for the newest 64 changes", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60) })
    for (let count = 1; count <= 100; count++) change(task, { taskName: `name ${count}` })
    assert.strictEqual(task.command({ type: "revert", toRevision: 5, ifRevision: undefined }), "refused invalidRequest")
    assert.strictEqual(task.command({ type: "revert", toRevision: 60, ifRevision: undefined }), "updated")
  })
})
