import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { Queries } from "../../src/projections/Queries.ts"
import { ReadModelStore, VERSION } from "../../src/projections/ReadModelStore.ts"
import * as ReadModels from "../../src/projections/ReadModels.ts"
import { appendEvents } from "../support/events.ts"
import { done, everySecond, failed, History, START } from "../support/task.ts"

const first = (taskId: string) => executionIdOf(taskId, START + 60_000)

/** A task that was run, failed once, was tried again and succeeded. */
const retried = (taskId: string): History => {
  const task = new History(taskId)
  task.schedule()
  task.at(60_000).wake()
  task.claim(first(taskId))
  task.at(60_100).wake()
  task.report(first(taskId), {
    outcome: "failed",
    error: {
      code: "exitCode",
      message: "exited with 3",
      detail: { exitCode: 3, signal: null, stdout: "out\n", stderr: "err\n", truncated: true }
    }
  })
  task.at(62_000).wake()
  task.claim(first(taskId), 2)
  task.report(first(taskId), done, 2)
  return task
}

const scheduled = (taskId: string, changes = {}): ReadonlyArray<TaskEvent> => {
  const task = new History(taskId)
  task.schedule(changes)
  return task.log
}

const memory = ReadModels.layer({ file: ":memory:", patienceMs: 50 }).pipe(Layer.provideMerge(EventLog.layerMemory))

const test = (name: string, body: Effect.Effect<void, unknown, EventLog | Queries>) =>
  it.live(name, () => body.pipe(Effect.provide(memory, { local: true })))

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
    "wait for the log sequence that a reader asks for, and say so when it does not come",
    Effect.gen(function* () {
      const queries = yield* Queries
      const waiting = yield* Effect.forkChild(queries.task({ id: "task-1", after: 1 }), { startImmediately: true })
      yield* appendEvents(scheduled("task-1"), 0)
      assert.strictEqual((yield* Fiber.join(waiting)).task.taskId, "task-1")
      const behind = yield* Effect.flip(queries.task({ id: "task-1", after: 99 }))
      assert.strictEqual(behind._tag, "ProjectionBehind")
    })
  )
})

describe("the store of the read models", () => {
  const events = ["a-task", "b-task", "c-task"].flatMap((id) => retried(id).log)

  /** One commit for each event. */
  const commits = Effect.gen(function* () {
    const log = yield* EventLog
    let sequence = 0
    for (const event of events) sequence = yield* appendEvents([event], sequence)
    return yield* Stream.runCollect(log.read(0, 0))
  }).pipe(Effect.provide(EventLog.layerMemory, { local: true }))

  const dump = (store: ReadModelStore) => ({
    tasks: store.all("SELECT row FROM task ORDER BY id"),
    executions: store.all("SELECT row FROM execution ORDER BY id"),
    sequence: store.sequence
  })

  const inDirectory = (body: (directory: string) => void) => {
    const directory = mkdtempSync(join(tmpdir(), "nagatha-read-"))
    try {
      body(directory)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }

  it.effect("holds the same rows whatever the batches, and however often a commit is given", () =>
    Effect.gen(function* () {
      const all = yield* commits
      const whole = ReadModelStore.open(":memory:", 0)
      whole.apply(all)
      for (const size of [1, 2, 5]) {
        const store = ReadModelStore.open(":memory:", 0)
        for (let index = 0; index < all.length; index += size) {
          store.apply(all.slice(Math.max(0, index - 3), index + size))
          store.apply(all.slice(index, index + size))
        }
        assert.deepStrictEqual(dump(store), dump(whole))
      }
    })
  )

  it.effect("goes on from its checkpoint after it was closed in the middle", () =>
    Effect.gen(function* () {
      const all = yield* commits
      const whole = ReadModelStore.open(":memory:", 0)
      whole.apply(all)
      inDirectory((directory) => {
        const file = join(directory, "rows.sqlite")
        for (let index = 0; index < all.length; index += 4) {
          const store = ReadModelStore.open(file, all.length)
          assert.isNull(store.discarded)
          assert.strictEqual(store.sequence, index)
          store.apply(all.slice(index, index + 4))
          store.close()
        }
        const store = ReadModelStore.open(file, all.length)
        assert.deepStrictEqual(dump(store), dump(whole))
        store.close()
      })
    })
  )

  it.effect("is thrown away when it cannot be read, or has seen more than the log holds", () =>
    Effect.gen(function* () {
      const all = yield* commits
      inDirectory((directory) => {
        const file = join(directory, "rows.sqlite")
        const own = join(directory, `rows.v${VERSION}.sqlite`)
        writeFileSync(own, "this is no database, but long enough to be taken for one".repeat(50))
        const mended = ReadModelStore.open(file, 100)
        assert.isNotNull(mended.discarded)
        mended.apply(all)
        mended.close()
        const other = ReadModelStore.open(file, 1)
        assert.include(other.discarded ?? "", "the log ends at 1")
        assert.strictEqual(other.sequence, 0)
        other.close()
      })
    })
  )

  it("is built beside the one of another version, which goes when it has caught up", () => {
    inDirectory((directory) => {
      const old = join(directory, "rows.v0.sqlite")
      new DatabaseSync(old).close()
      writeFileSync(old, "")
      const store = ReadModelStore.open(join(directory, "rows.sqlite"), 0)
      assert.isTrue(readdirSync(directory).includes("rows.v0.sqlite"))
      assert.deepStrictEqual(store.removeOthers(), ["rows.v0.sqlite"])
      assert.isFalse(readdirSync(directory).includes("rows.v0.sqlite"))
      store.close()
    })
  })
})
