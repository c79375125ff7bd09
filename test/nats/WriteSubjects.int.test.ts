/** Who may only pull work must not get anything into the streams, not even by naming a stream's subject as the place for an answer. */
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream"
import { createInbox } from "@nats-io/transport-node"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { publisherOf } from "../../src/nats/JetStreamPublish.ts"
import { headersOf, NatsConnection } from "../../src/nats/NatsConnection.ts"
import { ensureQueue, provision } from "../../src/nats/Provision.ts"
import { inboxPrefix } from "../../src/nats/Roles.ts"
import { defaults } from "../../src/Settings.ts"
import { connectionTo } from "../support/natsConnection.ts"
import { startNatsServer, type TestServer } from "../support/natsServer.ts"

let server: TestServer
let manager: JetStreamManager
beforeAll(async () => {
  server = await startNatsServer()
  manager = await jetstreamManager(await server.connect("core"))
})
afterAll(() => server?.stop())

const withCore = <A, E>(effect: Effect.Effect<A, E, NatsConnection>) =>
  Effect.provide(effect, connectionTo(server), { local: true })

const streams = ["NAGATHA_LOG", "NAGATHA_EVENTS", "NAGATHA_WORK"]
const stored = () => Promise.all(streams.map((name) => manager.streams.info(name).then(({ state }) => state.last_seq)))

const publish = (stream: string, subject: string, guard?: number) =>
  withCore(
    Effect.gen(function* () {
      const nats = yield* NatsConnection
      const headers = headersOf(guard === undefined ? {} : { "Nats-Expected-Last-Subject-Sequence": String(guard) })
      return yield* publisherOf(nats, stream).publish({ subject, payload: "{}", headers })
    })
  )

describe("the streams", () => {
  it.live("that an earlier version made are changed, keep what they hold, and take no more where they took it", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() =>
        manager.streams.add({
          name: "NAGATHA_LOG",
          subjects: ["nagatha.log.*"],
          metadata: { "nagatha-partitions": String(defaults.partitions) }
        })
      )
      assert.deepInclude(yield* publish("NAGATHA_LOG", "nagatha.log.3"), { _tag: "stored", sequence: 1 })
      assert.deepStrictEqual(yield* withCore(provision(defaults)), [
        "changed stream NAGATHA_LOG",
        "made stream NAGATHA_EVENTS",
        "made stream NAGATHA_WORK",
        "made stream NAGATHA_SUBSCRIPTIONS"
      ])
      assert.deepStrictEqual(yield* withCore(provision(defaults)), [])
      assert.deepInclude(yield* publish("NAGATHA_LOG", "nagatha.log.3", 1), { _tag: "stored", sequence: 2 })
      assert.strictEqual((yield* publish("NAGATHA_LOG", "nagatha.log.3", 1))._tag, "refused")
      const newest = yield* Effect.promise(() =>
        manager.streams.getMessage("NAGATHA_LOG", { last_by_subj: "nagatha.log.3" })
      )
      assert.strictEqual(newest?.seq, 2)
    })
  )

  it.live("are set up by many nodes at once as by one", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => Promise.all(streams.map((name) => manager.streams.delete(name))))
      const said = yield* Effect.all(
        Array.from({ length: 4 }, () => withCore(provision(defaults))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(said.flat().toSorted(), [
        "made stream NAGATHA_EVENTS",
        "made stream NAGATHA_LOG",
        "made stream NAGATHA_WORK"
      ])
    })
  )

  it.live("store no answer of JetStream that a worker asks to be sent there", () =>
    Effect.gen(function* () {
      yield* withCore(ensureQueue("q", defaults))
      for (let at = 0; at < 3; at++) yield* publish("NAGATHA_WORK", "nagatha.work.q")
      const before = yield* Effect.promise(stored)
      yield* Effect.promise(async () => {
        const worker = await server.connect("worker")
        const inbox = createInbox(inboxPrefix("worker"))
        const deliveries = worker.subscribe(inbox, { max: 1 })
        worker.publish("$JS.API.CONSUMER.MSG.NEXT.NAGATHA_WORK.q", "1", { reply: inbox })
        const { value: mine } = await deliveries[Symbol.asyncIterator]().next()
        for (const reply of ["nagatha.log.0", "nagatha.event.0.q.due", "nagatha.work.other"]) {
          worker.publish("$JS.API.CONSUMER.INFO.NAGATHA_WORK.q", "", { reply })
          worker.publish("$JS.API.CONSUMER.MSG.NEXT.NAGATHA_WORK.q", "1", { reply })
          worker.publish(mine.reply, "+WPI", { reply })
        }
        // What is asked last is answered last.
        await worker.request("$JS.API.CONSUMER.INFO.NAGATHA_WORK.q", "", { timeout: 5000 })
      })
      assert.deepStrictEqual(yield* Effect.promise(stored), before)
    })
  )
})

describe("a publisher", () => {
  it.live("finds a stream that was made anew", () =>
    Effect.gen(function* () {
      yield* withCore(
        Effect.gen(function* () {
          const nats = yield* NatsConnection
          const publisher = publisherOf(nats, "NAGATHA_WORK")
          const message = { subject: "nagatha.work.q", payload: "{}", headers: headersOf({}) }
          assert.strictEqual((yield* publisher.publish(message))._tag, "stored")
          yield* Effect.promise(() => manager.streams.delete("NAGATHA_WORK"))
          assert.strictEqual((yield* publisher.publish(message))._tag, "Lost")
          yield* provision(defaults)
          assert.strictEqual((yield* publisher.publish(message))._tag, "stored")
        })
      )
    })
  )
})
