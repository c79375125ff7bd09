/**
 * The read models on disk: rows and checkpoint are written in one transaction, so each event counts exactly once,
 * whatever dies when.
 *
 * The file's name carries the version of the projections: another version is another file, built from the log beside the
 * old one, which is removed when the new one has caught up. A file that cannot be read is thrown away: everything in it
 * follows from the log.
 */
import { existsSync, readdirSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { DatabaseSync, type SQLInputValue } from "node:sqlite"
import type { RecordedCommit } from "../events/Commit.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { executionAfter, executionsOf } from "./ExecutionRow.ts"
import type { TaskExecution } from "./TaskExecution.ts"
import { overSince, type TaskRow, taskAfter } from "./TaskRow.ts"

/** Changed whenever the rows or the folds change: the read models are then built anew. */
export const VERSION = 1

/** Rows kept in memory between batches. */
const CACHED_ROWS = 20_000

const TABLES = `
  CREATE TABLE IF NOT EXISTS checkpoint (only INTEGER PRIMARY KEY CHECK (only = 1), sequence INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS task (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL, tags TEXT NOT NULL,
    next TEXT NOT NULL, over TEXT, row TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS task_next ON task (next, id);
  CREATE INDEX IF NOT EXISTS task_status ON task (status, next, id);
  CREATE TABLE IF NOT EXISTS execution (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, status TEXT NOT NULL, due TEXT NOT NULL, row TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS execution_due ON execution (due DESC, id DESC);
  CREATE INDEX IF NOT EXISTS execution_task ON execution (task, due DESC, id DESC);
  CREATE INDEX IF NOT EXISTS execution_status ON execution (status, due DESC, id DESC);
`

/** Sorts after every instant: tasks without a next run come last. */
export const NO_NEXT = "~"

/** The file for this version, beside those of others. */
const fileOf = (file: string): string => file.replace(/(\.sqlite)?$/, `.v${VERSION}.sqlite`)

const open = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file)
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000;")
  database.exec(TABLES)
  database.prepare("SELECT count(*) FROM checkpoint").get()
  return database
}

const remove = (file: string): void => {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true })
}

export class ReadModelStore {
  readonly #database: DatabaseSync
  readonly #tasks = new Map<string, TaskRow>()
  readonly #executions = new Map<string, TaskExecution>()
  readonly #file: string
  readonly #statements
  #sequence: number
  /** Why an older file was thrown away; null when none was. */
  readonly discarded: string | null

  private constructor(file: string, database: DatabaseSync, discarded: string | null) {
    this.#file = file
    this.#database = database
    this.discarded = discarded
    this.#statements = {
      task: database.prepare("SELECT row FROM task WHERE id = ?"),
      execution: database.prepare("SELECT row FROM execution WHERE id = ?"),
      putTask: database.prepare("INSERT OR REPLACE INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
      putExecution: database.prepare("INSERT OR REPLACE INTO execution VALUES (?, ?, ?, ?, ?)"),
      checkpoint: database.prepare("INSERT OR REPLACE INTO checkpoint VALUES (1, ?)")
    }
    const found = database.prepare("SELECT sequence FROM checkpoint").get()
    this.#sequence = Number(found?.["sequence"] ?? 0)
  }

  /**
   * Opens the read models of a log whose newest sequence is `logSequence`. A file that cannot be read, or that has seen
   * more than the log holds (another log, or one that was restored), is thrown away. `:memory:` keeps nothing.
   */
  static open(file: string, logSequence: number): ReadModelStore {
    if (file === ":memory:") return new ReadModelStore(file, open(file), null)
    const own = fileOf(file)
    try {
      const store = new ReadModelStore(own, open(own), null)
      if (store.sequence <= logSequence) return store
      const reason = `it has seen log sequence ${store.sequence}, the log ends at ${logSequence}`
      store.close()
      return ReadModelStore.#anew(own, reason)
    } catch (cause) {
      return ReadModelStore.#anew(own, String(cause))
    }
  }

