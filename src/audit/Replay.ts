/**
 * `replay`: the log folded anew, by the rules of today, into the rows that readers see; held against those that are served. Both
 * sides must be the same, whatever the batches, restarts and rebuilds by which the served ones came to be.
 */
import { hash } from "node:crypto"
import type { RecordedCommit } from "../events/Commit.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { executionAfter, executionsOf } from "../projections/ExecutionRow.ts"
import type { ScheduledTask } from "../projections/ScheduledTask.ts"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import { definitionIn, scheduledTask, taskAfter, type TaskRow } from "../projections/TaskRow.ts"
import { canonical, hashOfValue } from "./Canonical.ts"

/** Differences that are kept one by one. */
const MOST_DIFFERENCES = 1000

interface Task {
  readonly row: TaskRow
  readonly definition: TaskDefinition
  readonly changedAt: number
}

/** An execution that can change no more is kept as its hash. */
interface Execution {
  readonly row: TaskExecution | null
  readonly hash: string | null
  readonly changedAt: number
}

export interface Difference {
  readonly of: "task" | "execution"
  readonly id: string
  /** Undefined where one side has no such row at all. */
  readonly field?: string
  readonly log: unknown
  readonly served: unknown
}

interface Side {
  readonly rows: number
  readonly digest: string
}

export interface Compared {
  readonly log: Side
  readonly served: Side
  readonly same: boolean
}

export interface ReplayReport {
  readonly ok: boolean
  /** Log sequence as of which both were compared. */
  readonly through: number
  readonly events: number
  readonly tasks: Compared
  readonly executions: Compared
  readonly differences: ReadonlyArray<Difference>
  readonly differing: number
  /** Rows that changed while they were read, which were left out. */
  readonly inMotion: number
}

export class Replay {
  readonly #tasks = new Map<string, Task>()
  readonly #executions = new Map<string, Execution>()
  readonly #only: string | undefined
  #through = 0
  #events = 0

  /** `only`: one task, of which every row is kept whole, so that differences are told by field. */
  constructor(only?: string) {
    this.#only = only
  }

  take({ commit, sequence }: RecordedCommit): void {
    this.#through = sequence
    for (const event of commit.events) {
      if (this.#only === undefined || event.taskId === this.#only) this.#fold(event, sequence)
    }
  }

  #fold(event: TaskEvent, sequence: number): void {
    this.#events += 1
    const before = this.#tasks.get(event.taskId)
    const row = taskAfter(before?.row, event)
    const definition = definitionIn(event) ?? before?.definition
    if (row === undefined || definition === undefined) return
    this.#tasks.set(event.taskId, { row, definition, changedAt: sequence })
    for (const id of executionsOf(event)) {
      const known = this.#executions.get(id)
      const execution = executionAfter(known?.row ?? undefined, event, id, sequence)
      if (execution === undefined) continue
      // What has failed may be retried, and what was skipped become due: all else is as it is.
      const isFinal = this.#only === undefined && execution.status === "completed"
      this.#executions.set(
        id,
        isFinal
          ? { row: null, hash: hashOfValue(execution), changedAt: sequence }
          : { row: execution, hash: null, changedAt: sequence }
      )
    }
  }

  /** Against the rows that are served, which were read while the log grew from one sequence to another. */
  compare(
    served: { readonly tasks: ReadonlyArray<ScheduledTask>; readonly executions: ReadonlyArray<TaskExecution> },
    read: { readonly from: number; readonly to: number }
  ): ReplayReport {
    const differences: Array<Difference> = []
    let differing = 0
    let inMotion = 0
    const side = (hashes: ReadonlyMap<string, string>): Side => {
      const all = hash(
        "sha256",
        [...hashes]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map((one) => one.join(" "))
          .join("\n"),
        "hex"
      )
      return { rows: hashes.size, digest: all }
    }
    const compared = <Row>(
      of: Difference["of"],
      ours: ReadonlyMap<
        string,
        { readonly hash: () => string; readonly row: () => Row | null; readonly changedAt: number }
      >,
      theirs: ReadonlyMap<string, Row>
    ): Compared => {
      const [logHashes, servedHashes] = [new Map<string, string>(), new Map<string, string>()]
      for (const id of new Set([...ours.keys(), ...theirs.keys()])) {
        const [our, their] = [ours.get(id), theirs.get(id)]
        if (read.from < read.to && (our === undefined || our.changedAt > read.from)) {
          inMotion += 1
          continue
        }
        if (our !== undefined) logHashes.set(id, our.hash())
        if (their !== undefined) servedHashes.set(id, hashOfValue(their))
        if (logHashes.get(id) === servedHashes.get(id)) continue
        differing += 1
        if (differences.length < MOST_DIFFERENCES)
          differences.push(...differenceOf(of, id, our?.row() ?? null, their ?? null, our !== undefined))
      }
      const [log, servedSide] = [side(logHashes), side(servedHashes)]
      return { log, served: servedSide, same: log.digest === servedSide.digest }
    }
    const tasks = new Map(
      [...this.#tasks].map(([id, { changedAt, definition, row }]) => {
        const shown = () => scheduledTask(row, definition)
        return [id, { changedAt, row: shown, hash: () => hashOfValue(shown()) }] as const
      })
    )
    const executions = new Map(
      [...this.#executions].map(
        ([id, { changedAt, hash: known, row }]) =>
          [id, { changedAt, row: () => row, hash: () => known ?? hashOfValue(row) }] as const
      )
    )
    const report = {
      tasks: compared("task", tasks, new Map(served.tasks.map((task) => [task.taskId, task]))),
      executions: compared(
        "execution",
        executions,
        new Map(served.executions.map(({ progress: _live, ...row }) => [row.executionId, row as TaskExecution]))
      )
    }
    return {
      ok: differing === 0,
      through: this.#through,
      events: this.#events,
      ...report,
      differences,
      differing,
      inMotion
    }
  }
}

const differenceOf = (
  of: Difference["of"],
  id: string,
  log: object | null,
  served: object | null,
  isKnown: boolean
): ReadonlyArray<Difference> => {
  if (served === null || !isKnown)
    return [{ of, id, log: isKnown ? "there" : "not there", served: served === null ? "not there" : "there" }]
  // Of what is kept as a hash only that it differs is known.
  if (log === null) return [{ of, id, field: "(its hash)", log: "another", served: hashOfValue(served) }]
  const keys = [...new Set([...Object.keys(log), ...Object.keys(served)])].sort()
  return keys.flatMap((field): ReadonlyArray<Difference> => {
    const [ours, theirs]: [unknown, unknown] = [Reflect.get(log, field), Reflect.get(served, field)]
    return canonical(ours) === canonical(theirs) ? [] : [{ of, id, field, log: ours ?? null, served: theirs ?? null }]
  })
}
