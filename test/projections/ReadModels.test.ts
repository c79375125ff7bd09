import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { type ExecutionsQuery, Queries, type TasksPage, type TasksQuery } from "../../src/projections/Queries.ts"
import * as ReadModels from "../../src/projections/ReadModels.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import { appendEvents, firstExecution as first, retried, scheduled } from "../support/events.ts"
import { done, everySecond, failed, History, START } from "../support/task.ts"

const memory = (patienceMs?: number) =>
  ReadModels.layer({ file: ":memory:", ...(patienceMs === undefined ? {} : { patienceMs }) }).pipe(
    Layer.provideMerge(EventLog.layerMemory)
  )

const test = (name: string, body: Effect.Effect<void, unknown, EventLog | Queries>, patienceMs?: number) =>
  it.live(name, () => body.pipe(Effect.provide(memory(patienceMs), { local: true })))

describe("the read models", () => {
  test(
    "show a task and its execution as the events tell it, attempts and output included",
    Effect.gen(function* () {
      const queries = yield* Queries
      const after = yield* appendEvents(retried("task-1").log, 0)
      const { task } = yield* queries.task({ id: "task-1", after })
      assert.strictEqual(task.status, "completed")
      assert.strictEqual(task.lastStatus, "completed")
      assert.strictEqual(task.runCount, 1)
      assert.strictEqual(task.retryCount, 1)
      assert.isNull(task.nextRunAt)
      const execution = yield* queries.execution({ id: first("task-1") })
      assert.strictEqual(execution.status, "completed")
      assert.deepStrictEqual(
        execution.attempts.map(({ attempt, errorCode }) => [attempt, errorCode]),
        [
          [1, "exitCode"],
          [2, null]
        ]
      )
      assert.strictEqual(execution.output, "out\nerr\n")
      assert.isTrue(execution.outputTruncated)
      assert.strictEqual(execution.latenessMs, 0)
      assert.isNull(execution.errorCode)
    })
  )

  test(
    "show a running task as running, and a failed one with its error",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History("task-1")
      task.schedule({ maxRetries: 0 })
      task.at(60_000).wake()
      task.claim(first("task-1"))
      task.at(60_100).wake()
      const running = yield* appendEvents(task.log, 0)
      assert.strictEqual((yield* queries.task({ id: "task-1", after: running })).task.status, "running")
      const before = task.log.length
      task.report(first("task-1"), failed)
      const after = yield* appendEvents(task.log.slice(before), running)
      const shown = (yield* queries.task({ id: "task-1", after })).task
      assert.strictEqual(shown.status, "failed")
      assert.strictEqual(shown.lastError, "exited with 1")
    })
  )

  test(
    "keep a recurring task scheduled when a run fails, and count what was skipped as one row",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History("task-1")
      task.schedule({ recurrence: everySecond(60), maxRetries: 0 })
      task.at(3_630_000).wake()
      const id = executionIdOf("task-1", START + 3_600_000)
      task.claim(id)
      task.report(id, failed)
      const after = yield* appendEvents(task.log, 0)
      const shown = (yield* queries.task({ id: "task-1", after })).task
      assert.strictEqual(shown.status, "scheduled")
      assert.strictEqual(shown.lastStatus, "failed")
      const { items } = yield* queries.executions({ taskId: "task-1" })
      assert.deepStrictEqual(
        items.map(({ errorCode, status }) => [status, errorCode]),
        [
          ["failed", "exitCode"],
          ["skipped", "catchUp"]
        ]
      )
      assert.include(items[1]?.errorMessage ?? "", "59 occurrences")
    })
  )

  test(
    "show a cancelled task and the execution that never started",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History("task-1")
      task.schedule()
      task.at(60_000).wake()
      task.cancel()
      const after = yield* appendEvents(task.log, 0)
      const shown = (yield* queries.task({ id: "task-1", after })).task
      assert.strictEqual(shown.status, "cancelled")
      assert.isNotNull(shown.cancelledAt)
      assert.strictEqual((yield* queries.execution({ id: first("task-1") })).status, "cancelled")
      assert.deepStrictEqual((yield* queries.counts).tasks, { cancelled: 1 })
    })
  )

  test(
    "name a task by a prefix of four characters when that is unambiguous, and say so when it is not",
    Effect.gen(function* () {
      const queries = yield* Queries
      const after = yield* appendEvents(
        [...scheduled("alpha-1"), ...scheduled("alpha-2"), ...scheduled("beta"), ...scheduled("betamax")],
        0
      )
      assert.strictEqual((yield* queries.task({ id: "betam", after })).task.taskId, "betamax")
      assert.strictEqual((yield* queries.task({ id: "beta" })).task.taskId, "beta")
      const ambiguous = yield* Effect.flip(queries.task({ id: "alpha" }))
      assert.deepStrictEqual(ambiguous._tag === "AmbiguousId" ? ambiguous.matches : [], ["alpha-1", "alpha-2"])
      assert.strictEqual((yield* Effect.flip(queries.task({ id: "alp" })))._tag, "NotFound")
      assert.strictEqual((yield* Effect.flip(queries.task({ id: "nothing" })))._tag, "NotFound")
    })
  )

  test(
    "filter by status, type, name and tag",
    Effect.gen(function* () {
      const queries = yield* Queries
      const cancelled = new History("four")
      cancelled.schedule({ taskName: "old" })
      cancelled.cancel()
      const after = yield* appendEvents(
        [
          ...scheduled("one", { taskName: "Backup [db]", tags: ["a", "b"] }),
          ...scheduled("two", { taskName: "backup files", taskType: "notification" }),
          ...scheduled("three", { taskName: "report", tags: ["b"] }),
          ...cancelled.log
        ],
        0
      )
      const ids = (query: Parameters<typeof queries.tasks>[0]) =>
        Effect.map(queries.tasks({ after, ...query }), ({ items }) => items.map(({ taskId }) => taskId).sort())
      assert.deepStrictEqual(yield* ids({ name: "backup*" }), ["one", "two"])
      assert.deepStrictEqual(yield* ids({ name: "*[db]" }), ["one"])
      assert.deepStrictEqual(yield* ids({ name: "?eport" }), ["three"])
      assert.deepStrictEqual(yield* ids({ tag: "b" }), ["one", "three"])
      assert.deepStrictEqual(yield* ids({ type: "notification" }), ["two"])
      assert.deepStrictEqual(yield* ids({ status: "cancelled" }), ["four"])
      assert.deepStrictEqual(yield* ids({}), ["one", "three", "two"])
      assert.deepStrictEqual(yield* ids({ all: true }), ["four", "one", "three", "two"])
    })
  )

  test(
    "give pages that neither lose nor repeat a task while others change",
    Effect.gen(function* () {
      const queries = yield* Queries
      const all = Array.from({ length: 250 }, (_, index) => `task-${String(index).padStart(4, "0")}`)
      let sequence = yield* appendEvents(
        all.flatMap((id) => scheduled(id)),
        0
      )
      const seen: Array<string> = []
      let cursor: string | null = ""
      while (cursor !== null) {
        const page: { readonly items: ReadonlyArray<{ readonly taskId: string }>; readonly nextCursor: string | null } =
          yield* queries.tasks({ after: sequence, limit: 40, ...(cursor === "" ? {} : { cursor }) })
        seen.push(...page.items.map(({ taskId }) => taskId))
        cursor = page.nextCursor
        sequence = yield* appendEvents(scheduled(`a-new-one-${seen.length}`), sequence)
      }
      assert.deepStrictEqual(
        seen.filter((id) => id.startsWith("task-")),
        all
      )
      assert.strictEqual((yield* Effect.flip(queries.tasks({ cursor: "nonsense" })))._tag, "InvalidCursor")
    })
  )

  test(
    "wait for the log sequence that a reader asks for",
    Effect.gen(function* () {
      const queries = yield* Queries
      const waiting = yield* Effect.forkChild(queries.task({ id: "task-1", after: 1 }), { startImmediately: true })
      yield* appendEvents(scheduled("task-1"), 0)
      assert.strictEqual((yield* Fiber.join(waiting)).task.taskId, "task-1")
    })
  )

  test(
    "say how far they are when the log sequence asked for does not come",
    Effect.gen(function* () {
      const queries = yield* Queries
      yield* appendEvents(scheduled("task-1"), 0)
      const behind = yield* Effect.flip(queries.task({ id: "task-1", after: 99 }))
      assert.strictEqual(behind._tag, "ProjectionBehind")
    }),
    50
  )

  test(
    "page through 5,000 tasks once each, in the order of their next run",
    Effect.gen(function* () {
      const queries = yield* Queries
      const all = Array.from({ length: 5000 }, (_, index) => ({
        id: `task-${index}`,
        at: fromMillis(START + 60_000 + ((index * 7919) % 5000) * 1000)
      }))
      let after = 0
      for (let index = 0; index < all.length; index += 500) {
        const some = all.slice(index, index + 500)
        after = yield* appendEvents(
          some.flatMap(({ at, id }) => scheduled(id, { recurrence: { kind: "once", at } })),
          after
        )
      }
      const seen: Array<string> = []
      let cursor: string | null = null
      do {
        const page: TasksPage = yield* queries.tasks({ after, limit: 700, ...(cursor === null ? {} : { cursor }) })
        seen.push(...page.items.map(({ taskId }) => taskId))
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepStrictEqual(
        seen,
        all.toSorted((a, b) => (a.at < b.at ? -1 : 1)).map(({ id }) => id)
      )
    })
  )

  test(
    "list what has a next run first, and what is over last, the newest end first",
    Effect.gen(function* () {
      const queries = yield* Queries
      const ended = (taskId: string, minute: number) => {
        const task = new History(taskId)
        task.schedule({ recurrence: { kind: "once", at: fromMillis(START + 86_400_000) } })
        task.at(minute * 60_000).cancel()
        return task.log
      }
      const due = new History("due")
      due.schedule()
      due.at(60_000).wake()
      const after = yield* appendEvents(
        [
          ...ended("over-first", 1),
          ...ended("over-second", 2),
          ...due.log,
          ...scheduled("later", { recurrence: { kind: "once", at: fromMillis(START + 7_200_000) } }),
          ...scheduled("sooner")
        ],
        0
      )
      const pages: Array<string> = []
      let cursor: string | null = null
      do {
        const page: TasksPage = yield* queries.tasks({
          after,
          limit: 2,
          all: true,
          ...(cursor === null ? {} : { cursor })
        })
        pages.push(page.items.map(({ taskId }) => taskId).join(" "))
        cursor = page.nextCursor
      } while (cursor !== null)
      assert.deepStrictEqual(pages, ["sooner later", "due over-second", "over-first"])
    })
  )

  it.effect("list what ended within a day unasked, and older ends on request only", () =>
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History("task-1")
      task.schedule()
      task.cancel()
      const after = yield* appendEvents(task.log, 0)
      const listed = (query: TasksQuery = {}) =>
        Effect.map(queries.tasks({ after, ...query }), ({ items }) => items.length)
      yield* TestClock.setTime(START + 86_400_000)
      assert.strictEqual(yield* listed(), 1)
      yield* TestClock.setTime(START + 86_400_001)
      assert.strictEqual(yield* listed(), 0)
      assert.strictEqual(yield* listed({ all: true }), 1)
      assert.strictEqual(yield* listed({ status: "cancelled" }), 1)
    }).pipe(Effect.provide(memory(), { local: true }))
  )

  test(
    "give executions newest first, by task, status and instant, page by page",
    Effect.gen(function* () {
      const queries = yield* Queries
      const task = new History("task-1")
      task.schedule({ recurrence: everySecond(1), maxRetries: 0, overlap: "allowAll" })
      for (let second = 1; second <= 6; second++) {
        task.at(second * 1000).wake()
        const id = executionIdOf("task-1", START + second * 1000)
        task.claim(id)
        if (second < 6) task.report(id, second % 2 === 0 ? failed : done)
      }
      const after = yield* appendEvents([...task.log, ...retried("other").log], 0)
      const seconds = (query: ExecutionsQuery) =>
        Effect.map(queries.executions({ after, ...query }), ({ items }) =>
          items.map(({ dueAt }) => (Date.parse(dueAt) - START) / 1000)
        )
      assert.deepStrictEqual(yield* seconds({}), [60, 6, 5, 4, 3, 2, 1])
      assert.deepStrictEqual(yield* seconds({ taskId: "task" }), [6, 5, 4, 3, 2, 1])
      assert.deepStrictEqual(yield* seconds({ status: "completed" }), [60, 5, 3, 1])
      assert.deepStrictEqual(yield* seconds({ taskId: "task-1", status: "failed" }), [4, 2])
      assert.deepStrictEqual(yield* seconds({ taskId: "task-1", since: "2026-03-02T10:00:05+01:00" }), [6, 5])
      const first = yield* queries.executions({ limit: 3 })
      const second = yield* queries.executions({ limit: 3, cursor: first.nextCursor ?? "" })
      const third = yield* queries.executions({ limit: 3, cursor: second.nextCursor ?? "" })
      assert.deepStrictEqual([...first.items, ...second.items, ...third.items], (yield* queries.executions({})).items)
      assert.isNull(third.nextCursor)
    })
  )

  test(
    "give pages that fit into a message, however large what is on them",
    Effect.gen(function* () {
      const queries = yield* Queries
      const text = "ü".repeat(100_000)
      const ids = Array.from({ length: 9 }, (_, at) => `task-${at}`)
      let after = 0
      for (const taskId of ids) {
        const task = new History(taskId)
        task.schedule({ taskArgs: { text } })
        task.at(60_000).wake()
        task.claim(first(taskId))
        task.report(first(taskId), { outcome: "done", result: { text } })
        after = yield* appendEvents(task.log, after)
      }
      const all = Effect.fnUntraced(function* <Item>(
        page: (cursor: {
          readonly cursor?: string
        }) => Effect.Effect<{ readonly items: ReadonlyArray<Item>; readonly nextCursor: string | null }, unknown>
      ) {
        const items: Array<Item> = []
        for (let cursor: string | null = ""; cursor !== null;) {
          const got: { readonly items: ReadonlyArray<Item>; readonly nextCursor: string | null } = yield* page(
            cursor === "" ? {} : { cursor }
          )
          assert.isBelow(Buffer.byteLength(JSON.stringify(got)), 700_000)
          items.push(...got.items)
          cursor = got.nextCursor
        }
        return items
      })
      const tasks = yield* all((cursor) => queries.tasks({ after, all: true, ...cursor }))
      assert.sameMembers(
        tasks.map(({ taskId }) => taskId),
        ids
      )
      const executions = yield* all((cursor) => queries.executions({ after, limit: 8, ...cursor }))
      assert.sameMembers(
        executions.map(({ taskId }) => taskId),
        ids
      )
    })
  )
})
