/**
 * The writer of one partition: its actor, for as long as its log can be gone on with. Where it cannot (damage, or what a
 * newer version wrote), the partition is halted, loudly: nothing is decided in it, whatever is asked of it is told so or
 * asked to wait, and it is looked at again once somebody has accepted the log as it stands. What all partitions share,
 * calendars and queues, halts each of them.
 */
import { Deferred, Effect, Exit, Schedule, Scope } from "effect"
import { EventLog } from "../events/EventLog.ts"
import type { Trouble } from "../events/Trouble.ts"
import { LogWitness } from "../events/LogWitness.ts"
import { Announcements } from "./Announcements.ts"
import type { Announcer } from "./Announcer.ts"
import type { Dispatcher } from "./Dispatcher.ts"
import { Refused } from "./door/TaskRequest.ts"
import type { Envelope } from "./Envelope.ts"
import { Halted, haltedRefusal } from "./Halted.ts"
import * as Holding from "./Holding.ts"
import type { Listeners } from "./Listeners.ts"
import * as PartitionActor from "./PartitionActor.ts"
import type { ExcludedDays } from "./task/ExcludedDays.ts"

/** After so long workers ask again to begin what belongs to a halted partition, milliseconds. */
const RETRY_MS = 5000

export type Submitted = "accepted" | "full" | "halted"

/** `troubles`: why the partition is halted, where it is. */
export interface WriterStats extends PartitionActor.PartitionStats {
  readonly troubles?: ReadonlyArray<Trouble>
}

export interface PartitionWriter {
  readonly partition: number
  submit(envelope: Envelope): Submitted
  readonly stats: () => WriterStats
  /** Of the newest commit that is known here. */
  readonly logSequence: () => number
  readonly halted: () => Halted | undefined
  /** What all partitions share is halted, or no longer. */
  share(halted: Halted | undefined): void
  /** An operator's word that its log is to be gone on with as it stands. */
  accept(word: Holding.AcceptLog): Effect.Effect<Holding.Accepted, Refused>
}

export interface WriterOptions {
  readonly partition: number
  readonly nodeId: string
  readonly announcer: Announcer
  readonly dispatcher: Dispatcher
  readonly excluded: ExcludedDays
  readonly listeners: Listeners
  readonly witness: LogWitness["Service"]
  /** Why what all share is halted at the start, where it is. */
  readonly shared: Halted | undefined
}

/** Troubles of what all share, as those of a partition. */
const ofShared = (partition: number, { end, partition: where, troubles }: Halted): Halted =>
  new Halted({
    partition,
    end,
    troubles: troubles.map(({ found, logSequence, remedy }) => ({
      kind: "shared",
      logSequence,
      found: `what all tasks share (partition ${where}) is halted: ${found}`,
      remedy
    }))
  })

