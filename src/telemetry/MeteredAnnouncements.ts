/**
 * Announcements, with each event counted that is announced: what became of tasks, and how late they were.
 *
 * An event counts once, also where it is said again, and only if it came into the log since the node began: what a node
 * before had not announced any more, or what is announced anew from the log, is no news of this one.
 */
import { Clock, Effect, Layer } from "effect"
import { Announcements, type Recorded } from "../actors/Announcements.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { toMillis } from "../recurrence/Instant.ts"
import type { Meter } from "./Meter.ts"
import {
  attemptDuration,
  type ATTEMPT_OUTCOMES,
  attemptsLost,
  events,
  executions,
  firingLateness,
  skipped,
  startDelay
} from "./Metrics.ts"

type Ended = Extract<TaskEvent, { readonly type: "success" | "retry" | "failure" }>

const seconds = (millis: number): number => Math.max(0, millis) / 1000

const outcomeOf = (event: Ended): (typeof ATTEMPT_OUTCOMES)[number] =>
  event.type === "success"
    ? "success"
    : event.error.code === "lost" || event.error.code === "cancelled"
      ? event.error.code
      : event.type

const attemptEnded = (meter: Meter, event: Ended): void => {
  const { parentExecutionId, startedAt, taskType: task_type } = event
  const outcome = outcomeOf(event)
  if (outcome === "lost") meter.update(attemptsLost, 1)
  if (event.type !== "retry" && parentExecutionId === undefined) {
    meter.update(executions, 1, {
      task_type,
      outcome: outcome === "success" || outcome === "cancelled" ? outcome : "failure"
    })
  }
  // What no worker has begun is no attempt: a sequence, and what ended before its time came.
  if (startedAt === null || event.worker === null) return
  meter.update(attemptDuration, seconds(event.durationMs), { task_type, outcome })
  if (event.attempt === 1) meter.update(startDelay, seconds(toMillis(startedAt) - toMillis(event.dueAt)), { task_type })
}

/** Notes an event that has just been announced, at an instant. */
const note = (meter: Meter, event: TaskEvent, now: number): void => {
  meter.update(events, 1, { event: event.type })
  switch (event.type) {
    case "due": {
      const { buffered, manual, message, paced, parentExecutionId, retryOf } = event
      const byClock =
        manual !== true && message === undefined && parentExecutionId === undefined && retryOf === undefined
      if (byClock && buffered !== true && paced !== true)
        meter.update(firingLateness, seconds(now - toMillis(event.dueAt)))
      return
    }
    case "success":
    case "retry":
    case "failure":
      return attemptEnded(meter, event)
    case "cancelled":
      if (event.executions.length === 0) return
      return meter.update(executions, event.executions.length, { task_type: event.taskType, outcome: "cancelled" })
    case "skipped":
      return meter.update(skipped, event.count, { reason: event.reason })
    default:
  }
}

export const layer = (meter: Meter): Layer.Layer<Announcements, never, Announcements> =>
  Layer.effect(
    Announcements,
    Effect.gen(function* () {
      const announcements = yield* Announcements
      const clock = yield* Clock.Clock
      const began = clock.currentTimeMillisUnsafe()
      /** The newest of each partition that has been counted. */
      const counted = new Map<number, Recorded>()

      const noted = (announced: ReadonlyArray<Recorded>) => {
        const now = clock.currentTimeMillisUnsafe()
        for (const one of announced) {
          const last = counted.get(one.partition)
          const isNew =
            last === undefined ||
            one.sequence > last.sequence ||
            (one.sequence === last.sequence && one.index > last.index)
          if (!isNew || toMillis(one.event.time) < began) continue
          counted.set(one.partition, one)
          note(meter, one.event, now)
        }
      }
      return Announcements.of({
        ...announcements,
        announce: (said) => Effect.map(announcements.announce(said), () => noted(said))
      })
    })
  )
