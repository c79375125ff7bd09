/** What a task's bounds, spread and calendars do to its occurrences. */
import { assert, describe, it } from "@effect/vitest"
import type { ExcludedDays } from "../../../src/actors/task/ExcludedDays.ts"
import { wakeAt } from "../../../src/actors/task/TaskState.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import type { Days } from "../../../src/recurrence/Exclusions.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import { done, everySecond, History, START } from "../../support/task.ts"

const DAY = 86_400_000
const daily: TaskDefinition["recurrence"] = {
  kind: "cron",
  expression: "0 0 12 * * *",
  timezone: "UTC",
  gap: "nextValid",
  overlap: "first"
}
const NOON = START + 3 * 3_600_000

/** Days of every task that excludes any, as they are since a change of the calendars. */
const calendars = (changedAt: number, ...days: ReadonlyArray<string>): ExcludedDays => ({
  of: ({ exclude }) => (exclude === undefined ? [] : days.map((day): Days => ({ from: day, to: day }))),
  changedAt: ({ exclude }) => (exclude === undefined ? 0 : changedAt)
})

const nextAt = ({ state }: History): string | null =>
  state?._tag === "live" && state.nextAt !== null ? fromMillis(state.nextAt) : null

describe("a spread task", () => {
  const spread = { recurrence: everySecond(60), spreadMs: 50_000, offsetMs: 20_000 }

  it("is due by its own delay after each instant, and keeps both", () => {
    const task = new History()
    task.schedule(spread)
    assert.strictEqual(task.state === undefined ? null : wakeAt(task.state, 100), START + 80_000)
    assert.strictEqual(task.at(79_999).wake(), "")
    assert.strictEqual(task.at(80_000).wake(), "due 60")
    const due = task.log.at(-1)
    assert.deepStrictEqual(due?.type === "due" ? [due.nominalAt, due.dueAt] : [], [
      fromMillis(START + 60_000),
      fromMillis(START + 80_000)
    ])
    assert.strictEqual(nextAt(task), fromMillis(START + 120_000))
  })
  it("is late only when its delay has passed as well", () => {
    const task = new History()
    task.schedule({ ...spread, overlap: "allowAll", catchUp: "none" })
    assert.strictEqual(task.at(84_000).wake(), "due 60")
    assert.strictEqual(task.at(140_000 + 60_000 + 6000).wake(), "skipped catchUp 120-180 (2)")
  })
  it("runs once late, too, where it happens once", () => {
    const task = new History()
    task.schedule({ spreadMs: 30_000, offsetMs: 10_000 })
    assert.strictEqual(task.at(69_999).wake(), "")
    assert.strictEqual(task.at(70_000).wake(), "due 60")
  })
})

describe("a task with bounds", () => {
  it("has no occurrence before its start or after its end, and is completed after the last", () => {
    const task = new History()
    task.schedule({
      recurrence: everySecond(60),
      startAt: fromMillis(START + 150_000),
      endAt: fromMillis(START + 240_000),
      overlap: "allowAll"
    })
    assert.strictEqual(nextAt(task), fromMillis(START + 180_000))
    task.at(180_000).wake()
    assert.strictEqual(nextAt(task), fromMillis(START + 240_000))
    task.at(240_000).wake()
    assert.isNull(nextAt(task))
    for (const second of [180, 240]) {
      const id = executionIdOf("task-1", START + second * 1000)
      task.claim(id)
      task.report(id, done)
    }
    assert.strictEqual(task.log.at(-1)?.type, "completed")
  })
})

describe("a task that excludes days", () => {
  const working = { recurrence: daily, exclude: ["holidays"] }

  it("does not run on them, and the event says which calendars it went by", () => {
    const task = new History()
    task.excluded = calendars(7, "2026-03-02", "2026-03-03")
    task.schedule(working)
    assert.strictEqual(nextAt(task), "2026-03-04T12:00:00.000Z")
    const [scheduled] = task.log
    assert.strictEqual(scheduled?.type === "scheduled" ? scheduled.calendarsAt : null, 7)
  })
  it("moves to the next free day when a day is added, and back when it is taken away", () => {
    const task = new History()
    task.excluded = calendars(7)
    task.schedule(working)
    assert.strictEqual(nextAt(task), fromMillis(NOON))
    task.excluded = calendars(8, "2026-03-02")
    task.at(1000).wake()
    assert.strictEqual(task.log.at(-1)?.type, "rescheduled")
    assert.strictEqual(nextAt(task), "2026-03-03T12:00:00.000Z")
    task.excluded = calendars(9)
    task.at(2000).wake()
    assert.strictEqual(nextAt(task), fromMillis(NOON))
  })
  it("records nothing where a change of the calendars does not touch it", () => {
    const task = new History()
    task.excluded = calendars(7)
    task.schedule(working)
    task.excluded = calendars(8, "2026-07-01")
    assert.strictEqual(task.at(1000).wake(), "")
  })
  it("does not run what has passed on a day that is free again", () => {
    const task = new History()
    task.excluded = calendars(7, "2026-03-02")
    task.schedule(working)
    task.excluded = calendars(8)
    task.at(NOON - START + 60_000).wake()
    assert.strictEqual(nextAt(task), "2026-03-03T12:00:00.000Z")
    assert.isFalse(task.log.some(({ type }) => type === "due"))
  })
  it("still decides about an instant that had come before the day was excluded", () => {
    const task = new History()
    task.excluded = calendars(7)
    task.schedule(working)
    task.excluded = calendars(8, "2026-03-03")
    task.at(NOON - START + 1000).wake()
    task.wake()
    const due = task.log.findLast(({ type }) => type === "due")
    assert.strictEqual(due?.type === "due" ? due.nominalAt : null, fromMillis(NOON))
    assert.strictEqual(nextAt(task), "2026-03-04T12:00:00.000Z")
  })
  it("counts nothing on excluded days among what was missed", () => {
    const task = new History()
    task.excluded = calendars(7, "2026-03-03", "2026-03-04")
    task.schedule({ ...working, catchUp: "none" })
    task.at(NOON - START + 5 * DAY + 60_000).wake()
    const skipped = task.log.flatMap((event) => (event.type === "skipped" ? [event.count] : []))
    assert.strictEqual(
      skipped.reduce((sum, count) => sum + count, 0),
      4
    )
  })
  it("is completed when no day is left", () => {
    const task = new History()
    task.excluded = calendars(7)
    task.schedule({ ...working, endAt: "2026-03-02T23:00:00.000Z" })
    task.excluded = calendars(8, "2026-03-02")
    task.at(1000).wake()
    assert.deepStrictEqual(
      task.log.map(({ type }) => type),
      ["scheduled", "rescheduled", "completed"]
    )
  })
})
