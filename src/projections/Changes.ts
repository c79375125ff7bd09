/** The revisions of a task, newest first, in pages that fit into a message. */
import { Effect } from "effect"
import { type ChangesPage, type ChangesQuery, NotFound } from "./Queries.ts"
import type { ReadModelStore } from "./ReadModelStore.ts"
import { PAGE_BYTES, resolve } from "./SqliteQueries.ts"
import { fieldsOf, isWithin, lastSetOf, ofField, type TaskChange } from "./TaskChange.ts"

/** Page size where none is asked for. */
const LIMIT = 100

export const changes = Effect.fnUntraced(function* (store: ReadModelStore, query: ChangesQuery) {
  const task = store.task(yield* resolve(store, "task", query.id))
  if (task === undefined) return yield* new NotFound({ what: "task", id: query.id })
  const all = store.revisions(task.n)
  const now = fieldsOf(task.definition)
  const { before = Infinity, field, limit = LIMIT } = query
  const wanted = (field === undefined ? all : ofField(all, now, field)).filter(({ revision }) => revision < before)
  const items = fitting(wanted.toReversed().slice(0, limit))
  const last = items.at(-1)
  const lastSet = lastSetOf(all, now)
  const page: ChangesPage = {
    taskId: task.task.taskId,
    items,
    nextBefore: items.length < wanted.length && last !== undefined ? last.revision : null,
    lastSet: field === undefined ? lastSet : lastSet.filter((one) => isWithin(one.field, field)),
    logSequence: store.sequence
  }
  return page
})

/** As many as a page holds, at least one. */
const fitting = (all: ReadonlyArray<TaskChange>): ReadonlyArray<TaskChange> => {
  let bytes = 0
  const fit = all.findIndex((change) => {
    bytes += Buffer.byteLength(JSON.stringify(change))
    return bytes > PAGE_BYTES
  })
  return fit === -1 ? all : all.slice(0, Math.max(1, fit))
}