/** Starts the writer; returns when its actor takes questions, or it is halted. */
export const make = Effect.fnUntraced(function* (options: WriterOptions) {
  const { announcer, dispatcher, excluded, listeners, nodeId, partition, witness } = options
  const announcements = yield* Announcements
  const log = yield* EventLog
  const outer = yield* Effect.scope
  let actor: PartitionActor.PartitionActor | undefined
  let holding: Holding.Holding | undefined
  let shared = options.shared
  let sharedChanged = Deferred.makeUnsafe<void>()
  let starts = 0

  const halted = (): Halted | undefined => (shared === undefined ? holding?.halted : ofShared(partition, shared))

  /** Asked before the log is read: what is announced meanwhile is no sign that the log was longer. */
  const announced = announcements.last(partition).pipe(
    Effect.tapError((error) => Effect.logDebug(error.message)),
    Effect.retry(Schedule.spaced("1 second")),
    Effect.orDie,
    Effect.map((last) => last?.sequence ?? 0)
  )

  const start = Effect.gen(function* () {
    const scope = yield* Scope.fork(outer)
    starts += 1
    // Commits are known again by their ids: each start has ids of its own.
    const id = starts === 1 ? nodeId : `${nodeId}-${starts}`
    const started = yield* PartitionActor.make(partition, id, announcer, dispatcher, excluded, {
      listeners,
      witness,
      announced: yield* announced
    }).pipe(
      Scope.provide(scope),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
    return { started, scope }
  })

  /** What nobody has answered: decided by the next actor, or refused where there is none. */
  let left: PartitionActor.Leftovers = { envelopes: [], unsure: false }
  const refuse = (envelope: Envelope) => {
    const why = halted()
    if (envelope._tag !== "command" || why === undefined) return
    // What may be in the log all the same must not be denied: its sender asks again. Messages wait for any answer.
    if (left.unsure && envelope.command.type !== "fire") return
    envelope.reply({ _tag: "refused", refused: haltedRefusal(why) })
  }
  const handOn = () => {
    const { envelopes } = left
    for (const envelope of envelopes)
      if (actor === undefined) refuse(envelope)
      else actor.submit(envelope)
    left = { envelopes: [], unsure: false }
  }

  /** One life: an actor until it ends, or a halt until it is lifted. `ready`: it can be asked. */
  const live = Effect.fnUntraced(function* (ready: Effect.Effect<unknown>) {
    const changed = sharedChanged
    if (shared !== undefined) {
      handOn()
      yield* ready
      return yield* Deferred.await(changed)
    }
    const begun = yield* Effect.result(start)
    if (begun._tag === "Failure") {
      holding = yield* Holding.make(log, begun.failure, nodeId)
      yield* Effect.logError(begun.failure.message)
      handOn()
      yield* ready
      yield* holding.lifted
      holding = undefined
      return yield* Effect.logInfo(`partition ${partition}: its log is looked at again`)
    }
    const { scope, started } = begun.success
    actor = started
    handOn()
    yield* ready
    const ended = yield* Effect.raceFirst(started.ended, Effect.as(Deferred.await(changed), undefined))
    actor = undefined
    yield* Scope.close(scope, Exit.void)
    left = yield* started.leftovers
    // A defect of ours is no trouble of the log: it has been told, and waits for whoever looks after this node.
    if (ended !== undefined && !Exit.hasFails(ended)) return yield* Effect.never
  })

  const ready = yield* Deferred.make<void>()
  yield* live(Deferred.succeed(ready, undefined)).pipe(Effect.forever, (loop) => Effect.forkScoped(loop))
  yield* Deferred.await(ready)

  const writer: PartitionWriter = {
    partition,
    halted,
    submit: (envelope) => {
      if (actor !== undefined) return actor.submit(envelope) ? "accepted" : "full"
      if (halted() === undefined) return "full"
      // A delivery that is held back takes no room of its worker, and is not lost.
      if (envelope._tag === "claims") {
        envelope.reply(envelope.claims.map(() => ({ answer: "held", retryAfterMs: RETRY_MS })))
        return "accepted"
      }
      if (envelope._tag === "heartbeats") {
        envelope.reply(envelope.heartbeats.map(() => "continue"))
        return "accepted"
      }
      return "halted"
    },
    share: (next) => {
      if ((next === undefined) === (shared === undefined)) return
      shared = next
      Deferred.doneUnsafe(sharedChanged, Exit.void)
      sharedChanged = Deferred.makeUnsafe()
    },
    logSequence: () => actor?.logSequence() ?? halted()?.end.sequence ?? 0,
    stats: () => {
      if (actor !== undefined) return actor.stats()
      const why = halted()
      const base = { partition, logSequence: why?.end.sequence ?? 0, tasks: 0, openExecutions: 0 }
      return why === undefined ? base : { ...base, troubles: why.troubles }
    },
    accept: (word) =>
      Effect.suspend(() => {
        if (shared === undefined && holding !== undefined) return holding.accept(word)
        const why = halted()
        return Effect.fail(
          why === undefined
            ? new Refused({
                code: "notHalted",
                message: `partition ${partition} is not halted: there is nothing to accept`
              })
            : haltedRefusal(why)
        )
      })
  }
  return writer
})
