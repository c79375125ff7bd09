/**
 * The streams in which messages lie that start tasks. Where no stream of the account holds a subject, one of ours does:
 * `NAGATHA_TRIGGERS` what clients publish under `nagatha.trigger.`, `NAGATHA_CAPTURED` all else, whose subjects come and go
 * with the tasks. Both keep messages for a week and up to a gigabyte, the oldest go first.
 *
 * The second answers nobody: who asks on a subject that a task listens to still gets the answer of whom it asked.
 */
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo
} from "@nats-io/jetstream"
import { Context, Effect, Layer, Semaphore } from "effect"
import { MessageSources } from "../actors/MessageSources.ts"
import { Refused } from "../actors/door/TaskRequest.ts"
import type { StreamPosition } from "../recurrence/Recurrence.ts"
import { NatsConnection, reasonOf } from "./NatsConnection.ts"
import { covers, disjoint, overlap } from "./SubjectSets.ts"

/** How long messages are kept for tasks whose nodes are away, milliseconds, and the room for them, bytes. */
export const TRIGGERS_KEPT_MS = 7 * 86_400_000
const MAX_BYTES = 1024 ** 3
const MIN_BYTES = 32 * 1024 ** 2
/** A subject that was asked for is held so long before a task has to listen to it, milliseconds. */
const ASKED_FOR_MS = 60_000

const STREAM_NOT_FOUND = 10059
const SUBJECTS_OVERLAP = 10065
const NO_ROOM = 10047

const isApiError = (cause: unknown, ...codes: ReadonlyArray<number>): boolean =>
  cause instanceof JetStreamApiError && codes.includes(cause.code)

const positionOf = ({ config, created, state }: StreamInfo): StreamPosition => ({
  stream: config.name,
  created,
  sequence: state.last_seq
})

const refused = (message: string, hint?: string) =>
  new Refused({ code: "invalidSchedule", message, ...(hint === undefined ? {} : { hint }) })

