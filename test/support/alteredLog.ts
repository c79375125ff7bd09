/**
 * Lays hands on the log of a deployment that has been stopped, as nobody should: through a server of its own, without the
 * guard. What is written anew keeps its order, and so its log sequences as far as nothing is left out.
 */
import { Effect, Layer } from "effect"
import * as Commit from "../../src/events/Commit.ts"
import { hashOf } from "../../src/events/EventLog.ts"
import { publisherOf } from "../../src/nats/JetStreamPublish.ts"
import { headersOf, NatsConnection } from "../../src/nats/NatsConnection.ts"
import * as ManagedServer from "../../src/nats/server/ManagedServer.ts"

export interface Line {
  readonly partition: number
  readonly text: string
}

const LOG = "NAGATHA_LOG"

const onServer = <A, E>(dataDir: string, body: Effect.Effect<A, E, NatsConnection>): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { connection } = yield* ManagedServer.start({ dataDir })
        const nats = NatsConnection.layer({
          servers: connection.url,
          role: "core",
          namespace: "nagatha",
          ...connection.users.core,
          name: "saboteur",
          requestTimeoutMs: 5000
        })
        return yield* Effect.provide(body, Layer.fresh(nats))
      })
    ) as Effect.Effect<A, E>
  )

const readAll = Effect.gen(function* () {
  const { jsm } = yield* NatsConnection
  const { state } = yield* Effect.promise(() => jsm.streams.info(LOG))
  const lines: Array<Line> = []
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq++) {
    const message = yield* Effect.promise(() => jsm.streams.getMessage(LOG, { seq }))
    if (message === null) continue
    lines.push({ partition: Number(message.subject.split(".").at(-1)), text: message.string() })
  }
  return lines
})

const append = (lines: ReadonlyArray<Line>) =>
  Effect.gen(function* () {
    const nats = yield* NatsConnection
    const publisher = publisherOf(nats, LOG)
    for (const { partition, text } of lines) {
      const stored = yield* publisher.publish({
        subject: nats.subjects.log(partition),
        payload: text,
        headers: headersOf({})
      })
      if (stored._tag !== "stored") return yield* Effect.die(stored)
    }
  })

/** Puts another log in the place of the log. */
export const rewriteLog = (
  dataDir: string,
  change: (lines: ReadonlyArray<Line>) => ReadonlyArray<Line>
): Promise<void> =>
  onServer(
    dataDir,
    Effect.gen(function* () {
      const { jsm } = yield* NatsConnection
      const lines = yield* readAll
      const { config } = yield* Effect.promise(() => jsm.streams.info(LOG))
      yield* Effect.promise(() => jsm.streams.delete(LOG))
      yield* Effect.promise(() => jsm.streams.add(config))
      yield* append(change(lines))
    })
  )

/** Appends a commit as a newer version would: properly chained, with events of its own making. */
export const appendByHand = (
  dataDir: string,
  partition: number,
  eventsAfter: (newest: Commit.Commit) => ReadonlyArray<object>
): Promise<void> =>
  onServer(
    dataDir,
    Effect.gen(function* () {
      const lines = yield* readAll
      const at = lines.findLastIndex((line) => line.partition === partition)
      const newest = lines[at]
      if (newest === undefined) return yield* Effect.die(new Error(`partition ${partition} is empty`))
      const before = Commit.decode(at + 1, newest.text)
      if (before._tag === "Failure") return yield* Effect.die(before.failure)
      const head = {
        commitId: `newer.${partition}.1`,
        partition,
        time: before.success.time,
        previousSequence: at + 1,
        previousHash: hashOf(newest.text)
      }
      const events = eventsAfter(before.success).map((event) => JSON.stringify(event))
      yield* append([{ partition, text: Commit.encode(head, events) }])
    })
  )
