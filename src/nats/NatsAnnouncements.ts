/**
 * Announcements in JetStream: stored in the events stream, from where the server republishes each as
 * `scheduler.task.<event>`. The message id is the place in the log, so saying it again within the stream's window stores
 * nothing new; after it, subscribers know the repeated one by its `id`.
 */
import { JetStreamApiError } from "@nats-io/jetstream"
import { Effect, Layer } from "effect"
import { announcementId, Announcements, AnnouncingFailed, type Recorded } from "../actors/Announcements.ts"
import { bodyOf, publicEvent } from "../service/Announced.ts"
import { cloudEvent, taskSource } from "./CloudEvent.ts"
import type { Subjects } from "./Subjects.ts"
import { publisherOf } from "./JetStreamPublish.ts"
import { headersOf, NatsConnection, reasonOf } from "./NatsConnection.ts"
import { EVENTS_KEPT_MS } from "./Provision.ts"

/** Header that says where in the log the truth of an announcement stands. */
export const LOG_SEQUENCE_HEADER = "Nagatha-Log-Sequence"
const NO_MESSAGE = 10037

const messageOf = (recorded: Recorded, subjects: Subjects) => {
  const id = announcementId(recorded)
  const type = publicEvent(recorded.event.type)
  return {
    subject: subjects.event(recorded.partition, recorded.queue, recorded.event.type),
    payload: bodyOf(recorded),
    headers: headersOf({
      "Nats-Msg-Id": id,
      [LOG_SEQUENCE_HEADER]: String(recorded.sequence),
      ...cloudEvent({
        id,
        type,
        source: taskSource(subjects, recorded.event.taskId),
        time: recorded.event.time
      })
    })
  }
}

const positionOf = (id: string): { readonly sequence: number; readonly index: number } | null => {
  const [sequence, index] = id.split(".").map(Number)
  return sequence === undefined || index === undefined || Number.isNaN(sequence + index) ? null : { sequence, index }
}

export const layer: Layer.Layer<Announcements, never, NatsConnection> = Layer.effect(
  Announcements,
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    const { jsm, subjects } = nats
    const publisher = publisherOf(nats, subjects.eventsStream)

    /** Sequence in the events stream of the newest announcement of this node; null after a failure. */
    let newest: number | null = null
    /** How many connections had been lost when it was last known, of each partition, what the stream holds. */
    const known = new Map<number, number>()

    const announce = Effect.fnUntraced(function* (events: ReadonlyArray<Recorded>) {
      yield* nats.connected
      const lost = nats.lost()
      for (const { partition } of events) {
        if ((known.get(partition) ?? lost) !== lost) {
          const reason = `the connection was lost; what is still held of partition ${partition} is not known`
          return yield* new AnnouncingFailed({ reason })
        }
        known.set(partition, lost)
      }
      const before = newest
      newest = null
      const outcome = yield* publisher.publishGroup(events.map((recorded) => messageOf(recorded, subjects)))
      if (outcome._tag !== "stored") {
        const reason = outcome._tag === "refused" ? outcome.description : outcome.reason
        return yield* new AnnouncingFailed({ reason })
      }
      newest = outcome.sequence
      // Fewer were stored than were sent: some may be missing (or were there already, which saying them again shows).
      if (before !== null && outcome.sequence - before < events.length && events.length > 1) {
        yield* announceEach(events)
      }
    })

    /** Says each with an answer of its own; what is there already is not stored again. */
    const announceEach = Effect.fnUntraced(function* (events: ReadonlyArray<Recorded>) {
      const outcomes = yield* publisher.publishAll(events.map((recorded) => messageOf(recorded, subjects)))
      const bad = outcomes.find((outcome) => outcome._tag !== "stored")
      if (bad === undefined) return
      return yield* new AnnouncingFailed({ reason: bad._tag === "refused" ? bad.description : bad.reason })
    })
    const last = Effect.fnUntraced(function* (partition: number) {
      yield* nats.connected
      const lost = nats.lost()
      const held = yield* Effect.tryPromise({
        try: () =>
          jsm.streams
            .getMessage(subjects.eventsStream, { last_by_subj: subjects.eventsOf(partition) })
            .then((message) => positionOf(message?.header.get("Nats-Msg-Id") ?? ""))
            .catch((cause: unknown) => {
              if (cause instanceof JetStreamApiError && cause.code === NO_MESSAGE) return null
              throw cause
            }),
        catch: (cause) => new AnnouncingFailed({ reason: reasonOf(cause) })
      })
      known.set(partition, lost)
      return held
    })

    return Announcements.of({ announce, last, keptMs: EVENTS_KEPT_MS, disturbed: nats.reconnected })
  })
)
