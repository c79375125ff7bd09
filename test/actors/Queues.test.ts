import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, type Scope, Stream } from "effect"
import { viewsOf } from "../../src/actors/door/QueueRequest.ts"
import { type LimitChanges, type QueueCommand, Queues } from "../../src/actors/Queues.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { QUEUES_PARTITION } from "../../src/events/QueueEvent.ts"

const causedBy = (commandId: string) => ({ commandId, actor: "test", reason: "because" })
const set = (commandId: string, changes: LimitChanges): QueueCommand => ({
  type: "set",
  queue: "mail",
  changes,
  causedBy: causedBy(commandId)
})
const say = (type: "pause" | "resume", commandId: string): QueueCommand => ({
  type,
  queue: "mail",
  causedBy: causedBy(commandId)
})
const queuesOf = (nodeId: string) =>
  Effect.map(Layer.build(Layer.fresh(Queues.layer(nodeId))), (made) => Context.get(made, Queues))
const stored = Effect.gen(function* () {
  const log = yield* EventLog
  const commits = yield* Stream.runCollect(log.read(QUEUES_PARTITION, 0))
  return commits.flatMap(({ commit }) => commit.queues ?? [])
})
const test = (name: string, body: Effect.Effect<void, unknown, EventLog | Scope.Scope>) =>
  it.effect(name, () => Effect.scoped(body).pipe(Effect.provide(EventLog.layerMemory)))

describe("the queues", () => {
  test(
    "have the limits that were set, each until it is changed or taken away",
    Effect.gen(function* () {
      const queues = yield* queuesOf("n1")
      assert.strictEqual(queues.of("mail"), undefined)
      yield* queues.change(set("c1", { concurrency: 2, rate: { count: 100, perMs: 60_000 } }))
      const second = yield* queues.change(set("c2", { keyConcurrency: 1, concurrency: 3 }))
      assert.deepStrictEqual(second.limits, { concurrency: 3, rate: { count: 100, perMs: 60_000 }, keyConcurrency: 1 })
      const third = yield* queues.change(set("c3", { rate: null, concurrency: null }))
      assert.deepStrictEqual([third.limits, third.revision], [{ keyConcurrency: 1 }, 3])
      assert.deepStrictEqual(queues.of("mail")?.limits, { keyConcurrency: 1 })
      assert.strictEqual((yield* stored).length, 3)
    })
  )
  test(
    "are paused until they are told to go on, with who and why; limits stay",
    Effect.gen(function* () {
      const queues = yield* queuesOf("n1")
      yield* queues.change(set("c1", { concurrency: 2 }))
      assert.isTrue((yield* queues.change(say("pause", "c2"))).paused)
      const { paused } = queues.of("mail") ?? {}
      assert.deepStrictEqual([paused?.by, paused?.reason], ["test", "because"])
      yield* queues.change(set("c3", { concurrency: 4 }))
      assert.isNotNull(queues.of("mail")?.paused, "a change of limits lets nothing go on")
      const resumed = yield* queues.change(say("resume", "c4"))
      assert.deepStrictEqual([resumed.paused, resumed.limits], [false, { concurrency: 4 }])
      const again = yield* queues.change(say("resume", "c5"))
      assert.deepStrictEqual(again, resumed, "what goes on already changes nothing")
      assert.strictEqual((yield* stored).length, 4)
    })
  )
  test(
    "carry out a repeated command once, on every node and over restarts",
    Effect.gen(function* () {
      const one = yield* queuesOf("n1")
      const first = yield* one.change(set("c1", { concurrency: 2 }))
      const two = yield* queuesOf("n2")
      yield* Effect.all([one.change(say("pause", "a")), two.change(set("b", { concurrency: 5 }))], { concurrency: 2 })
      assert.deepStrictEqual(yield* two.change(set("c1", { concurrency: 2 })), first)
      const revisions = (yield* stored).map(({ revision }) => revision)
      assert.deepStrictEqual(revisions, [1, 2, 3])
      const three = yield* queuesOf("n3")
      assert.deepStrictEqual(three.all(), two.all())
      assert.deepStrictEqual(three.of("mail")?.limits, { concurrency: 5 })
    })
  )
})

describe("the queues as readers see them", () => {
  it("are those that were spoken of, that hold something, and that workers serve; owners' lines add up", () => {
    const facts = {
      queue: "mail",
      limits: { concurrency: 2 },
      paused: null,
      revision: 1,
      changedAt: "2026-03-08T12:00:00.000Z",
      logSequence: 4
    }
    const line = { queue: "mail", running: 1, waiting: 3, held: { concurrency: 2 } }
    const views = viewsOf(
      [facts],
      [
        line,
        { ...line, running: 1, waiting: 1, held: { rate: 1, concurrency: 1 } },
        { ...line, queue: "busy", held: {} }
      ],
      ["served", "mail"]
    )
    assert.deepStrictEqual(
      views.map(({ held, limits, queue, revision, running, waiting }) => ({
        held,
        limits,
        queue,
        revision,
        running,
        waiting
      })),
      [
        { queue: "busy", limits: {}, running: 1, waiting: 3, held: {}, revision: 0 },
        {
          queue: "mail",
          limits: { concurrency: 2 },
          running: 2,
          waiting: 4,
          held: { concurrency: 3, rate: 1 },
          revision: 1
        },
        { queue: "served", limits: {}, running: 0, waiting: 0, held: {}, revision: 0 }
      ]
    )
  })
})
