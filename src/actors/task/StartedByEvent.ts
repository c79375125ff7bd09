/** Which events of tasks start which other tasks, and what they say to them. Pure. */
import { type Message, LOG, MAX_MESSAGE_BYTES } from "../../events/Message.ts"
import type { TaskEvent } from "../../events/TaskEvent.ts"
import { ownEvent } from "../../recurrence/MessageWords.ts"
import type { ByMessage } from "../../recurrence/Recurrence.ts"

/** Whether events of tasks start it, and not messages of others. */
export const isByEvent = (recurrence: ByMessage): boolean =>
  recurrence.kind === "after" || ownEvent(recurrence.subject) !== undefined

/**
 * Whether an event starts a task: never one of its own, and never that a message did not start something. Of executions,
 * those of a whole task end it for `after`; the steps of its sequences do not.
 */
export const starts = (event: TaskEvent, taskId: string, recurrence: ByMessage): boolean => {
  if (event.taskId === taskId || (event.type === "skipped" && event.message !== undefined)) return false
  if (recurrence.kind === "subject") return event.type === ownEvent(recurrence.subject)
  if (event.type !== "success" && event.type !== "failure") return false
  if (event.parentExecutionId !== undefined || !recurrence.tasks.includes(event.taskId)) return false
  switch (recurrence.on) {
    case "success":
      return event.type === "success"
    case "failure":
      return event.type === "failure" && event.error.code !== "cancelled"
    case "end":
      return true
  }
}

/** How long a chain an event belongs to; 0 where it belongs to none. */
export const chainOf = (event: TaskEvent): number => ("chain" in event ? (event.chain ?? 0) : 0)

/** Fields that may be large; left out where the event would be too large for an execution to be given. */
const LARGE = ["output", "result", "stepArgs", "definition", "message", "executions", "origins", "resumes"] as const

/** The announced body of an event; where it has more than so many bytes without what is large, which `truncated` then says. */
export const shortened = (
  event: TaskEvent,
  sequence: number,
  index: number,
  maxBytes: number
): { readonly body: Readonly<Record<string, unknown>>; readonly bytes: number } => {
  const body: Record<string, unknown> = { id: `${sequence}.${index}`, ...event, type: `scheduler.task.${event.type}` }
  let bytes = Buffer.byteLength(JSON.stringify(body))
  if (bytes > maxBytes) {
    for (const field of LARGE) delete body[field]
    if (event.type === "failure" || event.type === "retry") {
      const { code, message } = event.error
      body["error"] = { code, message: message.slice(0, 1000) }
    }
    body["truncated"] = true
    bytes = Buffer.byteLength(JSON.stringify(body))
  }
  return { body, bytes }
}

/** An event as a message. */
export const messageOf = (
  event: TaskEvent,
  sequence: number,
  index: number
): { readonly message: Message; readonly bytes: number } => {
  const { body, bytes } = shortened(event, sequence, index, MAX_MESSAGE_BYTES)
  const place = { stream: LOG, sequence, index }
  const data = body as Message["data"]
  return {
    message: { id: `${sequence}.${index}`, subject: `scheduler.task.${event.type}`, at: event.time, place, data },
    bytes
  }
}
