/**
 * Where messages on a subject come from. Asked before a task that they start is scheduled: from the answer on nothing that
 * is published there is missed.
 */
import { Context, Effect } from "effect"
import type { StreamPosition } from "../recurrence/Recurrence.ts"
import { Refused } from "./door/TaskRequest.ts"

export interface MessageSource {
  /** Where the messages lie, and the newest that there is already. Refused where a task cannot be started from them. */
  locate(subject: string): Effect.Effect<StreamPosition, Refused>
}

/** Default: there are no messages but the events of tasks. */
export const MessageSources = Context.Reference<MessageSource>("nagatha/actors/MessageSources", {
  defaultValue: () => ({
    locate: (subject) =>
      Effect.fail(
        new Refused({
          code: "invalidSchedule",
          message: `nobody can publish on ${subject}: this scheduler is not connected to NATS`,
          hint: "start tasks by the events of others (on subject scheduler.task.failure, after ID), or run: nagatha up"
        })
      )
  })
})