  static #anew(file: string, reason: string): ReadModelStore {
    remove(file)
    return new ReadModelStore(file, open(file), reason)
  }

  /** Log sequence that the rows include. */
  get sequence(): number {
    return this.#sequence
  }

  /** Removes the files of other versions: this one has caught up. Returns their names. */
  removeOthers(): ReadonlyArray<string> {
    if (this.#file === ":memory:" || !existsSync(dirname(this.#file))) return []
    const stem = basename(this.#file).replace(/\.v\d+\.sqlite$/, "")
    const others = readdirSync(dirname(this.#file)).filter(
      (name) => name.startsWith(`${stem}.v`) && name.endsWith(".sqlite") && name !== basename(this.#file)
    )
    for (const name of others) remove(join(dirname(this.#file), name))
    return others
  }

  /** Applies commits in one transaction; those seen before change nothing. */
  apply(commits: ReadonlyArray<RecordedCommit>): void {
    const fresh = commits.filter((recorded) => recorded.sequence > this.#sequence)
    const last = fresh.at(-1)
    if (last === undefined) return
    const tasks = new Map<string, TaskRow>()
    const executions = new Map<string, TaskExecution>()
    for (const { commit } of fresh) for (const event of commit.events) this.#fold(event, tasks, executions)
    this.#database.exec("BEGIN IMMEDIATE")
    try {
      for (const row of tasks.values()) this.#putTask(row)
      for (const row of executions.values()) this.#putExecution(row)
      this.#statements.checkpoint.run(last.sequence)
      this.#database.exec("COMMIT")
    } catch (cause) {
      this.#database.exec("ROLLBACK")
      throw cause
    }
    this.#sequence = last.sequence
    keep(this.#tasks, tasks)
    keep(this.#executions, executions)
  }

  /** Rows of a query of ours, parsed. */
  all<Row>(sql: string, ...parameters: ReadonlyArray<SQLInputValue>): ReadonlyArray<Row> {
    return this.#database
      .prepare(sql)
      .all(...parameters)
      .map((found) => JSON.parse(String(found["row"])) as Row)
  }

  /** Ids that are, or begin with, a text; in order. */
  idsLike(table: "task" | "execution", id: string, limit: number): ReadonlyArray<string> {
    return this.#database
      .prepare(`SELECT id FROM ${table} WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`)
      .all(id, `${id}\u{10ffff}`, limit)
      .map((found) => String(found["id"]))
  }

  task(id: string): TaskRow | undefined {
    const cached = this.#tasks.get(id)
    if (cached !== undefined) return cached
    const found = this.#statements.task.get(id)
    return found === undefined ? undefined : (JSON.parse(String(found["row"])) as TaskRow)
  }

  execution(id: string): TaskExecution | undefined {
    const cached = this.#executions.get(id)
    if (cached !== undefined) return cached
    const found = this.#statements.execution.get(id)
    return found === undefined ? undefined : (JSON.parse(String(found["row"])) as TaskExecution)
  }

  /** Rows by status. */
  counts(table: "task" | "execution"): Readonly<Record<string, number>> {
    const found = this.#database.prepare(`SELECT status, count(*) AS n FROM ${table} GROUP BY status`).all()
    return Object.fromEntries(found.map((row) => [String(row["status"]), Number(row["n"])]))
  }

  close(): void {
    this.#database.close()
  }

  #fold(event: TaskEvent, tasks: Map<string, TaskRow>, executions: Map<string, TaskExecution>): void {
    const task = taskAfter(tasks.get(event.taskId) ?? this.task(event.taskId), event)
    if (task !== undefined) tasks.set(event.taskId, task)
    for (const id of executionsOf(event)) {
      const execution = executionAfter(executions.get(id) ?? this.execution(id), event, id)
      if (execution !== undefined) executions.set(id, execution)
    }
  }

  #putTask(row: TaskRow): void {
    const { task } = row
    this.#statements.putTask.run(
      task.taskId,
      task.status,
      task.taskType,
      task.taskName.toLowerCase(),
      JSON.stringify(task.tags),
      task.nextRunAt ?? NO_NEXT,
      overSince(row),
      JSON.stringify(row)
    )
  }

  #putExecution(row: TaskExecution): void {
    this.#statements.putExecution.run(row.executionId, row.taskId, row.status, row.dueAt, JSON.stringify(row))
  }
}

/** Adds to a cache; what was not used for longest goes first. */
const keep = <Row>(cache: Map<string, Row>, rows: ReadonlyMap<string, Row>): void => {
  for (const [id, row] of rows) {
    cache.delete(id)
    cache.set(id, row)
  }
  for (const id of cache.keys()) {
    if (cache.size <= CACHED_ROWS) break
    cache.delete(id)
  }
}
