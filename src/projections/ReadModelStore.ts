/**
 * The rows of the read models: rows and checkpoint are written in one transaction, so each event counts exactly once,
 * whatever dies when and however often a commit is given.
 */
import type { DatabaseSync, SQLInputValue } from "node:sqlite"
import type { KnownCommit, NotUnderstood } from "../events/Commit.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { toMillis } from "../recurrence/Instant.ts"
import { executionAfter, executionsOf, isEnded } from "./ExecutionRow.ts"
import {
  fileOf,
  isDamage,
  openDatabase,
  OtherShape,
  othersOf,
  preferShortPauses,
  remove,
  TEMPORARY
} from "./ReadModelFile.ts"
import type { Parked } from "./Queries.ts"
import type { ScheduledTask } from "./ScheduledTask.ts"
import type { TaskExecution } from "./TaskExecution.ts"
import { definitionIn, nextRunAt, scheduledTask, type TaskRow, taskAfter } from "./TaskRow.ts"
import { changeIn, type TaskChange } from "./TaskChange.ts"

/** Rows of each table kept in memory between batches: those that more events are likely to follow for. */
const CACHED_ROWS = 20_000

/** More than the milliseconds of any instant that can be written. */
const LAST_MILLIS = 999_999_999_999_999
const NO_NEXT = "~"

/** Place in lists of what is over since an instant: after everything else, newest end first. */
export const sortOfOver = (millis: number): string =>
  NO_NEXT + String(LAST_MILLIS - millis).padStart(String(LAST_MILLIS).length, "0")

/** Place in lists: by next run, then what has none, then what is over. */
const sortOf = (row: TaskRow): string =>
  row.overAt !== null ? sortOfOver(toMillis(row.overAt)) : (nextRunAt(row) ?? NO_NEXT)

/** What filters and orders need of a row, in the order of the columns of `setTask`. */
const stateColumns = (row: TaskRow) => {
  const { lastRunAt, lastStatus, status, updatedAt } = row.progress
  const paused = row.resting === "paused" ? 1 : 0
  return [status, sortOf(row), paused, updatedAt, nextRunAt(row) ?? "", lastRunAt ?? "", lastStatus ?? ""] as const
}

/** What they need of a definition, in the order of the columns of `setFilters`. */
const definitionColumns = (taskId: string, definition: TaskDefinition) => {
  const {
    createdBy,
    description,
    managedBy = "",
    queue,
    scheduleSpec,
    tags,
    taskName,
    taskType,
    understoodAs
  } = definition
  const words = [taskName, description, taskId, scheduleSpec, understoodAs].join("\n").toLowerCase()
  return [
    taskType,
    taskName.toLowerCase(),
    JSON.stringify(tags),
    queue,
    createdBy.toLowerCase(),
    managedBy,
    words
  ] as const
}

/** A number that is not there is less than any that is. */
const NO_DURATION = -1
const NO_LATENESS = Number.MIN_SAFE_INTEGER

/** What filters and orders need of an execution, in the order of the columns of `setExecution`. */
const executionColumns = (row: TaskExecution) =>
  [
    row.status,
    row.dueAt,
    row.startedAt ?? "",
    row.durationMs ?? NO_DURATION,
    row.latenessMs ?? NO_LATENESS,
    row.worker ?? "",
    row.errorCode ?? ""
  ] as const

/** A row and its number. */
interface Numbered<Row> {
  readonly n: number
  readonly row: Row
}
interface NumberedExecution extends Numbered<TaskExecution> {
  /** Number of its task. */
  readonly task: number
}

type Counts = Map<string, number>

/** What one transaction will write. */
interface Batch {
  readonly tasks: Map<string, Numbered<TaskRow>>
  readonly definitions: Map<string, TaskDefinition>
  readonly executions: Map<string, NumberedExecution>
  readonly revisions: Array<{ readonly task: number; readonly change: TaskChange }>
  readonly taskCounts: Counts
  readonly executionCounts: Counts
  nextTask: number
  nextExecution: number
}

export class ReadModelStore {
  readonly #database: DatabaseSync
  readonly #tasks = new Map<string, Numbered<TaskRow>>()
  readonly #executions = new Map<string, NumberedExecution>()
  readonly #statements
  #sequence: number
  #hash: string
  #parked: number
  #nextTask: number
  #nextExecution: number
  #taskCounts: Counts
  #executionCounts: Counts

