/**
 * Makes the streams of a namespace, or changes them to what this version needs. Idempotent; says what it changed;
 * refuses what would lose data.
 *
 * The number of partitions is written into the log stream when it is made and never changes with it: with another
 * number a task's commands would reach an actor that does not know the task.
 */
import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  PersistMode,
  RetentionPolicy,
  StorageType,
  type StreamConfig
} from "@nats-io/jetstream"
import { Effect, Schema } from "effect"
import type { Settings } from "../Settings.ts"
import { NatsConnection, reasonOf } from "./NatsConnection.ts"
import { publicEvent } from "./Subjects.ts"

export class ProvisionFailed extends Schema.TaggedError<ProvisionFailed>()("ProvisionFailed", {
  what: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `cannot set up ${this.what}: ${this.reason}`
  }
}

/** How long announcements are kept for subscribers that were away, milliseconds. */
export const EVENTS_KEPT_MS = 7 * 86_400_000
/** Room for announcements, bytes; the oldest go first. */
const EVENTS_MAX_BYTES = 4 * 1024 ** 3
/** Within this time the same announcement or offer is stored once, milliseconds. */
const DUPLICATE_WINDOW_MS = 120_000
const nanos = (millis: number): number => millis * 1_000_000

const STREAM_NOT_FOUND = 10059
const PARTITIONS = "nagatha-partitions"

type Wanted = Partial<StreamConfig> & { readonly name: string; readonly subjects: Array<string> }

/** Sets up the three streams; returns one line for each that was made or changed. */
export const provision = Effect.fn("provision")(function* (settings: Settings) {
  const { subjects } = yield* NatsConnection
  const log: Wanted = {
    name: subjects.logStream,
    description: "Every decision, in order: the truth",
    subjects: [subjects.allLog],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
    metadata: { [PARTITIONS]: String(settings.partitions) }
  }
  const events: Wanted = {
    name: subjects.eventsStream,
    description: "Announcements of what the log says",
    subjects: [subjects.allEvents],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: nanos(EVENTS_KEPT_MS),
    max_bytes: EVENTS_MAX_BYTES,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    allow_direct: true,
    persist_mode: PersistMode.Async,
    republish: { src: subjects.allEvents, dest: publicEvent("{{wildcard(3)}}") }
  }
  const work: Wanted = {
    name: subjects.workStream,
    description: "Attempts waiting for a worker",
    subjects: [subjects.allWork],
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    allow_direct: true,
    persist_mode: PersistMode.Async
  }
  const changes = yield* Effect.forEach([log, events, work], ensure)
  return changes.filter((change) => change !== null)
})

const ensure = Effect.fnUntraced(function* (wanted: Wanted) {
  const { jsm } = yield* NatsConnection
  const attempt = <A>(run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) => new ProvisionFailed({ what: `stream ${wanted.name}`, reason: reasonOf(cause) })
    })
  const found = yield* attempt(() =>
    jsm.streams.info(wanted.name).catch((cause: unknown) => {
      if (cause instanceof JetStreamApiError && cause.code === STREAM_NOT_FOUND) return null
      throw cause
    })
  )
  if (found === null) {
    yield* attempt(() => jsm.streams.add(wanted))
    return `made stream ${wanted.name}`
  }
  const partitions = found.config.metadata?.[PARTITIONS]
  const expected = wanted.metadata?.[PARTITIONS]
  if (partitions !== expected) {
    return yield* new ProvisionFailed({
      what: `stream ${wanted.name}`,
      reason: `it was made for ${partitions ?? "an unknown number of"} partitions, this node is set to ${expected ?? "none"}; the number never changes: set the node to the stream's`
    })
  }
  const differs = Object.entries(wanted).some(([key, value]) => !holds(Reflect.get(found.config, key), value))
  if (!differs) return null
  yield* attempt(() => jsm.streams.update(wanted.name, { ...found.config, ...wanted }))
  return `changed stream ${wanted.name}`
})

/** Whether a setting has the wanted value; the server adds entries of its own to objects. */
const holds = (found: unknown, wanted: unknown): boolean => {
  if (typeof wanted !== "object" || wanted === null) return found === wanted
  if (typeof found !== "object" || found === null) return false
  return Object.entries(wanted).every(([key, value]) => holds(Reflect.get(found, key), value))
}

/** Makes sure that a queue has its durable consumer; a worker may not make it. */
export const ensureQueue = Effect.fn("ensureQueue")(function* (queue: string, settings: Settings) {
  const { jsm, subjects } = yield* NatsConnection
  yield* Effect.tryPromise({
    try: () =>
      jsm.consumers.add(subjects.workStream, {
        durable_name: subjects.consumer(queue),
        filter_subject: subjects.work(queue),
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(settings.leaseMs),
        max_ack_pending: MAX_IN_HAND,
        max_deliver: -1
      }),
    catch: (cause) => new ProvisionFailed({ what: `queue ${queue}`, reason: reasonOf(cause) })
  })
})

/** Attempts of one queue that all workers together may have in hand. */
const MAX_IN_HAND = 100_000
