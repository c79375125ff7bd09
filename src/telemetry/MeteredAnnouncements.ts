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
  type EXECUTION_OUTCOMES,
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

type Feed = (value: number) => void

/** What is made once of each name, and looked up afterwards. */
const once = <Name extends string, A>(make: (name: Name) => A): ((name: Name) => A) => {
  const made = new Map<Name, A>()
  return (name) => {
    const known = made.get(name)
    if (known !== undefined) return known
    const fresh = make(name)
    made.set(name, fresh)
    return fresh
  }
}

/** Where events are noted: this is done for each, so the series are at hand. */
const notes = (meter: Meter) => {
  const seen = once((event: TaskEvent["type"]): Feed => meter.series(events, { event }))
  const lateness = meter.series(firingLateness, {})
  const ofType = once((task_type: string) => ({
    delay: meter.series(startDelay, { task_type }),
    duration: once((outcome: (typeof ATTEMPT_OUTCOMES)[number]): Feed =>
      meter.series(attemptDuration, { task_type, outcome })
    ),
    ended: once((outcome: (typeof EXECUTION_OUTCOMES)[number]): Feed =>
      meter.series(executions, { task_type, outcome })
    )
  }))
  // Of names that are not told apart nothing is kept either.
  const typed = (taskType: string) => ofType(meter.nameOf(executions, "task_type", taskType))

  const attemptEnded = (event: Ended): void => {
    const { parentExecutionId, startedAt, taskType } = event
    const outcome = outcomeOf(event)
    const type = typed(taskType)
    if (outcome === "lost") meter.update(attemptsLost, 1)
    if (event.type !== "retry" && parentExecutionId === undefined) {
      type.ended(outcome === "success" || outcome === "cancelled" ? outcome : "failure")(1)
    }
    // What no worker has begun is no attempt: a sequence, and what ended before its time came.
    if (startedAt === null || event.worker === null) return
    type.duration(outcome)(seconds(event.durationMs))
    if (event.attempt === 1) type.delay(seconds(toMillis(startedAt) - toMillis(event.dueAt)))
  }

  /** Notes an event that has just been announced, at an instant. */
  return (event: TaskEvent, now: number): void => {
    seen(event.type)(1)
    switch (event.type) {
      case "due": {
        const { buffered, manual, message, paced, parentExecutionId, retryOf } = event
        const byClock =
          manual !== true && message === undefined && parentExecutionId === undefined && retryOf === undefined
        if (byClock && buffered !== true && paced !== true) lateness(seconds(now - toMillis(event.dueAt)))
        return
      }
      case "success":
      case "retry":
      case "failure":
        return attemptEnded(event)
      case "cancelled":
        if (event.executions.length > 0) typed(event.taskType).ended("cancelled")(event.executions.length)
        return
      case "skipped":
        return meter.update(skipped, event.count, { reason: event.reason })
      default:
    }
  }
}

export const layer = (meter: Meter): Layer.Layer<Announcements, never, Announcements> =>
  Layer.effect(
    Announcements,
    Effect.gen(function* () {
      const announcements = yield* Announcements
      const clock = yield* Clock.Clock
      const began = clock.currentTimeMillisUnsafe()
      const note = notes(meter)
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
          // What comes behind one that is new enough is so as well.
          if (!isNew || (last === undefined && toMillis(one.event.time) < began)) continue
          counted.set(one.partition, one)
          note(one.event, now)
        }
      }
      return Announcements.of({
        ...announcements,
        announce: (said) => Effect.map(announcements.announce(said), () => noted(said))
      })
    })
  )
