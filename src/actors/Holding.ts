/**
 * What goes on while a partition is halted: somebody may accept what is wrong with its log, here or on another node, and
 * then it is looked at again. An acceptance is a commit of the partition, guarded like any other: it covers what was
 * found, on the history that was read, and nothing else.
 */
import { Clock, Effect, Latch, Schedule, Stream } from "effect"
import type { EventLog } from "../events/EventLog.ts"
import { fromMillis } from "../recurrence/Instant.ts"
import { Refused } from "./door/TaskRequest.ts"
import { type Halted, haltedRefusal } from "./Halted.ts"

/** How often it is looked whether somebody else has accepted it, milliseconds. */
const LOOK_MS = 5000

export interface AcceptLog {
  readonly actor: string
  readonly reason: string
}

export interface Accepted {
  readonly partition: number
  /** Where the acceptance stands. */
  readonly logSequence: number
  /** What was accepted. */
  readonly found: ReadonlyArray<string>
}

export interface Holding {
  readonly halted: Halted
  /** Puts the acceptance into the log. */
  accept(word: AcceptLog): Effect.Effect<Accepted, Refused>
  /** The log is to be looked at again. */
  readonly lifted: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function* (log: EventLog["Service"], halted: Halted, nodeId: string) {
  const { end, partition, troubles } = halted
  const again = yield* Latch.make(false)

  const accept = Effect.fnUntraced(function* ({ actor, reason }: AcceptLog) {
    const damage = troubles.flatMap((trouble) => trouble.damage ?? [])
    if (damage.length < troubles.length) {
      const refusal = haltedRefusal({
        partition,
        troubles: troubles.filter((trouble) => trouble.damage === undefined)
      })
      const told = refusal.hint === undefined ? {} : { hint: refusal.hint }
      return yield* new Refused({
        code: "notAcceptable",
        message: `what keeps partition ${partition} halted is no damage, and cannot be accepted: ${refusal.message}`,
        ...told
      })
    }
    const now = yield* Clock.currentTimeMillis
    const head = {
      commitId: `${nodeId}.${partition}.accepted-${now}`,
      partition,
      time: fromMillis(now),
      previousSequence: end.sequence,
      previousHash: end.hash,
      accepted: { actor, reason, damage }
    }
    const outcome = yield* Effect.orDie(log.append(head, []))
    yield* again.open
    if (outcome._tag === "stored") {
      yield* Effect.logWarning(
        `the log of partition ${partition} was accepted as it stands by ${actor} (${reason}): ${troubles.map(({ found }) => found).join("; ")}`
      )
      return { partition, logSequence: outcome.sequence, found: troubles.map(({ found }) => found) } satisfies Accepted
    }
    return yield* new Refused({
      code: "busy",
      message: `the log of partition ${partition} has grown meanwhile, or its server gave no answer: what is wrong is looked at again`,
      hint: "look at nagatha status, and accept again where it is still halted"
    })
  })

  /** Somebody else's acceptance. */
  let looked = end.sequence
  const accepted = Effect.suspend(() =>
    log.readAny(partition, looked).pipe(
      Stream.tap((found) => Effect.sync(() => (looked = found.sequence))),
      Stream.filter(({ reading }) => reading._tag === "whole" && reading.commit.accepted !== undefined),
      Stream.runCount
    )
  ).pipe(
    Effect.orElseSucceed(() => 0),
    Effect.repeat({ while: (count) => count === 0, schedule: Schedule.spaced(LOOK_MS) })
  )

  return { halted, accept, lifted: Effect.asVoid(Effect.raceFirst(again.await, accepted)) } satisfies Holding
})
