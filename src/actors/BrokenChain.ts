import { Schema } from "effect"

/** The log's commits of a partition do not follow each other: it was damaged or replaced. Its actor must stop. */
export class BrokenChain extends Schema.TaggedError<BrokenChain>()("BrokenChain", {
  partition: Schema.Int,
  sequence: Schema.Int
}) {
  override get message() {
    return `partition ${this.partition}: the commit at log sequence ${this.sequence} does not follow the one before it; the log was damaged or replaced. Nothing is decided in this partition until it is mended`
  }
}
