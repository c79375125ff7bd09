/** An operator's word that the log of a halted partition is to be gone on with as it stands: the JSON of `nagatha.command.acceptLog`. */
import { Schema } from "effect"
import { CommandOrigin } from "./TaskRequest.ts"

export const AcceptLogRequest = Schema.Struct({
  ...CommandOrigin,
  partition: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  /** Why; it is kept in the log. */
  reason: Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(1000))
})
export type AcceptLogRequest = typeof AcceptLogRequest.Type

export const AcceptLogAnswer = Schema.Struct({
  partition: Schema.Int,
  /** Where the acceptance stands. */
  logSequence: Schema.Int,
  /** What was accepted. */
  found: Schema.Array(Schema.String)
})
export type AcceptLogAnswer = typeof AcceptLogAnswer.Type
