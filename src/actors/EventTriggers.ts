/**
 * Starts tasks from the events of others, read from the log: what is decided about an event stands in the log as well, so
 * that after any crash the reading begins where the decisions end. Each event starts a task exactly once.
 *
 * The log is read only while there is a task that events start. Tasks that are scheduled meanwhile are found in it, before
 * the events that may start them. A task of which this node learns when the reading is past it (its owner did not know for a
 * while whether its commit was stored) is read for anew.
 */
import { Effect, Layer, Queue, Schedule, Stream } from "effect"
import type { RecordedCommit } from "../events/Commit.ts"
import { EventLog, undamaged } from "../events/EventLog.ts"
import { isAfter, LOG, type MessagePlace } from "../events/Message.ts"
import { partitionOf } from "../events/Partition.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { type ByMessage, isByMessage } from "../recurrence/Recurrence.ts"
import { render } from "../recurrence/Render.ts"
import * as Settings from "../Settings.ts"
import { HALTED } from "./Halted.ts"
import type { Listener } from "./Listeners.ts"
import { Partitions } from "./Partitions.ts"
import { chainOf, isByEvent, messageOf, starts } from "./task/StartedByEvent.ts"

/** Pause before a mailbox that is full is tried again. */
const FULL_MS = 50

/** Events that wait for decisions at the same time: those who report and keep their claims must find room in the mailboxes. */
export const UNDECIDED = 64

interface Follower {
  readonly recurrence: ByMessage
  readonly after: MessagePlace
}

const byEvent = (listeners: ReadonlyArray<Listener>): ReadonlyArray<Listener> =>
  listeners.filter(({ recurrence }) => isByEvent(recurrence))

/** The place after which a task has not decided yet. */
const afterOf = ({ heard, since }: Listener): MessagePlace => {
  const scheduled = { stream: LOG, sequence: since, index: Infinity }
  return heard !== undefined && heard.stream === LOG && isAfter(heard, scheduled) ? heard : scheduled
}

export const layer: Layer.Layer<never, never, EventLog | Partitions> = Layer.effectDiscard(
  Effect.gen(function* () {
    const log = yield* EventLog
    const partitions = yield* Partitions
    const settings = yield* Settings.Current
    const { listeners } = partitions

    /** Partitions that were halted when an event was to start a task of theirs: it is found again when they go on. */
    const owed = new Set<number>()

    const fire = (
      taskId: string,
      follower: Follower,
      { event, index, sequence }: { readonly event: TaskEvent; readonly index: number; readonly sequence: number },
      decided: () => void
    ) => {
      const { bytes, message } = messageOf(event, sequence, index)
      const partition = partitionOf(taskId, settings.partitions)
      const submitted = Effect.sync(() =>
        partitions.submit(partition, {
          _tag: "command",
          command: {
            type: "fire",
            taskId,
            heardFor: render(follower.recurrence),
            message,
            bytes,
            chain: chainOf(event),
            causedBy: { commandId: message.id, actor: `task ${event.taskId}` }
          },
          // What was decided stands in the log; where nothing was, the task is over, or its partition is halted.
          reply: (answer) => {
            if (answer._tag === "refused" && answer.refused.code === HALTED) owed.add(partition)
            decided()
          }
        })
      )
      return Effect.repeat(submitted, {
        while: (outcome) => outcome === "full",
        schedule: Schedule.spaced(FULL_MS)
      }).pipe(
        Effect.tap((outcome) =>
          Effect.sync(() => {
            if (outcome !== "halted") return
            owed.add(partition)
            decided()
          })
        )
      )
    }

    const follow = Effect.gen(function* () {
      owed.clear()
      const room = yield* Queue.unbounded<void>()
      for (let free = 0; free < UNDECIDED; free++) Queue.offerUnsafe(room, undefined)
      const decided = () => void Queue.offerUnsafe(room, undefined)
      const followers = new Map<string, Follower>()
      for (const listener of byEvent(listeners.all())) {
        followers.set(listener.taskId, { recurrence: listener.recurrence, after: afterOf(listener) })
      }
      const from = Math.min(...[...followers.values()].map(({ after }) => after.sequence))
      /** Log sequence up to which events are not looked at any more. */
      let passed = from - 1

      /** What the event says about who is started by what. */
      const learn = (event: TaskEvent, place: MessagePlace) => {
        if (event.type === "cancelled" || event.type === "completed") followers.delete(event.taskId)
        if (event.type !== "scheduled" && event.type !== "rescheduled" && event.type !== "restored") return
        const { recurrence } = event.definition
        const known = followers.get(event.taskId)
        if (known !== undefined && !isAfter(place, known.after)) return
        // Another bound of the same words: its owner knows from where on events count.
        const isSame =
          event.type === "rescheduled" && known !== undefined && render(known.recurrence) === render(recurrence)
        if (isSame) return
        followers.delete(event.taskId)
        if (isByMessage(recurrence) && isByEvent(recurrence)) {
          followers.set(event.taskId, { recurrence, after: { ...place, index: Infinity } })
        }
      }

      const heard = Effect.fnUntraced(function* ({ commit, sequence }: RecordedCommit) {
        passed = sequence
        for (const [index, event] of commit.events.entries()) {
          const place = { stream: LOG, sequence, index }
          learn(event, place)
          for (const [taskId, follower] of followers) {
            if (isAfter(place, follower.after) && starts(event, taskId, follower.recurrence)) {
              yield* Queue.take(room)
              yield* fire(taskId, follower, { event, sequence, index }, decided)
            }
          }
        }
      })
      const isOverlooked = (listener: Listener): boolean =>
        !followers.has(listener.taskId) && afterOf(listener).sequence <= passed
      const overlooked = listeners.changes.pipe(
        Stream.filter(() => byEvent(listeners.all()).some(isOverlooked)),
        Stream.runHead
      )
      yield* Effect.raceFirst(Stream.runForEach(undamaged(log.followAny(Math.max(0, from - 1))), heard), overlooked)
    })

    const someone = Effect.sync(() => byEvent(listeners.all()).length > 0)
    const until = (wanted: boolean) =>
      listeners.changes.pipe(
        Stream.mapEffect(() => someone),
        Stream.filter((there) => there === wanted),
        Stream.runHead
      )

    const goesOn = listeners.changes.pipe(
      Stream.filter(() => [...owed].some((partition) => partitions.halted(partition) === undefined)),
      Stream.runHead
    )

    const following = Effect.andThen(until(true), Effect.raceFirst(follow, Effect.raceFirst(until(false), goesOn)))
    yield* following.pipe(
      Effect.forever,
      Effect.tapCause((cause) => Effect.logError("tasks are not started by events any more", cause)),
      (loop) => Effect.forkScoped(loop)
    )
  })
)
