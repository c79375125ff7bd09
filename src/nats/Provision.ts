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
import { newWritePrefix, takingUnder, writePrefixOf } from "./WriteSubjects.ts"

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
const STREAM_IN_USE = 10058
/** It is there with another configuration. */
const CONSUMER_EXISTS = 10148
const PARTITIONS = "nagatha-partitions"

type Wanted = Partial<StreamConfig> & {
  readonly name: string
  /** The subjects of what it stores. */
  readonly stores: string
}

/** Sets up the three streams; returns one line for each that was made or changed. */
export const provision = Effect.fn("provision")(function* (settings: Settings) {
  const { subjects } = yield* NatsConnection
  const log: Wanted = {
    name: subjects.logStream,
    description: "Every decision, in order: the truth",
    stores: subjects.allLog,
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
    stores: subjects.allEvents,
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
    stores: subjects.allWork,
    storage: StorageType.File,
    retention: RetentionPolicy.Workqueue,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    allow_direct: true,
    persist_mode: PersistMode.Async
  }
  const changes = yield* Effect.forEach([log, events, work], ensure)
  return changes.filter((change) => change !== null)
})

const ensure = Effect.fnUntraced(function* ({ stores, ...fixed }: Wanted) {
  const { jsm, subjects } = yield* NatsConnection
  const { name } = fixed
  const attempt = <A>(run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) => new ProvisionFailed({ what: `stream ${name}`, reason: reasonOf(cause) })
    })
  const find = attempt(() =>
    jsm.streams.info(name).catch((cause: unknown) => {
      if (isApiError(cause, STREAM_NOT_FOUND)) return null
      throw cause
    })
  )
  const made = () => ({ ...fixed, ...takingUnder(newWritePrefix(subjects), stores, subjects) })
  let found = yield* find
  if (found === null) {
    const added = yield* attempt(() =>
      jsm.streams.add(made()).catch((cause: unknown) => {
        // Another node was first; it is looked at as if it had been there.
        if (isApiError(cause, STREAM_IN_USE)) return null
        throw cause
      })
    )
    if (added !== null) return `made stream ${name}`
    found = yield* find
  }
  if (found === null) return yield* new ProvisionFailed({ what: `stream ${name}`, reason: "it comes and goes" })
  const { config } = found
  const partitions = config.metadata?.[PARTITIONS]
  const expected = fixed.metadata?.[PARTITIONS]
  if (partitions !== expected) {
    return yield* new ProvisionFailed({
      what: `stream ${name}`,
      reason: `it was made for ${partitions ?? "an unknown number of"} partitions, this node is set to ${expected ?? "none"}; the number never changes: set the node to the stream's`
    })
  }
  const hasOwn = writePrefixOf(config, subjects) !== `${subjects.namespace}.`
  const wanted = hasOwn ? fixed : made()
  const differs = Object.entries(wanted).some(([key, value]) => !holds(Reflect.get(config, key), value))
  if (!differs) return null
  yield* attempt(() => jsm.streams.update(name, { ...config, ...wanted }))
  return `changed stream ${name}`
})

const isApiError = (cause: unknown, code: number): boolean => cause instanceof JetStreamApiError && cause.code === code

/** Whether a setting has the wanted value; the server adds entries of its own to objects. */
const holds = (found: unknown, wanted: unknown): boolean => {
  if (typeof wanted !== "object" || wanted === null) return found === wanted
  if (typeof found !== "object" || found === null) return false
  return Object.entries(wanted).every(([key, value]) => holds(Reflect.get(found, key), value))
}

/** Makes sure that a queue has its durable consumer, as the settings want it; a worker may not make it. */
export const ensureQueue = Effect.fn("ensureQueue")(function* (queue: string, settings: Settings) {
  const { jsm, subjects } = yield* NatsConnection
  const name = subjects.consumer(queue)
  const changeable = { ack_wait: nanos(settings.leaseMs), max_ack_pending: MAX_IN_HAND }
  const fixed = {
    durable_name: name,
    filter_subject: subjects.work(queue),
    ack_policy: AckPolicy.Explicit,
    max_deliver: -1
  }
  yield* Effect.tryPromise({
    try: () =>
      jsm.consumers.add(subjects.workStream, { ...fixed, ...changeable }).catch((cause: unknown) => {
        if (isApiError(cause, CONSUMER_EXISTS)) return jsm.consumers.update(subjects.workStream, name, changeable)
        throw cause
      }),
    catch: (cause) => new ProvisionFailed({ what: `queue ${queue}`, reason: reasonOf(cause) })
  })
})

/** Attempts of one queue that all workers together may have in hand. */
const MAX_IN_HAND = 100_000
