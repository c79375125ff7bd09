/**
 * Answers from the read models: ids by prefix, filters in SQL, and pages that begin where the one before ended, whatever
 * has changed meanwhile.
 *
 * A page in the order of every day costs what it shows, not what there is, unless filters leave little of much: rows of
 * each status are read in their order and merged. Other orders look at a few columns of each row that fits. What is
 * counted is counted anew.
 */
import { Effect } from "effect"
import type { SQLInputValue } from "node:sqlite"
import type { Conditions } from "./Conditions.ts"
import * as Cursor from "./Cursor.ts"
import { executionConditions, ofTasks } from "./ExecutionConditions.ts"
import {
  AmbiguousId,
  type Counts,
  type CountsQuery,
  type ExecutionCountsQuery,
  type ExecutionFilter,
  type ExecutionSort,
  type ExecutionsPage,
  type ExecutionsQuery,
  type InvalidCursor,
  NotFound,
  severalOf,
  type TaskFilter,
  type TaskSort,
  type TasksPage,
  type TasksQuery
} from "./Queries.ts"
import type { ReadModelStore } from "./ReadModelStore.ts"
import { ExecutionStatus, TaskStatus } from "./ScheduledTask.ts"
import { MIN_PREFIX, taskConditions } from "./TaskConditions.ts"

/** Page size where none is asked for. */
const LIMIT = 100
const SHOWN_MATCHES = 10
/** Most bytes of a page of several items: an answer must fit into a message (1 MiB), together with a task. */
export const PAGE_BYTES = 640 * 1024
/** So many tasks are read one by one in the order of their executions; of more, executions are looked at in their order. */
const FEW_TASKS = 64
/** Values of a group that are told. */
const MOST_GROUPS = 1000

/** Columns of an order; `n` follows. Their order is that of the table's indexes where one exists. */
const TASK_ORDERS: Readonly<Record<TaskSort, ReadonlyArray<string>>> = {
  next: ["sort"],
  name: ["name"],
  created: ["created"],
  updated: ["updated"],
  lastRun: ["last_run"],
  status: ["status", "sort"]
}
const EXECUTION_ORDERS: Readonly<Record<ExecutionSort, ReadonlyArray<string>>> = {
  due: ["due"],
  started: ["started"],
  duration: ["duration"],
  lateness: ["late"]
}

/** The id that a whole id or an unambiguous prefix names. */
export const resolve = (
  store: ReadModelStore,
  what: "task" | "execution",
  id: string
): Effect.Effect<string, NotFound | AmbiguousId> =>
  Effect.suspend((): Effect.Effect<string, NotFound | AmbiguousId> => {
    const matches = store.idsLike(what, id, SHOWN_MATCHES)
    const [only] = matches
    if (only === id || (matches.length === 1 && only !== undefined && id.length >= MIN_PREFIX)) {
      return Effect.succeed(only)
    }
    return matches.length > 1 && id.length >= MIN_PREFIX
      ? Effect.fail(new AmbiguousId({ what, id, matches }))
      : Effect.fail(new NotFound({ what, id }))
  })

/** A further condition of a list, where rows are read as several lists that are merged. */
interface Part {
  readonly condition: string
  readonly parameters: ReadonlyArray<SQLInputValue>
}

interface Ordered {
  readonly table: "task" | "execution"
  readonly columns: ReadonlyArray<string>
  readonly descending: boolean
  readonly limit: number
  /** Rows behind this key. */
  readonly from: Cursor.Key | null
}

