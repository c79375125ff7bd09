/** Running a task now, beside its schedule, and taking up a sequence that has failed. */
import { assert, describe, it } from "@effect/vitest"
import { evolve } from "../../../src/actors/task/Evolve.ts"
import type { TaskState } from "../../../src/actors/task/TaskState.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import type { EventOf, TaskEvent } from "../../../src/events/TaskEvent.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import { carried } from "../../../src/work/sequence/Resume.ts"
import { stepsOf } from "../../../src/work/sequence/SequencePlan.ts"
import { Played, planned } from "../../support/playedSequence.ts"
import { everySecond, failed, History } from "../../support/task.ts"

const done = (result: unknown = {}): Outcome => ({ outcome: "done", result: result as null })
const dues = (task: History): ReadonlyArray<EventOf<"due">> => task.log.filter((event) => event.type === "due")
const last = (task: History): string => dues(task).findLast(({ manual }) => manual === true)?.executionId ?? ""

const recurring = (changes: Partial<TaskDefinition> = {}) => {
  const task = new History()
  task.schedule({ recurrence: everySecond(60), ...changes })
  return task
}

describe("a run by hand", () => {
  it("begins now under an id of its own, and the schedule goes on as before", () => {
    const task = recurring()
    assert.strictEqual(task.at(5000).run(), "due 5")
    const [due] = dues(task)
    assert.deepInclude(due, { manual: true, nextAt: "2026-03-02T09:01:00.000Z", attempt: 1 })
    assert.match(due?.executionId ?? "", /^task-1@20260302T090005000Z-[0-9a-z]+$/)
    task.claim(last(task))
    assert.strictEqual(task.report(last(task), done()), "success 1")
    assert.strictEqual(task.at(60_000).wake(), "due 60")
  })

  it("is retried like any other, and stopped by a cancel", () => {
    const task = recurring()
    task.at(1000).run()
    task.claim(last(task))
    assert.strictEqual(task.report(last(task), failed), "retry 1 exitCode")
    assert.strictEqual(task.cancel(), "cancelled")
    assert.deepStrictEqual(task.open, [])
    assert.strictEqual(task.run(), "refused ended")
  })

  it("is not counted as one of the task's runs, and leaves a one-time task its time", () => {
    const limited = recurring({ maxRuns: 1 })
    limited.at(1000).run()
    limited.claim(last(limited))
    assert.strictEqual(limited.report(last(limited), done()), "success 1")
    assert.strictEqual(limited.at(60_000).wake(), "due 60")

    const once = new History()
    once.schedule()
    once.at(1000).run()
    once.claim(last(once))
    assert.strictEqual(once.report(last(once), done()), "success 1")
    assert.strictEqual(once.at(60_000).wake(), "due 60")
  })

  it("begins once, however often its command is sent; two commands of one instant begin two", () => {
    const task = recurring()
    task.at(1000).run(undefined, "again")
    const id = last(task)
    assert.strictEqual(task.at(2000).run(undefined, "again"), "known true")
    const { state } = task
    assert.strictEqual(state?.commands.find(({ commandId }) => commandId === "again")?.executionId, id)
    task.run(undefined, "a")
    task.run(undefined, "b")
    assert.strictEqual(new Set(dues(task).map(({ executionId }) => executionId)).size, 3)
  })

  it("is refused where there is no task, or it is over", () => {
    const nobody = new History()
    assert.strictEqual(nobody.run(), "refused notFound")
    const over = new History()
    over.schedule()
    over.at(60_000).wake()
    const [due] = dues(over)
    over.claim(due?.executionId ?? "")
    over.report(due?.executionId ?? "", done())
    assert.strictEqual(over.run(), "refused ended")
  })

  it("never makes a task forget the command that made it", () => {
    const task = recurring()
    for (let count = 1; count <= 40; count++) task.at(count * 10).run()
    assert.strictEqual(task.schedule({ recurrence: everySecond(60) }), "known false")
  })
})

const four = [{ name: "a" }, { name: "b" }, { name: "c" }, { name: "d" }]

