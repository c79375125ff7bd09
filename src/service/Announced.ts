/**
 * Where anybody hears what happens, and in which words: subjects that are promises to users and carry no namespace,
 * whatever carries them.
 */
import { announcementId, type Recorded } from "../actors/Announcements.ts"

/** Every announced event. */
export const PUBLIC_EVENTS = "scheduler.task.*"
export const publicEvent = (event: string): string => `scheduler.task.${event}`
/** What a running execution writes, while it is followed. */
export const publicOutput = (executionId: string): string => `scheduler.output.${executionId}`
export const notification = (type: string): string => `scheduler.notification.${type}`

/** The announced body: the event with its id and its public type. */
export const bodyOf = (recorded: Recorded): string => {
  const id = announcementId(recorded)
  const { event, json } = recorded
  const own = `{"type":"${event.type}",`
  return json?.startsWith(own)
    ? `{"id":"${id}","type":"${publicEvent(event.type)}",${json.slice(own.length)}`
    : JSON.stringify({ id, ...event, type: publicEvent(event.type) })
}

/** An announced event: a body of CONTRACT "Events". */
export interface AnnouncedEvent {
  /** `<log sequence>.<index>`; the same when announced again. */
  readonly id: string
  /** `scheduler.task.<event>`. */
  readonly type: string
  readonly time: string
  readonly taskId: string
  readonly [field: string]: unknown
}
