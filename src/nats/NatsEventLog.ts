/**
 * The log in JetStream: one guarded message a commit, on disk before it is acknowledged (where the server syncs always).
 *
 * A conflict that is answered to an append whose first try had landed looks like any other (one replica checks the guard
 * before the id): the actor that reads what it missed finds its own commit there.
 */
import { AckPolicy, DeliverPolicy, type JsMsg, JetStreamApiError } from "@nats-io/jetstream"
import { Array as Arr, Effect, Layer, Option, Queue, Schedule, Stream } from "effect"
import * as Commit from "../events/Commit.ts"
import {
  type AppendOutcome,
  CommitTooLarge,
  EventLog,
  foundIn,
  hashOf,
  LogUnavailable,
  type StoredQuery,
  type StoredText,
  wholly
} from "../events/EventLog.ts"
import { GUARD_IN_FLIGHT, publisherOf, WRONG_LAST_SEQUENCE } from "./JetStreamPublish.ts"
import { headersOf, NatsConnection, reasonOf } from "./NatsConnection.ts"

/** Kept free of a message's room for its headers, bytes. */
const HEADER_BYTES = 2048
/** Commits read in one request, and ahead of a follower: each may have a megabyte. */
const FETCH = 200
const READ_AHEAD = 256
const NO_MESSAGE = 10037
/** Commits that one page of stored ones looks at, where most are not wanted. */
const LOOKED_AT = 20_000

const retryPolicy = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("2 seconds")])

const unavailable = (cause: unknown): LogUnavailable => new LogUnavailable({ reason: reasonOf(cause) })

const found = (message: Pick<JsMsg, "seq" | "string" | "time">): Commit.Found =>
  foundIn({ sequence: message.seq, text: message.string(), storedAt: message.time.getTime() })

