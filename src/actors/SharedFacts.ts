/**
 * Facts that tasks of all partitions share, in a partition of the log of their own: one writer at a time by the log's
 * guard, and every node that decides follows them. A change that succeeds is in the log; a repeated command id gives the
 * first answer, for as long as it is among the newest `KNOWN_COMMANDS`.
 *
 * Where their log cannot be gone on with they are halted, and every partition with them: nobody can know any more which
 * days are excluded, or what a queue allows.
 */
import { Clock, Effect, Latch, Option, PubSub, Result, Schedule, Semaphore, Stream } from "effect"
import type { Commit, CommitHead, Found, RecordedCommit } from "../events/Commit.ts"
import { reusedBy } from "../events/CommandKey.ts"
import { EventLog } from "../events/EventLog.ts"
import { fromMillis, type Instant } from "../recurrence/Instant.ts"
import { History } from "../events/History.ts"
import { LogWitness } from "../events/LogWitness.ts"
import { Refused } from "./door/TaskRequest.ts"
import { Halted, haltedRefusal, LookAgain } from "./Halted.ts"
import * as Holding from "./Holding.ts"
import { keyReused } from "./task/Decision.ts"

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
  /** Forgets all: they are read anew, and what the log has lost is not there any more. */
  readonly forget: () => void
  /** Takes an event in, and gives the answer to the command that made it. */
  readonly fold: (event: Event, logSequence: number) => Answer
}

export interface SharedFacts<Event, Answer> {
  /** Succeeds when what is decided is in the log; decided again for as long as somebody else's change comes first. */
  change(
    commandId: string,
    decide: (time: Instant) => Result.Result<Decided<Event, Answer>, Refused>
  ): Effect.Effect<Answer, Refused>
  /** Emits after changes that this node has learnt of, and when they are halted or no longer. */
  readonly changes: Stream.Stream<void>
  readonly halted: () => Halted | undefined
  accept(word: Holding.AcceptLog): Effect.Effect<Holding.Accepted, Refused>
}

