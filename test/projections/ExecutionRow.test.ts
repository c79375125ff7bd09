/** What rows of executions keep, and what they leave out. */
import { assert, describe, it } from "@effect/vitest"
import { executionAfter, executionsOf } from "../../src/projections/ExecutionRow.ts"
import type { TaskExecution } from "../../src/projections/TaskExecution.ts"
import { taskAfter, type TaskRow } from "../../src/projections/TaskRow.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { TaskArgs } from "../../src/events/TaskDefinition.ts"
import { done, History, START } from "../support/task.ts"

const rowsOf = (log: ReadonlyArray<TaskEvent>): ReadonlyMap<string, TaskExecution> => {
  const rows = new Map<string, TaskExecution>()
  for (const event of log) {
    for (const id of executionsOf(event)) {
      const row = executionAfter(rows.get(id), event, id)
      if (row !== undefined) rows.set(id, row)
    }
  }
  return rows
}

describe("the row of an execution", () => {
  it("shows the newest fifty attempts, with the beginnings of what they said", () => {
    const task = new History()
    task.schedule({ maxRetries: 0 })
    task.at(60_000).wake()
    const id = executionIdOf("task-1", START + 60_000)
    for (let attempt = 1; attempt <= 80; attempt++) {
      task.at(60_000 + attempt * 1000).wake()
      assert.strictEqual(task.claim(id, attempt), "granted")
      const error = { code: "later", message: "x".repeat(5000) }
      task.report(id, { outcome: "comeBackLater", delayMs: 0, error }, attempt)
    }
    const row = rowsOf(task.log).get(id)
    assert.deepStrictEqual(
      row?.attempts.map(({ attempt }) => attempt),
      Array.from({ length: 50 }, (_, index) => 31 + index)
    )
    assert.isAtMost(JSON.stringify(row?.attempts).length, 70_000)
  })
  it("of a step names its sequence, its name and its type, and leaves the task's own progress alone", () => {
    const step = (name: string) => ({
      name,
      type: "shell_command",
      args: { command: "true" },
      queue: "shell_command",
      dependsOn: [],
      onFailure: "stop"
    })
    const taskArgs: TaskArgs = { steps: [step("a"), step("b")] }
    const task = new History()
    task.schedule({ taskType: "sequence", queue: "sequence", taskArgs })
    task.at(60_000).wake()
    const parent = executionIdOf("task-1", START + 60_000)
    task.claim(`${parent}.a`)
    task.report(`${parent}.a`, done)
    const row = rowsOf(task.log).get(`${parent}.a`)
    assert.deepStrictEqual(
      [row?.parentExecutionId, row?.stepName, row?.taskType, row?.status],
      [parent, "a", "shell_command", "completed"]
    )
    const folded = () => task.log.reduce((before: TaskRow | undefined, event) => taskAfter(before, event), undefined)
    assert.deepStrictEqual([folded()?.progress.runCount, folded()?.progress.status], [0, "running"])
    task.claim(`${parent}.b`)
    task.report(`${parent}.b`, done)
    assert.deepStrictEqual([folded()?.progress.runCount, folded()?.progress.status], [1, "completed"])
    assert.strictEqual(rowsOf(task.log).size, 3)
  })
})