  private constructor(database: DatabaseSync) {
    this.#database = database
    this.#statements = {
      task: database.prepare("SELECT n, row FROM task WHERE id = ?"),
      definition: database.prepare("SELECT definition FROM definition WHERE n = ?"),
      execution: database.prepare("SELECT n, task, row FROM execution WHERE id = ?"),
      taskRow: database.prepare("SELECT row FROM task WHERE n = ?"),
      executionRow: database.prepare("SELECT task, row FROM execution WHERE n = ?"),
      addTask: database.prepare(
        `INSERT INTO task (status, sort, paused, updated, next, last_run, last_status,
           type, name, tags, queue, author, manager, words, n, id, created, row)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
      ),
      setTask: database.prepare(
        `UPDATE task SET status = ?, sort = ?, paused = ?, updated = ?, next = ?, last_run = ?, last_status = ?, row = ?
         WHERE n = ?`
      ),
      setDefinition: database.prepare("INSERT OR REPLACE INTO definition VALUES (?, ?)"),
      setFilters: database.prepare(
        "UPDATE task SET type = ?, name = ?, tags = ?, queue = ?, author = ?, manager = ?, words = ? WHERE n = ?"
      ),
      addExecution: database.prepare(
        `INSERT INTO execution (status, due, started, duration, late, worker, error, n, id, task, type, parent, manual, row)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
      ),
      setExecution: database.prepare(
        `UPDATE execution SET status = ?, due = ?, started = ?, duration = ?, late = ?, worker = ?, error = ?, row = ?
         WHERE n = ?`
      ),
      addRevision: database.prepare("INSERT OR REPLACE INTO revision VALUES (?, ?, ?)"),
      ahead: database.prepare(
        `SELECT 1 FROM execution INDEXED BY execution_status WHERE status IN ('queued', 'running', 'retrying')
         AND task = ? AND n < ? AND parent IS NULL AND manual = ? LIMIT 1`
      ),
      park: database.prepare("INSERT OR REPLACE INTO parked VALUES (?, ?, ?)"),
      checkpoint: database.prepare("INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)")
    }
    const found = database.prepare("SELECT sequence, hash FROM checkpoint").get()
    this.#sequence = Number(found?.["sequence"] ?? 0)
    this.#hash = String(found?.["hash"] ?? "")
    this.#parked = Number(database.prepare("SELECT count(*) AS n FROM parked").get()?.["n"])
    const next = (table: string) => Number(database.prepare(`SELECT max(n) AS n FROM ${table}`).get()?.["n"] ?? 0) + 1
    this.#nextTask = next("task")
    this.#nextExecution = next("execution")
    const counts = (table: string): Counts =>
      new Map(
        database
          .prepare(`SELECT status, count(*) AS n FROM ${table} GROUP BY status`)
          .all()
          .map((row) => [String(row["status"]), Number(row["n"])])
      )
    this.#taskCounts = counts("task")
    this.#executionCounts = counts("execution")
  }

  /** Empty rows that nobody else sees, for as long as they are open. */
  static openTemporary(): ReadModelStore {
    return ReadModelStore.open(TEMPORARY)
  }

  /** Opens a database of this shape; throws when that cannot be read. */
  static open(file: string): ReadModelStore {
    return new ReadModelStore(openDatabase(file))
  }

  /**
   * Opens the read models of this version. A damaged file is thrown away, and `discarded` says why; throws when the file
   * cannot be opened for another reason (no right to, a lock, no space).
   */
  static openOwn(file: string): { readonly store: ReadModelStore; readonly discarded: string | null } {
    const own = fileOf(file)
    try {
      return { store: ReadModelStore.open(own), discarded: null }
    } catch (cause) {
      if (!isDamage(cause) && !(cause instanceof OtherShape)) throw cause
      remove(own)
      return { store: ReadModelStore.open(own), discarded: `${own}: ${(cause as Error).message}` }
    }
  }

  /** Rows of the newest other version that can be read as ours; undefined when there are none. */
  static openPrevious(file: string): ReadModelStore | undefined {
    for (const other of othersOf(file)) {
      try {
        const store = ReadModelStore.open(other)
        if (store.sequence > 0) return store
        store.close()
      } catch {
        // It is of another shape or damaged: ours are built without it.
      }
    }
    return undefined
  }

  /** Log sequence that the rows include. */
  get sequence(): number {
    return this.#sequence
  }

  /** Hash of the commit at `sequence`, by which the log is known again; empty before the first. */
  get hash(): string {
    return this.#hash
  }

  /** What was not understood, oldest first. */
  parked(limit: number): ReadonlyArray<Parked> {
    return this.all("SELECT sequence, item FROM parked ORDER BY sequence, place LIMIT ?", limit).map((found) => ({
      logSequence: Number(found["sequence"]),
      ...(JSON.parse(String(found["item"])) as NotUnderstood)
    }))
  }

  /** How much was not understood. */
  get parkedCount(): number {
    return this.#parked
  }

  /** Applies commits in one transaction, as far as they are understood; those seen before change nothing. After a failure nothing has changed. */
  apply(commits: ReadonlyArray<KnownCommit>): void {
    const fresh = commits.filter((recorded) => recorded.sequence > this.#sequence)
    const last = fresh.at(-1)
    if (last === undefined) return
    const batch: Batch = {
      tasks: new Map(),
      definitions: new Map(),
      executions: new Map(),
      revisions: [],
      taskCounts: new Map(this.#taskCounts),
      executionCounts: new Map(this.#executionCounts),
      nextTask: this.#nextTask,
      nextExecution: this.#nextExecution
    }
    this.#database.exec("BEGIN IMMEDIATE")
    try {
      for (const { commit, sequence } of fresh) for (const event of commit.events) this.#fold(event, sequence, batch)
      for (const [id, one] of batch.tasks) this.#putTask(one, batch.definitions.get(id))
      for (const one of batch.executions.values()) this.#putExecution(one)
      for (const { change, task } of batch.revisions) {
        this.#statements.addRevision.run(task, change.revision, JSON.stringify(change))
      }
      for (const { parked = [], sequence } of fresh) {
        for (const item of parked) this.#statements.park.run(sequence, item.place, JSON.stringify(item))
      }
      this.#statements.checkpoint.run(last.sequence, last.hash)
      this.#database.exec("COMMIT")
    } catch (cause) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK")
      throw cause
    }
    this.#sequence = last.sequence
    this.#hash = last.hash
    for (const { parked = [] } of fresh) this.#parked += parked.length
    this.#nextTask = batch.nextTask
    this.#nextExecution = batch.nextExecution
    this.#taskCounts = batch.taskCounts
    this.#executionCounts = batch.executionCounts
    keep(this.#tasks, batch.tasks, ({ row }) => row.overAt === null)
    // Ended ones stay as they are, and what has written output may be large.
    keep(this.#executions, batch.executions, ({ row }) => !isEnded(row) && row.attempts.length <= 1)
  }

  /** The end of the log has been reached: from now on those who share the process matter more than reading much. */
  follow(): void {
    preferShortPauses(this.#database)
  }

  /** Rows of a query of ours. */
  all(sql: string, ...parameters: ReadonlyArray<SQLInputValue>): ReadonlyArray<Record<string, unknown>> {
    return this.#database.prepare(sql).all(...parameters)
  }

  /** Ids that are, or begin with, a text; in order. */
  idsLike(table: "task" | "execution", id: string, limit: number): ReadonlyArray<string> {
    return this.all(
      `SELECT id FROM ${table} WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
      id,
      `${id}\u{10ffff}`,
      limit
    ).map((found) => String(found["id"]))
  }

  /** A task by its whole id, with its definition and its number. */
  task(
    id: string
  ): { readonly n: number; readonly task: ScheduledTask; readonly definition: TaskDefinition } | undefined {
    const found = this.#task(id)
    if (found === undefined) return undefined
    const definition = this.definition(found.n)
    return { n: found.n, task: scheduledTask(found.row, definition), definition }
  }

  /** The definition of the task with this number. */
  definition(n: number): TaskDefinition {
    return JSON.parse(String(this.#statements.definition.get(n)?.["definition"])) as TaskDefinition
  }

  /** The task with this number. */
  taskAt(n: number): ScheduledTask {
    return scheduledTask(JSON.parse(String(this.#statements.taskRow.get(n)?.["row"])) as TaskRow, this.definition(n))
  }

  /** The execution with this number. */
  executionAt(n: number): TaskExecution {
    const found = this.#statements.executionRow.get(n)
    const row = JSON.parse(String(found?.["row"])) as TaskExecution
    return this.inLine({ n, row, task: Number(found?.["task"]) })
  }

  /** An execution by its whole id. */
  execution(id: string): TaskExecution | undefined {
    const found = this.#execution(id)
    return found === undefined ? undefined : this.inLine(found)
  }

  /** An execution that was to wait for its turn waits for as long as an earlier one of its kind is open. */
  inLine({ n, row, task }: NumberedExecution): TaskExecution {
    if (row.waitsFor !== "overlap") return row
    const waits = this.#statements.ahead.get(task, n, row.manual ? 1 : 0) !== undefined
    return waits ? row : { ...row, waitsFor: null }
  }

  /** All revisions of the task with this number, oldest first. */
  revisions(n: number): ReadonlyArray<TaskChange> {
    return this.all("SELECT row FROM revision WHERE task = ? ORDER BY revision", n).map(
      (found) => JSON.parse(String(found["row"])) as TaskChange
    )
  }

  /** How many tasks and executions there are of each status. */
  get counts(): {
    readonly tasks: Readonly<Record<string, number>>
    readonly executions: Readonly<Record<string, number>>
  } {
    return { tasks: shown(this.#taskCounts), executions: shown(this.#executionCounts) }
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #task(id: string): Numbered<TaskRow> | undefined {
    const cached = this.#tasks.get(id)
    if (cached !== undefined) return cached
    const found = this.#statements.task.get(id)
    return found === undefined ? undefined : { n: Number(found["n"]), row: JSON.parse(String(found["row"])) as TaskRow }
  }

  #execution(id: string): NumberedExecution | undefined {
    const cached = this.#executions.get(id)
    if (cached !== undefined) return cached
    const found = this.#statements.execution.get(id)
    return found === undefined
      ? undefined
      : {
          n: Number(found["n"]),
          task: Number(found["task"]),
          row: JSON.parse(String(found["row"])) as TaskExecution
        }
  }

  #fold(event: TaskEvent, sequence: number, batch: Batch): void {
    const before = batch.tasks.get(event.taskId) ?? this.#task(event.taskId)
    const row = taskAfter(before?.row, event)
    if (row === undefined) return
    const task: Numbered<TaskRow> = { n: before?.n ?? batch.nextTask++, row }
    batch.tasks.set(event.taskId, task)
    recount(batch.taskCounts, before?.row.progress.status, row.progress.status)
    const change = changeIn(
      event,
      sequence,
      before === undefined
        ? undefined
        : { row: before.row, definition: () => batch.definitions.get(event.taskId) ?? this.definition(before.n) },
      row
    )
    if (change !== undefined) batch.revisions.push({ task: task.n, change })
    const definition = definitionIn(event)
    if (definition !== undefined) batch.definitions.set(event.taskId, definition)
    for (const id of executionsOf(event)) {
      const known = batch.executions.get(id) ?? this.#execution(id)
      const execution = executionAfter(known?.row, event, id, sequence)
      if (execution === undefined) continue
      batch.executions.set(id, { n: known?.n ?? batch.nextExecution++, task: task.n, row: execution })
      recount(batch.executionCounts, known?.row.status, execution.status)
    }
  }

  #putTask({ n, row }: Numbered<TaskRow>, definition: TaskDefinition | undefined): void {
    const { createdAt, taskId } = row.progress
    const filters = definition === undefined ? undefined : definitionColumns(taskId, definition)
    const text = JSON.stringify(row)
    if (n >= this.#nextTask && filters !== undefined) {
      this.#statements.addTask.run(...stateColumns(row), ...filters, n, taskId, createdAt, text)
    } else {
      this.#statements.setTask.run(...stateColumns(row), text, n)
      if (filters !== undefined) this.#statements.setFilters.run(...filters, n)
    }
    if (definition !== undefined) this.#statements.setDefinition.run(n, JSON.stringify(definition))
  }

  #putExecution({ n, row, task }: NumberedExecution): void {
    const text = JSON.stringify(row)
    if (n >= this.#nextExecution) {
      const { executionId, manual, parentExecutionId, taskType } = row
      const fixed = [n, executionId, task, taskType, parentExecutionId, manual ? 1 : 0] as const
      this.#statements.addExecution.run(...executionColumns(row), ...fixed, text)
    } else {
      this.#statements.setExecution.run(...executionColumns(row), text, n)
    }
  }
}

const recount = (counts: Counts, from: string | undefined, to: string): void => {
  if (from === to) return
  if (from !== undefined) counts.set(from, (counts.get(from) ?? 0) - 1)
  counts.set(to, (counts.get(to) ?? 0) + 1)
}

const shown = (counts: Counts): Readonly<Record<string, number>> =>
  Object.fromEntries([...counts].filter(([, count]) => count > 0))

/** Brings a cache up to date; what was not used for longest goes first. */
const keep = <Row>(cache: Map<string, Row>, rows: ReadonlyMap<string, Row>, wanted: (row: Row) => boolean): void => {
  for (const [id, row] of rows) {
    cache.delete(id)
    if (wanted(row)) cache.set(id, row)
  }
  for (const id of cache.keys()) {
    if (cache.size <= CACHED_ROWS) break
    cache.delete(id)
  }
}
