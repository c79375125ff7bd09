/**
 * The log: the only truth. One writer at a time per partition is guaranteed by the guard of `append`, and by nothing
 * else.
 *
 * Delivery of `read` and `follow`: every commit, in log order, at least once over restarts of the reader (it says where
 * to begin), exactly once within one call.
 */
import { Context, Effect, Layer, PubSub, Result, Schema, Stream } from "effect"
import { hash } from "node:crypto"
import * as Commit from "./Commit.ts"
import type { CommitHead, Found, RecordedCommit, UnreadableCommit } from "./Commit.ts"

/**
 * What became of an append. There is no fourth outcome and no failure beside them:
 * - `stored`: on disk, at this sequence;
 * - `conflict`: not stored, the partition has moved on: read what was missed and decide again;
 * - `unknown`: it may be stored now, later or never: read the partition's tail until that is reachable, and see.
 */
export type AppendOutcome =
  | { readonly _tag: "stored"; readonly sequence: number; readonly hash: string }
  | { readonly _tag: "conflict" }
  | { readonly _tag: "unknown"; readonly reason: string }

/** The log cannot be reached just now; try again. */
export class LogUnavailable extends Schema.TaggedError<LogUnavailable>()("LogUnavailable", {
  reason: Schema.String
}) {
  override get message() {
    return `the log cannot be reached: ${this.reason}`
  }
}

/** A commit of more bytes than the server stores in one message; nothing was stored. */
export class CommitTooLarge extends Schema.TaggedError<CommitTooLarge>()("CommitTooLarge", {
  bytes: Schema.Int,
  limit: Schema.Int
}) {
  override get message() {
    return `a commit of ${this.bytes} bytes is larger than the ${this.limit} bytes that the log stores in one message`
  }
}

/** A stored commit, byte for byte; its text is what the chain's hashes are made of. */
export interface StoredText {
  readonly sequence: number
  readonly text: string
  /** Milliseconds since the epoch, by the log's own clock. */
  readonly storedAt: number
}

export interface StoredQuery {
  readonly after: number
  /** So many bytes at most, unless the first commit alone has more. */
  readonly bytes: number
  /** At most so many commits; default: as many as fit. */
  readonly limit?: number
  /** Only of these partitions; default: of all. */
  readonly partitions?: ReadonlyArray<number>
  /** Of these only what speaks of this; default: everything. */
  wants?(partition: number, text: string): boolean
}

export interface StoredPage {
  readonly lines: ReadonlyArray<StoredText>
  /** Everything that was asked for up to this log sequence has been looked at. */
  readonly through: number
  /** Sequence of the newest commit of any partition. */
  readonly last: number
}

export class EventLog extends Context.Service<
  EventLog,
  {
    /** Largest commit in bytes that `append` takes. */
    readonly maxCommitBytes: number
    /**
     * Stores one commit if `head.previousSequence` still is the partition's last sequence. `eventJson` holds the JSON
     * text of each event.
     */
    append(head: CommitHead, eventJson: ReadonlyArray<string>): Effect.Effect<AppendOutcome, CommitTooLarge>
    /** Commits of one partition after `afterSequence`, oldest first, up to the newest at the time of the call. */
    read(partition: number, afterSequence: number): Stream.Stream<RecordedCommit, LogUnavailable | UnreadableCommit>
    /** The same, also what cannot be read: for those who must know what is wrong. */
    readAny(partition: number, afterSequence: number): Stream.Stream<Found, LogUnavailable>
    /** The commit of a partition at a sequence; null where there is none. */
    at(partition: number, sequence: number): Effect.Effect<RecordedCommit | null, LogUnavailable | UnreadableCommit>
    /** Commits of all partitions, or of one, after `afterSequence`, oldest first, then live; never ends by itself. */
    follow(afterSequence: number, partition?: number): Stream.Stream<RecordedCommit, LogUnavailable | UnreadableCommit>
    /** The same, also what cannot be read: for those who go on with what they know. */
    followAny(afterSequence: number): Stream.Stream<Found, LogUnavailable>
    /** What is stored, as it is stored, whether or not it can be read: for audits. */
    stored(query: StoredQuery): Effect.Effect<StoredPage, LogUnavailable>
    /** Sequence of the newest commit of any partition; 0 when the log is empty. */
    readonly lastSequence: Effect.Effect<number, LogUnavailable>
  }
>()("nagatha/events/EventLog") {
  /** The same promises in memory, for tests and embedded use, for as long as the process lives; `maxCommitBytes` is 1 MB. */
  static readonly layerMemory: Layer.Layer<EventLog> = Layer.effect(
    EventLog,
    Effect.suspend(() => makeMemory)
  )
}

/** Hex SHA-256 of a commit's bytes. */
export const hashOf = (text: string): string => hash("sha256", text, "hex")

/** A stored text as a reader finds it. */
export const foundIn = ({ sequence, storedAt, text }: StoredText): Found => ({
  sequence,
  storedAt,
  hash: hashOf(text),
  reading: Commit.read(sequence, text)
})

