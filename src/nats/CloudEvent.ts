/**
 * CloudEvents 1.0 in the binary mode of its NATS binding: the attributes are headers with the prefix `ce-`, the body is
 * the data.
 */
import type { Subjects } from "./Subjects.ts"

export interface CloudEventAttributes {
  readonly id: string
  readonly type: string
  /** URI reference; with the id it names the event. */
  readonly source: string
  /** RFC 3339. */
  readonly time: string
}

/** How many executions in a row have led to a message: whoever passes on what a task has caused passes it on as well. */
export const CHAIN_HEADER = "Nagatha-Chain"

/** Characters that a header value of the binding may hold as they are; all others are percent-encoded, byte by byte. */
const encoded = (value: string): string =>
  value.replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("")
  )

export const taskSource = ({ namespace }: Subjects, taskId: string): string => `/${namespace}/tasks/${taskId}`

export const cloudEvent = ({ id, source, time, type }: CloudEventAttributes): Readonly<Record<string, string>> => ({
  "ce-id": encoded(id),
  "ce-type": encoded(type),
  "ce-source": encoded(source),
  "ce-time": encoded(time),
  "ce-specversion": "1.0",
  "ce-datacontenttype": "application/json"
})
