/** Running occurrences of the past. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import type { EventOf } from "../../../src/events/TaskEvent.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import { History, START } from "../../support/task.ts"

const done: Outcome = { outcome: "done", result: null }
const minutely = (changes: Partial<TaskDefinition> = {}) => {
  const task = new History()
  task.schedule({
    recurrence: { kind: "interval", everyMs: 60_000, anchorAt: fromMillis(START - 86_400_000) },
    ...changes
  })
  return task
}
let commands = 0
const backfill = (task: History, from: number, to: number, atOnce = false, commandId = `b${commands++}`): string =>
  task.told(
    task.decide({
      type: "backfill",
      taskId: task.taskId,
      from: START + from * 1000,
      to: START + to * 1000,
      atOnce,
      causedBy: { commandId, actor: "test" }
    })
  )
const dues = (task: History): ReadonlyArray<EventOf<"due">> =>
  task.log.filter((event): event is EventOf<"due"> => event.type === "due")
const stages = (task: History): string => task.open.map((one) => one.split(" ")[1]).join(" ")

describe("a backfill", () => {
  it("takes the instants from the first to before the second, one after another, oldest first", () => {
    const task = minutely()
    assert.strictEqual(backfill(task.at(30_000), -240, -60), "due -240, due -180, due -120")
    assert.strictEqual(stages(task), "offered buffered buffered")
    for (const { executionId, nominalAt } of dues(task)) {
      assert.strictEqual(task.claim(executionId), "granted", nominalAt)
      task.report(executionId, done)
    }
    assert.strictEqual(stages(task), "")
    assert.isTrue(dues(task).every(({ dueAt, manual }) => manual === true && dueAt === fromMillis(START + 30_000)))
  })

  it("has bounds: not empty, not of the future, of what has instants, and of so many at most", () => {
    const words = (task: History, from: number, to: number): string => {
      const decided = task.decide({
        type: "backfill",
        taskId: task.taskId,
        from: START + from * 1000,
        to: START + to * 1000,
        atOnce: true,
        causedBy: { commandId: `b${commands++}`, actor: "test" }
      })
      return Result.isFailure(decided) ? decided.failure.message.replace(/[:;].*/, "") : "taken"
    }
    const task = minutely().at(0)
    assert.strictEqual(words(task, -60, -60), "the range is empty")
    assert.strictEqual(words(task, -60, -61), "the range is empty")
    assert.strictEqual(words(task, -60, 1), "2026-03-02T09")
    assert.strictEqual(words(task, -60, 0), "taken", "up to now")
    assert.strictEqual(words(minutely().at(0), -500 * 60, 0), "taken", "500 of them")
    assert.strictEqual(words(minutely().at(0), -501 * 60, 0), "there are 501 occurrences from 2026-03-02T00")
    assert.strictEqual(words(minutely().at(0), -30, -20), "task task-1 has no occurrence from 2026-03-02T08")
    const once = minutely({ recurrence: { kind: "once", at: fromMillis(START + 60_000) } })
    assert.strictEqual(words(once, -60, 0), "a task that runs once has nothing to be filled in")
    const messages = minutely({ recurrence: { kind: "subject", subject: "orders.created" } })
    assert.strictEqual(words(messages, -60, 0), "messages start task task-1")
  })

  it("waits for one that was asked for before; all at once waits for none, nor for what its own steps do", () => {
    const task = minutely()
    task.at(30_000).run()
    assert.strictEqual(backfill(task, -120, 0, true), "due -120, due -60")
    assert.strictEqual(stages(task), "offered offered offered")
    assert.strictEqual(backfill(task, -240, -180), "due -240")
    assert.strictEqual(stages(task), "offered offered offered buffered")
  })

  it("all at once, where that is asked for", () => {
    const task = minutely()
    backfill(task.at(30_000), -240, -60, true)
    assert.strictEqual(stages(task), "offered offered offered")
  })

  it("never keeps the schedule waiting, nor is kept waiting by it", () => {
    const task = minutely({ overlap: "skip" })
    backfill(task.at(30_000), -240, -60)
    assert.strictEqual(task.at(60_000).wake(), "due 60")
    assert.strictEqual(stages(task), "offered buffered buffered offered")
    const [first] = dues(task)
    task.claim(first?.executionId ?? "")
    task.report(first?.executionId ?? "", done)
    assert.strictEqual(stages(task), "offered buffered offered")
  })

  it("that follows another waits for its end; each has executions of its own", () => {
    const task = minutely()
    backfill(task.at(30_000), -120, -60)
    backfill(task, -120, -60)
    assert.strictEqual(stages(task), "offered buffered")
    assert.strictEqual(new Set(dues(task).map(({ executionId }) => executionId)).size, 2)
  })

  it("is begun once, however often its command is sent, and is remembered as one command", () => {
    const task = minutely()
    backfill(task.at(30_000), -240, -60, false, "again")
    assert.strictEqual(backfill(task, -240, -60, false, "again"), "known true")
    const known = task.state?.commands.filter(({ commandId }) => commandId === "again")
    assert.strictEqual(known?.length, 1)
    assert.strictEqual(known?.[0]?.executions, 3)
  })

  it("works while the task is paused, and does not count as its runs", () => {
    const task = minutely({ maxRuns: 2 })
    task.decide({ type: "pause", taskId: task.taskId, until: null, causedBy: { commandId: "p", actor: "test" } })
    assert.strictEqual(backfill(task.at(30_000), -240, -60), "due -240, due -180, due -120")
    assert.strictEqual(task.state?._tag === "live" ? task.state.runs : undefined, 0)
  })

  it("is refused where the range is empty, lies ahead, has nothing in it, or too much", () => {
    const task = minutely()
    for (const [from, to] of [
      [-60, -60],
      [-60, 600],
      [-59, -1],
      [-86_400, -60]
    ] as const) {
      assert.strictEqual(backfill(task, from, to), "refused invalidRequest", `${from} ${to}`)
    }
    const once = new History()
    once.schedule()
    assert.strictEqual(backfill(once.at(30_000), -240, -60), "refused invalidRequest")
    assert.strictEqual(backfill(new History(), -240, -60), "refused notFound")
  })
})