const infoOf = async (jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> => {
  try {
    return await jsm.streams.info(name)
  } catch (cause) {
    if (isApiError(cause, STREAM_NOT_FOUND)) return undefined
    throw cause
  }
}

export class TriggerStreams extends Context.Service<
  TriggerStreams,
  {
    /** The stream that holds a subject, ours where there is no other, and the newest message in it. */
    locate(subject: string): Effect.Effect<StreamPosition, Refused>
    /** Lets ours hold the subjects that tasks listen to, and no others. */
    reconcile(listenedTo: ReadonlyArray<string>): Effect.Effect<void, Refused>
  }
>()("nagatha/nats/TriggerStreams") {
  static readonly layer: Layer.Layer<TriggerStreams, never, NatsConnection> = Layer.effectContext(
    Effect.suspend(() =>
      Effect.map(make, (streams) => Context.make(TriggerStreams, streams).pipe(Context.add(MessageSources, streams)))
    )
  )
}

const make = Effect.gen(function* () {
  const nats = yield* NatsConnection
  const { connection, jsm, subjects } = nats
  const { capturedStream, triggersStream } = subjects
  const alone = yield* Semaphore.make(1)
  const asked = new Map<string, number>()

  const common: Partial<StreamConfig> = {
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: TRIGGERS_KEPT_MS * 1_000_000,
    allow_direct: true,
    ...(connection.info?.cluster === undefined ? {} : { num_replicas: 3 })
  }

  const made = async (
    config: Partial<StreamConfig> & { readonly name: string },
    room = MAX_BYTES
  ): Promise<StreamInfo> => {
    try {
      return await jsm.streams.add({ ...common, ...config, max_bytes: room })
    } catch (cause) {
      if (isApiError(cause, NO_ROOM) && room / 3 >= MIN_BYTES) return made(config, Math.floor(room / 3))
      throw cause
    }
  }

  const ensureTriggers = async (): Promise<StreamInfo> =>
    (await infoOf(jsm, triggersStream)) ??
    (await made({
      name: triggersStream,
      description: "What clients publish to start tasks",
      subjects: [subjects.allTriggers]
    }))

  /** Ours holds these subjects; it is deleted where there are none. */
  const hold = async (wanted: ReadonlyArray<string>): Promise<StreamInfo | undefined> => {
    const whole = disjoint(wanted)
    const found = await infoOf(jsm, capturedStream)
    if (whole.length === 0) {
      if (found !== undefined) await jsm.streams.delete(capturedStream)
      return undefined
    }
    if (found === undefined) {
      return made({
        name: capturedStream,
        description: "What is published on subjects that start tasks and that no other stream holds",
        no_ack: true,
        subjects: [...whole]
      })
    }
    if (found.config.subjects.toSorted().join(" ") === whole.join(" ")) return found
    return jsm.streams.update(capturedStream, { ...found.config, subjects: [...whole] })
  }

  const capture = async (subject: string): Promise<StreamPosition> => {
    const held = (await infoOf(jsm, capturedStream))?.config.subjects ?? []
    asked.set(subject, performance.now())
    try {
      const info = await hold(held.some((one) => covers(one, subject)) ? held : [...held, subject])
      if (info === undefined) throw refused(`nothing holds ${subject}`)
      return positionOf(info)
    } catch (cause) {
      asked.delete(subject)
      if (isApiError(cause, SUBJECTS_OVERLAP)) {
        throw refused(
          `${subject} overlaps subjects that another stream holds, in part`,
          "name a subject that the stream holds as a whole, or let the stream hold all of it: nats stream ls --subjects"
        )
      }
      throw cause
    }
  }

  const locate = async (subject: string): Promise<StreamPosition> => {
    if (covers(subjects.allTriggers, subject)) return positionOf(await ensureTriggers())
    const names: Array<string> = []
    for await (const name of await jsm.streams.names(subject)) names.push(name)
    const others = names.filter((name) => name !== capturedStream)
    const [name] = others
    if (name === undefined) return capture(subject)
    if (others.length > 1) {
      throw refused(
        `${subject} lies in several streams: ${others.join(", ")}`,
        "name a narrower subject, which one of them holds"
      )
    }
    const info = await jsm.streams.info(name)
    const { config } = info
    const own = config.subjects.find((one) => covers(one, subject))
    if (own === undefined) {
      const part = config.subjects.filter((one) => overlap(one, subject)).join(", ")
      throw refused(
        `the stream ${name} holds a part of ${subject} only: ${part}`,
        "name a subject that the stream holds as a whole"
      )
    }
    if (config.retention !== RetentionPolicy.Limits) {
      throw refused(
        `the stream ${name}, which holds ${subject}, deletes what its readers have had: a task would take messages from them, or miss some`,
        `make a stream with limits that sources ${name}, or publish on ${subjects.namespace}.trigger.NAME as well`
      )
    }
    return positionOf(info)
  }

  /** Asks the server, one at a time: what it answers must still be so when the next question comes. */
  const asking = <A>(what: string, ask: () => Promise<A>): Effect.Effect<A, Refused> =>
    alone.withPermits(1)(
      Effect.tryPromise({
        try: ask,
        catch: (cause) =>
          cause instanceof Refused
            ? cause
            : new Refused({ code: "busy", message: `${what}: ${reasonOf(cause)}; ask again` })
      })
    )

  return TriggerStreams.of({
    locate: (subject) => asking(`the stream of ${subject} cannot be found`, () => locate(subject)),
    reconcile: (listenedTo) =>
      asking("the subjects that start tasks cannot be kept", async () => {
        await ensureTriggers()
        const now = performance.now()
        for (const [subject, at] of asked) {
          if (now - at > ASKED_FOR_MS || listenedTo.includes(subject)) asked.delete(subject)
        }
        await hold([...listenedTo, ...asked.keys()])
      })
  })
})
