/**
 * A commit: the events that one partition's actor decided together, stored as one log message, all or nothing.
 *
 * Each commit names the log sequence and the SHA-256 of the partition's previous one (the chain), so that a truncated,
 * reordered or restarted history is seen by its next reader.
 */
import { Result, Schema } from "effect"
import { fromMillis, Instant } from "../recurrence/Instant.ts"
import { Acceptance } from "./Acceptance.ts"
import { CalendarEvent } from "./CalendarEvent.ts"
import { QueueEvent } from "./QueueEvent.ts"
import { TaskEvent } from "./TaskEvent.ts"
import { isRecord, understood, type Unknown } from "./Understood.ts"

const head = {
  v: Schema.Literal(1),
  commitId: Schema.String,
  partition: Schema.Int,
  time: Instant,
  /** Log sequence of the partition's previous commit; 0 for the first. */
  previousSequence: Schema.Int,
  /** Lower-case hex SHA-256 of the previous commit's bytes; empty for the first. */
  previousHash: Schema.String
}

export const Commit = Schema.Struct({
  ...head,
  events: Schema.Array(TaskEvent),
  /** Only in the partition of the calendars, whose commits have no other events. */
  calendars: Schema.optionalKey(Schema.Array(CalendarEvent)),
  /** Only in the partition of the queues, whose commits have no other events. */
  queues: Schema.optionalKey(Schema.Array(QueueEvent)),
  /** Only in a commit without events: somebody takes the partition's log before it as it stands. */
  accepted: Schema.optionalKey(Acceptance)
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

/** Something of a commit that this version does not know: a kind of event, a version of one, a field, a value. */
export const NotUnderstood = Schema.Struct({
  /** Where in the commit, each place once: `events[2]`, `commit.colour`, or `commit` where that is all of it. */
  place: Schema.String,
  type: Schema.String,
  version: Schema.Json,
  taskId: Schema.optionalKey(Schema.String),
  why: Schema.String
})
export type NotUnderstood = typeof NotUnderstood.Type

/** A stored message that is no commit this version can read. Its reader must stop: a skipped fact is a lost one. */
export class UnreadableCommit extends Schema.TaggedError<UnreadableCommit>()("UnreadableCommit", {
  sequence: Schema.Int,
  reason: Schema.String,
  /** What of it a newer version has written; absent where it is damaged. */
  notUnderstood: Schema.optionalKey(Schema.Array(NotUnderstood))
}) {
  override get message() {
    return this.notUnderstood === undefined
      ? `log sequence ${this.sequence} cannot be read: ${this.reason}. It was damaged: restore the log from a copy`
      : `log sequence ${this.sequence} cannot be read by this version: ${this.reason}. It was written by a newer version: upgrade this node`
  }
}

/** What a stored message is to this version. */
export type Reading =
  | { readonly _tag: "whole"; readonly commit: Commit }
  /** A newer version wrote it. `known`: the commit without what is not understood; undefined where nothing of it is. */
  | {
      readonly _tag: "newer"
      readonly known: Commit | undefined
      readonly notUnderstood: ReadonlyArray<NotUnderstood>
      readonly error: UnreadableCommit
    }
  | { readonly _tag: "damaged"; readonly error: UnreadableCommit }

/** A stored message, whether or not it can be read as a commit. */
export interface Found {
  readonly sequence: number
  readonly hash: string
  readonly storedAt: number
  readonly reading: Reading
}

// A field that is not known is a fact that would be lost: it is an error, and not left out in silence.
const STRICT = { onExcessProperty: "error" } as const
const decodeWhole = Schema.decodeUnknownResult(Commit, STRICT)
const decodeHead = Schema.decodeUnknownResult(Schema.Struct(head))

/** The lists of a commit, and how one of their events is read. */
const LISTS: Readonly<Record<string, (raw: unknown) => Result.Result<unknown, Unknown>>> = {
  events: understood(TaskEvent),
  calendars: understood(CalendarEvent),
  queues: understood(QueueEvent)
}
const decodeAcceptance = Schema.decodeUnknownResult(Acceptance, STRICT)

const KNOWN_FIELDS = new Set(Object.keys(Commit.fields))

const described = ({ place, taskId, type, version, why }: NotUnderstood): string =>
  place.startsWith("commit")
    ? why
    : `the event ${JSON.stringify(type)} version ${JSON.stringify(version)}${taskId === undefined ? "" : ` of task ${taskId}`} (${why})`

/** Part by part: what this version understands, and what it does not. */
const readParts = (sequence: number, raw: unknown): Reading => {
  const damaged = (reason: string): Reading => ({ _tag: "damaged", error: new UnreadableCommit({ sequence, reason }) })
  const newer = (notUnderstood: ReadonlyArray<NotUnderstood>, known: Commit | undefined): Reading => {
    const more = notUnderstood.length > 1 ? `, and ${notUnderstood.length - 1} more` : ""
    const reason = `${notUnderstood.slice(0, 1).map(described).join("")}${more}`
    return { _tag: "newer", known, notUnderstood, error: new UnreadableCommit({ sequence, reason, notUnderstood }) }
  }
  const whole = (why: string, version: number, place = "commit"): NotUnderstood => ({
    place,
    type: "commit",
    version,
    why
  })
  if (!isRecord(raw)) return damaged("it is no JSON object")
  const { v } = raw
  if (typeof v === "number" && v > 1) return newer([whole(`it is a commit of version ${v}`, v)], undefined)
  const headed = decodeHead(raw)
  if (Result.isFailure(headed)) return damaged(String(headed.failure.message))
  if (!Array.isArray(raw["events"])) return damaged("it has no events")

  const not: Array<NotUnderstood> = Object.keys(raw)
    .filter((field) => !KNOWN_FIELDS.has(field))
    .map((field) => whole(`its field ${JSON.stringify(field)} is not known`, 1, `commit.${field}`))
  const known: Record<string, unknown> = { ...headed.success }
  for (const [list, read] of Object.entries(LISTS)) {
    const items = raw[list]
    if (items === undefined) continue
    if (!Array.isArray(items)) return damaged(`${list} is no list`)
    const readable: Array<unknown> = []
    for (const [index, item] of items.entries()) {
      const one = read(item)
      if (Result.isSuccess(one)) readable.push(one.success)
      else not.push({ place: `${list}[${index}]`, ...one.failure })
    }
    known[list] = readable
  }
  if (raw["accepted"] !== undefined) {
    const accepted = decodeAcceptance(raw["accepted"])
    if (Result.isSuccess(accepted)) known["accepted"] = accepted.success
    else not.push(whole(`accepted: ${String(accepted.failure.message)}`, 1, "commit.accepted"))
  }
  const commit = known as unknown as Commit
  return not.length === 0 ? { _tag: "whole", commit } : newer(not, commit)
}

/** What stored text is to this version; never fails. */
export const read = (sequence: number, text: string): Reading => {
  let raw: unknown
  try {
    raw = JSON.parse(text)
  } catch (cause) {
    return { _tag: "damaged", error: new UnreadableCommit({ sequence, reason: `it is not JSON (${String(cause)})` }) }
  }
  const decoded = decodeWhole(raw)
  return Result.isSuccess(decoded) ? { _tag: "whole", commit: decoded.success } : readParts(sequence, raw)
}

/** Stored text to a commit, where all of it is understood. */
export const decode = (sequence: number, text: string): Result.Result<Commit, UnreadableCommit> => {
  const reading = read(sequence, text)
  return reading._tag === "whole" ? Result.succeed(reading.commit) : Result.fail(reading.error)
}

/** What was found, as a commit of which all is understood. */
export const wholly = ({ reading, ...place }: Found): Result.Result<RecordedCommit, UnreadableCommit> =>
  reading._tag === "whole" ? Result.succeed({ ...place, commit: reading.commit }) : Result.fail(reading.error)

/** A commit as far as it is understood, for those who go on with what they know; `parked`: what is not. */
export interface KnownCommit extends RecordedCommit {
  readonly parked?: ReadonlyArray<NotUnderstood>
}

export const known = ({ hash, reading, sequence, storedAt }: Found): KnownCommit => {
  const place = { hash, sequence, storedAt }
  if (reading._tag === "whole") return { ...place, commit: reading.commit }
  const nothing: Commit = {
    v: 1,
    commitId: "",
    partition: -1,
    time: fromMillis(storedAt),
    previousSequence: 0,
    previousHash: "",
    events: []
  }
  if (reading._tag === "newer") {
    return { ...place, commit: reading.known ?? nothing, parked: reading.notUnderstood }
  }
  const damaged = { place: "commit", type: "damaged", version: null, why: reading.error.reason }
  return { ...place, commit: nothing, parked: [damaged] }
}

/** Everything of a commit but its tasks' events, which are given as JSON texts so that each is made only once. */
export type CommitHead = Omit<Commit, "events" | "v">

/** The bytes to store, as text. */
export const encode = (head: CommitHead, eventJson: ReadonlyArray<string>): string =>
  `{"v":1,"commitId":${JSON.stringify(head.commitId)},"partition":${head.partition},"time":"${head.time}",` +
  `"previousSequence":${head.previousSequence},"previousHash":"${head.previousHash}","events":[${eventJson.join(",")}]` +
  `${head.calendars === undefined ? "" : `,"calendars":${JSON.stringify(head.calendars)}`}` +
  `${head.queues === undefined ? "" : `,"queues":${JSON.stringify(head.queues)}`}` +
  `${head.accepted === undefined ? "" : `,"accepted":${JSON.stringify(head.accepted)}`}}`
