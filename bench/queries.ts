/** What looking things up costs: pages, orders and counts of 10,000 tasks and 100,000 executions, and a moment of the past. */
import { Effect, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { RecordedCommit } from "../src/events/Commit.ts"
import { EventLog } from "../src/events/EventLog.ts"
import { executionIdAt } from "../src/events/ExecutionId.ts"
import type { TaskEvent } from "../src/events/TaskEvent.ts"
import * as PastRows from "../src/projections/PastRows.ts"
import type { ExecutionsQuery, TasksQuery } from "../src/projections/Queries.ts"
import { ReadModelStore } from "../src/projections/ReadModelStore.ts"
import * as SqliteQueries from "../src/projections/SqliteQueries.ts"
import { fromMillis } from "../src/recurrence/Instant.ts"
import { definition, START } from "../test/support/task.ts"
import { machine, print, row } from "./support/world.ts"

const TASKS = 10_000
const RUNS = 10
const COMMIT_EVENTS = 50
const ROUNDS = 15
const HOUR = 3_600_000

const idOf = (task: number): string => `task${String(task).padStart(6, "0")}`

const common = (task: number, at: number) => ({
  version: 1 as const,
  time: fromMillis(at),
  taskId: idOf(task),
  taskName: `backup ${task % 100} of ${task}`,
  taskType: task % 3 === 0 ? "notification" : "shell_command",
  scheduleType: "recurring" as const,
  revision: 1,
  causedBy: { commandId: `c${task}`, actor: "bench" }
})

const scheduled = (task: number): TaskEvent => ({
  type: "scheduled",
  ...common(task, START),
  nextAt: fromMillis(START + HOUR + task),
  tzdata: "2026a",
  definition: definition({
    taskName: `backup ${task % 100} of ${task}`,
    taskType: task % 3 === 0 ? "notification" : "shell_command",
    description: "a task of a usual size, with some words of description to it",
    tags: [`group${task % 20}`, ...(task % 500 === 0 ? ["rare"] : [])],
    recurrence: { kind: "interval", everyMs: HOUR, anchorAt: fromMillis(START) }
  })
})

/** One run of a task: due, then its end; one of fifty fails. */
const run = (task: number, nth: number): ReadonlyArray<TaskEvent> => {
  const dueAt = START + (nth + 1) * HOUR + task
  const startedAt = fromMillis(dueAt + (task % 50))
  const finishedAt = fromMillis(dueAt + (task % 50) + 100 + ((task * 7) % 5000))
  const nominalAt = fromMillis(dueAt)
  const occurrence = { executionId: executionIdAt(idOf(task), nominalAt), nominalAt, dueAt: nominalAt, attempt: 1 }
  const ended = { ...occurrence, worker: "w1", startedAt, finishedAt, durationMs: 100 + ((task * 7) % 5000) }
  const end: TaskEvent =
    (task + nth) % 50 === 0
      ? { type: "failure", ...common(task, dueAt), ...ended, error: { code: "exitCode", message: "exited with 1" } }
      : {
          type: "success",
          ...common(task, dueAt),
          ...ended,
          result: { exitCode: 0, stdout: "x".repeat(200), stderr: "" }
        }
  return [{ type: "due", ...common(task, dueAt), ...occurrence, nextAt: fromMillis(dueAt + HOUR) }, end]
}

function* events(): Generator<TaskEvent> {
  for (let task = 0; task < TASKS; task++) yield scheduled(task)
  for (let nth = 0; nth < RUNS; nth++) for (let task = 0; task < TASKS; task++) yield* run(task, nth)
}

function* commits(): Generator<RecordedCommit> {
  let sequence = 0
  let group: Array<TaskEvent> = []
  const commit = (): RecordedCommit => {
    sequence += 1
    const time = group.at(-1)?.time ?? ""
    const head = {
      v: 1 as const,
      commitId: `b.${sequence}`,
      partition: 0,
      time,
      previousSequence: sequence - 1,
      previousHash: ""
    }
    return { sequence, hash: `h${sequence}`, storedAt: 0, commit: { ...head, events: group } }
  }
  for (const event of events()) {
    group.push(event)
    if (group.length < COMMIT_EVENTS) continue
    yield commit()
    group = []
  }
  if (group.length > 0) yield commit()
}

const median = (values: ReadonlyArray<number>): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/** Seconds of the processor since then. */
const seconds = (since: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(since)
  return (user + system) / 1e6
}

/** Milliseconds of the processor (others use it too), as the median of rounds. */
const timed = (question: () => Effect.Effect<unknown, unknown>): number => {
  const all: Array<number> = []
  for (let round = 0; round < ROUNDS; round++) {
    const begin = process.cpuUsage()
    Effect.runSync(question())
    all.push(seconds(begin) * 1000)
  }
  return median(all)
}

const directory = mkdtempSync(join(tmpdir(), "nagatha-bench-"))
const store = ReadModelStore.open(join(directory, "rows.sqlite"))
const now = START + 24 * HOUR
try {
  print(`queries: ${machine()}; times of the processor; ${TASKS} tasks, ${TASKS * RUNS} executions`)
  const built = process.cpuUsage()
  let count = 0
  let batch: Array<RecordedCommit> = []
  for (const commit of commits()) {
    batch.push(commit)
    count += commit.commit.events.length
    if (batch.length < 1000 / COMMIT_EVENTS) continue
    store.apply(batch)
    batch = []
  }
  store.apply(batch)
  print(`rows built from ${count} events: ${Math.round(count / seconds(built))} events/s`)
  print("")

  /** All rows read and looked at in JavaScript: what a filter costs without columns. */
  const plain = (table: "task" | "execution") =>
    timed(() =>
      Effect.sync(() => store.all(`SELECT row FROM ${table}`).map((one) => JSON.parse(String(one["row"])) as unknown))
    )
  const plainTasks = plain("task")
  const plainExecutions = plain("execution")
  const told = (what: string, ms: number, plainMs: number) =>
    row(what, ms.toFixed(1), plainMs.toFixed(0), (ms / plainMs).toFixed(3))
  row("a page of 100", "CPU ms", "all rows parsed", "ratio")
  row("---", "---:", "---:", "---:")
  const tasks = (what: string, query: TasksQuery) => {
    const ms = timed(() => SqliteQueries.tasks(store, query, now))
    told(what, ms, plainTasks)
  }
  const executions = (what: string, query: ExecutionsQuery) => {
    const ms = timed(() => SqliteQueries.executions(store, query))
    told(what, ms, plainExecutions)
  }
  const behind = (pages: number): string => {
    let cursor: string | undefined
    for (let page = 0; page < pages; page++) {
      const read = Effect.runSync(
        SqliteQueries.tasks(store, { limit: 1000, ...(cursor === undefined ? {} : { cursor }) }, now)
      )
      cursor = read.nextCursor ?? undefined
    }
    return cursor ?? ""
  }
  tasks("tasks", {})
  tasks("tasks, the 91st hundred", { cursor: behind(9) })
  tasks("tasks, `status: scheduled`, `type`", { status: "scheduled", type: "notification" })
  tasks("tasks, a tag of 500", { tag: "group7" })
  tasks("tasks, a tag of 20", { tag: "rare" })
  tasks("tasks, `search` of two words", { search: "backup 4711" })
  tasks("tasks, `lastStatus: failed`", { lastStatus: "failed" })
  tasks("tasks, `sort: name`", { sort: "name" })
  tasks("tasks, `sort: lastRun`, reversed", { sort: "lastRun", reverse: true })
  tasks("tasks, with `count`", { count: true })
  const counts = timed(() =>
    Effect.sync(() => SqliteQueries.countedTasks(store, { by: ["status", "type", "queue", "tag"] }, now))
  )
  told("tasks, counts by all four", counts, plainTasks)
  executions("executions", {})
  executions("executions of one task", { taskId: idOf(4711) })
  executions("executions, `status: failed`", { status: "failed" })
  executions("executions, a tag of 20 tasks", { tag: "rare" })
  executions("executions, a tag of 500 tasks", { tag: "group7" })
  executions("executions, `errorCode`, `since`", { errorCode: "exitCode", since: fromMillis(START + 5 * HOUR) })
  executions("executions, `worker` that never was", { worker: "w9" })
  executions("executions, `sort: duration`", { sort: "duration" })
  executions("executions, `sort: duration`, `since` two hours", {
    sort: "duration",
    since: fromMillis(START + 9 * HOUR)
  })
  executions("executions, `sort: lateness`, `minLatenessMs`", { sort: "lateness", minLatenessMs: 40 })
  executions("executions, `sort: started`", { sort: "started" })
  executions("executions, with `count`", { count: true })
  const executionCounts = timed(() => SqliteQueries.countedExecutions(store, { by: ["status", "type"] }))
  told("executions, counts by both", executionCounts, plainExecutions)
  print("")

  const past = Effect.gen(function* () {
    const log = yield* EventLog
    let sequence = 0
    for (const { commit } of commits()) {
      const { events: all, v: _v, ...head } = commit
      const stored = yield* log.append(
        { ...head, previousSequence: sequence },
        all.map((event) => JSON.stringify(event))
      )
      sequence = stored._tag === "stored" ? stored.sequence : sequence
    }
    const rows = yield* PastRows.make({ patienceMs: 600_000 })
    const ask = rows.ask({ _tag: "sequence", sequence }, ({ queries }) => queries.tasks({}))
    const begin = process.cpuUsage()
    yield* ask
    const first = seconds(begin)
    const again = process.cpuUsage()
    yield* ask
    print(
      `as of the end of ${count} events: ${first.toFixed(1)} s, ${Math.round(count / first)} events/s; asked again ${(seconds(again) * 1000).toFixed(1)} ms`
    )
  }).pipe(Effect.scoped, Effect.provide(Layer.fresh(EventLog.layerMemory)))
  await Effect.runPromise(past)
} finally {
  store.close()
  rmSync(directory, { recursive: true, force: true })
}