/** Ready when they have been read; follows them for as long as its scope lives. */
export const make = Effect.fnUntraced(function* <Event, Answer>(options: SharedFactsOptions<Event, Answer>) {
  const { commandIdOf, eventsOf, fold, forget, inCommit, name, nodeId, partition } = options
  const log = yield* EventLog
  const changed = yield* PubSub.unbounded<void>()
  const known = new Map<string, Answer>()
  const alone = yield* Semaphore.make(1)
  let lastSequence = 0
  let lastHash = ""
  let commits = 0
  const witness = Option.getOrElse(yield* Effect.serviceOption(LogWitness), LogWitness.memory)
  let holding: Holding.Holding | undefined
  /** Open while they are halted. */
  const halting = Latch.makeUnsafe(false)

  const note = Effect.map(Clock.currentTimeMillis, (now) =>
    witness.note(partition, { sequence: lastSequence, hash: lastHash, at: fromMillis(now) })
  )

  const take = (event: Event, logSequence: number): Answer => {
    const answer = fold(event, logSequence)
    known.set(commandIdOf(event), answer)
    const [oldest] = known.keys()
    if (known.size > KNOWN_COMMANDS && oldest !== undefined) known.delete(oldest)
    return answer
  }

  const lookAgain = (reason: string) => new LookAgain({ partition, reason })

  const apply = Effect.fnUntraced(function* ({ commit, hash, sequence }: RecordedCommit) {
    if (sequence <= lastSequence) return
    if (commit.previousSequence !== lastSequence || commit.previousHash !== lastHash) {
      return yield* lookAgain(`the commit at log sequence ${sequence} does not follow the one before it`)
    }
    for (const event of eventsOf(commit)) take(event, sequence)
    lastSequence = sequence
    lastHash = hash
    yield* note
    yield* PubSub.publish(changed, undefined)
  })

  /** All that the log says of them, and whether it can be gone on with. */
  const read = Effect.gen(function* () {
    const history = new History(partition, witness.seen(partition))
    const said: Array<readonly [event: Event, logSequence: number]> = []
    const look = (found: Found) =>
      Effect.sync(() => {
        const commit = history.take(found)
        for (const event of commit === undefined ? [] : eventsOf(commit)) said.push([event, found.sequence])
      })
    yield* Effect.suspend(() => Stream.runForEach(log.readAny(partition, history.end.sequence), look)).pipe(
      Effect.tapError((error) => Effect.logWarning(error.message)),
      Effect.retry(retryPolicy),
      Effect.orDie
    )
    const { end } = history
    const troubles = history.troubles()
    const halted = troubles.length === 0 ? undefined : new Halted({ partition, troubles, end })
    return { end, said, halted }
  })

  /**
   * Reads all of them anew, in place of what was known: nobody sees them in between. They are halted from then on where they
   * cannot be gone on with, and no longer where they can.
   */
  const begin = Effect.flatMap(read, (found) => Effect.uninterruptible(settle(found)))
  const settle = Effect.fnUntraced(function* ({ end, halted, said }: Effect.Success<typeof read>) {
    const next = halted === undefined ? undefined : yield* Holding.make(log, halted, nodeId)
    forget()
    known.clear()
    for (const [event, logSequence] of said) take(event, logSequence)
    lastSequence = end.sequence
    lastHash = end.hash
    holding = next
    if (halted === undefined) {
      halting.closeUnsafe()
      if (lastSequence > 0) yield* note
    } else {
      halting.openUnsafe()
      yield* Effect.logError(
        `the ${name}, which all tasks share, cannot be known: ${halted.message}. Until then nothing is decided in any partition`
      )
    }
    yield* PubSub.publish(changed, undefined)
  })

  const refresh = Effect.suspend(() => Stream.runForEach(log.read(partition, lastSequence), apply)).pipe(
    Effect.tapErrorTag("LogUnavailable", (error) => Effect.logWarning(error.message)),
    Effect.retry({ while: (error) => error._tag === "LogUnavailable", schedule: retryPolicy }),
    Effect.catchTag("LogUnavailable", Effect.die),
    Effect.catchTag("UnreadableCommit", (error) => lookAgain(error.message))
  )

  /** Follows them; where they do not fit what is known, all are looked at again. */
  const follow = Effect.gen(function* () {
    const held = holding
    if (held !== undefined) {
      yield* held.lifted
      // It may have been looked at again meanwhile.
      return yield* alone.withPermits(1)(Effect.suspend(() => (holding === held ? begin : Effect.void)))
    }
    const misfit = yield* Effect.raceFirst(
      Stream.runForEach(log.follow(lastSequence, partition), (recorded) => alone.withPermits(1)(apply(recorded))),
      // Whoever wants to change them may find it first.
      halting.await
    ).pipe(
      Effect.catchTag("LogUnavailable", (error) => Effect.logWarning(error.message)),
      Effect.catchTag("UnreadableCommit", (error) => lookAgain(error.message)),
      Effect.as(undefined),
      Effect.catchTag("LookAgain", (error) => Effect.succeed(error))
    )
    if (misfit === undefined) return
    yield* Effect.logWarning(misfit.message)
    yield* alone.withPermits(1)(begin)
  })

  type Decide = (time: Instant) => Result.Result<Decided<Event, Answer>, Refused>

  /** One attempt; undefined when the log has moved on, or nobody knows. */
  const attempt = Effect.fnUntraced(function* (commandId: string, decide: Decide) {
    const before = known.get(commandId)
    if (before !== undefined) return { answer: before }
    const other = reusedBy(known.keys(), commandId)
    if (other !== undefined) return yield* Effect.fromResult(keyReused(other))
    const time = fromMillis(yield* Clock.currentTimeMillis)
    if (holding !== undefined) return yield* haltedRefusal(holding.halted)
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
    yield* note
    yield* PubSub.publish(changed, undefined)
    return { answer }
  })

  const change = (commandId: string, decide: Decide): Effect.Effect<Answer, Refused> =>
    alone.withPermits(1)(
      Effect.gen(function* () {
        for (;;) {
          const done = yield* attempt(commandId, decide)
          if (done !== undefined) return done.answer
          const before = lastSequence
          yield* Effect.catchTag(refresh, "LookAgain", () => Effect.void)
          // Nothing new, or nothing that follows: then what was known may not be there any more.
          if (lastSequence === before) yield* begin
        }
      })
    )

  yield* begin
  yield* Effect.forever(follow).pipe(
    Effect.tapCause((cause) => Effect.logError(`the ${name} are not followed any more`, cause)),
    (following) => Effect.forkScoped(following)
  )
  return {
    change,
    changes: Stream.fromPubSub(changed),
    halted: () => holding?.halted,
    accept: (word) =>
      Effect.suspend(() =>
        holding === undefined
          ? Effect.fail(
              new Refused({ code: "notHalted", message: `the ${name} are not halted: there is nothing to accept` })
            )
          : holding.accept(word)
      )
  } satisfies SharedFacts<Event, Answer>
})
