/**
 * Answers from the read models: ids by prefix, filters in SQL, and pages that begin where the one before ended, whatever
 * has changed meanwhile.
 *
 * A page costs what it shows, not what there is, unless filters by type, name or tag leave little of much: rows of each
 * status are read in their order and merged.
 */
import { Effect } from "effect"
import type { SQLInputValue } from "node:sqlite"
import { fromMillis, toMillis } from "../recurrence/Instant.ts"
import {
  AmbiguousId,
  type ExecutionsPage,
  type ExecutionsQuery,
  InvalidCursor,
  NotFound,
  type TasksPage,
  type TasksQuery
} from "./Queries.ts"
import { type ReadModelStore, sortOfOver } from "./ReadModelStore.ts"
import { ExecutionStatus, TaskStatus } from "./ScheduledTask.ts"
import type { TaskExecution } from "./TaskExecution.ts"
import { scheduledTask, type TaskRow } from "./TaskRow.ts"

/** Page size where none is asked for. */
const LIMIT = 100
/** Shortest prefix that names a task or an execution. */
export const MIN_PREFIX = 4
const SHOWN_MATCHES = 10
/** Most bytes of a page of several items: an answer must fit into a message (1 MiB), together with a task. */
const PAGE_BYTES = 640 * 1024
/** How long a task that is over is listed without being asked for, milliseconds. */
const RECENT_MS = 86_400_000

/** Conditions joined by AND, with their parameters. */
class Conditions {
  readonly #texts: Array<string> = []
  readonly parameters: Array<SQLInputValue> = []
  and(text: string, ...parameters: ReadonlyArray<SQLInputValue>): this {
    this.#texts.push(text)
    this.parameters.push(...parameters)
    return this
  }
  get where(): string {
    return ["true", ...this.#texts].map((text) => `(${text})`).join(" AND ")
  }
}

/** Where a row stands: its place in the order, and its number where several have the same. */
type Key = readonly [place: string, n: number]

const encodeCursor = (key: Key): string => Buffer.from(JSON.stringify(key)).toString("base64url")

const decodeCursor = (cursor: string): Effect.Effect<Key, InvalidCursor> =>
  Effect.suspend(() => {
    try {
      const key: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString())
      if (Array.isArray(key) && key.length === 2 && typeof key[0] === "string" && Number.isSafeInteger(key[1])) {
        return Effect.succeed([key[0], Number(key[1])] as const)
      }
    } catch {
      return Effect.fail(new InvalidCursor({ cursor }))
    }
    return Effect.fail(new InvalidCursor({ cursor }))
  })

interface Found {
  readonly key: Key
  readonly row: Record<string, unknown>
}

/** The first rows of several ordered lists, as of one; `direction` is 1 for ascending. */
const merge = (lists: ReadonlyArray<ReadonlyArray<Found>>, direction: 1 | -1, limit: number): ReadonlyArray<Found> => {
  const [only] = lists
  const all = lists.length === 1 && only !== undefined ? only : lists.flat()
  const compare = (a: Key, b: Key) => (a[0] === b[0] ? a[1] - b[1] : a[0] < b[0] ? -1 : 1)
  return all.toSorted((a, b) => direction * compare(a.key, b.key)).slice(0, limit)
}

const found = (rows: ReadonlyArray<Record<string, unknown>>): ReadonlyArray<Found> =>
  rows.map((row) => ({ key: [String(row["place"]), Number(row["n"])], row }))

/** `*` and `?` as SQLite's GLOB has them, without its character classes. */
const globOf = (pattern: string): string => pattern.toLowerCase().replace(/\[/g, "[[]")

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

/** A page of tasks as of `now` (milliseconds). */
export const tasks = Effect.fnUntraced(function* (store: ReadModelStore, query: TasksQuery, now: number) {
  const conditions = new Conditions()
  if (query.status === undefined && query.all !== true) conditions.and("sort <= ?", sortOfOver(now - RECENT_MS))
  if (query.type !== undefined) conditions.and("type = ?", query.type)
  if (query.name !== undefined) conditions.and("name GLOB ?", globOf(query.name))
  if (query.tag !== undefined) conditions.and("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)", query.tag)
  if (query.cursor !== undefined) conditions.and("(sort, n) > (?, ?)", ...(yield* decodeCursor(query.cursor)))
  const limit = query.limit ?? LIMIT
  const statuses = query.status === undefined ? TaskStatus.literals : [query.status]
  const lists = statuses.map((status) =>
    store.all(
      `SELECT n, sort AS place, row FROM task WHERE status = ? AND ${conditions.where} ORDER BY sort, n LIMIT ?`,
      status,
      ...conditions.parameters,
      limit + 1
    )
  )
  const rows = merge(lists.map(found), 1, limit + 1)
  const { items, nextCursor } = pageOf(rows, limit, ({ key: [, n], row }) =>
    scheduledTask(parsed<TaskRow>(row), store.definition(n))
  )
  const page: TasksPage = { items, nextCursor, logSequence: store.sequence }
  return page
})

/** A page of executions. */
export const executions = Effect.fnUntraced(function* (store: ReadModelStore, query: ExecutionsQuery) {
  const conditions = new Conditions()
  if (query.since !== undefined) conditions.and("due >= ?", fromMillis(toMillis(query.since)))
  if (query.parent !== undefined) conditions.and("row ->> '$.parentExecutionId' = ?", query.parent)
  if (query.steps === false) conditions.and("row ->> '$.parentExecutionId' IS NULL")
  if (query.cursor !== undefined) conditions.and("(due, n) < (?, ?)", ...(yield* decodeCursor(query.cursor)))
  const limit = query.limit ?? LIMIT
  const select = (condition: string, ...parameters: ReadonlyArray<SQLInputValue>) =>
    found(
      store.all(
        `SELECT n, due AS place, row FROM execution WHERE ${condition} AND ${conditions.where} ORDER BY due DESC, n DESC LIMIT ?`,
        ...parameters,
        ...conditions.parameters,
        limit + 1
      )
    )
  const ofStatus = query.status === undefined ? ExecutionStatus.literals : [query.status]
  const task = query.taskId === undefined ? undefined : store.task(yield* resolve(store, "task", query.taskId))
  const lists =
    task === undefined
      ? ofStatus.map((status) => select("status = ?", status))
      : query.status === undefined
        ? [select("task = ?", task.n)]
        : [select("task = ? AND +status = ?", task.n, query.status)]
  const rows = merge(lists, -1, limit + 1)
  const { items, nextCursor } = pageOf(rows, limit, ({ row }) => parsed<TaskExecution>(row))
  const page: ExecutionsPage = { items, nextCursor, logSequence: store.sequence }
  return page
})

const parsed = <Row>(row: Record<string, unknown>): Row => JSON.parse(String(row["row"])) as Row

/** As many of the rows as a page holds, at least one, and the cursor of the next page: null when there is none. */
const pageOf = <Item>(rows: ReadonlyArray<Found>, limit: number, read: (found: Found) => Item) => {
  const items: Array<Item> = []
  let bytes = 0
  for (const row of rows.slice(0, limit)) {
    const item = read(row)
    bytes += Buffer.byteLength(JSON.stringify(item))
    if (bytes > PAGE_BYTES && items.length > 0) break
    items.push(item)
  }
  const last = rows[items.length - 1]
  return { items, nextCursor: rows.length > items.length && last !== undefined ? encodeCursor(last.key) : null }
}
