import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { RecordedCommit } from "../../src/events/Commit.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { fileOf, MEMORY } from "../../src/projections/ReadModelFile.ts"
import { ReadModelStore } from "../../src/projections/ReadModelStore.ts"
import { appendEvents, retried } from "../support/events.ts"
import { everySecond, failed, History, START } from "../support/task.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"

const recurring = (): History => {
  const task = new History("recurring")
  task.schedule({ recurrence: everySecond(60), maxRetries: 0 })
  task.at(3_630_000).wake()
  const id = executionIdOf("recurring", START + 3_600_000)
  task.claim(id)
  task.at(3_630_200).wake()
  task.report(id, failed)
  task.cancel()
  return task
}

/** One commit for each event, those of several tasks mixed. */
const commits: Effect.Effect<ReadonlyArray<RecordedCommit>, unknown> = Effect.gen(function* () {
  const log = yield* EventLog
  const histories = ["a-task", "b-task", "c-task"].map((id) => retried(id).log).concat([recurring().log])
  const longest = Math.max(...histories.map(({ length }) => length))
  let sequence = 0
  for (let index = 0; index < longest; index++) {
    for (const history of histories) {
      const event = history[index]
      if (event !== undefined) sequence = yield* appendEvents([event], sequence)
    }
  }
  return yield* Stream.runCollect(log.read(0, 0))
}).pipe(Effect.provide(EventLog.layerMemory, { local: true }))

const opened = (commits: ReadonlyArray<RecordedCommit> = []): ReadModelStore => {
  const { store } = ReadModelStore.openOwn(MEMORY)
  store.apply(commits)
  return store
}

/** Everything in it, numbers of rows included: they are part of cursors. */
const dump = (store: ReadModelStore) => ({
  tasks: store.all("SELECT * FROM task ORDER BY n"),
  definitions: store.all("SELECT * FROM definition ORDER BY n"),
  executions: store.all("SELECT * FROM execution ORDER BY n"),
  checkpoint: store.all("SELECT * FROM checkpoint"),
  counts: store.counts
})

const counted = (store: ReadModelStore, table: string) =>
  Object.fromEntries(
    store.all(`SELECT status, count(*) AS n FROM ${table} GROUP BY status`).map((row) => [row["status"], row["n"]])
  )

const inDirectory = (body: (directory: string) => void) => {
  const directory = mkdtempSync(join(tmpdir(), "nagatha-read-"))
  try {
    body(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

describe("the store of the read models", () => {
  it.effect("holds the same rows whatever the batches, and however often a commit is given", () =>
    Effect.gen(function* () {
      const all = yield* commits
      const whole = opened(all)
      assert.strictEqual(whole.sequence, all.length)
      for (const size of [1, 2, 5, 11]) {
        const store = opened()
        for (let index = 0; index < all.length; index += size) {
          store.apply(all.slice(Math.max(0, index - 3), index + size))
          store.apply(all.slice(index, index + size))
        }
        assert.deepStrictEqual(dump(store), dump(whole))
      }
    })
  )

  it.effect("holds the same rows when it was closed after every batch", () =>
    Effect.gen(function* () {
      const all = yield* commits
      inDirectory((directory) => {
        const file = join(directory, "rows.sqlite")
        for (let index = 0; index < all.length; index += 4) {
          const { discarded, store } = ReadModelStore.openOwn(file)
          assert.isNull(discarded)
          assert.strictEqual(store.sequence, index)
          store.apply(all.slice(index, index + 4))
          store.close()
        }
        const { store } = ReadModelStore.openOwn(file)
        assert.deepStrictEqual(dump(store), dump(opened(all)))
        assert.strictEqual(store.hash, all.at(-1)?.hash)
        store.close()
      })
    })
  )

  it.effect("is for this user only, whatever SQLite keeps beside it", () =>
    Effect.gen(function* () {
      const all = yield* commits
      inDirectory((directory) => {
        const { store } = ReadModelStore.openOwn(join(directory, "rows.sqlite"))
        store.apply(all)
        const modes = readdirSync(directory).map((name) => statSync(join(directory, name)).mode & 0o777)
        assert.isAtLeast(modes.length, 2)
        assert.deepStrictEqual([...new Set(modes)], [0o600])
        store.close()
      })
    })
  )

  it.effect("writes nothing of a batch that cannot be written whole, and can go on", () =>
    Effect.gen(function* () {
      const all = yield* commits
      inDirectory((directory) => {
        const file = join(directory, "rows.sqlite")
        const { store } = ReadModelStore.openOwn(file)
        store.apply(all.slice(0, 6))
        const before = dump(store)
        const other = new DatabaseSync(fileOf(file))
        other.exec("CREATE TRIGGER full BEFORE UPDATE ON execution BEGIN SELECT RAISE(ABORT, 'no space'); END")
        assert.throws(() => store.apply(all.slice(6)), "no space")
        assert.deepStrictEqual(dump(store), before)
        other.exec("DROP TRIGGER full")
        other.close()
        store.apply(all.slice(6))
        assert.deepStrictEqual(dump(store), dump(opened(all)))
        store.close()
      })
    })
  )

  it.effect("counts by status what it holds", () =>
    Effect.gen(function* () {
      const store = opened(yield* commits)
      assert.deepStrictEqual({ ...store.counts.tasks }, counted(store, "task"))
      assert.deepStrictEqual({ ...store.counts.executions }, counted(store, "execution"))
      assert.deepStrictEqual(store.counts, {
        tasks: { completed: 3, cancelled: 1 },
        executions: { completed: 3, skipped: 1, failed: 1 }
      })
    })
  )

  it("throws away a file that is no database, and one whose tables are others", () => {
    inDirectory((directory) => {
      const file = join(directory, "rows.sqlite")
      writeFileSync(fileOf(file), "this is no database, but long enough to be taken for one".repeat(50))
      const mended = ReadModelStore.openOwn(file)
      assert.include(mended.discarded ?? "", "not a database")
      assert.strictEqual(mended.store.sequence, 0)
      mended.store.close()
      const other = new DatabaseSync(fileOf(file))
      other.exec("PRAGMA user_version = 999")
      other.close()
      const again = ReadModelStore.openOwn(file)
      assert.include(again.discarded ?? "", "shape 999")
      again.store.close()
    })
  })

  it("keeps a file that it cannot open for another reason than damage", () => {
    assert.throws(() => ReadModelStore.openOwn("/nowhere/at/all/rows.sqlite"), "no such file or directory")
    inDirectory((directory) => {
      const file = join(directory, "rows.sqlite")
      ReadModelStore.openOwn(file).store.close()
      const other = new DatabaseSync(fileOf(file))
      other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO checkpoint VALUES (1, 7, 'x')")
      assert.throws(() => ReadModelStore.openOwn(file), "locked")
      other.exec("COMMIT")
      other.close()
      const { store } = ReadModelStore.openOwn(file)
      assert.strictEqual(store.sequence, 7)
      store.close()
    })
  })
})
