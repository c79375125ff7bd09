/** Every filter, order and walk by cursors gives what a plain look at all rows gives: over random logs, the same for the same seed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { RecordedCommit } from "../../src/events/Commit.ts"
import { MEMORY } from "../../src/projections/ReadModelFile.ts"
import { type ExecutionsQuery, severalOf, type TasksQuery } from "../../src/projections/Queries.ts"
import { ReadModelStore } from "../../src/projections/ReadModelStore.ts"
import { ExecutionStatus, type ScheduledTask, TaskStatus } from "../../src/projections/ScheduledTask.ts"
import * as SqliteQueries from "../../src/projections/SqliteQueries.ts"
import type { TaskExecution } from "../../src/projections/TaskExecution.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import { pick, randomOf } from "../support/random.ts"
import { QUEUES, randomLog, some, TAGS, TYPES, WORKERS } from "../support/randomLog.ts"
import { START } from "../support/task.ts"

const DAY = 86_400_000

const storeOf = (log: ReadonlyArray<RecordedCommit>): ReadModelStore => {
  const { store } = ReadModelStore.openOwn(MEMORY)
  // Every commit twice: the second time changes nothing.
  for (const commit of log) store.apply([commit, commit])
  store.apply(log)
  return store
}

const rowsOf = <Row>(store: ReadModelStore, table: string, read: (n: number) => Row) =>
  store.all(`SELECT n FROM ${table} ORDER BY n`).map(({ n }) => ({ n: Number(n), row: read(Number(n)) }))

/** `*` and `?`, by another way than SQLite's. */
const globbed = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${[...pattern].map((one) => (one === "*" ? ".*" : one === "?" ? "." : one.replace(/[[\]\\^$.|+(){}]/, "\\$&"))).join("")}$`,
    "su"
  ).test(text)

const among = (asked: string | ReadonlyArray<string> | undefined, value: string | null): boolean =>
  severalOf(asked)?.includes(value ?? "") ?? true

const within = (value: string | null, since: string | undefined, until: string | undefined): boolean =>
  (since === undefined || (value !== null && Date.parse(value) >= Date.parse(since))) &&
  (until === undefined || (value !== null && Date.parse(value) < Date.parse(until)))

const tagged = (tags: ReadonlyArray<string>, { anyTag, tag }: Pick<TasksQuery, "anyTag" | "tag">): boolean =>
  (severalOf(tag) ?? []).every((one) => tags.includes(one)) &&
  (severalOf(anyTag)?.some((one) => tags.includes(one)) ?? true)

const fitsTask = (task: ScheduledTask, query: TasksQuery, isPaused: boolean): boolean => {
  const text = [task.taskName, task.description, task.taskId, task.scheduleSpec, task.understoodAs].join("\n")
  return (
    among(query.status, task.status) &&
    among(query.type, task.taskType) &&
    among(query.queue, task.queue) &&
    among(query.lastStatus, task.lastStatus) &&
    (severalOf(query.id)?.some((id) => task.taskId === id || (id.length >= 4 && task.taskId.startsWith(id))) ?? true) &&
    tagged(task.tags, query) &&
    (query.name === undefined || globbed(query.name.toLowerCase(), task.taskName.toLowerCase())) &&
    (query.createdBy === undefined || globbed(query.createdBy, task.createdBy)) &&
    (query.search ?? "").split(" ").every((word) => text.toLowerCase().includes(word.toLowerCase())) &&
    (query.paused === undefined || query.paused === isPaused) &&
    within(task.createdAt, query.createdSince, query.createdUntil) &&
    within(task.updatedAt, query.updatedSince, query.updatedUntil) &&
    within(task.nextRunAt, query.nextRunSince, query.nextRunUntil) &&
    within(task.lastRunAt, query.lastRunSince, query.lastRunUntil)
  )
}

type Compare<Row> = (a: Row, b: Row) => number
const by =
  <Row>(...values: ReadonlyArray<(row: Row) => string | number>): Compare<Row> =>
  (a, b) => {
    for (const value of values) {
      const [left, right] = [value(a), value(b)]
      if (left !== right) return left < right ? -1 : 1
    }
    return 0
  }
const isOver = ({ status }: ScheduledTask) => ["completed", "failed", "cancelled"].includes(status)

const taskOrders: Readonly<Record<string, Compare<ScheduledTask>>> = {
  // What is over follows in the order of its end, which a row does not show: told by the order of the walk itself.
  next: by(
    (task) => (isOver(task) ? 2 : task.nextRunAt === null ? 1 : 0),
    (task) => (isOver(task) ? "" : (task.nextRunAt ?? ""))
  ),
  name: by((task) => task.taskName.toLowerCase()),
  created: by((task) => task.createdAt),
  updated: by((task) => task.updatedAt),
  lastRun: by((task) => task.lastRunAt ?? ""),
  status: by((task) => task.status)
}

const executionOrders: Readonly<Record<string, Compare<TaskExecution>>> = {
  due: by((one) => one.dueAt),
  started: by((one) => one.startedAt ?? ""),
  duration: by((one) => one.durationMs ?? -1),
  lateness: by((one) => one.latenessMs ?? -Infinity)
}

const instant = (random: () => number): string =>
  pick(random, [
    fromMillis(START + Math.floor(random() * 120_000)),
    `2026-03-02T10:0${Math.floor(random() * 3)}:30.${Math.floor(random() * 9999)}+01:00`
  ])

/** Each of these, now and then. */
const chosen = <Query extends object>(
  random: () => number,
  fields: { [Key in keyof Query]: () => Query[Key] }
): Query =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) => (random() < 0.12 ? [[key, (value as () => unknown)()]] : []))
  ) as Query

const oneOrMore = <A>(random: () => number, from: ReadonlyArray<A>): A | ReadonlyArray<A> => {
  const several = some(random, from)
  return several.length === 0 ? pick(random, from) : several
}

const taskQuery = (random: () => number): TasksQuery => ({
  all: true,
  sort: pick(random, ["next", "name", "created", "updated", "lastRun", "status"]),
  ...chosen<TasksQuery>(random, {
    reverse: () => random() < 0.8,
    status: () => oneOrMore(random, TaskStatus.literals),
    type: () => oneOrMore(random, TYPES),
    queue: () => oneOrMore(random, QUEUES),
    lastStatus: () => oneOrMore(random, ExecutionStatus.literals),
    tag: () => oneOrMore(random, TAGS),
    anyTag: () => oneOrMore(random, TAGS),
    name: () => pick(random, ["backup*", "*[x]", "?EA", "ä*", "*"]),
    id: () => oneOrMore(random, ["task0037", "task00", "nothing", "tas"]),
    search: () => pick(random, ["DB", "ann für", "task00", "backup night", ""]),
    createdBy: () => pick(random, ["cli:*", "sdk", "cli:?nn"]),
    paused: () => random() < 0.5,
    createdSince: () => instant(random),
    createdUntil: () => instant(random),
    updatedSince: () => instant(random),
    updatedUntil: () => instant(random),
    nextRunSince: () => instant(random),
    nextRunUntil: () => instant(random),
    lastRunSince: () => instant(random),
    lastRunUntil: () => instant(random)
  })
})

const executionQuery = (random: () => number, executions: ReadonlyArray<TaskExecution>): ExecutionsQuery => ({
  sort: pick(random, ["due", "started", "duration", "lateness"]),
  ...chosen<ExecutionsQuery>(random, {
    reverse: () => random() < 0.8,
    taskId: () => pick(random, executions).taskId,
    status: () => oneOrMore(random, ExecutionStatus.literals),
    type: () => oneOrMore(random, TYPES),
    queue: () => oneOrMore(random, QUEUES),
    tag: () => oneOrMore(random, TAGS),
    anyTag: () => oneOrMore(random, TAGS),
    name: () => pick(random, ["backup*", "*[x]", "*"]),
    steps: () => pick(random, [true, false, "only" as const]),
    since: () => instant(random),
    until: () => instant(random),
    worker: () => pick(random, ["w?", "box-*", "*"]),
    errorCode: () => oneOrMore(random, ["exitCode", "paused"]),
    manual: () => random() < 0.5,
    minDurationMs: () => Math.floor(random() * 2000),
    minLatenessMs: () => Math.floor(random() * 2000)
  })
})

const fitsExecution = (one: TaskExecution, query: ExecutionsQuery, task: ScheduledTask): boolean =>
  (query.taskId === undefined || one.taskId === query.taskId) &&
  among(query.status, one.status) &&
  among(query.type, one.taskType) &&
  among(query.queue, task.queue) &&
  tagged(task.tags, query) &&
  (query.name === undefined || globbed(query.name.toLowerCase(), task.taskName.toLowerCase())) &&
  (query.steps !== "only" || one.parentExecutionId !== null) &&
  within(one.dueAt, query.since, query.until) &&
  (query.worker === undefined || (one.worker !== null && globbed(query.worker, one.worker))) &&
  among(query.errorCode, one.errorCode) &&
  (query.manual === undefined || query.manual === one.manual) &&
  (query.minDurationMs === undefined || (one.durationMs ?? -1) >= query.minDurationMs) &&
  (query.minLatenessMs === undefined || (one.latenessMs ?? -Infinity) >= query.minLatenessMs)

interface Page<Item> {
  readonly items: ReadonlyArray<Item>
  readonly nextCursor: string | null
  readonly total?: number
}

/** All pages; each says the whole number. */
const walk = Effect.fnUntraced(function* <Item>(
  total: number,
  page: (cursor: { readonly cursor?: string }) => Effect.Effect<Page<Item>, unknown>
) {
  const items: Array<Item> = []
  let cursor: string | null = null
  do {
    const read: Page<Item> = yield* page(cursor === null ? {} : { cursor })
    assert.strictEqual(read.total, total)
    items.push(...read.items)
    cursor = read.nextCursor
  } while (cursor !== null)
  return items
})

const counted = (values: ReadonlyArray<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

const now = START + DAY
const seeds = [1, 2, 3, 4]

describe("queries over random logs", () => {
  for (const seed of seeds) {
    it.effect(`find the tasks that a plain look at all rows finds, in their order, page by page (seed ${seed})`, () =>
      Effect.gen(function* () {
        const store = storeOf(randomLog(seed, 60))
        const rows = rowsOf(store, "task", (n) => store.taskAt(n))
        const pausedIds = new Set(
          store.all("SELECT id FROM task WHERE row ->> '$.resting' = 'paused'").map(({ id }) => id)
        )
        const random = randomOf(seed * 1000)
        let found = 0
        for (let round = 0; round < 80; round++) {
          const query = taskQuery(random)
          const isReverse = query.reverse === true
          const fitting = rows.filter(({ row }) => fitsTask(row, query, pausedIds.has(row.taskId)))
          const order = taskOrders[query.sort ?? "next"] ?? (() => 0)
          const limit = 3 + Math.floor(random() * 20)
          const page = (cursor: object) => SqliteQueries.tasks(store, { ...query, ...cursor, limit, count: true }, now)
          const walked = yield* walk(fitting.length, page)
          const what = JSON.stringify(query)
          assert.sameMembers(
            walked.map(({ taskId }) => taskId),
            fitting.map(({ row }) => row.taskId),
            what
          )
          assert.strictEqual(new Set(walked.map(({ taskId }) => taskId)).size, walked.length, what)
          for (const [index, task] of walked.slice(1).entries()) {
            const before = walked[index]
            if (before === undefined) continue
            assert.isAtMost((isReverse ? -1 : 1) * order(before, task), 0, what)
          }
          if (query.sort !== "next" && query.sort !== "status") {
            const numbered = fitting.toSorted((a, b) => order(a.row, b.row) || a.n - b.n)
            if (isReverse) numbered.reverse()
            assert.deepStrictEqual(
              walked,
              numbered.map(({ row }) => row),
              what
            )
          }
          const { cursor: _cursor, reverse: _reverse, sort: _sort, ...filter } = query
          const counts = SqliteQueries.countedTasks(store, { ...filter, by: ["status", "type", "queue", "tag"] }, now)
          assert.deepStrictEqual(
            [counts.total, counts.by],
            [
              fitting.length,
              {
                status: counted(fitting.map(({ row }) => row.status)),
                type: counted(fitting.map(({ row }) => row.taskType)),
                queue: counted(fitting.map(({ row }) => row.queue)),
                tag: counted(fitting.flatMap(({ row }) => row.tags))
              }
            ],
            what
          )
          if (fitting.length > 0) found += 1
        }
        assert.isAbove(found, 20)
      })
    )

    it.effect(
      `find the executions that a plain look at all rows finds, in their order, page by page (seed ${seed})`,
      () =>
        Effect.gen(function* () {
          const store = storeOf(randomLog(seed, 60))
          const tasks = new Map(rowsOf(store, "task", (n) => store.taskAt(n)).map(({ row }) => [row.taskId, row]))
          const rows = rowsOf(store, "execution", (n) => store.executionAt(n))
          const random = randomOf(seed * 2000)
          let found = 0
          for (let round = 0; round < 80; round++) {
            const query = executionQuery(
              random,
              rows.map(({ row }) => row)
            )
            const fitting = rows.filter(({ row }) => {
              const task = tasks.get(row.taskId)
              return task !== undefined && fitsExecution(row, query, task)
            })
            const order = executionOrders[query.sort ?? "due"] ?? (() => 0)
            const numbered = fitting.toSorted((a, b) => order(b.row, a.row) || b.n - a.n)
            if (query.reverse === true) numbered.reverse()
            const limit = 5 + Math.floor(random() * 40)
            const walked = yield* walk(fitting.length, (cursor) =>
              SqliteQueries.executions(store, { ...query, ...cursor, limit, count: true })
            )
            assert.deepStrictEqual(
              walked,
              numbered.map(({ row }) => row),
              JSON.stringify(query)
            )
            const { cursor: _cursor, reverse: _reverse, sort: _sort, ...filter } = query
            const counts = yield* SqliteQueries.countedExecutions(store, { ...filter, by: ["status", "type"] })
            assert.deepStrictEqual(counts.by, {
              status: counted(fitting.map(({ row }) => row.status)),
              type: counted(fitting.map(({ row }) => row.taskType))
            })
            if (fitting.length > 0) found += 1
          }
          assert.isAbove(found, 20)
        })
    )
  }

  it.effect("go on behind a row that has changed its place, and see each row that has kept its own once", () =>
    Effect.gen(function* () {
      const log = randomLog(5, 80)
      const { store } = ReadModelStore.openOwn(MEMORY)
      const half = Math.floor(log.length / 2)
      store.apply(log.slice(0, half))
      for (const sort of ["name", "created"] as const) {
        const before = rowsOf(store, "task", (n) => store.taskAt(n)).map(({ row }) => row.taskId)
        const seen: Array<string> = []
        let cursor: string | null = null
        let at = store.sequence
        do {
          const page: Page<ScheduledTask> = yield* SqliteQueries.tasks(
            store,
            { all: true, sort, limit: 7, ...(cursor === null ? {} : { cursor }) },
            now
          )
          seen.push(...page.items.map(({ taskId }) => taskId))
          cursor = page.nextCursor
          store.apply(log.slice(at, (at += 5)))
        } while (cursor !== null)
        assert.strictEqual(new Set(seen).size, seen.length)
        assert.includeMembers(seen, before)
      }
    })
  )

  it("have rows of every kind before them", () => {
    const store = storeOf(randomLog(1, 120))
    const shown = (table: string, column: string) =>
      store.all(`SELECT DISTINCT ${column} AS value FROM ${table}`).map(({ value }) => String(value))
    assert.includeMembers(shown("task", "status"), ["scheduled", "running", "paused", "failed", "cancelled"])
    assert.includeMembers(shown("execution", "status"), [
      "queued",
      "running",
      "completed",
      "failed",
      "retrying",
      "skipped"
    ])
    assert.includeMembers(shown("execution", "worker"), WORKERS)
    assert.includeMembers(shown("execution", "manual"), ["0", "1"])
    assert.isAbove(shown("execution", "duration").length, 1)
    assert.isAbove(shown("execution", "late").length, 10)
  })

  it.effect("may name as many ids as a request may hold, and count each group once", () =>
    Effect.gen(function* () {
      const store = storeOf(randomLog(7, 20))
      const { items } = yield* SqliteQueries.tasks(store, { all: true, limit: 1000 }, now)
      const many = (known: string) => [known, ...Array.from({ length: 999 }, (_, index) => `none-${index}`)]
      const [first] = items
      const found = yield* SqliteQueries.tasks(store, { id: many(first?.taskId ?? "") }, now)
      assert.deepStrictEqual(
        found.items.map(({ taskId }) => taskId),
        [first?.taskId]
      )
      const prefixes = yield* SqliteQueries.tasks(store, { id: many(first?.taskId.slice(0, 4) ?? "") }, now)
      assert.includeMembers(
        prefixes.items.map(({ taskId }) => taskId),
        [first?.taskId]
      )
      let asked = 0
      const counting: Pick<ReadModelStore, "all" | "sequence"> = {
        sequence: store.sequence,
        all: (...query) => {
          asked += 1
          return store.all(...query)
        }
      }
      SqliteQueries.countedTasks(counting as ReadModelStore, { all: true, by: Array(1000).fill("tag") }, now)
      assert.strictEqual(asked, 2)
    })
  )

  it.effect("refuse a cursor of another order", () =>
    Effect.gen(function* () {
      const store = storeOf(randomLog(6, 10))
      const { nextCursor } = yield* SqliteQueries.tasks(store, { all: true, sort: "name", limit: 2 }, now)
      assert.isNotNull(nextCursor)
      const cursor = nextCursor ?? ""
      for (const query of [{ sort: "created" as const }, {}, { sort: "name" as const, reverse: true }]) {
        const refused = yield* Effect.flip(SqliteQueries.tasks(store, { ...query, cursor }, now))
        assert.strictEqual(refused._tag, "InvalidCursor")
      }
    })
  )
})
