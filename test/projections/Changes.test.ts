/** Who changed what of a task, and how its executions stand to one another. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { EventLog } from "../../src/events/EventLog.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import { Queries } from "../../src/projections/Queries.ts"
import * as ReadModels from "../../src/projections/ReadModels.ts"
import { appendEvents } from "../support/events.ts"
import { done, everySecond, failed, History, START } from "../support/task.ts"

const memory = ReadModels.layer({ file: ":memory:" }).pipe(Layer.provideMerge(EventLog.layerMemory))
const test = (name: string, body: Effect.Effect<void, unknown, EventLog | Queries>) =>
  it.live(name, () => body.pipe(Effect.provide(Layer.fresh(memory), { local: true })))

const id = (seconds: number): string => executionIdOf("task-1", START + seconds * 1000)
const change = (task: History, changes: Partial<TaskDefinition>, reason?: string) =>
  task.command(
    {
      type: "change",
      ifRevision: undefined,
      apply: (definition) => Result.succeed({ definition: { ...definition, ...changes }, timed: false })
    },
    undefined,
    reason
  )

/** Changed twice, paused, resumed, changed back, cancelled and restored. */
const eventful = (): History => {
  const task = new History()
  task.schedule({ recurrence: everySecond(60), taskArgs: { command: "true", env: { A: "1" } } })
  change(task, { taskArgs: { command: "date", env: { A: "1" } }, maxRetries: 5 }, "the old one was slow")
  task.command({ type: "pause", until: null })
  task.command({ type: "resume" })
  task.command({ type: "revert", toRevision: undefined, ifRevision: undefined })
  task.cancel()
  task.command({ type: "restore", allowPast: false })
  return task
}

describe("the changes of a task", () => {
  test(
    "are told field by field, newest first, with who, when, why and by which command",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = eventful()
      const after = yield* appendEvents(task.log, 0)
      const { items, lastSet } = yield* queries.changes({ id: "task", after })
      assert.deepStrictEqual(
        items.map(({ changes, event, revision, revertsTo }) => [
          revision,
          event,
          revertsTo,
          changes.map(({ field, from, to }) => `${field}: ${JSON.stringify(from)} → ${JSON.stringify(to)}`).join(", ")
        ]),
        [
          [7, "restored", null, 'status: "cancelled" → "scheduled"'],
          [6, "cancelled", null, 'status: "scheduled" → "cancelled"'],
          [5, "updated", 1, 'maxRetries: 5 → 3, taskArgs.command: "date" → "true"'],
          [4, "resumed", null, 'status: "paused" → "scheduled"'],
          [3, "paused", null, 'status: "scheduled" → "paused"'],
          [2, "updated", null, 'maxRetries: 3 → 5, taskArgs.command: "true" → "date"'],
          [1, "scheduled", null, ""]
        ]
      )
      assert.deepInclude(items.at(-2), { actor: "test", commandId: "c2", reason: "the old one was slow" })
      const setBy = (name: string) => lastSet.find(({ field }) => field === name)?.revision
      assert.deepStrictEqual(["taskArgs.command", "taskArgs.env", "status", "queue"].map(setBy), [5, 1, 7, 1])
    })
  )

  test(
    "are told of one field with the value with which it began, and in pages",
    Effect.gen(function* () {
      const queries = yield* Queries
      const after = yield* appendEvents(eventful().log, 0)
      const { items, lastSet } = yield* queries.changes({ id: "task-1", field: "taskArgs.command", after })
      assert.deepStrictEqual(
        items.map(({ changes, revision }) => [revision, changes[0]?.from, changes[0]?.to]),
        [
          [5, "date", "true"],
          [2, "true", "date"],
          [1, null, "true"]
        ]
      )
      assert.deepStrictEqual(
        lastSet.map(({ field, revision }) => [field, revision]),
        [["taskArgs.command", 5]]
      )
      const first = yield* queries.changes({ id: "task-1", limit: 3 })
      const second = yield* queries.changes({ id: "task-1", limit: 10, before: first.nextBefore ?? 0 })
      assert.deepStrictEqual(
        [...first.items, ...second.items].map(({ revision }) => revision),
        [7, 6, 5, 4, 3, 2, 1]
      )
      assert.isNull(second.nextBefore)
      const whole = yield* queries.changes({ id: "task-1", field: "taskArgs" })
      assert.deepStrictEqual(
        whole.items.at(-1)?.changes.map(({ field }) => field),
        ["taskArgs.command", "taskArgs.env"]
      )
    })
  )

  test(
    "shorten what is very long",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History()
      task.schedule()
      change(task, { taskArgs: { command: "x".repeat(5000) } })
      const after = yield* appendEvents(task.log, 0)
      const [newest] = (yield* queries.changes({ id: "task-1", after })).items
      assert.match(String(newest?.changes[0]?.to), /^"x{199}… \(5002 characters\)$/)
    })
  )
})

