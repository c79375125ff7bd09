/** What a taker of work goes through on a real server: late answers, a consumer that is gone, a lease that is changed. */
import type { JetStreamManager } from "@nats-io/jetstream"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Queue, Stream } from "effect"
import { NatsConnection } from "../../src/nats/NatsConnection.ts"
import * as NatsWorkQueue from "../../src/nats/NatsWorkQueue.ts"
import { ensureQueue, provision } from "../../src/nats/Provision.ts"
import { defaults } from "../../src/Settings.ts"
import { offerId } from "../../src/work/Work.ts"
import { type Delivery, WorkQueue } from "../../src/work/WorkQueue.ts"
import { workItem } from "../support/attempt.ts"
import { eventually } from "../support/nagatha.ts"
import { connectionTo } from "../support/natsConnection.ts"
import { natsServer, type TestServer } from "../support/natsServer.ts"

interface World {
  readonly server: TestServer
  readonly manager: JetStreamManager
  offer(executionIds: ReadonlyArray<string>, queue?: string): Effect.Effect<void>
  /** Sets up streams and consumer, with this lease. */
  provide(leaseMs: number): Effect.Effect<void>
  /** Starts to take; gives deliveries one by one. */
  take(concurrency: number, queues?: ReadonlyArray<string>): Effect.Effect<Effect.Effect<Delivery>>
  /** How often a worker has asked for its consumers. */
  readonly registrations: () => number
}

/** A server, a core that answers registrations, and a worker's queue. */
const world = (leaseMs: number) =>
  Effect.gen(function* () {
    const server = yield* natsServer()
    const core = yield* Layer.build(
      Layer.fresh(NatsWorkQueue.layer.pipe(Layer.provideMerge(connectionTo(server, "core", 2000))))
    )
    const worker = yield* Layer.build(
      Layer.fresh(NatsWorkQueue.layer.pipe(Layer.provide(connectionTo(server, "worker", 2000))))
    )
    const inCore = Effect.provideContext(Effect.all({ nats: NatsConnection, queue: WorkQueue }), core)
    const { nats, queue } = yield* inCore
    const provide = (lease: number) =>
      Effect.orDie(
        Effect.provideContext(
          Effect.andThen(
            provision(defaults),
            Effect.forEach(["q", "r", "s"], (name) => ensureQueue(name, { ...defaults, leaseMs: lease }))
          ),
          core
        )
      )
    yield* provide(leaseMs)
    let registrations = 0
    nats.connection.subscribe("nagatha.worker.register", {
      callback: (_error, message) => {
        registrations += 1
        message.respond("{}")
      }
    })
    yield* Effect.promise(() => nats.connection.flush())
    const scope = yield* Effect.scope
    return {
      server,
      manager: nats.jsm,
      offer: (ids: ReadonlyArray<string>, line = "q") =>
        Effect.orDie(queue.offer(ids.map((executionId) => workItem({ executionId, queue: line })))),
      provide,
      registrations: () => registrations,
      take: (concurrency, queues = ["q"]) =>
        Effect.gen(function* () {
          const taken = yield* Queue.unbounded<Delivery>()
          yield* Effect.provideContext(WorkQueue, worker).pipe(
            Effect.flatMap((line) =>
              Stream.runForEach(line.take(queues, concurrency), (one) => Queue.offer(taken, one))
            ),
            Effect.forkIn(scope)
          )
          return Queue.take(taken).pipe(Effect.timeout("10 seconds"), Effect.orDie)
        })
    } satisfies World
  })

const idOf = (delivery: Delivery) => offerId(delivery.item)

describe("the work queue in JetStream", () => {
  it.live("has as much room as before after an attempt in hand was delivered again", () =>
    Effect.gen(function* () {
      const w = yield* world(1000)
      const next = yield* w.take(2)
      yield* w.offer(["e1"])
      assert.strictEqual(idOf(yield* next), "e1#1")
      const again = yield* next
      assert.strictEqual(idOf(again), "e1#1")
      yield* again.ack
      yield* w.offer(["e2", "e3"])
      assert.sameMembers([idOf(yield* next), idOf(yield* next)], ["e2#1", "e3#1"])
    })
  )

  it.live(
    "is asked for again and again, but not in haste, while its stream is gone, and delivers when it is back",
    () =>
      Effect.gen(function* () {
        const w = yield* world(10_000)
        const next = yield* w.take(2)
        yield* Effect.promise(() =>
          eventually(
            "a pull waits",
            () => waitingPulls(w.manager),
            (pulls) => pulls === 1
          )
        )
        const before = w.registrations()
        yield* Effect.promise(() => w.manager.streams.delete("NAGATHA_WORK"))
        yield* Effect.promise(() => eventually("it was asked for", w.registrations, (count) => count >= before + 3))
        yield* Effect.sleep(500)
        assert.isBelow(w.registrations() - before, 12)
        yield* w.provide(10_000)
        yield* w.offer(["e1"])
        assert.strictEqual(idOf(yield* next), "e1#1")
      })
  )

  it.live("gives all the room to the queue that is busy, and to each of the others one attempt", () =>
    Effect.gen(function* () {
      const w = yield* world(10_000)
      const next = yield* w.take(8, ["q", "r", "s"])
      const some = (n: number) => Effect.all(Array.from({ length: n }, () => next))
      const line = (name: string) => Array.from({ length: 12 }, (_, at) => `${name}${at}`)
      yield* w.offer(line("e"))
      const busy = yield* some(8)
      yield* w.offer(["f1", "f2"], "r")
      yield* w.offer(["g1", "g2"], "s")
      const others = yield* some(2)
      assert.sameMembers(others.map(idOf), ["f1#1", "g1#1"])
      // What becomes free goes round: nobody is left out for good.
      const seen = new Set([...busy, ...others].map(idOf))
      yield* Effect.forEach(busy.slice(0, 2), (delivery) => delivery.ack)
      const hands = [...busy.slice(2), ...others]
      while (seen.size < 16) {
        yield* hands.shift()?.ack ?? Effect.void
        const one = yield* next
        seen.add(idOf(one))
        hands.push(one)
      }
    })
  )

  it.live("that has a consumer with another lease gets the new one, and keeps what is in line", () =>
    Effect.gen(function* () {
      const w = yield* world(10_000)
      yield* w.offer(["e1"])
      yield* w.provide(3000)
      const { config } = yield* Effect.promise(() => w.manager.consumers.info("NAGATHA_WORK", "q"))
      assert.strictEqual(config.ack_wait, 3_000_000_000)
      assert.strictEqual(idOf(yield* yield* w.take(1)), "e1#1")
    })
  )

  it.live("goes on after the server was killed, and delivers what was in hand again", () =>
    Effect.gen(function* () {
      const w = yield* world(1000)
      const next = yield* w.take(2)
      yield* w.offer(["e1"])
      assert.strictEqual(idOf(yield* next), "e1#1")
      yield* Effect.promise(() => w.server.kill())
      yield* Effect.promise(() => w.server.restart())
      yield* w.offer(["e2"])
      const seen = new Set<string>()
      while (!seen.has("e2#1")) seen.add(idOf(yield* next))
    })
  )
})

const waitingPulls = async (manager: JetStreamManager): Promise<number> =>
  (await manager.consumers.info("NAGATHA_WORK", "q")).num_waiting
