/** The log of the simulated server, as one process sees it through its link: see `eventLogContract.ts`. */
import { Effect, Option, Result, Stream } from "effect"
import * as Commit from "../../../src/events/Commit.ts"
import {
  type AppendOutcome,
  CommitTooLarge,
  EventLog,
  foundIn,
  hashOf,
  LogUnavailable,
  type StoredPage,
  wholly
} from "../../../src/events/EventLog.ts"
import type { Link } from "../world/Link.ts"
import type { Line, Server } from "../world/Server.ts"

/** Commits in one answer: few, so that reading is often cut short. */
const PAGE = 8
/** How long the server keeps a follower's question, milliseconds. */
const POLL_MS = 3000

const thawed = new WeakMap<Line, Commit.Found>()

/** Each line is decoded once, however many read it: nobody changes what has been read. */
const foundAt = (line: Line): Commit.Found => {
  const known = thawed.get(line)
  if (known !== undefined) return known
  const made = foundIn(line)
  thawed.set(line, made)
  return made
}

export const thaw = (line: Line): Result.Result<Commit.RecordedCommit, Commit.UnreadableCommit> =>
  Commit.wholly(foundAt(line))

const unavailable = ({ reason }: { readonly reason: string }) => new LogUnavailable({ reason })

type Reply =
  { readonly _tag: "stored"; readonly sequence: number } | { readonly _tag: "conflict" } | { readonly _tag: "full" }

export const make = (server: Server, link: Link, maxCommitBytes: number): EventLog["Service"] => {
  const append = Effect.fnUntraced(function* (head: Commit.CommitHead, eventJson: ReadonlyArray<string>) {
    const text = Commit.encode(head, eventJson)
    const bytes = Buffer.byteLength(text)
    if (bytes > maxCommitBytes) return yield* new CommitTooLarge({ bytes, limit: maxCommitBytes })
    const asked = link.call<Reply>((reply) => {
      if (server.full > 0) return reply({ _tag: "full" })
      const line = server.store(head.partition, head.previousSequence, text)
      reply(line === null ? { _tag: "conflict" } : { _tag: "stored", sequence: line.sequence })
    })
    const answer = yield* Effect.result(asked)
    const unknown = (reason: string): AppendOutcome => ({ _tag: "unknown", reason })
    if (Result.isFailure(answer)) return unknown(answer.failure.reason)
    if (answer.success._tag === "full") {
      yield* Effect.sleep(250)
      return unknown("maximum messages exceeded")
    }
    if (answer.success._tag === "conflict") return { _tag: "conflict" } satisfies AppendOutcome
    const stored: AppendOutcome = { _tag: "stored", sequence: answer.success.sequence, hash: hashOf(text) }
    return stored
  })

  const newest = (partition?: number) =>
    link
      .call<number>((reply) => reply(partition === undefined ? server.lastSequence : server.lastOf(partition)))
      .pipe(Effect.mapError(unavailable))

  const page = (after: number, last: number, partition: number) =>
    link
      .call<ReadonlyArray<Line>>((reply) => reply(server.linesAfter(after, PAGE, partition, last)))
      .pipe(Effect.mapError(unavailable))

  const readAny = (partition: number, after: number) =>
    Stream.unwrap(
      Effect.map(newest(partition), (last) =>
        last <= after
          ? Stream.empty
          : Stream.paginate(after, (at) =>
              Effect.map(page(at, last, partition), (lines) => {
                const end = lines.at(-1)?.sequence ?? last
                return [lines, end >= last ? Option.none<number>() : Option.some(end)] as const
              })
            ).pipe(Stream.map(foundAt))
      )
    )

  /** What is there after a sequence; the server answers when there is something, or after a while. */
  const poll = (after: number, partition: number | undefined) =>
    link
      .call<ReadonlyArray<Line>>((reply) => {
        let open = true
        const look = () => {
          if (!open) return
          const lines = server.linesAfter(after, PAGE, partition)
          if (lines.length > 0) {
            open = false
            reply(lines)
          } else server.whenGrown(look)
        }
        look()
      }, POLL_MS)
      .pipe(
        Effect.catch(() => Effect.as(Effect.sleep(100), [])),
        Effect.map((lines) => [lines, Option.some(lines.at(-1)?.sequence ?? after)] as const)
      )

  const followAny = (after: number, partition?: number) =>
    Stream.paginate(after, (at) => poll(at, partition)).pipe(Stream.map(foundAt))

  return EventLog.of({
    maxCommitBytes,
    append,
    readAny,
    read: (partition, after) => wholly(readAny(partition, after)),
    at: (partition, sequence) =>
      link
        .call<Line | null>((reply) => {
          const line = server.lines[sequence - 1]
          reply(line?.partition === partition ? line : null)
        })
        .pipe(
          Effect.mapError(unavailable),
          Effect.flatMap((line) => (line === null ? Effect.succeed(null) : Effect.fromResult(thaw(line))))
        ),
    stored: (query) => link.call<StoredPage>((reply) => reply(server.stored(query))).pipe(Effect.mapError(unavailable)),
    followAny: (after) => followAny(after),
    follow: (after, partition) => wholly(followAny(after, partition)),
    lastSequence: newest()
  })
}
