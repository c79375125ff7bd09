/**
 * A commit: the events that one partition's actor decided together, stored as one log message, all or nothing.
 *
 * Each commit names the log sequence and the SHA-256 of the partition's previous one (the chain), so that a truncated,
 * reordered or restarted history is seen by its next reader.
 */
import { Result, Schema } from "effect"
import { Instant } from "../recurrence/Instant.ts"
import { CalendarEvent } from "./CalendarEvent.ts"
import { QueueEvent } from "./QueueEvent.ts"
import { TaskEvent } from "./TaskEvent.ts"

export const Commit = Schema.Struct({
  v: Schema.Literal(1),
  commitId: Schema.String,
  partition: Schema.Int,
  time: Instant,
  /** Log sequence of the partition's previous commit; 0 for the first. */
  previousSequence: Schema.Int,
  /** Lower-case hex SHA-256 of the previous commit's bytes; empty for the first. */
  previousHash: Schema.String,
  events: Schema.Array(TaskEvent),
  /** Only in the partition of the calendars, whose commits have no other events. */
  calendars: Schema.optionalKey(Schema.Array(CalendarEvent)),
  /** Only in the partition of the queues, whose commits have no other events. */
  queues: Schema.optionalKey(Schema.Array(QueueEvent))
})
export type Commit = typeof Commit.Type

/** A commit as the log holds it. */
export interface RecordedCommit {
  /** Position in the log. */
  readonly sequence: number
  readonly commit: Commit
  /** Hex SHA-256 of the stored bytes, which the next commit of the partition must name. */
  readonly hash: string
  /** Milliseconds since the epoch at which the log stored it, by the log's own clock. */
  readonly storedAt: number
}

/** A stored message that is no commit this version can read. Its reader must stop: a skipped fact is a lost one. */
export class UnreadableCommit extends Schema.TaggedError<UnreadableCommit>()("UnreadableCommit", {
  sequence: Schema.Int,
  reason: Schema.String
}) {
  override get message() {
    return `log sequence ${this.sequence} cannot be read: ${this.reason}. It was written by a newer version, or damaged; run a version that knows it.`
  }
}

const decodeCommit = Schema.decodeUnknownResult(Commit)

/** Upcasts by version of the envelope; version 1 is the first. */
const upcast = (raw: unknown): unknown => raw

/** Stored text to a commit. */
export const decode = (sequence: number, text: string): Result.Result<Commit, UnreadableCommit> => {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (cause) {
    return Result.fail(new UnreadableCommit({ sequence, reason: `not JSON (${String(cause)})` }))
  }
  return Result.mapError(
    decodeCommit(upcast(raw)),
    (error) => new UnreadableCommit({ sequence, reason: String(error.message) })
  )
}

/** Everything of a commit but its tasks' events, which are given as JSON texts so that each is made only once. */
export type CommitHead = Omit<Commit, "events" | "v">

/** The bytes to store, as text. */
export const encode = (head: CommitHead, eventJson: ReadonlyArray<string>): string =>
  `{"v":1,"commitId":${JSON.stringify(head.commitId)},"partition":${head.partition},"time":"${head.time}",` +
  `"previousSequence":${head.previousSequence},"previousHash":"${head.previousHash}","events":[${eventJson.join(",")}]` +
  `${head.calendars === undefined ? "" : `,"calendars":${JSON.stringify(head.calendars)}`}` +
  `${head.queues === undefined ? "" : `,"queues":${JSON.stringify(head.queues)}`}}`
