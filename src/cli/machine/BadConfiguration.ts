/** What a command fails with where the configuration file is wrong. */
import { Schema } from "effect"

/** The file cannot be used as it is. */
export class BadConfiguration extends Schema.TaggedError<BadConfiguration>()("BadConfiguration", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file}: ${this.reason}`
  }
}
