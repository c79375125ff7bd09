/**
 * A partition is halted: something in its log keeps its writer from going on. Nothing is decided in it, and nothing of it
 * is lost: what is asked of it is refused, workers ask again later. Other partitions go on.
 */
import { Schema } from "effect"
import { Trouble } from "../events/Trouble.ts"
import { Refused } from "./door/TaskRequest.ts"

export class Halted extends Schema.TaggedError<Halted>()("Halted", {
  partition: Schema.Int,
  troubles: Schema.Array(Trouble),
  /** The newest commit that the log of the partition holds, by which an acceptance is guarded. */
  end: Schema.Struct({ sequence: Schema.Int, hash: Schema.String })
}) {
  override get message() {
    const [first] = this.troubles
    const more = this.troubles.length > 1 ? ` (and ${this.troubles.length - 1} more)` : ""
    return `partition ${this.partition} is halted: ${first?.found ?? ""}${more}. Nothing is decided in it; other partitions go on. What to do: ${first?.remedy ?? ""}`
  }
}

/** What its log says does not fit what is known of it: it is to be read again from its beginning. */
export class LookAgain extends Schema.TaggedError<LookAgain>()("LookAgain", {
  partition: Schema.Int,
  reason: Schema.String
}) {
  override get message() {
    return `partition ${this.partition}: ${this.reason}; its log is looked at again`
  }
}

/** Code of the refusal. */
export const HALTED = "partitionHalted"

/** The answer to a command for a halted partition: nothing was done. */
export const haltedRefusal = ({ partition, troubles }: Pick<Halted, "partition" | "troubles">): Refused => {
  const [first] = troubles
  const more = troubles.length > 1 ? ` (and ${troubles.length - 1} more: nagatha status)` : ""
  return new Refused({
    code: HALTED,
    message: `partition ${partition}, to which the task belongs, is halted: ${first?.found ?? ""}${more}. Nothing was done`,
    ...(first === undefined ? {} : { hint: first.remedy })
  })
}