describe("a sequence that has failed", () => {
  it("is taken up from the failed step: what ended well is not done again, and its results are there", () => {
    const played = new Played([
      { name: "a" },
      { name: "b" },
      { name: "c", args: { command: "echo {{ steps.a.result.by }}" } }
    ])
    assert.deepStrictEqual(played.play(["b"]), ["a", "b"])
    assert.strictEqual(played.task.log.at(-1)?.type, "completed")
    const { executionId: first } = dues(played.task)[0] ?? { executionId: "" }
    assert.include(played.task.at(70_000).run("b"), "due 70, started 1, due 70")
    assert.deepInclude(
      dues(played.task).findLast(({ manual }) => manual === true),
      {
        resumes: { executionId: first, fromStep: "b" }
      }
    )
    assert.deepStrictEqual(played.play(), ["b", "c"])
    assert.strictEqual(played.statuses, "a completed, b completed, c completed")
    assert.strictEqual(played.result.steps[0]?.executionId, `${first}.a`)
    const due = dues(played.task).findLast(({ stepName }) => stepName === "c")
    assert.deepStrictEqual(due?.stepArgs, { command: `echo ${first}.a` })
    assert.strictEqual(played.task.log.filter(({ type }) => type === "completed").length, 1)
  })

  it("is taken up from an earlier step, with all that depends on it", () => {
    const played = new Played(four)
    played.play(["d"])
    played.task.at(70_000).run("b")
    assert.deepStrictEqual(played.play(), ["b", "c", "d"])
  })

  it("can fail again, and be taken up again; once it has ended well there is nothing to take up", () => {
    const played = new Played(four)
    played.play(["c"])
    played.task.at(70_000).run("c")
    assert.deepStrictEqual(played.play(["d"]), ["c", "d"])
    played.task.at(80_000).run("d")
    assert.deepStrictEqual(played.play(), ["d"])
    assert.strictEqual(played.statuses, "a completed, b completed, c completed, d completed")
    assert.strictEqual(played.task.run("d"), "refused ended")
  })

  it("of a recurring task is the newest one; a later good one has overtaken it", () => {
    const played = new Played(four, { recurrence: everySecond(60) })
    played.play(["b"])
    played.task.at(120_000).wake()
    played.play()
    assert.strictEqual(played.task.run("b"), "refused invalidRequest")
  })

  it("runs whole where no step is named", () => {
    const played = new Played(four)
    played.play(["b"])
    played.task.at(70_000).run()
    assert.deepStrictEqual(played.play(), ["a", "b", "c", "d"])
  })

  it("is not taken up from a step that it has not, nor is what is no sequence", () => {
    const played = new Played(four)
    played.play(["b"])
    assert.strictEqual(played.task.run("e"), "refused invalidRequest")
    const plain = recurring()
    assert.strictEqual(plain.run("a"), "refused invalidRequest")
  })

  it("is the same after a restart: its state follows from its events alone", () => {
    const played = new Played(four)
    played.play(["c"])
    played.task.at(70_000).run("c")
    const again = played.task.log.reduce<TaskState | undefined>(
      (state, event: TaskEvent) => evolve(state, event, { sequence: 1 }, 0),
      undefined
    )
    const outcomes = (state: TaskState | undefined) =>
      state?._tag === "live" ? state.executions.find(({ stage }) => stage._tag === "steps")?.outcomes : undefined
    assert.deepStrictEqual(Object.keys(outcomes(again) ?? {}), ["a", "b"])
    assert.deepStrictEqual(outcomes(again), outcomes(played.task.state))
  })

  it("keeps failures that were passed over, and does again what hangs on the step by any way", () => {
    const steps = stepsOf(
      planned([
        { name: "a", dependsOn: [], onFailure: "continue" },
        { name: "b", dependsOn: [] },
        { name: "c", dependsOn: ["b"] },
        { name: "d", dependsOn: ["a", "c"] }
      ])
    )
    const outcomes = {
      a: { status: "failed" },
      b: { status: "completed" },
      c: { status: "completed" },
      d: { status: "failed" }
    } as const
    assert.deepStrictEqual(Object.keys(carried(steps, outcomes, "c")), ["a", "b"])
    assert.deepStrictEqual(Object.keys(carried(steps, outcomes, "d")), ["a", "b", "c"])
    assert.deepStrictEqual(Object.keys(carried(steps, outcomes, "a")), ["b", "c"])
  })
})
