/** Answers from the read models: pages by key (stable while rows change), ids by prefix, filters in SQL. */
import { Effect } from "effect"
import type { SQLInputValue } from "node:sqlite"
import { fromMillis } from "../recurrence/Instant.ts"
import {
  AmbiguousId,
  type ExecutionsPage,
  type ExecutionsQuery,
  InvalidCursor,
  NotFound,
  type TasksPage,
  type TasksQuery
} from "./Queries.ts"
import { NO_NEXT, type ReadModelStore } from "./ReadModelStore.ts"
import type { TaskExecution } from "./TaskExecution.ts"
import type { TaskRow } from "./TaskRow.ts"

/** Page size where none is asked for. */
const LIMIT = 100
/** Shortest prefix that names a task or an execution. */
export const MIN_PREFIX = 4
const SHOWN_MATCHES = 10
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
    return this.#texts.length === 0 ? "" : `WHERE ${this.#texts.map((text) => `(${text})`).join(" AND ")}`
  }
}

const encodeCursor = (...keys: ReadonlyArray<string>): string => Buffer.from(JSON.stringify(keys)).toString("base64url")

const decodeCursor = (cursor: string): Effect.Effect<readonly [string, string], InvalidCursor> =>
  Effect.suspend(() => {
    try {
      const keys: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString())
      if (Array.isArray(keys) && typeof keys[0] === "string" && typeof keys[1] === "string") {
        return Effect.succeed([keys[0], keys[1]] as const)
      }
    } catch {
      return Effect.fail(new InvalidCursor({ cursor }))
    }
    return Effect.fail(new InvalidCursor({ cursor }))
  })

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

export const tasks = Effect.fnUntraced(function* (store: ReadModelStore, query: TasksQuery, now: number) {
  const conditions = new Conditions()
  if (query.status !== undefined) conditions.and("status = ?", query.status)
  else if (query.all !== true) conditions.and("over IS NULL OR over >= ?", fromMillis(now - RECENT_MS))
  if (query.type !== undefined) conditions.and("type = ?", query.type)
  if (query.name !== undefined) conditions.and("name GLOB ?", globOf(query.name))
  if (query.tag !== undefined) conditions.and("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)", query.tag)
  if (query.cursor !== undefined) conditions.and("(next, id) > (?, ?)", ...(yield* decodeCursor(query.cursor)))
  const limit = query.limit ?? LIMIT
  const rows = store.all<TaskRow>(
    `SELECT row FROM task ${conditions.where} ORDER BY next, id LIMIT ?`,
    ...conditions.parameters,
    limit + 1
  )
  const items = rows.slice(0, limit).map(({ task }) => task)
  const last = items.at(-1)
  const page: TasksPage = {
    items,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.nextRunAt ?? NO_NEXT, last.taskId) : null,
    logSequence: store.sequence
  }
  return page
})

export const executions = Effect.fnUntraced(function* (store: ReadModelStore, query: ExecutionsQuery) {
  const conditions = new Conditions()
  if (query.taskId !== undefined) conditions.and("task = ?", yield* resolve(store, "task", query.taskId))
  if (query.status !== undefined) conditions.and("status = ?", query.status)
  if (query.since !== undefined) conditions.and("due >= ?", query.since)
  if (query.cursor !== undefined) conditions.and("(due, id) < (?, ?)", ...(yield* decodeCursor(query.cursor)))
  const limit = query.limit ?? LIMIT
  const rows = store.all<TaskExecution>(
    `SELECT row FROM execution ${conditions.where} ORDER BY due DESC, id DESC LIMIT ?`,
    ...conditions.parameters,
    limit + 1
  )
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const page: ExecutionsPage = {
    items,
    nextCursor: rows.length > limit && last !== undefined ? encodeCursor(last.dueAt, last.executionId) : null,
    logSequence: store.sequence
  }
  return page
})
