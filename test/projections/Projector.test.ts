import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Queue, Ref, Scope, Stream } from "effect"
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Commit from "../../src/events/Commit.ts"
import { EventLog, LogUnavailable } from "../../src/events/EventLog.ts"
import { Queries } from "../../src/projections/Queries.ts"
import { fileOf, MEMORY, SHAPE } from "../../src/projections/ReadModelFile.ts"
import * as Projector from "../../src/projections/Projector.ts"
import * as ReadModels from "../../src/projections/ReadModels.ts"
import { appendEvents, retried } from "../support/events.ts"

type Log = typeof EventLog.Service

/** A directory that goes with the scope. */
const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-read-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const test = (name: string, body: Effect.Effect<void, unknown, EventLog | Scope.Scope>) =>
  it.live(name, () => body.pipe(Effect.provide(EventLog.layerMemory, { local: true })))

/** Read models on a log, until closed. */
const start = Effect.fnUntraced(function* (log: Log, file: string, patienceMs = 5000) {
  const scope = yield* Scope.make()
  const layer = ReadModels.layer({ file, patienceMs }).pipe(Layer.provide(Layer.succeed(EventLog, log)))
  const context = yield* Layer.buildWithScope(layer, scope)
  return {
    queries: yield* Effect.provide(Queries, context),
    close: Scope.close(scope, Exit.void)
  }
})

const everything = Effect.fnUntraced(function* (queries: typeof Queries.Service, after: number) {
  return {
    tasks: (yield* queries.tasks({ all: true, limit: 1000, after })).items,
    executions: (yield* queries.executions({ limit: 1000 })).items,
    counts: yield* queries.counts
  }
})

/** Appends tasks with everything that happened to them, one commit for each event; returns the last sequence. */
const append = Effect.fnUntraced(function* (ids: ReadonlyArray<string>, from: number) {
  let sequence = from
  for (const id of ids) for (const event of retried(id).log) sequence = yield* appendEvents([event], sequence)
  return sequence
})

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `task-${from + index}`)

