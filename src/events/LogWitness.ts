/**
 * How far the log of each partition was seen to reach, kept outside of the log: a chain alone cannot show that its end was
 * cut off, or that all of it was replaced by another.
 */
import { Context, Layer } from "effect"
import type { Instant } from "../recurrence/Instant.ts"

/** The newest commit of a partition, as it once was. */
export interface Seen {
  readonly sequence: number
  readonly hash: string
  /** When it was the newest. */
  readonly at: Instant
}

export class LogWitness extends Context.Service<
  LogWitness,
  {
    /** Undefined for a partition of which nothing was ever seen. */
    seen(partition: number): Seen | undefined
    /** Cheap: it is kept for good a little later, and on a good stop. */
    note(partition: number, seen: Seen): void
  }
>()("nagatha/events/LogWitness") {
  /** As long as the process lives. */
  static readonly memory = (): LogWitness["Service"] => {
    const all = new Map<number, Seen>()
    return { seen: (partition) => all.get(partition), note: (partition, seen) => void all.set(partition, seen) }
  }
  static readonly layerMemory: Layer.Layer<LogWitness> = Layer.sync(LogWitness, LogWitness.memory)
}
