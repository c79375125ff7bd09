/** Why one way of fetching nats-server did not work, in one line; the next way is tried. */
import { Schema } from "effect"

export class FetchFailed extends Schema.TaggedError<FetchFailed>()("FetchFailed", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}
