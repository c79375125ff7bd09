/** Something that says how to reach the server cannot be used: a variable of the environment, a file, an option. */
import { Schema } from "effect"

export class BadAccess extends Schema.TaggedError<BadAccess>()("BadAccess", {
  /** The variable, the file or the option. */
  name: Schema.String,
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `${this.name}: ${this.reason}`
  }
}

/** One that a variable of the environment names. */
export const badVariable = (name: string, reason: string): BadAccess =>
  new BadAccess({ name, reason, remedy: "mend the variable of the environment" })
