/**
 * Makes the streams of a namespace, or changes them to what this version needs. Idempotent; says what it changed;
 * refuses what would lose data. In a cluster three copies are kept of what is made; of what is there as many as there are.
 *
 * The number of partitions is written into the log stream when it is made and never changes with it: with another
 * number a task's commands would reach an actor that does not know the task.
 */
import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  PersistMode,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo
} from "@nats-io/jetstream"
import { Effect, Schedule, Schema } from "effect"
import type { Settings } from "../Settings.ts"
import { NatsConnection, reasonOf } from "./NatsConnection.ts"
import { publicEvent } from "../service/Announced.ts"
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
/** Room for announcements, bytes, and the least that will do; the oldest go first. */
const EVENTS_MAX_BYTES = 4 * 1024 ** 3
const EVENTS_MIN_BYTES = 32 * 1024 ** 2
/** Copies of each stream in a cluster. */
const REPLICAS = 3
/** Least size of a message that the server must take, bytes: results and arguments are bounded with it in mind. */
const MIN_PAYLOAD = 1024 ** 2
/** Within this time the same announcement or offer is stored once, milliseconds. */
const DUPLICATE_WINDOW_MS = 120_000
const nanos = (millis: number): number => millis * 1_000_000

const STREAM_NOT_FOUND = 10059
const STREAM_IN_USE = 10058
/** The disk has not that much room. */
const NO_ROOM = 10047
/** JetStream is not ready; a cluster has not enough servers yet. */
const PASSING = [10008, 10005]
/** It is there with another configuration. */
const CONSUMER_EXISTS = 10148
const PARTITIONS = "nagatha-partitions"

interface Wanted {
  /** The subjects of what it stores. */
  readonly stores: string
  /** What it has at any time. */
  readonly fixed: Partial<StreamConfig> & { readonly name: string }
  /** What it has when it is made, and others may change. */
  readonly first: Partial<StreamConfig>
}

/** Sets up the streams; returns one line for each that was made or changed. */
export const provision = Effect.fn("provision")(function* (settings: Settings) {
  const { connection, maxPayload, subjects } = yield* NatsConnection
  if (maxPayload < MIN_PAYLOAD) {
    return yield* new ProvisionFailed({
      what: "NATS",
      reason: `the server takes messages of ${maxPayload} bytes; set its max_payload to ${MIN_PAYLOAD} or more`
    })
  }
  const clustered = connection.info?.cluster !== undefined
  /** What is announced can be said again from the log: one copy need not be synced. */
  const unsynced = clustered ? {} : { persist_mode: PersistMode.Async }
  const replicas = clustered ? { num_replicas: REPLICAS } : {}
  const log: Wanted = {
    stores: subjects.allLog,
    fixed: {
      name: subjects.logStream,
      description: "Every decision, in order: the truth",
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      deny_delete: true,
      deny_purge: true,
      allow_direct: true,
      metadata: { [PARTITIONS]: String(settings.partitions) }
    },
    first: replicas
  }
  const events: Wanted = {
    stores: subjects.allEvents,
    fixed: {
      name: subjects.eventsStream,
      description: "Announcements of what the log says",
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_age: nanos(EVENTS_KEPT_MS),
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      allow_direct: true,
      republish: { src: subjects.allEvents, dest: publicEvent("{{wildcard(3)}}") }
    },
    first: { ...replicas, ...unsynced, max_bytes: EVENTS_MAX_BYTES }
  }
  const work: Wanted = {
    stores: subjects.allWork,
    fixed: {
      name: subjects.workStream,
      description: "Attempts waiting for a worker",
      storage: StorageType.File,
      retention: RetentionPolicy.Workqueue,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      allow_direct: true
    },
    first: { ...replicas, ...unsynced }
  }
  const subscriptions: Wanted = {
    stores: subjects.allSubscriptions,
    fixed: {
      name: subjects.subscriptionsStream,
      description: "Where named subscriptions stand",
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      max_msgs_per_subject: 1,
      allow_direct: true
    },
    first: replicas
  }
  const changes = yield* Effect.forEach([log, events, work, subscriptions], ensure)
  return changes.filter((change) => change !== null)
})

/** Asks the server; waits for one that has just been started, or a cluster that is choosing its leader. */
const attempt = <A>(name: string, run: () => Promise<A>) =>
  Effect.tryPromise({ try: run, catch: (cause) => cause }).pipe(
    Effect.retry({
      schedule: Schedule.spaced("500 millis"),
      times: 60,
      while: (cause) => isApiError(cause, ...PASSING)
    }),
    Effect.mapError((cause) => new ProvisionFailed({ what: `stream ${name}`, reason: reasonOf(cause) }))
  )

/** Makes a stream; with less room where the server's disk does not have so much. Null when another node was first. */
const make = async (jsm: JetStreamManager, config: Wanted["fixed"]): Promise<StreamInfo | null> => {
  try {
    return await jsm.streams.add(config)
  } catch (cause) {
    const { max_bytes = 0 } = config
    if (isApiError(cause, STREAM_IN_USE)) return null
    const less = Math.floor(max_bytes / 3)
    if (isApiError(cause, NO_ROOM) && less >= EVENTS_MIN_BYTES) return make(jsm, { ...config, max_bytes: less })
    throw cause
  }
}

const ensure = Effect.fnUntraced(function* ({ first, fixed, stores }: Wanted) {
  const { jsm, subjects } = yield* NatsConnection
  const { name } = fixed
  const find = attempt(name, () =>
    jsm.streams.info(name).catch((cause: unknown) => {
      if (isApiError(cause, STREAM_NOT_FOUND)) return null
      throw cause
    })
  )
  const taking = () => takingUnder(newWritePrefix(subjects), stores, subjects)
  if ((yield* find) === null) {
    const made = yield* attempt(name, () => make(jsm, { ...fixed, ...first, ...taking() }))
    if (made !== null) return `made stream ${name}`
  }
  const found = yield* find
  if (found === null) return yield* new ProvisionFailed({ what: `stream ${name}`, reason: "somebody deletes it" })
  const { config } = found
  const partitions = config.metadata?.[PARTITIONS]
  const expected = fixed.metadata?.[PARTITIONS]
  if (partitions !== expected) {
    return yield* new ProvisionFailed({
      what: `stream ${name}`,
      reason: `it was made for ${partitions ?? "an unknown number of"} partitions, this node is set to ${expected ?? "none"}; the number never changes: set the node to the stream's`
    })
  }
  const hasOwnPrefix = writePrefixOf(config, subjects) !== `${subjects.namespace}.`
  const wanted = hasOwnPrefix ? fixed : { ...fixed, ...taking() }
  const differs = Object.entries(wanted).some(([key, value]) => !holds(Reflect.get(config, key), value))
  if (!differs) return null
  yield* attempt(name, () => jsm.streams.update(name, { ...config, ...wanted }))
  return `changed stream ${name}`
})

const isApiError = (cause: unknown, ...codes: ReadonlyArray<number>): boolean =>
  cause instanceof JetStreamApiError && codes.includes(cause.code)

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
