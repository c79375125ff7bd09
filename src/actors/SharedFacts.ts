/**
 * Facts that tasks of all partitions share, in a partition of the log of their own: one writer at a time by the log's
 * guard, and every node that decides follows them. A change that succeeds is in the log; a repeated command id gives the
 * first answer, for as long as it is among the newest `KNOWN_COMMANDS`.
 */
import { Clock, Effect, PubSub, Result, Schedule, Semaphore, Stream } from "effect"
import type { Commit, CommitHead, RecordedCommit } from "../events/Commit.ts"
import { EventLog } from "../events/EventLog.ts"
import { fromMillis, type Instant } from "../recurrence/Instant.ts"
import { BrokenChain } from "./BrokenChain.ts"
import type { Refused } from "./door/TaskRequest.ts"

/** Commands remembered: older ones are carried out again if they are ever sent again. */
const KNOWN_COMMANDS = 256

const retryPolicy = Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("1 second")])

/** What a command leads to: an event to store, or an answer where there is nothing to change. */
export type Decided<Event, Answer> = { readonly event: Event } | { readonly answer: Answer }

export interface SharedFactsOptions<Event, Answer> {
  /** Unique to this process. */
  readonly nodeId: string
  /** What they are called, in ids and messages. */
  readonly name: string
  readonly partition: number
  readonly eventsOf: (commit: Commit) => ReadonlyArray<Event>
  /** The part of a commit that holds an event. */
  readonly inCommit: (event: Event) => Partial<CommitHead>
  readonly commandIdOf: (event: Event) => string
  /** Takes an event in, and gives the answer to the command that made it. */
  readonly fold: (event: Event, logSequence: number) => Answer
}

export interface SharedFacts<Event, Answer> {
  /** Succeeds when what is decided is in the log; decided again for as long as somebody else's change comes first. */
  change(
    commandId: string,
    decide: (time: Instant) => Result.Result<Decided<Event, Answer>, Refused>
  ): Effect.Effect<Answer, Refused>
  /** Emits after changes that this node has learnt of. */
  readonly changes: Stream.Stream<void>
}

/** Ready when they have been read; follows them for as long as its scope lives. */
export const make = Effect.fnUntraced(function* <Event, Answer>(options: SharedFactsOptions<Event, Answer>) {
  const { commandIdOf, eventsOf, fold, inCommit, name, nodeId, partition } = options
  const log = yield* EventLog
  const changed = yield* PubSub.unbounded<void>()
  const known = new Map<string, Answer>()
  const alone = yield* Semaphore.make(1)
  let lastSequence = 0
  let lastHash = ""
  let commits = 0

  const take = (event: Event, logSequence: number): Answer => {
    const answer = fold(event, logSequence)
    known.set(commandIdOf(event), answer)
    const [oldest] = known.keys()
    if (known.size > KNOWN_COMMANDS && oldest !== undefined) known.delete(oldest)
    return answer
  }

  const apply = Effect.fnUntraced(function* ({ commit, hash, sequence }: RecordedCommit) {
    if (sequence <= lastSequence) return
    if (commit.previousSequence !== lastSequence || commit.previousHash !== lastHash) {
      return yield* new BrokenChain({ partition, sequence })
    }
    for (const event of eventsOf(commit)) take(event, sequence)
    lastSequence = sequence
    lastHash = hash
    yield* PubSub.publish(changed, undefined)
  })

  const refresh = Effect.suspend(() => Stream.runForEach(log.read(partition, lastSequence), apply)).pipe(
    Effect.tapError((error) => Effect.logWarning(error.message)),
    Effect.retry({ while: (error) => error._tag === "LogUnavailable", schedule: retryPolicy }),
    Effect.orDie
  )

  type Decide = (time: Instant) => Result.Result<Decided<Event, Answer>, Refused>

  /** One attempt; undefined when the log has moved on, or nobody knows. */
  const attempt = Effect.fnUntraced(function* (commandId: string, decide: Decide) {
    const before = known.get(commandId)
    if (before !== undefined) return { answer: before }
    const time = fromMillis(yield* Clock.currentTimeMillis)
    const decided = yield* Effect.fromResult(decide(time))
    if (!("event" in decided)) return decided
    commits += 1
    const head: CommitHead = {
      commitId: `${nodeId}.${name}.${commits}`,
      partition,
      time,
      previousSequence: lastSequence,
      previousHash: lastHash,
      ...inCommit(decided.event)
    }
    const outcome = yield* Effect.orDie(log.append(head, []))
    if (outcome._tag !== "stored") return undefined
    const answer = take(decided.event, outcome.sequence)
    lastSequence = outcome.sequence
    lastHash = outcome.hash
    yield* PubSub.publish(changed, undefined)
    return { answer }
  })

  const change = (commandId: string, decide: Decide): Effect.Effect<Answer, Refused> =>
    alone.withPermits(1)(
      Effect.gen(function* () {
        for (;;) {
          const done = yield* attempt(commandId, decide)
          if (done !== undefined) return done.answer
          yield* refresh
        }
      })
    )

  yield* refresh
  yield* log.follow(lastSequence, partition).pipe(
    Stream.runForEach((recorded) => alone.withPermits(1)(apply(recorded))),
    Effect.tapCause((cause) => Effect.logError(`the ${name} are not followed any more`, cause)),
    (following) => Effect.forkScoped(following)
  )
  return { change, changes: Stream.fromPubSub(changed) } satisfies SharedFacts<Event, Answer>
})