export const layer: Layer.Layer<EventLog, never, NatsConnection> = Layer.effect(
  EventLog,
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    const { js, jsm, subjects } = nats
    const publisher = publisherOf(nats, subjects.logStream)
    const maxCommitBytes = nats.maxPayload - HEADER_BYTES

    const append = Effect.fnUntraced(function* (head: Commit.CommitHead, eventJson: ReadonlyArray<string>) {
      const payload = Commit.encode(head, eventJson)
      const bytes = Buffer.byteLength(payload)
      if (bytes > maxCommitBytes) return yield* new CommitTooLarge({ bytes, limit: maxCommitBytes })
      yield* nats.connected
      const published = yield* publisher.publish({
        subject: subjects.log(head.partition),
        payload,
        headers: headersOf({
          "Nats-Msg-Id": head.commitId,
          "Nats-Expected-Last-Subject-Sequence": String(head.previousSequence)
        })
      })
      const outcome: AppendOutcome =
        published._tag === "stored"
          ? { _tag: "stored", sequence: published.sequence, hash: hashOf(payload) }
          : published._tag === "refused" && published.code === WRONG_LAST_SEQUENCE
            ? { _tag: "conflict" }
            : { _tag: "unknown", reason: published._tag === "refused" ? published.description : published.reason }
      // Full disk, a guard in flight and the like: the caller tries again, but not at full speed.
      if (published._tag === "refused" && published.code !== WRONG_LAST_SEQUENCE) {
        yield* Effect.sleep(published.code === GUARD_IN_FLIGHT ? "5 millis" : "250 millis")
      }
      return outcome
    })

    /** Sequence of the newest message on a subject; 0 when there is none. */
    const newest = (subject: string) =>
      Effect.tryPromise({
        try: () =>
          jsm.streams
            .getMessage(subjects.logStream, { last_by_subj: subject })
            .then((message) => message?.seq ?? 0)
            .catch((cause: unknown) => {
              if (cause instanceof JetStreamApiError && cause.code === NO_MESSAGE) return 0
              throw cause
            }),
        catch: unavailable
      })

    /** A reader of its own, which the server forgets when it is not used. */
    const consumer = (subject: string | ReadonlyArray<string>, afterSequence: number) =>
      Effect.acquireRelease(
        Effect.tryPromise({
          try: async () => {
            const info = await jsm.consumers.add(subjects.logStream, {
              ack_policy: AckPolicy.None,
              mem_storage: true,
              ...(typeof subject === "string" ? { filter_subject: subject } : { filter_subjects: [...subject] }),
              deliver_policy: DeliverPolicy.StartSequence,
              opt_start_seq: afterSequence + 1,
              inactive_threshold: 30_000_000_000
            })
            return { info, reader: js.consumers.getConsumerFromInfo(info) }
          },
          catch: unavailable
        }),
        ({ info }) =>
          Effect.tryPromise(() => jsm.consumers.delete(subjects.logStream, info.name)).pipe(
            Effect.timeout("1 second"),
            Effect.ignore
          )
      )

    const readAny = (partition: number, afterSequence: number) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const subject = subjects.log(partition)
          const last = yield* newest(subject)
          if (last <= afterSequence) return Stream.empty
          const { reader } = yield* consumer(subject, afterSequence)
          const page = Effect.tryPromise({
            try: async () => {
              const messages = await reader.fetch({ max_messages: FETCH, expires: 5000 })
              const got: Array<JsMsg> = []
              for await (const message of messages) {
                got.push(message)
                if (message.seq >= last) break
              }
              return got
            },
            catch: unavailable
          })
          return Stream.paginate(afterSequence, () =>
            Effect.flatMap(page, (messages) => {
              const at = messages.at(-1)?.seq
              return at === undefined
                ? Effect.fail(new LogUnavailable({ reason: `the log ended before sequence ${last}` }))
                : Effect.succeed([messages, at >= last ? Option.none<number>() : Option.some(at)] as const)
            })
          ).pipe(Stream.map(found))
        })
      )

    /** Reads until something breaks; the follower then begins anew after what it has seen. */
    const followOnce = (subject: string, afterSequence: number) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const { reader } = yield* consumer(subject, afterSequence)
          const messages = yield* Effect.acquireRelease(
            Effect.tryPromise({
              try: () => reader.consume({ max_messages: FETCH, expires: 5000, idle_heartbeat: 1000 }),
              catch: unavailable
            }),
            (consuming) => Effect.promise(() => consuming.close().then(() => undefined))
          )
          const queue = yield* Queue.bounded<JsMsg, LogUnavailable>(READ_AHEAD)
          const broken = (reason: string) => Queue.fail(queue, new LogUnavailable({ reason }))
          const watch = async () => {
            for await (const status of messages.status()) {
              if (["consumer_deleted", "consumer_not_found", "stream_not_found"].includes(status.type)) {
                return await Effect.runPromise(broken(`the reader is gone (${status.type})`))
              }
              if (status.type === "heartbeats_missed" && status.count > 2) {
                return await Effect.runPromise(broken("the server is silent"))
              }
            }
            return false
          }
          const pump = async () => {
            for await (const message of messages) {
              if (!Queue.offerUnsafe(queue, message)) await Effect.runPromise(Queue.offer(queue, message))
            }
            await Effect.runPromise(broken("the reader was closed"))
          }
          yield* Effect.forkScoped(Effect.ignore(Effect.tryPromise(watch)))
          yield* Effect.forkScoped(Effect.ignore(Effect.tryPromise(pump)))
          return Stream.fromQueue(queue)
        })
      )

    const followAny = (afterSequence: number, partition?: number) =>
      Stream.suspend(() => {
        let seen = afterSequence
        const subject = partition === undefined ? subjects.allLog : subjects.log(partition)
        return Stream.suspend(() => followOnce(subject, seen)).pipe(
          Stream.filter((message) => message.seq > seen),
          Stream.mapArray((messages) => {
            seen = Arr.lastNonEmpty(messages).seq
            return Arr.map(messages, found)
          }),
          Stream.tapError((error) => Effect.logDebug(error.message)),
          Stream.retry(retryPolicy)
        )
      })

    /** Reads on until the page is full, and says how far it has looked. */
    const stored = ({ after, bytes, limit = Infinity, partitions, wants }: StoredQuery) =>
      Effect.scoped(
        Effect.gen(function* () {
          const last = yield* newest(subjects.allLog)
          if (last <= after) return { lines: [], through: after, last }
          const filter = partitions === undefined ? subjects.allLog : partitions.map((one) => subjects.log(one))
          const { info, reader } = yield* consumer(filter, after)
          if (info.num_pending === 0) return { lines: [], through: last, last }
          return yield* Effect.tryPromise({
            try: async () => {
              const lines: Array<StoredText> = []
              let through = after
              let room = bytes
              let pending = info.num_pending
              for (let looked = 0; pending > 0 && looked < LOOKED_AT;) {
                const size = Math.min(pending, limit - lines.length, FETCH)
                let got = 0
                for await (const message of await reader.fetch({ max_messages: size, expires: 5000 })) {
                  got += 1
                  pending = message.info.pending
                  const partition = Number(message.subject.slice(message.subject.lastIndexOf(".") + 1))
                  const text = message.string()
                  const wanted = wants?.(partition, text) !== false
                  if (wanted && lines.length > 0 && (room < message.data.length || lines.length >= limit)) {
                    return { lines, through, last }
                  }
                  through = message.seq
                  if (!wanted) continue
                  lines.push({ sequence: message.seq, text, storedAt: message.time.getTime() })
                  room -= message.data.length
                }
                if (got === 0) throw new Error(`the log was silent after sequence ${through}`)
                looked += got
                if (lines.length >= limit) return { lines, through, last }
              }
              return { lines, through: pending === 0 ? Math.max(last, through) : through, last }
            },
            catch: unavailable
          })
        })
      )

    const at = (partition: number, sequence: number) =>
      sequence < 1
        ? Effect.succeed(null)
        : Effect.tryPromise({
            try: () =>
              jsm.streams.getMessage(subjects.logStream, { seq: sequence }).catch((cause: unknown) => {
                if (cause instanceof JetStreamApiError && cause.code === NO_MESSAGE) return null
                throw cause
              }),
            catch: unavailable
          }).pipe(
            Effect.flatMap((message) =>
              message === null || message.subject !== subjects.log(partition)
                ? Effect.succeed(null)
                : Effect.fromResult(Commit.wholly(found(message)))
            )
          )

    return EventLog.of({
      at,
      maxCommitBytes,
      append,
      readAny,
      read: (partition, after) => wholly(readAny(partition, after)),
      followAny: (after) => followAny(after),
      follow: (after, partition) => wholly(followAny(after, partition)),
      stored,
      lastSequence: newest(subjects.allLog)
    })
  })
)
