import { assert, describe, it } from "@effect/vitest"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { EventOf, TaskEvent } from "../../src/events/TaskEvent.ts"
import { executionAfter } from "../../src/projections/ExecutionRow.ts"
import type { TaskExecution } from "../../src/projections/TaskExecution.ts"
import { type TaskRow, taskAfter } from "../../src/projections/TaskRow.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import { firstExecution, scheduled } from "../support/events.ts"
import { done, everySecond, failed, History, START } from "../support/task.ts"

const folded = (events: ReadonlyArray<TaskEvent>): TaskRow => {
  const row = events.reduce<TaskRow | undefined>(taskAfter, undefined)
  assert.isDefined(row)
  return row
}
const shown = (events: ReadonlyArray<TaskEvent>) => folded(events).progress

const executionOf = (events: ReadonlyArray<TaskEvent>, id: string): TaskExecution => {
  const row = events.reduce<TaskExecution | undefined>((before, event) => executionAfter(before, event, id), undefined)
  assert.isDefined(row)
  return row
}

/** What every event of a task that was scheduled at the start says. */
const head = (events: ReadonlyArray<TaskEvent>, seconds: number) => {
  const [first] = events
  assert.isDefined(first)
  const { causedBy, revision, scheduleType, taskId, taskName, taskType } = first
  const time = fromMillis(START + seconds * 1000)
  return { version: 1 as const, time, taskId, taskName, taskType, scheduleType, revision, causedBy }
}

const at = (seconds: number): string => fromMillis(START + seconds * 1000)

const success = (events: ReadonlyArray<TaskEvent>, executionId: string, seconds: number): EventOf<"success"> => ({
  ...head(events, seconds),
  type: "success",
  executionId,
  nominalAt: at(seconds),
  dueAt: at(seconds),
  attempt: 1,
  worker: "w1",
  startedAt: at(seconds),
  finishedAt: at(seconds),
  durationMs: 0,
  result: null
})

const paused = (events: ReadonlyArray<TaskEvent>): EventOf<"paused"> => ({
  ...head(events, 1),
  type: "paused",
  causedBy: { commandId: "c9", actor: "test", reason: "holiday" },
  revision: 2,
  until: at(3600)
})

