/**
 * The partitions that this node owns, each with its actor.
 *
 * A partition whose log cannot be gone on with is halted; the others go on (`PartitionWriter.ts`).
 *
 * Owning is no safety: two nodes that both own a partition are kept apart by the log's guard. This version gives every
 * partition to every scheduler node that is started; run one.
 */
import { Context, Effect, Layer, Option, Schedule, Stream } from "effect"
import { CALENDARS_PARTITION } from "../events/CalendarEvent.ts"
import { EventLog } from "../events/EventLog.ts"
import { LogWitness } from "../events/LogWitness.ts"
import { type HeldBy, QUEUES_PARTITION } from "../events/QueueEvent.ts"
import * as Settings from "../Settings.ts"
import { WorkQueue } from "../work/WorkQueue.ts"
import { Announcements } from "./Announcements.ts"
import { Calendars } from "./Calendars.ts"
import * as Announcer from "./Announcer.ts"
import * as Listeners from "./Listeners.ts"
import * as Dispatcher from "./Dispatcher.ts"
import type { Envelope } from "./Envelope.ts"
import type { Halted } from "./Halted.ts"
import type { Accepted, AcceptLog } from "./Holding.ts"
import * as PartitionWriter from "./PartitionWriter.ts"
import type { LineView } from "./queue/Dispatch.ts"
import { lookout } from "./Lookout.ts"
import { Queues } from "./Queues.ts"
import { Refused } from "./door/TaskRequest.ts"

/** `notOwner`: ask another node; `full`: too many questions wait, ask again; `halted`: see `halted`. */
export type Submitted = PartitionWriter.Submitted | "notOwner"

export class Partitions extends Context.Service<
  Partitions,
  {
    /** Partitions owned now. */
    readonly owned: () => ReadonlyArray<number>
    submit(partition: number, envelope: Envelope): Submitted
    /** Why nothing is decided in an owned partition; undefined where that is not so. */
    halted(partition: number): Halted | undefined
    /** An operator's word that the log of a partition is to be gone on with as it stands, although it is damaged. */
    accept(partition: number, word: AcceptLog): Effect.Effect<Accepted, Refused>
    /** Tasks of owned partitions that messages start. */
    readonly listeners: Listeners.Listeners
    readonly stats: () => ReadonlyArray<PartitionWriter.WriterStats>
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
        const queues = yield* Queues
        const dispatcher = yield* Dispatcher.make({ send: announcer.offer, queues })
        const witness = Option.getOrElse(yield* Effect.serviceOption(LogWitness), LogWitness.memory)
        const writers = new Map<number, PartitionWriter.PartitionWriter>()
        const shared = () => calendars.halted() ?? queues.halted()

        /** After a lost connection: compare what is held with what was said and offered, and repeat the missing. */
        const heal = Effect.gen(function* () {
          const held = yield* workQueue.held
          for (const writer of writers.values()) {
            writer.submit({ _tag: "reoffer", held })
            announcer.resync(writer.partition)
          }
        }).pipe(
          Effect.tapError((error) => Effect.logDebug(error.message)),
          Effect.retry(Schedule.spaced("1 second"))
        )
        yield* announcements.disturbed.pipe(
          Stream.runForEach(() => heal),
          (following) => Effect.forkScoped(following, { startImmediately: true })
        )

        const share = () => {
          for (const writer of writers.values()) writer.share(shared())
        }
        yield* calendars.changes.pipe(
          Stream.runForEach(() =>
            Effect.sync(() => {
              share()
              for (const writer of writers.values()) writer.submit({ _tag: "calendars" })
            })
          ),
          (following) => Effect.forkScoped(following, { startImmediately: true })
        )
        yield* queues.changes.pipe(
          Stream.runForEach(() => Effect.sync(share)),
          (following) => Effect.forkScoped(following, { startImmediately: true })
        )

        // Listening comes first: an actor may lose an offer while others still read their log.
        const excluded = calendars.excluded
        yield* Effect.forEach(
          Array.from({ length: partitions }, (_, partition) => partition),
          (partition) =>
            PartitionWriter.make({
              partition,
              nodeId,
              announcer,
              dispatcher,
              excluded,
              listeners,
              witness,
              shared: shared()
            }).pipe(
              Effect.map((writer) => writers.set(partition, writer)),
              Effect.annotateLogs({ partition })
            ),
          { concurrency: 8, discard: true }
        )
        share()
        // A limit counts what runs in all of them.
        dispatcher.start()
        yield* Effect.forkScoped(
          lookout(
            [...writers.values()].map(({ logSequence, partition, submit }) => ({
              partition,
              logSequence,
              // One that is halted looks by itself.
              submit: (envelope) => submit(envelope) !== "full"
            }))
          )
        )

        return Partitions.of({
          owned: () => [...writers.keys()].sort((a, b) => a - b),
          submit: (partition, envelope) => writers.get(partition)?.submit(envelope) ?? "notOwner",
          halted: (partition) => writers.get(partition)?.halted(),
          accept: (partition, word) => {
            if (partition === CALENDARS_PARTITION) return calendars.accept(word)
            if (partition === QUEUES_PARTITION) return queues.accept(word)
            const writer = writers.get(partition)
            return writer === undefined ? Effect.fail(unknownPartition(partition, partitions)) : writer.accept(word)
          },
          listeners,
          lines: dispatcher.lines,
          heldBy: dispatcher.heldBy,
          stats: () => [...writers.values()].map((writer) => writer.stats()).sort((a, b) => a.partition - b.partition)
        })
      })
    )
}

const unknownPartition = (partition: number, partitions: number): Refused =>
  new Refused({
    code: "notFound",
    message: `there is no partition ${partition}`,
    hint: `there are 0 to ${partitions - 1}, ${CALENDARS_PARTITION} (calendars) and ${QUEUES_PARTITION} (queues)`
  })