const compare = (a: Cursor.Key, b: Cursor.Key): number => {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? ""
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** The keys of the first rows of several lists, as of one. */
const keysOf = (
  store: ReadModelStore,
  { columns, descending, from, limit, table }: Ordered,
  conditions: Conditions,
  parts: ReadonlyArray<Part>
): ReadonlyArray<Cursor.Key> => {
  const key = [...columns, "n"]
  const behind =
    from === null ? "" : `AND (${key.join(", ")}) ${descending ? "<" : ">"} (${key.map(() => "?").join(", ")})`
  const order = key.map((column) => (descending ? `${column} DESC` : column)).join(", ")
  const keys = parts.flatMap(({ condition, parameters }) =>
    store
      .all(
        `SELECT ${key.join(", ")} FROM ${table} WHERE ${condition} AND ${conditions.where} ${behind} ORDER BY ${order} LIMIT ?`,
        ...parameters,
        ...conditions.parameters,
        ...(from ?? []),
        limit
      )
      .map((row): Cursor.Key => key.map((column) => row[column] as string | number))
  )
  if (parts.length === 1) return keys
  return keys.toSorted((a, b) => (descending ? compare(b, a) : compare(a, b))).slice(0, limit)
}

const countOf = (store: ReadModelStore, table: string, conditions: Conditions): number =>
  Number(store.all(`SELECT count(*) AS n FROM ${table} WHERE ${conditions.where}`, ...conditions.parameters)[0]?.["n"])

/** The first items of a list, as many as a page holds, and the cursor of the next page: null when there is none. */
const pageOf = <Item>(
  keys: ReadonlyArray<Cursor.Key>,
  order: string,
  limit: number,
  read: (n: number) => Item
): { readonly items: ReadonlyArray<Item>; readonly nextCursor: string | null } => {
  const items: Array<Item> = []
  let bytes = 0
  for (const key of keys.slice(0, limit)) {
    const item = read(Number(key.at(-1)))
    bytes += Buffer.byteLength(JSON.stringify(item))
    if (bytes > PAGE_BYTES && items.length > 0) break
    items.push(item)
  }
  const last = keys[items.length - 1]
  return { items, nextCursor: keys.length > items.length && last !== undefined ? Cursor.encode(order, last) : null }
}

/** Each status by itself, for the index that begins with it. */
const eachStatus = (statuses: ReadonlyArray<string>): ReadonlyArray<Part> =>
  [...new Set(statuses)].map((status) => ({ condition: "status = ?", parameters: [status] }))

const ALL: ReadonlyArray<Part> = [{ condition: "true", parameters: [] }]

const withStatus = (conditions: Conditions, { status }: TaskFilter | ExecutionFilter): Conditions =>
  conditions.oneOf("status", severalOf<string>(status))

/** A page of tasks as of `now` (milliseconds). */
export const tasks = Effect.fnUntraced(function* (store: ReadModelStore, query: TasksQuery, now: number) {
  const { count = false, cursor, limit = LIMIT, reverse = false, sort = "next" } = query
  const columns = TASK_ORDERS[sort]
  const order = reverse ? `-${sort}` : sort
  const from = cursor === undefined ? null : yield* Cursor.decode(cursor, order, columns.length)
  const ordered: Ordered = { table: "task", columns, descending: reverse, limit: limit + 1, from }
  const conditions = taskConditions(store, query, now)
  const keys =
    sort === "next"
      ? keysOf(store, ordered, conditions, eachStatus(severalOf(query.status) ?? TaskStatus.literals))
      : keysOf(store, ordered, withStatus(conditions, query), ALL)
  const counted = sort === "next" ? withStatus(conditions, query) : conditions
  const page: TasksPage = {
    ...pageOf(keys, order, limit, (n) => store.taskAt(n)),
    ...(count ? { total: countOf(store, "task", counted) } : {}),
    logSequence: store.sequence
  }
  return page
})

/** The number of the task that is asked for, or those of the tasks that are, as long as they are few; undefined: any. */
const chosenTasks = Effect.fnUntraced(function* (
  store: ReadModelStore,
  filter: ExecutionFilter,
  conditions: Conditions
): Effect.fn.Return<ReadonlyArray<number> | undefined, NotFound | AmbiguousId> {
  const tasks = ofTasks(filter)
  const one = filter.taskId === undefined ? undefined : store.task(yield* resolve(store, "task", filter.taskId))?.n
  if (tasks === undefined) return one === undefined ? undefined : [one]
  if (one !== undefined) tasks.and("n = ?", one)
  const where = `SELECT n FROM task WHERE ${tasks.where}`
  const few = store.all(`${where} LIMIT ?`, ...tasks.parameters, FEW_TASKS + 1).map((row) => Number(row["n"]))
  if (few.length <= FEW_TASKS) return few
  conditions.and(`task IN (${where})`, ...tasks.parameters)
  return undefined
})

/** A page of executions. */
export const executions = Effect.fnUntraced(function* (
  store: ReadModelStore,
  query: ExecutionsQuery
): Effect.fn.Return<ExecutionsPage, NotFound | AmbiguousId | InvalidCursor> {
  const { count = false, cursor, limit = LIMIT, reverse = false, sort = "due" } = query
  const columns = EXECUTION_ORDERS[sort]
  const order = reverse ? sort : `-${sort}`
  const from = cursor === undefined ? null : yield* Cursor.decode(cursor, order, columns.length)
  const ordered: Ordered = { table: "execution", columns, descending: !reverse, limit: limit + 1, from }
  const conditions = executionConditions(query)
  const tasks = yield* chosenTasks(store, query, conditions)
  const parts = partsOf(query, sort, tasks, conditions)
  const keys = keysOf(store, ordered, conditions, parts)
  const page: ExecutionsPage = {
    ...pageOf(keys, order, limit, (n) => store.executionAt(n)),
    ...(count ? { total: (yield* countedExecutions(store, query)).total } : {}),
    logSequence: store.sequence
  }
  return page
})

/** How the executions that fit are read: by the index that leaves the fewest to look at. */
const partsOf = (
  query: ExecutionFilter,
  sort: ExecutionSort,
  tasks: ReadonlyArray<number> | undefined,
  conditions: Conditions
): ReadonlyArray<Part> => {
  const statuses = severalOf<string>(query.status)
  // The steps of one execution are few, whatever else is asked.
  if (query.parent !== undefined) {
    conditions.oneOf("+status", statuses)
    if (tasks !== undefined) conditions.and(`+task IN (${tasks.join(", ")})`)
    return ALL
  }
  if (tasks !== undefined) {
    conditions.oneOf("+status", statuses)
    return tasks.map((n) => ({ condition: "task = ?", parameters: [n] }))
  }
  // What has failed or was skipped is little of all; the index holds nothing else.
  if (query.errorCode !== undefined) {
    conditions.oneOf("+status", statuses)
    return [...new Set(severalOf(query.errorCode))].map((code) => ({
      condition: "error = ? AND error <> ''",
      parameters: [code]
    }))
  }
  const isRange = query.since !== undefined || query.until !== undefined
  if (sort === "due" || isRange) return eachStatus(statuses ?? ExecutionStatus.literals)
  conditions.oneOf("status", statuses)
  return ALL
}

/** The conditions of a filter of executions, all in one. */
const wholeConditions = Effect.fnUntraced(function* (store: ReadModelStore, filter: ExecutionFilter) {
  const conditions = executionConditions(filter)
  const tasks = yield* chosenTasks(store, filter, conditions)
  if (tasks !== undefined) conditions.and(`task IN (${tasks.join(", ")})`)
  return withStatus(conditions, filter)
})

const tagsOf = ({ where }: Conditions): string =>
  `(SELECT tags FROM task WHERE ${where}) AS fitting, json_each(fitting.tags) AS tag`

/** How many there are of each value of a column. */
const group = (
  store: ReadModelStore,
  rows: string,
  column: string,
  conditions: Conditions
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    store
      .all(
        `SELECT ${column} AS value, count(*) AS n FROM ${rows} GROUP BY value
         ORDER BY n DESC, value LIMIT ?`,
        ...conditions.parameters,
        MOST_GROUPS
      )
      .map((row) => [String(row["value"]), Number(row["n"])])
  )

/** How many tasks fit, as of `now` (milliseconds). */
export const countedTasks = (store: ReadModelStore, query: CountsQuery, now: number): Counts => {
  const conditions = withStatus(taskConditions(store, query, now), query)
  const by = Object.fromEntries(
    [...new Set(severalOf(query.by) ?? ["status" as const])].map((one) => [
      one,
      one === "tag"
        ? group(store, tagsOf(conditions), "value", conditions)
        : group(store, `task WHERE ${conditions.where}`, one, conditions)
    ])
  )
  return { total: countOf(store, "task", conditions), by, logSequence: store.sequence }
}

/** How many executions fit. */
export const countedExecutions = Effect.fnUntraced(function* (store: ReadModelStore, query: ExecutionCountsQuery) {
  const conditions = yield* wholeConditions(store, query)
  const by = Object.fromEntries(
    [...new Set(severalOf(query.by) ?? ["status" as const])].map((one) => [
      one,
      group(store, `execution WHERE ${conditions.where}`, one, conditions)
    ])
  )
  const counts: Counts = { total: countOf(store, "execution", conditions), by, logSequence: store.sequence }
  return counts
})
