/** Running occurrences of the past. */
import { assert, describe, it } from "@effect/vitest"
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
