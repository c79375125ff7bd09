/**
 * The partitions that this node owns, each with its actor.
 *
 * Owning is no safety: two nodes that both own a partition are kept apart by the log's guard. This version gives every
 * partition to every scheduler node that is started; run one.
 */
import { Context, Effect, Layer, Schedule, Stream } from "effect"
import type { HeldBy } from "../events/QueueEvent.ts"
import { EventLog } from "../events/EventLog.ts"
import * as Settings from "../Settings.ts"
import { WorkQueue } from "../work/WorkQueue.ts"
import { Announcements } from "./Announcements.ts"
import { Calendars } from "./Calendars.ts"
import * as Announcer from "./Announcer.ts"
import * as Listeners from "./Listeners.ts"
import * as Dispatcher from "./Dispatcher.ts"
import type { Envelope } from "./Envelope.ts"
import * as PartitionActor from "./PartitionActor.ts"
import type { LineView } from "./queue/Dispatch.ts"
import { lookout } from "./Lookout.ts"
import { Queues } from "./Queues.ts"

/** `notOwner`: ask another node; `full`: too many questions wait, ask again. */
export type Submitted = "accepted" | "notOwner" | "full"

export class Partitions extends Context.Service<
  Partitions,
  {
    /** Partitions owned now. */
    readonly owned: () => ReadonlyArray<number>
    submit(partition: number, envelope: Envelope): Submitted
    /** Tasks of owned partitions that messages start. */
    readonly listeners: Listeners.Listeners
    readonly stats: () => ReadonlyArray<PartitionActor.PartitionStats>
    /** The queues in which something waits or runs, or did. */
    readonly lines: () => ReadonlyArray<LineView>
    /** Which limit holds an execution of an owned partition back; undefined where none does. */
    heldBy(executionId: string): HeldBy | undefined
  }
>()("nagatha/actors/Partitions") {
  /** Starts the actors of all partitions; ready when each has read its part of the log. `nodeId` is unique to this process. */
  static readonly layer = (
    nodeId: string
  ): Layer.Layer<Partitions, never, EventLog | WorkQueue | Announcements | Calendars | Queues> =>
    Layer.effect(
      Partitions,
      Effect.gen(function* () {
        const { partitions } = yield* Settings.Current
        const announcements = yield* Announcements
        const workQueue = yield* WorkQueue
        const calendars = yield* Calendars
        const announcer = yield* Announcer.make
        const listeners = yield* Listeners.make
        const dispatcher = yield* Dispatcher.make({ send: announcer.offer, queues: yield* Queues })
        const actors = new Map<number, PartitionActor.PartitionActor>()

        /** After a lost connection: compare what is held with what was said and offered, and repeat the missing. */
        const heal = Effect.gen(function* () {
          const held = yield* workQueue.held
          for (const actor of actors.values()) {
            actor.submit({ _tag: "reoffer", held })
            announcer.resync(actor.partition)
          }
        }).pipe(
          Effect.tapError((error) => Effect.logDebug(error.message)),
          Effect.retry(Schedule.spaced("1 second"))
        )
        yield* announcements.disturbed.pipe(
          Stream.runForEach(() => heal),
          (following) => Effect.forkScoped(following, { startImmediately: true })
        )

        yield* calendars.changes.pipe(
          Stream.runForEach(() =>
            Effect.sync(() => {
              for (const actor of actors.values()) actor.submit({ _tag: "calendars" })
            })
          ),
          (following) => Effect.forkScoped(following, { startImmediately: true })
        )

        // Listening comes first: an actor may lose an offer while others still read their log.
        yield* Effect.forEach(
          Array.from({ length: partitions }, (_, partition) => partition),
          (partition) =>
            Effect.map(
              PartitionActor.make(partition, nodeId, announcer, dispatcher, calendars.excluded, listeners),
              (actor) => actors.set(partition, actor)
            ),
          { concurrency: 8, discard: true }
        )
        // A limit counts what runs in all of them.
        dispatcher.start()
        yield* Effect.forkScoped(lookout([...actors.values()]))

        return Partitions.of({
          owned: () => [...actors.keys()].sort((a, b) => a - b),
          submit: (partition, envelope) => {
            const actor = actors.get(partition)
            if (actor === undefined) return "notOwner"
            return actor.submit(envelope) ? "accepted" : "full"
          },
          listeners,
          lines: dispatcher.lines,
          heldBy: dispatcher.heldBy,
          stats: () => [...actors.values()].map((actor) => actor.stats()).sort((a, b) => a.partition - b.partition)
        })
      })
    )
}
