/** The log as it is stored, a page at a time: what is asked, and what is answered. */
import { Schema } from "effect"
import { TaskId } from "../events/TaskDefinition.ts"
import { Instant } from "../recurrence/Instant.ts"

export const StoredLogQuery = Schema.Struct({
  /** Where the page before has ended: `nextCursor`. */
  cursor: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\d{1,15}(\.\d{1,9})?$/))),
  /** In place of a cursor: after this log sequence; default 0, from the beginning. */
  after: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  limit: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))),
  /** Only commits that speak of this task, and those of the calendars. */
  taskId: Schema.optionalKey(TaskId)
})
export type StoredLogQuery = typeof StoredLogQuery.Type

/** A commit, or a piece of one: pieces of the same sequence follow each other and are joined. */
export const StoredPiece = Schema.Struct({ sequence: Schema.Int, storedAt: Instant, text: Schema.String })

export const StoredLogPage = Schema.Struct({
  items: Schema.Array(StoredPiece),
  /** Null at the end of the log. */
  nextCursor: Schema.NullOr(Schema.String),
  /** Log sequence of the newest commit. */
  logSequence: Schema.Int
})
export type StoredLogPage = typeof StoredLogPage.Type
