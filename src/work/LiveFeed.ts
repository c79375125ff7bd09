/**
 * What running attempts tell while they run: how far they are, and what they write. For those who listen at that moment:
 * nothing of it is stored, some of it may be lost, and the outcome in the log never depends on it.
 *
 * Progress is always told. Output is told only while somebody follows the execution, beginning with what was kept of it.
 */
import { Context, Effect, Layer, PubSub, Schema, Stream } from "effect"
import { TaskId } from "../events/TaskDefinition.ts"
import { Instant } from "../recurrence/Instant.ts"

/** The body of `scheduler.task.progress`: like an event's, but never in the log. */
export const Progress = Schema.Struct({
  /** `<execution id>#<attempt>.<number>`. */
  id: Schema.String,
  type: Schema.Literal("scheduler.task.progress"),
  version: Schema.Literal(1),
  time: Instant,
  taskId: TaskId,
  taskName: Schema.String,
  taskType: Schema.String,
  executionId: Schema.String,
  nominalAt: Instant,
  dueAt: Instant,
  attempt: Schema.Int,
  worker: Schema.String,
  /** From 0 to 1. */
  fraction: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  text: Schema.String
})
export type Progress = typeof Progress.Type

/** `log` is what a task type says about its run. */
export const OutputStream = Schema.Literals(["stdout", "stderr", "log"])
export type OutputStream = typeof OutputStream.Type

/** A piece of what an attempt wrote: the bytes from `from` to `to` of one stream. A piece may come twice. */
export const OutputPiece = Schema.Struct({
  executionId: Schema.String,
  attempt: Schema.Int,
  stream: OutputStream,
  from: Schema.Int,
  to: Schema.Int,
  text: Schema.String
})
export type OutputPiece = typeof OutputPiece.Type

export interface Followed {
  readonly executionId: string
  /** A new follower, who wants what was kept so far. */
  readonly begins: boolean
}

export class LiveFeed extends Context.Service<
  LiveFeed,
  {
    progress(report: Progress): void
    output(piece: OutputPiece): void
    /** Who follows what; said again every few seconds for as long as it goes on. */
    readonly followed: Stream.Stream<Followed>
  }
>()("nagatha/work/LiveFeed") {
  /** In memory: appends to `told`; `followed` is what is published on `asked`. */
  static readonly layerMemory = (
    told: Array<Progress | OutputPiece> = [],
    asked?: PubSub.PubSub<Followed>
  ): Layer.Layer<LiveFeed> =>
    Layer.effect(
      LiveFeed,
      Effect.sync(() => ({
        progress: (report: Progress) => void told.push(report),
        output: (piece: OutputPiece) => void told.push(piece),
        followed: asked === undefined ? Stream.never : Stream.fromPubSub(asked)
      }))
    )
}

/** How long a follower counts as one without having said so again, milliseconds; it says so three times as often. */
export const FOLLOW_MS = 15_000