describe("the follower of the log", () => {
  test(
    "lets SQLite copy little at a time once it has caught up: who shares the process must not wait long",
    Effect.gen(function* () {
      yield* append(ids(0, 3), 0)
      const { answering } = yield* Projector.make({ file: join(yield* directory, "rows.sqlite"), patienceMs: 5000 })
      const pages = (yield* answering).all("PRAGMA wal_autocheckpoint").map(Object.values)
      assert.deepStrictEqual(pages, [[300]])
    })
  )

  test(
    "counts every event once when it is stopped anywhere and started again, and what it has seen is told again",
    Effect.gen(function* () {
      const log = yield* EventLog
      const file = join(yield* directory, "rows.sqlite")
      const askedFrom: Array<number> = []
      /** Tells the two commits before the place asked for once more. */
      const repeating: Log = {
        ...log,
        followAny: (after) => {
          askedFrom.push(after)
          return log.followAny(Math.max(0, after - 2))
        }
      }
      const straight = yield* start(log, MEMORY)
      let sequence = 0
      for (let round = 0; round < 6; round++) {
        sequence = yield* append(ids(round * 3, round * 3 + 3), sequence)
        const one = yield* start(repeating, file)
        sequence = yield* append([`live-${round}`], sequence)
        if (round % 3 === 0) yield* one.queries.tasks({ after: sequence - 1 })
        yield* one.close
      }
      const again = yield* start(repeating, file)
      assert.deepStrictEqual(yield* everything(again.queries, sequence), yield* everything(straight.queries, sequence))
      // Rows built anew would be right as well, and prove nothing.
      assert.strictEqual(askedFrom.filter((after) => after === 0).length, 1)
      yield* again.close
      yield* straight.close
    })
  )

  test(
    "goes on when the log can be reached again, and answers meanwhile",
    Effect.gen(function* () {
      const log = yield* EventLog
      const cut = yield* Deferred.make<void>()
      const calls = yield* Ref.make(0)
      const back = yield* Queue.unbounded<void>()
      const broken: Log = {
        ...log,
        followAny: (after) =>
          Stream.unwrap(
            Effect.gen(function* () {
              const call = yield* Ref.updateAndGet(calls, (count) => count + 1)
              if (call === 1) {
                const outage = Effect.andThen(Deferred.await(cut), Effect.fail(new LogUnavailable({ reason: "cut" })))
                return Stream.merge(log.followAny(after), Stream.fromEffectDrain(outage))
              }
              if (call === 2) return Stream.fail(new LogUnavailable({ reason: "still cut" }))
              yield* Queue.take(back)
              return log.followAny(after)
            })
          )
      }
      const { close, queries } = yield* start(broken, MEMORY)
      const first = yield* append(["task-1"], 0)
      yield* queries.task({ id: "task-1", after: first })
      yield* Deferred.succeed(cut, undefined)
      const second = yield* append(["task-2"], first)
      assert.strictEqual((yield* queries.task({ id: "task-1" })).logSequence, first)
      yield* Queue.offerAll(back, [undefined, undefined])
      assert.strictEqual((yield* queries.task({ id: "task-2", after: second })).task.status, "completed")
      yield* close
    })
  )

  test(
    "goes on over what a newer version wrote, says how much is missing, and takes it in once it is understood",
    Effect.gen(function* () {
      const file = join(yield* directory, "rows.sqlite")
      const log = yield* EventLog
      const last = yield* append(["task-1", "task-2", "task-3"], 0)
      const wanted = yield* start(log, MEMORY)
      const whole = yield* everything(wanted.queries, last)
      yield* wanted.close
      const at = last / 3 + 1
      /** As an older version sees it: what happened first to the second task is beyond it. */
      const older = (text: string) => text.replace('"type":"scheduled"', '"type":"teleported"')
      const asOlder: Log = {
        ...log,
        followAny: (after) =>
          Stream.mapEffect(log.followAny(after), (found) =>
            found.sequence === at
              ? Effect.map(log.stored({ after: at - 1, bytes: 1, limit: 1 }), ({ lines: [line] }) => ({
                  ...found,
                  reading: Commit.read(at, older(line?.text ?? ""))
                }))
              : Effect.succeed(found)
          ),
        stored: (query) =>
          Effect.map(log.stored(query), (page) => ({
            ...page,
            lines: page.lines.map((line) => (line.sequence === at ? { ...line, text: older(line.text) } : line))
          }))
      }
      for (let opened = 0; opened < 2; opened++) {
        const { close, queries } = yield* start(asOlder, file)
        const known = yield* everything(queries, last)
        assert.deepStrictEqual(known.tasks.map(({ taskId }) => taskId).sort(), ["task-1", "task-3"])
        const parked = yield* queries.parked
        assert.strictEqual(parked.count, 1)
        assert.deepInclude(parked.first, { logSequence: at, type: "teleported", version: 1, taskId: "task-2" })
        yield* close
      }
      const upgraded = yield* start(log, file)
      assert.deepStrictEqual(yield* everything(upgraded.queries, last), whole)
      assert.strictEqual((yield* upgraded.queries.parked).count, 0)
      yield* upgraded.close
    })
  )

  test(
    "builds the rows anew when the log is shorter than what they include, or another of the same length",
    Effect.gen(function* () {
      const file = join(yield* directory, "rows.sqlite")
      const on = (tasks: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const last = yield* append(tasks, 0)
          const { close, queries } = yield* start(yield* EventLog, file)
          const found = yield* everything(queries, 0)
          const logSequence = yield* queries.logSequence
          yield* close
          assert.strictEqual(logSequence, last)
          return found.tasks.map(({ taskId }) => taskId).sort()
        }).pipe(Effect.provide(EventLog.layerMemory, { local: true }))
      assert.deepStrictEqual(yield* on(["a-task", "b-task"]), ["a-task", "b-task"])
      assert.deepStrictEqual(yield* on(["c-task", "d-task"]), ["c-task", "d-task"])
      assert.deepStrictEqual(yield* on(["e-task"]), ["e-task"])
      assert.deepStrictEqual(yield* on(["e-task", "f-task"]), ["e-task", "f-task"])
      assert.deepStrictEqual(yield* on([]), [])
    })
  )

  /** Overwrites what the file holds of one table. */
  const damage = (file: string, table: string) => {
    const database = new DatabaseSync(file)
    const pages = database
      .prepare("SELECT pageno, pgsize FROM dbstat WHERE name = ? AND pagetype = 'leaf'")
      .all(table)
      .map((row) => ({ number: Number(row["pageno"]), size: Number(row["pgsize"]) }))
    database.close()
    assert.isNotEmpty(pages)
    const bytes = openSync(file, "r+")
    for (const { number, size } of pages) writeSync(bytes, Buffer.alloc(size, 0x5a), 0, size, (number - 1) * size)
    closeSync(bytes)
  }

  test(
    "builds the rows anew when a question meets damage, and lets questions wait until they are whole",
    Effect.gen(function* () {
      const log = yield* EventLog
      const file = join(yield* directory, "rows.sqlite")
      const last = yield* append(ids(0, 50), 0)
      const whole = yield* start(log, file)
      const expected = yield* everything(whole.queries, last)
      yield* whole.close
      damage(fileOf(file), "definition")
      const gate = yield* Deferred.make<void>()
      const begun = yield* Deferred.make<void>()
      /** Stops in the middle of reading from the beginning. */
      const slow: Log = {
        ...log,
        followAny: (after) =>
          log
            .followAny(after)
            .pipe(
              Stream.tap(({ sequence }) =>
                after > 0 || sequence < 10
                  ? Effect.void
                  : Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(gate))
              )
            )
      }
      const { close, queries } = yield* start(slow, file)
      assert.strictEqual((yield* Effect.flip(queries.tasks({ all: true })))._tag, "ProjectionBehind")
      yield* Deferred.await(begun)
      const asking = yield* Effect.forkChild(queries.task({ id: "task-49" }), { startImmediately: true })
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(asking)).logSequence, last)
      assert.deepStrictEqual(yield* everything(queries, last), expected)
      yield* close
    })
  )

  test(
    "builds the rows anew when it meets damage as it writes",
    Effect.gen(function* () {
      const log = yield* EventLog
      const file = join(yield* directory, "rows.sqlite")
      const straight = yield* start(log, MEMORY)
      const before = yield* append(ids(0, 50), 0)
      const whole = yield* start(log, file)
      yield* whole.close
      damage(fileOf(file), "sqlite_autoindex_execution_1")
      const { close, queries } = yield* start(log, file)
      const last = yield* append(ids(50, 60), before)
      assert.deepStrictEqual(yield* everything(queries, last), yield* everything(straight.queries, last))
      yield* close
      yield* straight.close
    })
  )
})

