/**
 * Golden logs: whole histories as they were once decided, and what they fold into. A log lies on somebody's disk for
 * years; whatever version reads it must come to the same state, the same rows, and find nothing wrong.
 *
 * Each is in the lines of `nagatha audit export`: the bytes of a commit stand in its line as they were stored.
 */
import { Effect, Stream } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { CalendarBook } from "../../../src/actors/CalendarBook.ts"
import { Queues } from "../../../src/actors/Queues.ts"
import { evolve } from "../../../src/actors/task/Evolve.ts"
import type { TaskState } from "../../../src/actors/task/TaskState.ts"
import { hashOfValue } from "../../../src/audit/Canonical.ts"
import { Replay, type ReplayReport } from "../../../src/audit/Replay.ts"
import { type Report, Verification } from "../../../src/audit/Verify.ts"
import * as Commit from "../../../src/events/Commit.ts"
import { EventLog, foundIn, hashOf, type StoredText, wholly } from "../../../src/events/EventLog.ts"
import { Queries } from "../../../src/projections/Queries.ts"
import * as ReadModels from "../../../src/projections/ReadModels.ts"
import { fromMillis, toMillis } from "../../../src/recurrence/Instant.ts"

export const GOLDEN = import.meta.dirname

/** How long a recorded start holds: the state says until when, so it is part of what is expected. */
const LEASE_MS = 10_000

/** What a golden log is to fold into; each is the SHA-256 of canonical JSON, so that a difference names its place. */
export interface Expected {
  /** Of what the owner of each task knows. */
  readonly states: Readonly<Record<string, string>>
  readonly calendars: string
  readonly queues: string
  /** Of all rows that readers see, by id. */
  readonly tasks: string
  readonly executions: string
  /** What `audit verify` says of it. */
  readonly audit: Pick<Report, "digest" | "commits" | "events" | "tasks" | "counts" | "decisions" | "executions">
}

export const written = (lines: ReadonlyArray<StoredText>): string =>
  lines
    .map(({ sequence, storedAt, text }) => {
      const head = JSON.stringify({ logSequence: sequence, storedAt: fromMillis(storedAt), hash: hashOf(text) })
      return `${head.slice(0, -1)},"commit":${text}}\n`
    })
    .join("")

export const read = (exported: string): ReadonlyArray<StoredText> =>
  exported
    .trimEnd()
    .split("\n")
    .map((line) => {
      const at = line.indexOf(',"commit":')
      const head = JSON.parse(`${line.slice(0, at)}}`) as Record<"logSequence" | "storedAt" | "hash", string>
      const text = line.slice(at + ',"commit":'.length, -1)
      if (hashOf(text) !== head.hash) throw new Error(`line ${head.logSequence} is not what was recorded`)
      return { sequence: Number(head.logSequence), storedAt: toMillis(head.storedAt), text }
    })

export const golden = (name: string): ReadonlyArray<StoredText> =>
  read(readFileSync(join(GOLDEN, `${name}.ndjson`), "utf8"))
export const expectedOf = (name: string): Expected =>
  JSON.parse(readFileSync(join(GOLDEN, `${name}.json`), "utf8")) as Expected

/** The log of a file: it is read like any other, and takes nothing more. */
const logOf = (lines: ReadonlyArray<StoredText>) => {
  const found = lines.map(foundIn)
  const of = (partition: number | undefined, after: number) =>
    found.filter(
      ({ reading, sequence }) =>
        sequence > after &&
        (partition === undefined || (reading._tag === "whole" && reading.commit.partition === partition))
    )
  const readAny = (partition: number, after: number) => Stream.fromIterable(of(partition, after))
  const followAny = (after: number, partition?: number) =>
    Stream.concat(Stream.fromIterable(of(partition, after)), Stream.never)
  return EventLog.of({
    maxCommitBytes: 1_000_000,
    append: () => Effect.succeed({ _tag: "unknown", reason: "it is a file" }),
    readAny,
    read: (partition, after) => wholly(readAny(partition, after)),
    at: () => Effect.succeed(null),
    followAny: (after) => followAny(after),
    follow: (after, partition) => wholly(followAny(after, partition)),
    stored: ({ after }) =>
      Effect.succeed({
        lines: lines.filter(({ sequence }) => sequence > after),
        through: lines.length,
        last: lines.length
      }),
    lastSequence: Effect.succeed(lines.at(-1)?.sequence ?? 0)
  })
}

/** The rows that the read models make of it, held against those of `audit replay`, which must be the same. */
const rowsOf = (commits: ReadonlyArray<Commit.KnownCommit>) =>
  Effect.gen(function* () {
    const { executions, parked, tasks } = yield* Queries
    const replay = new Replay()
    for (const commit of commits) replay.take(commit)
    const served = {
      tasks: (yield* tasks({ all: true, limit: 1000 })).items,
      executions: (yield* executions({ limit: 1000 })).items
    }
    const { sequence = 0 } = commits.at(-1) ?? {}
    const report: ReplayReport = replay.compare(served, { from: sequence, to: sequence })
    return { report, parked: (yield* parked).count }
  })

/** Folds a log by the rules of today, in all the ways in which it is folded. */
export const folded = (lines: ReadonlyArray<StoredText>) =>
  Effect.gen(function* () {
    const verification = new Verification()
    const states = new Map<string, TaskState>()
    const calendars = new CalendarBook()
    const commits = lines.map((line) => Commit.known(foundIn(line)))
    for (const { sequence, storedAt, text } of lines) verification.text(sequence, text, storedAt)
    for (const { commit, sequence } of commits) {
      for (const event of commit.calendars ?? []) calendars.fold(event, sequence)
      for (const event of commit.events) {
        states.set(event.taskId, evolve(states.get(event.taskId), event, { sequence }, LEASE_MS))
      }
    }
    const { counts, decisions, digest, events, executions, findings, tasks, ...report } = verification.end()
    const {
      parked,
      report: rows,
      queues
    } = yield* Effect.gen(function* () {
      const { all } = yield* Queues
      return { ...(yield* rowsOf(commits)), queues: all() }
    }).pipe(
      Effect.provide([ReadModels.layer({ file: ":memory:" }), Queues.layer("reader")], { local: true }),
      Effect.provideService(EventLog, logOf(lines))
    )
    const expected: Expected = {
      states: Object.fromEntries([...states].sort().map(([taskId, state]) => [taskId, hashOfValue(state)])),
      calendars: hashOfValue(calendars.all),
      queues: hashOfValue(queues),
      tasks: rows.tasks.log.digest,
      executions: rows.executions.log.digest,
      audit: { digest, commits: report.commits, events, tasks, counts, decisions, executions }
    }
    return { expected, findings, differences: rows.differences, parked }
  })
