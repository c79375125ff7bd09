/** Pausing, resuming, leaving out one occurrence, and changing a task. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { Refused } from "../../../src/actors/door/TaskRequest.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import type { EventOf } from "../../../src/events/TaskEvent.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import { definition, everySecond, History, START } from "../../support/task.ts"

const done: Outcome = { outcome: "done", result: null }
const minutely = (changes: Partial<TaskDefinition> = {}) => {
  const task = new History()
  task.schedule({ recurrence: everySecond(60), ...changes })
  return task
}
const origin = (commandId: string) => ({ taskId: "task-1", causedBy: { commandId, actor: "test" } })
let commands = 0
const pause = (task: History, until: number | null = null): string =>
  task.told(
    task.decide({ type: "pause", ...origin(`p${commands++}`), until: until === null ? null : START + until * 1000 })
  )
const resume = (task: History): string => task.told(task.decide({ type: "resume", ...origin(`r${commands++}`) }))
const skip = (task: History, seconds: number): string =>
  task.told(task.decide({ type: "skip", ...origin(`s${commands++}`), at: START + seconds * 1000 }))
const change = (task: History, changes: Partial<TaskDefinition>, timed: boolean, ifRevision?: number): string =>
  task.told(
    task.decide({
      type: "change",
      ...origin(`c${commands++}`),
      ifRevision,
      apply: (before) => Result.succeed({ definition: { ...before, ...changes }, timed })
    })
  )
const ends = (task: History): void => {
  const due = task.log.findLast((event): event is EventOf<"due"> => event.type === "due")
  task.claim(due?.executionId ?? "")
  task.report(due?.executionId ?? "", done)
}

describe("a paused task", () => {
  it("has nothing become due, and skips what it has missed when it goes on: all at once, with the reason", () => {
    const task = minutely()
    assert.strictEqual(pause(task.at(10_000)), "paused")
    assert.strictEqual(task.at(400_000).wake(), "")
    assert.strictEqual(resume(task), "skipped paused 60-360 (6), resumed")
    assert.strictEqual(task.at(419_000).wake(), "")
    assert.strictEqual(task.at(420_000).wake(), "due 420")
  })

  it("that has missed nothing goes on as if nothing had been", () => {
    const task = minutely()
    pause(task.at(10_000))
    assert.strictEqual(resume(task.at(20_000)), "resumed")
    assert.strictEqual(task.at(60_000).wake(), "due 60")
  })

  it("goes on by itself at the instant that was said, though nobody was there then", () => {
    const task = minutely()
    pause(task.at(10_000), 150)
    assert.strictEqual(task.at(149_000).wake(), "")
    // Nobody looked until later: what came after the pause is an outage, not a pause.
    assert.strictEqual(task.at(200_000).wake(), "skipped paused 60-120 (2), resumed")
    assert.strictEqual(task.wake(), "due 180")
  })

  it("that runs once runs when it goes on: late rather than never", () => {
    const task = new History()
    task.schedule()
    pause(task.at(10_000))
    assert.strictEqual(task.at(90_000).wake(), "")
    assert.strictEqual(resume(task), "resumed")
    assert.strictEqual(task.wake(), "due 60")
  })

  it("lets what is open go on, can be run by hand, changed and cancelled", () => {
    const task = minutely()
    task.at(60_000).wake()
    pause(task)
    ends(task)
    assert.strictEqual(task.run(), "due 60")
    ends(task)
    assert.strictEqual(change(task, { taskName: "other" }, false), "updated")
    assert.strictEqual(task.cancel(), "cancelled")
  })

  it("is completed where nothing is left to come", () => {
    const task = minutely({ endAt: fromMillis(START + 130_000) })
    pause(task.at(10_000))
    assert.strictEqual(resume(task.at(200_000)), "skipped paused 60-120 (2), resumed, completed")
  })

  it("is refused what makes no sense", () => {
    const task = minutely()
    assert.strictEqual(resume(task), "refused notPaused")
    assert.strictEqual(pause(task.at(10_000), 5), "refused invalidRequest")
    assert.strictEqual(pause(new History()), "refused notFound")
    task.cancel()
    assert.strictEqual(pause(task), "refused ended")
  })
})

describe("an occurrence that is left out", () => {
  it("is the next one, or a later one, and no other", () => {
    const task = minutely()
    assert.strictEqual(skip(task, 60), "skipped skippedByUser 60-60 (1)")
    assert.strictEqual(skip(task, 180), "skipped skippedByUser 180-180 (1)")
    assert.strictEqual(task.at(60_000).wake(), "")
    assert.strictEqual(task.at(120_000).wake(), "due 120")
    ends(task)
    assert.strictEqual(task.at(180_000).wake(), "")
    assert.strictEqual(task.at(240_000).wake(), "due 240")
    assert.deepStrictEqual(task.state?._tag === "live" ? task.state.leftOut : undefined, [])
  })

  it("is decided once: it is not among what was missed", () => {
    const task = minutely({ catchUp: "none" })
    for (const at of [120, 240]) skip(task, at)
    assert.strictEqual(task.at(290_000).wake(), "skipped catchUp 60-180 (2)")
    assert.strictEqual(task.at(300_000).wake(), "due 300")
  })

  it("counts no more once the task has another schedule, of which it is no instant", () => {
    const task = minutely({ catchUp: "none" })
    skip(task, 240)
    assert.strictEqual(change(task, { recurrence: everySecond(50) }, true), "rescheduled")
    assert.strictEqual(task.at(290_000).wake(), "skipped catchUp 50-250 (5)")
  })

  it("is refused where there is none, it has passed, or has been decided", () => {
    const task = minutely()
    assert.strictEqual(skip(task, 61), "refused invalidRequest")
    task.at(60_000).wake()
    assert.strictEqual(skip(task, 60), "refused invalidRequest")
    skip(task, 180)
    assert.strictEqual(skip(task, 180), "refused invalidRequest")
  })

  it("has passed at its own instant; with a delay it can be left out until that is over", () => {
    const task = minutely()
    assert.strictEqual(skip(task.at(60_000), 60), "refused invalidRequest")
    assert.strictEqual(skip(task.at(59_999), 60), "skipped skippedByUser 60-60 (1)")
    const late = minutely({ offsetMs: 20_000 })
    assert.strictEqual(skip(late.at(80_000), 60), "refused invalidRequest")
    assert.strictEqual(skip(late.at(79_999), 60), "skipped skippedByUser 60-60 (1)")
  })

  it("that there is not is told with the next that there is", () => {
    const said = (task: History, seconds: number): string => {
      const decided = task.decide({
        type: "skip",
        taskId: task.taskId,
        at: START + seconds * 1000,
        causedBy: { commandId: `skip ${seconds}`, actor: "test" }
      })
      return Result.isFailure(decided) ? decided.failure.message : "left out"
    }
    const task = minutely({ endAt: "2026-03-02T09:02:30.000Z" })
    assert.strictEqual(
      said(task, 61),
      "task task-1 has no occurrence at 2026-03-02T09:01:01.000Z; the next one after it is 2026-03-02T09:02:00.000Z"
    )
    assert.strictEqual(said(task, 180), "task task-1 has no occurrence at 2026-03-02T09:03:00.000Z")
    const messages = minutely({ recurrence: { kind: "subject", subject: "orders.created" } })
    assert.strictEqual(said(messages, 60), "messages start task task-1: it has no instant that could be left out")
  })

  it("that is the last leaves a task over only when nothing of it is open", () => {
    const task = minutely({ endAt: "2026-03-02T09:02:30.000Z" })
    task.at(60_000).wake()
    assert.strictEqual(skip(task, 120), "skipped skippedByUser 120-120 (1)")
    const idle = minutely({ endAt: "2026-03-02T09:01:30.000Z" })
    assert.strictEqual(skip(idle, 60), "skipped skippedByUser 60-60 (1), completed")
  })

  it("is the end of a task that runs once", () => {
    const task = new History()
    task.schedule()
    assert.strictEqual(skip(task, 60), "skipped skippedByUser 60-60 (1), completed")
  })
})

describe("a change of a task", () => {
  it("to another schedule begins now: what has passed by it does not run", () => {
    const task = minutely()
    assert.strictEqual(change(task.at(130_500), { recurrence: everySecond(10) }, true), "rescheduled")
    assert.strictEqual(task.wake(), "")
    assert.strictEqual(task.at(140_000).wake(), "due 140")
  })

  it("of anything else leaves its next run, and its open execution, as they are", () => {
    const task = minutely()
    task.at(60_000).wake()
    assert.strictEqual(change(task, { maxRetries: 0 }, false), "updated")
    const { executionId } = task.log.findLast((event): event is EventOf<"due"> => event.type === "due") ?? {
      executionId: ""
    }
    task.claim(executionId)
    assert.strictEqual(
      task.report(executionId, { outcome: "failed", error: { code: "x", message: "" } }),
      "failure 1 x"
    )
    assert.strictEqual(task.at(120_000).wake(), "due 120")
  })

  it("is refused where somebody else has changed it meanwhile: no change is lost", () => {
    const task = minutely()
    assert.strictEqual(change(task, { taskName: "mine" }, false, 1), "updated")
    assert.strictEqual(change(task, { taskName: "yours" }, false, 1), "refused revisionConflict")
    assert.strictEqual(change(task, { taskName: "yours" }, false, 2), "updated")
    assert.strictEqual(task.state?.revision, 3)
  })

  it("is refused where nothing would run any more, the rule refuses it, or the task is over", () => {
    const task = minutely()
    assert.strictEqual(change(task.at(1000), { endAt: fromMillis(START + 500) }, true), "refused invalidSchedule")
    const told = task.decide({
      type: "change",
      ...origin("no"),
      ifRevision: undefined,
      apply: () => Result.fail(new Refused({ code: "invalidArgs", message: "no" }))
    })
    assert.strictEqual(task.told(told), "refused invalidArgs")
    assert.deepStrictEqual(task.state?._tag === "live" ? task.state.definition : undefined, {
      ...definition({ recurrence: everySecond(60) })
    })
    task.cancel()
    assert.strictEqual(change(task, {}, false), "refused ended")
  })
})
