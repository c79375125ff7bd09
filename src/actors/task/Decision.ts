/** What a command leads to, and the refusals that several rules share. */
import { Result } from "effect"
import type { TaskEvent } from "../../events/TaskEvent.ts"
import { Refused } from "../door/TaskRequest.ts"
import type { KnownCommand, LiveTask, TaskState } from "./TaskState.ts"

/**
 * Events to store, or (nothing to store) the command that was carried out before, or where the log must be read before
 * this can be decided.
 */
export type Decision =
  | { readonly _tag: "unread"; readonly sequence: number }
  | { readonly _tag: "events"; readonly events: ReadonlyArray<TaskEvent> }
  | { readonly _tag: "known"; readonly command: KnownCommand; readonly repeated: boolean }

export const decided = (events: ReadonlyArray<TaskEvent>): Result.Result<Decision, Refused> =>
  Result.succeed({ _tag: "events", events })

export const unread = (sequence: number): Result.Result<Decision, Refused> =>
  Result.succeed({ _tag: "unread", sequence })

export const refused = (code: string, message: string, hint?: string): Result.Result<never, Refused> =>
  Result.fail(new Refused({ code, message, ...(hint === undefined ? {} : { hint }) }))

/** A task that is over; how its last execution ended is not the owner's to know. */
export const over = ({ phase, taskId }: TaskState): Result.Result<never, Refused> =>
  refused(
    "ended",
    phase === "cancelled"
      ? `task ${taskId} has been cancelled`
      : `task ${taskId} is over: nothing more of it is to come`,
    phase === "cancelled" ? `let it go on: nagatha restore ${taskId}` : "schedule it again"
  )

/** The task that a command is about, where it may still be changed. */
export const alive = (state: TaskState | undefined, taskId: string): Result.Result<LiveTask, Refused> => {
  if (state === undefined) return refused("notFound", `no task has the id ${JSON.stringify(taskId)}`)
  if (state._tag === "live" && (state.phase === "scheduled" || state.phase === "paused")) return Result.succeed(state)
  return over(state)
}

/** The key of a command was given to another request before. */
export const keyReused = (other: string): Result.Result<never, Refused> =>
  refused(
    "keyReused",
    `this key was used for another request (command ${other}); nothing was done`,
    "send the request as it was, or give a new one a new key"
  )
