/**
 * Waiting for the end of an execution: by its events, and by looking again from time to time, for an event may be lost
 * with a connection. Whoever stops waiting stops nothing else.
 */
import { Effect, Option, Schema, Stream } from "effect"
import type { ScheduledTask } from "../projections/ScheduledTask.ts"
import { isEnded } from "../projections/ExecutionRow.ts"
import { type AnnouncedEvent, Refused, type SchedulerError } from "../Scheduler.ts"
import type { FrontDoor } from "../service/FrontDoor.ts"

/** What was waited for did not end in time; it goes on. */
export class WaitedTooLong extends Schema.TaggedError<WaitedTooLong>()("WaitedTooLong", {
  message: Schema.String
}) {}

export interface WaitOptions {
  /** How long to wait, milliseconds; default: for as long as it takes. */
  readonly timeoutMs?: number
  /** Log sequence of the command that the execution follows from, where it is known. */
  readonly after?: number
}

/** How events reach the one who waits. */
export interface Hearing {
  readonly door: FrontDoor
  /** How often to look although nothing was heard, milliseconds; null where no event is ever lost. */
  readonly lookMs: number | null
}

const isOver = ({ status }: ScheduledTask): boolean => ["completed", "failed", "cancelled"].includes(status)

const sequenceOf = (event: AnnouncedEvent): number => Number(event.id.split(".")[0]) || 0

/** Looks, and looks again whenever something is heard of the task, until there is something to be seen. */
const until = <A>(
  { door, lookMs }: Hearing,
  what: string,
  options: WaitOptions,
  concerns: (event: AnnouncedEvent) => boolean,
  look: (after: number) => Effect.Effect<Option.Option<A>, SchedulerError>
): Effect.Effect<A, SchedulerError | WaitedTooLong> => {
  const waiting = Effect.scoped(
    Effect.gen(function* () {
      // Listening comes first: what ends while we look is heard.
      const events = yield* door.subscribe()
      let after = options.after ?? 0
      const heard = Stream.map(Stream.filter(events, concerns), sequenceOf)
      const now = yield* look(after)
      if (Option.isSome(now)) return now.value
      return yield* Stream.merge(heard, lookMs === null ? Stream.never : Stream.as(Stream.tick(lookMs), 0)).pipe(
        Stream.mapEffect((sequence) => look((after = Math.max(after, sequence)))),
        Stream.filter(Option.isSome),
        Stream.runHead,
        Effect.map((found) => Option.getOrThrow(Option.flatten(found)))
      )
    })
  )
  const { timeoutMs } = options
  if (timeoutMs === undefined) return waiting
  return Effect.timeoutOrElse(waiting, {
    duration: timeoutMs,
    orElse: () =>
      Effect.fail(
        new WaitedTooLong({
          message: `${what} has not ended within ${timeoutMs} ms; it goes on, and can be waited for again`
        })
      )
  })
}

/** The execution, when it has ended, well or badly. */
export const waitForExecution = (hearing: Hearing, executionId: string, options: WaitOptions = {}) =>
  until(
    hearing,
    `the execution ${executionId}`,
    options,
    (event) => event["executionId"] === executionId,
    (after) =>
      Effect.map(hearing.door.execution({ id: executionId, ...(after === 0 ? {} : { after }) }), (execution) =>
        isEnded(execution) ? Option.some(execution) : Option.none()
      )
  )

/**
 * The newest execution of a task that has been run, when it has ended; the first, where there is none yet. Refused as
 * `neverRan` where the task is over without one.
 */
export const waitForTask = (hearing: Hearing, taskId: string, options: WaitOptions = {}) =>
  until(
    hearing,
    `the newest execution of the task ${taskId}`,
    options,
    (event) => event.taskId.startsWith(taskId),
    Effect.fnUntraced(function* (after) {
      const { executions, task } = yield* hearing.door.info({
        id: taskId,
        executions: 20,
        ...(after === 0 ? {} : { after })
      })
      const newest = executions.find(
        ({ parentExecutionId, status }) => parentExecutionId === null && status !== "skipped"
      )
      if (newest !== undefined) return isEnded(newest) ? Option.some(newest) : Option.none()
      if (!isOver(task)) return Option.none()
      return yield* new Refused({
        code: "neverRan",
        message: `task ${task.taskId} is over (${task.status}) and no execution of it ran`
      })
    })
  )
