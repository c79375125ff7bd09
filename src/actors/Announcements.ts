/**
 * Announcements: each event of the log, said to whoever listens. Derived from the log, in its order per partition, with
 * ids that follow from it: at least once, and the same announcement when it is said again.
 *
 * Losing announcements loses nothing: the log can always say them again.
 */
import { Context, Effect, Layer, Schema, Stream } from "effect"
import type { TaskEvent } from "../events/TaskEvent.ts"

/** An event and where it stands in the log. */
export interface Recorded {
  readonly partition: number
  readonly sequence: number
  /** Position within its commit, from 0. */
  readonly index: number
  /** Queue of its task: part of the subject. */
  readonly queue: string
  readonly event: TaskEvent
  /** The event as it stands in the log, where it is at hand: an object whose first key is `type`. */
  readonly json?: string
}

/** `<log sequence>.<index>`. */
export const announcementId = (recorded: Pick<Recorded, "sequence" | "index">): string =>
  `${recorded.sequence}.${recorded.index}`

export class AnnouncingFailed extends Schema.TaggedError<AnnouncingFailed>()("AnnouncingFailed", {
  reason: Schema.String
}) {
  override get message() {
    return `events could not be announced: ${this.reason}; they will be, from the log`
  }
}

export class Announcements extends Context.Service<
  Announcements,
  {
    /**
     * Says these in order; succeeds when all are stored. After a failure any of them may have been said. Fails for a
     * partition whose `last` has not been asked for since the connection was lost: a newer announcement would hide that
     * older ones are gone.
     */
    announce(events: ReadonlyArray<Recorded>): Effect.Effect<void, AnnouncingFailed>
    /** The newest announcement of a partition that is still held; null when there is none. */
    last(
      partition: number
    ): Effect.Effect<{ readonly sequence: number; readonly index: number } | null, AnnouncingFailed>
    /** How far back announcements are kept, milliseconds: what is older is not said again. */
    readonly keptMs: number
    /** Emits whenever what was said, or offered to workers, may have been lost: the connection to the server was. */
    readonly disturbed: Stream.Stream<void>
  }
>()("nagatha/actors/Announcements") {
  /** Keeps everything in memory, in the order said; `said` reads it. */
  static readonly layerMemory: Layer.Layer<Announcements | Said> = Layer.effectContext(
    Effect.sync(() => {
      const said: Array<Recorded> = []
      const last = new Map<number, Recorded>()
      return Context.make(
        Announcements,
        Announcements.of({
          announce: (events) =>
            Effect.sync(() => {
              for (const one of events) {
                said.push(one)
                last.set(one.partition, one)
              }
            }),
          last: (partition) => Effect.sync(() => last.get(partition) ?? null),
          keptMs: Infinity,
          disturbed: Stream.never
        })
      ).pipe(
        Context.add(
          Said,
          Effect.sync(() => said.slice())
        )
      )
    })
  )
}

/** What the memory twin was told, in order. */
export class Said extends Context.Service<Said, Effect.Effect<ReadonlyArray<Recorded>>>()("nagatha/actors/Said") {}