describe("the row of a task", () => {
  it("counts its runs, and not those by hand", () => {
    const task = new History("task-1")
    task.schedule({ recurrence: everySecond(60) })
    task.at(1000).run()
    task.at(60_000).wake()
    for (const event of task.log.filter((one): one is EventOf<"due"> => one.type === "due")) {
      task.claim(event.executionId)
      task.report(event.executionId, done)
    }
    assert.strictEqual(shown(task.log).runCount, 1)
    assert.deepStrictEqual(folded(task.log).byHand, [])
  })

  it("is running while an execution that has begun waits for its next attempt, and until that has ended", () => {
    const task = new History("task-1")
    task.schedule({ recurrence: everySecond(60) })
    task.at(60_000).wake()
    assert.strictEqual(shown(task.log).status, "scheduled")
    task.claim(firstExecution("task-1"))
    task.report(firstExecution("task-1"), failed)
    assert.strictEqual(shown(task.log).status, "running")
    assert.strictEqual(shown(task.log).lastStatus, "retrying")
    assert.strictEqual(shown(task.log).retryCount, 1)
    task.at(61_500).wake()
    task.claim(firstExecution("task-1"), 2)
    task.report(firstExecution("task-1"), done, 2)
    assert.strictEqual(shown(task.log).status, "scheduled")
    assert.isNull(shown(task.log).lastError)
    task.at(120_000).wake()
    assert.strictEqual(shown(task.log).retryCount, 0)
  })

  it("shows the newest start, though an execution that began before ends after it", () => {
    const task = new History("task-1")
    task.schedule({ recurrence: everySecond(1), overlap: "allowAll" })
    const [one, two] = [executionIdOf("task-1", START + 1000), executionIdOf("task-1", START + 2000)]
    task.at(1000).wake()
    task.claim(one)
    task.at(1200).wake()
    task.at(2000).wake()
    task.claim(two)
    task.at(2200).wake()
    task.at(2500).report(two, done)
    assert.strictEqual(shown(task.log).status, "running")
    const late = [...task.log, { ...success(task.log, one, 3), startedAt: at(1) }]
    assert.strictEqual(shown(late).lastRunAt, at(2.5))
    assert.strictEqual(shown(late).runCount, 2)
    assert.strictEqual(shown(late).status, "scheduled")
  })

  it("stays scheduled when a one-time task was run by hand before its time", () => {
    const events = scheduled("task-1")
    const byHand: EventOf<"due"> = {
      ...head(events, 5),
      type: "due",
      executionId: "task-1-by-hand",
      nominalAt: at(5),
      dueAt: at(5),
      attempt: 1,
      nextAt: at(60),
      manual: true
    }
    const row = folded([...events, byHand, success(events, "task-1-by-hand", 6)])
    assert.strictEqual(row.progress.status, "scheduled")
    assert.strictEqual(row.progress.nextNominalAt, at(60))
    assert.isNull(row.overAt)
  })

  it("is paused until it is resumed, and says why and until when", () => {
    const events = scheduled("task-1")
    const stopped = shown([...events, paused(events)])
    assert.strictEqual(stopped.status, "paused")
    assert.strictEqual(stopped.pausedUntil, at(3600))
    assert.strictEqual(stopped.pauseReason, "holiday")
    assert.strictEqual(stopped.revision, 2)
    const resumed: EventOf<"resumed"> = { ...head(events, 2), type: "resumed", revision: 3, nextAt: at(60) }
    const again = shown([...events, paused(events), resumed])
    assert.strictEqual(again.status, "scheduled")
    assert.isNull(again.pausedUntil)
    assert.isNull(again.pauseReason)
  })

  it("takes its next run and its kind from a new schedule", () => {
    const events = scheduled("task-1")
    const [first] = events
    assert.isTrue(first?.type === "scheduled")
    if (first?.type !== "scheduled") return
    const rescheduled: EventOf<"rescheduled"> = {
      ...first,
      type: "rescheduled",
      time: at(5),
      revision: 2,
      scheduleType: "recurring",
      nextAt: at(300)
    }
    const row = shown([...events, rescheduled])
    assert.strictEqual(row.nextNominalAt, at(300))
    assert.strictEqual(row.scheduleType, "recurring")
    assert.strictEqual(row.updatedAt, at(5))
    assert.strictEqual(row.createdAt, at(0))
  })

  it("stays cancelled from then on, whatever the execution that was running says at its end", () => {
    const task = new History("task-1")
    task.schedule()
    task.at(60_000).wake()
    task.claim(firstExecution("task-1"))
    task.at(60_200).wake()
    task.at(61_000).cancel()
    task
      .at(62_000)
      .report(firstExecution("task-1"), { outcome: "cancelled", error: { code: "stopped", message: "asked to stop" } })
    const row = folded(task.log)
    assert.strictEqual(row.progress.status, "cancelled")
    assert.strictEqual(row.progress.lastStatus, "cancelled")
    assert.strictEqual(row.overAt, at(61))
    assert.strictEqual(executionOf(task.log, firstExecution("task-1")).status, "cancelled")
  })

  it("of a recurring task is completed after its last run, though that failed", () => {
    const task = new History("task-1")
    task.schedule({ recurrence: everySecond(60), maxRuns: 1, maxRetries: 0 })
    task.at(60_000).wake()
    task.claim(firstExecution("task-1"))
    task.report(firstExecution("task-1"), failed)
    assert.strictEqual(shown(task.log).status, "completed")
    assert.strictEqual(shown(task.log).lastStatus, "failed")
  })
})

describe("the row of an execution", () => {
  it("becomes due when its instant was skipped first and is run after all", () => {
    const events = scheduled("task-1")
    const id = firstExecution("task-1")
    const skipped: EventOf<"skipped"> = {
      ...head(events, 60),
      type: "skipped",
      reason: "superseded",
      nominalAt: at(60),
      throughAt: at(60),
      count: 1,
      nextAt: null
    }
    const due: EventOf<"due"> = {
      ...head(events, 61),
      type: "due",
      executionId: id,
      nominalAt: at(60),
      dueAt: at(61),
      attempt: 1,
      nextAt: null
    }
    const before = executionOf([skipped], id)
    assert.deepStrictEqual(
      [before.status, before.errorCode, before.errorMessage],
      ["skipped", "superseded", "skipped (superseded)"]
    )
    const after = executionOf([skipped, due], id)
    assert.deepStrictEqual([after.status, after.dueAt, after.errorCode], ["queued", at(61), null])
  })

  it("is as late as its first attempt, and takes as long as its last", () => {
    const task = new History("task-1")
    const id = firstExecution("task-1")
    task.schedule()
    task.at(60_000).wake()
    task.claim(id)
    task.at(60_070).report(id, failed)
    task.at(62_000).wake()
    task.claim(id, 2)
    task.at(62_500).report(id, done, 2)
    const row = executionOf(task.log, id)
    assert.strictEqual(row.latenessMs, 70)
    assert.strictEqual(row.durationMs, 0)
    assert.strictEqual(row.startedAt, at(60.07))
    assert.strictEqual(row.completedAt, at(62.5))
    assert.strictEqual(row.attempt, 2)
  })
})