describe("executions", () => {
  test(
    "that wait for their turn say so until it has come",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History()
      task.schedule({ recurrence: everySecond(60), overlap: "bufferAll" })
      task.at(60_000).wake()
      task.claim(id(60))
      for (const now of [65_000, 74_000, 83_000, 92_000, 101_000, 110_000, 119_000]) task.at(now).beat(id(60))
      task.at(120_000).wake()
      for (const now of [128_000, 137_000, 146_000, 155_000, 164_000, 173_000]) task.at(now).beat(id(60))
      task.at(180_000).wake()
      const waits = Effect.fnUntraced(function* (after: number) {
        const { items } = yield* queries.executions({ taskId: "task-1", after })
        return items.map(({ waitsFor }) => waitsFor)
      })
      const first = yield* appendEvents(task.log, 0)
      assert.deepStrictEqual(yield* waits(first), ["overlap", "overlap", null])
      const before = task.log.length
      task.report(id(60), done)
      const second = yield* appendEvents(task.log.slice(before), first)
      assert.deepStrictEqual(yield* waits(second), ["overlap", null, null])
      assert.isNull((yield* queries.execution({ id: id(120) })).waitsFor)
      assert.strictEqual((yield* queries.execution({ id: id(180) })).waitsFor, "overlap")
    })
  )

  test(
    "name the first of which they are retries, their newest retry, and where their end stands",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History()
      task.schedule({ maxRetries: 0 })
      task.at(60_000).wake()
      task.claim(id(60))
      task.report(id(60), failed)
      const again = (executionId: string) => {
        task.command({ type: "retry", executionId, fromStart: false, endedAt: undefined })
        const due = task.log.findLast((event) => event.type === "due")?.executionId ?? ""
        task.claim(due)
        task.report(due, failed)
        return due
      }
      const first = again(id(60))
      const second = again(first)
      const after = yield* appendEvents(task.log, 0)
      const shown = yield* Effect.forEach([id(60), first, second], (one) => queries.execution({ id: one, after }))
      assert.deepStrictEqual(
        shown.map(({ retriedBy, retryOf }) => [retryOf, retriedBy]),
        [
          [null, second],
          [id(60), second],
          [id(60), null]
        ]
      )
      assert.deepStrictEqual(
        shown.map(({ endLogSequence }) => endLogSequence),
        [after, after, after]
      )
      assert.strictEqual((yield* queries.task({ id: "task-1" })).task.status, "failed")
    })
  )

  test(
    "of a task that is over are running where they are retried, and end it as they end",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History()
      task.schedule({ maxRetries: 0 })
      task.at(60_000).wake()
      task.claim(id(60))
      task.report(id(60), failed)
      task.command({ type: "retry", executionId: id(60), fromStart: false, endedAt: undefined })
      const due = task.log.findLast((event) => event.type === "due")?.executionId ?? ""
      task.claim(due)
      task.at(61_000).wake()
      const first = yield* appendEvents(task.log, 0)
      assert.strictEqual((yield* queries.task({ id: "task-1", after: first })).task.status, "running")
      const before = task.log.length
      task.report(due, done)
      const second = yield* appendEvents(task.log.slice(before), first)
      assert.strictEqual((yield* queries.task({ id: "task-1", after: second })).task.status, "completed")
    })
  )
})
