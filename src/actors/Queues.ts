/** The limits of queues, and which are paused, as the log tells them; every node that decides follows them. */
import { Context, Effect, Layer, Result, type Stream } from "effect"
import type { EventLog } from "../events/EventLog.ts"
import { type QueueEvent, type QueueLimits, QUEUES_PARTITION } from "../events/QueueEvent.ts"
import type { Rate } from "../events/Rate.ts"
import type { CausedBy } from "../events/TaskEvent.ts"
import type { Instant } from "../recurrence/Instant.ts"
import type { Refused } from "./door/TaskRequest.ts"
import type { Halted } from "./Halted.ts"
import type { Accepted, AcceptLog } from "./Holding.ts"
import * as SharedFacts from "./SharedFacts.ts"

export interface QueuePause {
  readonly since: Instant
  readonly by: string
  readonly reason: string | null
}

/** A queue about which something was said. */
export interface QueueFacts {
  readonly queue: string
  readonly limits: QueueLimits
  readonly paused: QueuePause | null
  readonly revision: number
  readonly changedAt: Instant
  /** Log sequence of its newest change. */
  readonly logSequence: number
}

/** Changes of limits: what is absent stays, null is no limit any more. */
export interface LimitChanges {
  readonly concurrency?: number | null
  readonly rate?: Rate | null
  readonly keyConcurrency?: number | null
  readonly keyRate?: Rate | null
}

export type QueueCommand =
  | { readonly type: "set"; readonly queue: string; readonly changes: LimitChanges; readonly causedBy: CausedBy }
  | { readonly type: "pause" | "resume"; readonly queue: string; readonly causedBy: CausedBy }

export interface QueueAnswer {
  readonly queue: string
  readonly limits: QueueLimits
  readonly paused: boolean
  readonly revision: number
  readonly logSequence: number
}

export class Queues extends Context.Service<
  Queues,
  {
    /** What was said about a queue; undefined for one without limits. */
    of(queue: string): QueueFacts | undefined
    /** Queues about which something was said, by name. */
    readonly all: () => ReadonlyArray<QueueFacts>
    /** Succeeds when the change is in the log; a repeated command id gives the first answer. */
    change(command: QueueCommand): Effect.Effect<QueueAnswer, Refused>
    /** Emits after changes that this node has learnt of, and when they are halted or no longer. */
    readonly changes: Stream.Stream<void>
    /** Why they cannot be known; undefined where that is not so. */
    readonly halted: () => Halted | undefined
    accept(word: AcceptLog): Effect.Effect<Accepted, Refused>
  }
>()("nagatha/actors/Queues") {
  /** Ready when the queues have been read. `nodeId` is unique to this process. */
  static readonly layer = (nodeId: string): Layer.Layer<Queues, never, EventLog> =>
    Layer.effect(
      Queues,
      Effect.suspend(() => make(nodeId))
    )
}

const LIMITS = ["concurrency", "rate", "keyConcurrency", "keyRate"] as const

/** Limits after changes. */
export const changed = (before: QueueLimits, changes: LimitChanges): QueueLimits =>
  Object.fromEntries(
    LIMITS.flatMap((limit) => {
      const value = changes[limit] === undefined ? before[limit] : changes[limit]
      return value === undefined || value === null ? [] : [[limit, value]]
    })
  )

const answerOf = ({ limits, logSequence, paused, queue, revision }: QueueFacts): QueueAnswer => ({
  queue,
  limits,
  paused: paused !== null,
  revision,
  logSequence
})

const make = Effect.fnUntraced(function* (nodeId: string) {
  const queues = new Map<string, QueueFacts>()

  const fold = (event: QueueEvent, logSequence: number): QueueAnswer => {
    const { causedBy, queue, revision, time } = event
    const before = queues.get(queue)
    const pause = { since: time, by: causedBy.actor, reason: causedBy.reason ?? null }
    const after: QueueFacts = {
      queue,
      limits: event.type === "queueSet" ? event.limits : (before?.limits ?? {}),
      paused: event.type === "queuePaused" ? pause : event.type === "queueResumed" ? null : (before?.paused ?? null),
      revision,
      changedAt: time,
      logSequence
    }
    queues.set(queue, after)
    return answerOf(after)
  }

  const { accept, change, changes, halted } = yield* SharedFacts.make<QueueEvent, QueueAnswer>({
    nodeId,
    name: "queues",
    partition: QUEUES_PARTITION,
    eventsOf: (commit) => commit.queues ?? [],
    inCommit: (event) => ({ queues: [event] }),
    commandIdOf: (event) => event.causedBy.commandId,
    forget: () => queues.clear(),
    fold
  })

  const decided = (
    command: QueueCommand,
    time: Instant
  ): Result.Result<SharedFacts.Decided<QueueEvent, QueueAnswer>, Refused> => {
    const { causedBy, queue, type } = command
    const before = queues.get(queue)
    const common = { version: 1 as const, time, queue, revision: (before?.revision ?? 0) + 1, causedBy }
    if (type === "set") {
      return Result.succeed({
        event: { type: "queueSet", ...common, limits: changed(before?.limits ?? {}, command.changes) }
      })
    }
    if (type === "pause") return Result.succeed({ event: { type: "queuePaused", ...common } })
    // What goes on already need not be told to.
    return Result.succeed(
      before === undefined || before.paused === null
        ? {
            answer:
              before === undefined
                ? { queue, limits: {}, paused: false, revision: 0, logSequence: 0 }
                : answerOf(before)
          }
        : { event: { type: "queueResumed", ...common } }
    )
  }

  return Queues.of({
    of: (queue) => queues.get(queue),
    all: () => [...queues.values()].sort((a, b) => (a.queue < b.queue ? -1 : 1)),
    change: (command) => change(command.causedBy.commandId, (time) => decided(command, time)),
    changes,
    halted,
    accept
  })
})
