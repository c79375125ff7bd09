/**
 * A message that starts an execution: where it lies, and what it says.
 *
 * Its place is what makes it one: messages of a stream are decided about in their order, so whatever lies at or before
 * the newest that a task has decided about has been decided, however often it is delivered, and however long ago.
 */
import { Schema } from "effect"
import { Instant } from "../recurrence/Instant.ts"

/** Largest message that an execution is given, in bytes of its JSON; one that is larger fails as `messageTooLarge`. */
export const MAX_MESSAGE_BYTES = 64 * 1024

/** Executions in a row that are each started by the one before; a message at the end of so long a chain starts nothing. */
export const MAX_CHAIN = 16

/** Name of the log as a stream of messages: the events of tasks. */
export const LOG = "log"

export const MessagePlace = Schema.Struct({
  /** Name of the stream, or `log` for an event of a task. */
  stream: Schema.String,
  /** When the stream was made: one that is deleted and made again is another. Absent for the log. */
  created: Schema.optionalKey(Schema.String),
  sequence: Schema.Int,
  /** Of an event: its position in its commit, from 0. */
  index: Schema.optionalKey(Schema.Int)
})
export type MessagePlace = typeof MessagePlace.Type

/** A message without what it says. */
export const MessageHead = Schema.Struct({
  /** The same for the same message. */
  id: Schema.String,
  subject: Schema.String,
  /** When it was stored: the nominal instant of the execution. */
  at: Instant,
  place: MessagePlace
})
export type MessageHead = typeof MessageHead.Type

export const Message = Schema.Struct({
  ...MessageHead.fields,
  /** What it says: the value of its JSON, else its text, or `{ "base64": … }` for what is no text; null where it was too large. */
  data: Schema.Json
})
export type Message = typeof Message.Type

/** Whether a place lies after another; places of different streams have no order, and count as after. */
export const isAfter = (place: MessagePlace, other: MessagePlace | undefined): boolean =>
  other === undefined ||
  place.stream !== other.stream ||
  place.created !== other.created ||
  place.sequence > other.sequence ||
  (place.sequence === other.sequence && (place.index ?? 0) > (other.index ?? 0))

/** What a payload says. */
export const dataOf = (payload: Uint8Array): Schema.Json => {
  let text: string
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(payload)
  } catch {
    return { base64: Buffer.from(payload).toString("base64") }
  }
  try {
    const value: unknown = JSON.parse(text)
    return isJson(value) ? value : text
  } catch {
    return text
  }
}
const isJson = Schema.is(Schema.Json)