describe("another version of the projections", () => {
  /** Rows as another version left them, at what the log held; then the log grows. */
  const upgraded = Effect.fnUntraced(function* (shape: number) {
    const log = yield* EventLog
    const file = join(yield* directory, "rows.sqlite")
    const old = file.replace(".sqlite", ".v0.sqlite")
    const before = yield* append(["task-1"], 0)
    const ours = yield* start(log, file)
    yield* ours.close
    const database = new DatabaseSync(fileOf(file))
    database.exec(`UPDATE task SET row = replace(row, '"runCount":1', '"runCount":77'); PRAGMA user_version = ${shape}`)
    database.exec(`VACUUM INTO '${old}'`)
    database.close()
    rmSync(fileOf(file))
    const after = yield* append(["task-2"], before)
    return { file, old, before, after }
  })

  /** A log whose commits after the first come when they are let through. */
  const held = (log: Log, gate: Deferred.Deferred<void>): Log => ({
    ...log,
    followAny: (after) =>
      log
        .followAny(after)
        .pipe(Stream.tap(({ sequence }) => (after === 0 && sequence > 1 ? Deferred.await(gate) : Effect.void)))
  })

  test(
    "answers from the old rows until the new ones have caught up, and removes the old file then",
    Effect.gen(function* () {
      const log = yield* EventLog
      const { after, before, file, old } = yield* upgraded(SHAPE)
      const gate = yield* Deferred.make<void>()
      const { close, queries } = yield* start(held(log, gate), file)
      const meanwhile = yield* queries.task({ id: "task-1" })
      assert.strictEqual(meanwhile.task.runCount, 77)
      assert.strictEqual(meanwhile.logSequence, before)
      assert.isTrue(existsSync(old))
      yield* Deferred.succeed(gate, undefined)
      yield* queries.task({ id: "task-2", after })
      assert.strictEqual((yield* queries.task({ id: "task-1" })).task.runCount, 1)
      assert.isFalse(existsSync(old))
      yield* close
    })
  )

  test(
    "waits for the new rows where the old ones have another shape",
    Effect.gen(function* () {
      const { after, file, old } = yield* upgraded(SHAPE + 1)
      const { close, queries } = yield* start(yield* EventLog, file)
      const { logSequence, task } = yield* queries.task({ id: "task-1" })
      assert.strictEqual(task.runCount, 1)
      assert.strictEqual(logSequence, after)
      assert.isFalse(existsSync(old))
      yield* close
    })
  )

  test(
    "does not answer from old rows that are of another log",
    Effect.gen(function* () {
      const { file } = yield* upgraded(SHAPE)
      yield* Effect.gen(function* () {
        const log = yield* EventLog
        const after = yield* append(["task-3", "task-1"], 0)
        const gate = yield* Deferred.make<void>()
        const starting = yield* Effect.forkChild(start(held(log, gate), file))
        yield* Deferred.succeed(gate, undefined)
        const { close, queries } = yield* Fiber.join(starting)
        const { logSequence, task } = yield* queries.task({ id: "task-1" })
        assert.deepStrictEqual([task.runCount, logSequence], [1, after])
        yield* close
      }).pipe(Effect.provide(EventLog.layerMemory, { local: true }))
    })
  )

  test(
    "keeps the old rows, and their answers, when the new ones cannot be finished",
    Effect.gen(function* () {
      const log = yield* EventLog
      const { file, old } = yield* upgraded(SHAPE)
      const unreadable: Log = {
        ...log,
        followAny: (after) =>
          after > 0
            ? log.followAny(after)
            : Stream.concat(Stream.take(log.followAny(0), 1), Stream.die(new Error("a defect")))
      }
      const { close, queries } = yield* start(unreadable, file, 50)
      assert.strictEqual((yield* Effect.flip(queries.tasks({ after: 999 })))._tag, "ProjectionBehind")
      assert.strictEqual((yield* queries.task({ id: "task-1" })).task.runCount, 77)
      assert.isTrue(existsSync(old))
      yield* close
    })
  )
})