/** Fails at the first that is not understood, after all that stand before it. */
export const wholly = <E>(found: Stream.Stream<Found, E>): Stream.Stream<RecordedCommit, E | UnreadableCommit> =>
  found.pipe(
    Stream.chunks,
    Stream.flatMap((chunk): Stream.Stream<RecordedCommit, UnreadableCommit> => {
      const commits: Array<RecordedCommit> = []
      for (const one of chunk) {
        const read = Commit.wholly(one)
        if (Result.isFailure(read)) return Stream.concat(Stream.fromArray(commits), Stream.fail(read.failure))
        commits.push(read.success)
      }
      return Stream.fromArray(commits)
    })
  )

/**
 * For those who go on over damage, of which nothing can be read by anybody: it is left out. What a newer version wrote is
 * not: it fails there, after all that stand before it.
 */
export const undamaged = <E>(found: Stream.Stream<Found, E>): Stream.Stream<RecordedCommit, E | UnreadableCommit> =>
  wholly(Stream.filter(found, ({ reading }) => reading._tag !== "damaged"))

interface Line extends StoredText {
  readonly partition: number
  readonly hash: string
}

const MEMORY_COMMIT_BYTES = 1_000_000

/** Index of the first line after a sequence. */
const firstAfter = (lines: ReadonlyArray<Line>, sequence: number): number => {
  let [low, high] = [0, lines.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((lines[middle]?.sequence ?? Infinity) <= sequence) low = middle + 1
    else high = middle
  }
  return low
}

const makeMemory = Effect.gen(function* () {
  const all: Array<Line> = []
  const byPartition = new Map<number, Array<Line>>()
  // A follower takes all that is new: one signal that waits for it is enough.
  const grown = yield* PubSub.sliding<void>(1)
  const linesOf = (partition: number): Array<Line> => {
    const known = byPartition.get(partition)
    if (known !== undefined) return known
    const made: Array<Line> = []
    byPartition.set(partition, made)
    return made
  }
  const found = ({ hash, sequence, storedAt, text }: Line): Found => ({
    sequence,
    hash,
    storedAt,
    reading: Commit.read(sequence, text)
  })

  const append = Effect.fnUntraced(function* (head: CommitHead, eventJson: ReadonlyArray<string>) {
    const text = Commit.encode(head, eventJson)
    const bytes = Buffer.byteLength(text)
    if (bytes > MEMORY_COMMIT_BYTES) return yield* new CommitTooLarge({ bytes, limit: MEMORY_COMMIT_BYTES })
    const storedAt = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const lines = linesOf(head.partition)
    if ((lines.at(-1)?.sequence ?? 0) !== head.previousSequence) return { _tag: "conflict" } as const
    const { partition } = head
    const line: Line = { sequence: all.length + 1, partition, text, hash: hashOf(text), storedAt }
    all.push(line)
    lines.push(line)
    yield* PubSub.publish(grown, undefined)
    return { _tag: "stored", sequence: line.sequence, hash: line.hash } as const
  })

  const readAny = (partition: number, after: number) =>
    Stream.suspend(() => {
      const lines = linesOf(partition)
      return Stream.fromIterable(lines.slice(firstAfter(lines, after)))
    }).pipe(Stream.map(found))

  const followAny = (after: number, partition?: number) =>
    Stream.unwrap(
      Effect.gen(function* () {
        const subscription = yield* PubSub.subscribe(grown)
        const lines = partition === undefined ? all : linesOf(partition)
        let at = firstAfter(lines, after)
        const drain = Effect.sync(() => {
          const fresh = lines.slice(at)
          at += fresh.length
          return fresh
        })
        return Stream.concat(
          Stream.fromIterableEffect(drain),
          Stream.fromSubscription(subscription).pipe(
            Stream.mapEffect(() => drain),
            Stream.flattenIterable
          )
        ).pipe(Stream.map(found))
      })
    )

  return EventLog.of({
    maxCommitBytes: MEMORY_COMMIT_BYTES,
    append,
    readAny,
    read: (partition, after) => wholly(readAny(partition, after)),
    at: (partition, sequence) =>
      Effect.suspend(() => {
        const lines = linesOf(partition)
        const line = lines[firstAfter(lines, sequence - 1)]
        return line?.sequence === sequence ? Effect.fromResult(Commit.wholly(found(line))) : Effect.succeed(null)
      }),
    followAny: (after) => followAny(after),
    follow: (after, partition) => wholly(followAny(after, partition)),
    stored: ({ after, bytes, limit = Infinity, partitions, wants }) =>
      Effect.sync(() => {
        const lines: Array<StoredText> = []
        let through = after
        let room = bytes
        for (const { partition, sequence, storedAt, text } of all.slice(firstAfter(all, after))) {
          const wanted = partitions?.includes(partition) !== false && wants?.(partition, text) !== false
          if (wanted && lines.length > 0 && (room < Buffer.byteLength(text) || lines.length >= limit)) break
          through = sequence
          if (!wanted) continue
          lines.push({ sequence, text, storedAt })
          room -= Buffer.byteLength(text)
        }
        return { lines, through, last: all.length }
      }),
    lastSequence: Effect.sync(() => all.length)
  })
})
