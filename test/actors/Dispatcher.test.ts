/** Limits of queues as the owner of tasks keeps them: at release, at claims, over failures and restarts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Dispatcher from "../../src/actors/Dispatcher.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import { workItem } from "../support/dispatch.ts"
import { makePartition, type PartitionWorld, type TestNode } from "../support/partition.ts"
import { done, everySecond, failed, History, START } from "../support/task.ts"

const test = <A, E>(name: string, body: () => Effect.Effect<A, E, EventLog | Scope.Scope>) =>
  it.effect(name, () => body().pipe(Effect.provide(EventLog.layerMemory, { local: true })))

/** When a task runs: within the last milliseconds before the 60th second, in the order of the alphabet. */
const instant = (taskId: string): number => START + 60_000 - 30 + taskId.charCodeAt(0) - "a".charCodeAt(0)
const id = (taskId: string) => executionIdOf(taskId, instant(taskId))
const once = (taskId: string): Partial<TaskDefinition> => ({
  recurrence: { kind: "once", at: fromMillis(instant(taskId)) },
  maxRetries: 0
})
/** Offered attempts, in order, by their tasks. */
const offered = (world: PartitionWorld) => world.offers.map((offer) => offer.replace(/@[^#]*/, ""))
const line = (node: TestNode) => {
  const view = node.dispatcher.lines().find(({ queue }) => queue === "shell_command")
  return view === undefined ? "" : `${view.running} running, ${view.waiting} waiting, ${JSON.stringify(view.held)}`
}
const advance = (node: TestNode, millis: number) => Effect.andThen(TestClock.adjust(millis), node.settled)

/** Tasks that are due at the 60th second, in a queue with limits, and the clock there. */
const due = Effect.fnUntraced(function* (
  limits: Parameters<TestNode["queue"]>[0],
  ...tasks: ReadonlyArray<readonly [string, Partial<TaskDefinition>?]>
) {
  const world = yield* makePartition()
  const node = yield* world.start("a")
  yield* node.queue(limits)
  for (const [taskId, changes] of tasks) yield* node.schedule(taskId, { ...once(taskId), ...changes })
  yield* advance(node, 60_000)
  return { world, node }
})
const change = (node: TestNode, taskId: string, changes: Partial<TaskDefinition>) =>
  Effect.andThen(
    node.command({
      type: "change",
      taskId,
      ifRevision: undefined,
      apply: (before) => Result.succeed({ definition: { ...before, ...changes }, timed: false }),
      causedBy: { commandId: `change-${taskId}`, actor: "test" }
    }),
    node.settled
  )
const one = { type: "set", changes: { concurrency: 1 } } as const

describe("a queue with a limit", () => {
  test("offers what it allows, and the next when one has ended", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"], ["c"])
      assert.deepStrictEqual(offered(world), ["a#1"])
      assert.strictEqual(line(node), '0 running, 3 waiting, {"concurrency":2}')
      assert.strictEqual(node.dispatcher.heldBy(id("b")), "concurrency")
      assert.strictEqual(yield* node.claim(id("a")), "granted")
      yield* node.report([id("a")], done)
      yield* node.settled
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
      assert.strictEqual(node.dispatcher.heldBy(id("b")), undefined)
    }))

  test("follows a change while it runs, and one that another node made", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"], ["c"], ["d"])
      yield* node.queue({ type: "set", changes: { concurrency: 2 } })
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
      const other = yield* world.start("b")
      yield* other.queue({ type: "set", changes: { concurrency: null } })
      while (new Set(offered(world)).size < 4) yield* node.settled
      assert.deepStrictEqual(new Set(offered(world)), new Set(["a#1", "b#1", "c#1", "d#1"]))
    }))

  test("holds nothing for an attempt that waits to be tried again, nor for one that was lost", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a", { maxRetries: 3, backoffMs: 60_000, jitter: 0 }], ["b"], ["c"])
      yield* node.claim(id("a"))
      yield* node.report([id("a")], failed)
      yield* node.settled
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
      assert.strictEqual(line(node), '0 running, 2 waiting, {"concurrency":1}')
      yield* node.claim(id("b"))
      yield* advance(node, 11_000)
      // b was lost: its next attempt waits behind c, which has waited longer.
      assert.deepStrictEqual(offered(world), ["a#1", "b#1", "c#1"])
      yield* advance(node, 60_000)
      assert.strictEqual(line(node), '0 running, 3 waiting, {"concurrency":2}')
    }))

  test("lets what is held back expire, and be cancelled: it never starts", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b", { expiresMs: 5000 }], ["c"], ["d"])
      yield* node.claim(id("a"))
      yield* advance(node, 5000)
      assert.deepStrictEqual(
        (yield* world.events).flatMap((event) =>
          event.type === "failure" ? [`${event.taskId} ${event.error.code}`] : []
        ),
        ["b expired"]
      )
      yield* node.cancel("c")
      yield* node.settled
      assert.strictEqual(line(node), '1 running, 1 waiting, {"concurrency":1}')
      yield* node.report([id("a")], done)
      yield* node.settled
      assert.deepStrictEqual(offered(world), ["a#1", "d#1"])
      assert.strictEqual(yield* node.claim(id("c")), "gone")
    }))

  test("frees the place of what was released and cancelled before anybody began it", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"])
      yield* node.cancel("a")
      yield* node.settled
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
      assert.strictEqual(yield* node.claim(id("a")), "gone")
      assert.strictEqual(yield* node.claim(id("b")), "granted")
    }))

  test("keeps its place for a claim whose turn could not be stored, and counts it once", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"])
      const later = { recurrence: { kind: "once", at: fromMillis(START + 600_000) } } as const
      world.faults.push("unknownLost", "unknownLate", "unknownStored")
      // Each of these is decided together with what is asked, and decided again.
      const [granted] = yield* Effect.all([node.claim(id("a")), node.schedule("x", later), node.schedule("y", later)], {
        concurrency: "unbounded"
      })
      assert.strictEqual(granted, "granted")
      assert.strictEqual(line(node), '1 running, 1 waiting, {"concurrency":1}')
      yield* node.report([id("a")], done)
      yield* node.settled
      assert.strictEqual(line(node), "0 running, 1 waiting, {}")
    }))

  test("offers by priority, then by age; a backfill waits behind what is live", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.queue({ type: "pause" })
      yield* node.schedule("past", { recurrence: everySecond(10), overlap: "allowAll", maxRuns: 2 })
      yield* advance(node, 10_000)
      yield* advance(node, 10_000)
      yield* advance(node, 1000)
      const causedBy = { commandId: "backfill", actor: "test" }
      yield* node.command({
        type: "backfill",
        taskId: "past",
        from: START + 1,
        to: START + 20_001,
        atOnce: true,
        causedBy
      })
      yield* node.schedule("plain", once("plain"))
      yield* node.schedule("urgent", { ...once("urgent"), priority: 30 })
      yield* node.schedule("patient", { ...once("patient"), priority: -30 })
      yield* advance(node, 41_000)
      yield* node.queue(one)
      yield* node.queue({ type: "resume" })
      for (let turn = 0; turn < 7; turn++) {
        const last = world.offers.at(-1)?.split("#")[0] ?? ""
        yield* node.claim(last)
        yield* node.report([last], done)
        yield* node.settled
      }
      assert.deepStrictEqual(offered(world), [
        "past#1",
        "past#1",
        "urgent#1",
        "plain#1",
        "patient#1",
        "past#1",
        "past#1"
      ])
    }))

  test("limits each key by itself", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(
        { type: "set", changes: { keyConcurrency: 1 } },
        ["a", { concurrencyKey: "x" }],
        ["b", { concurrencyKey: "x" }],
        ["c", { concurrencyKey: "y" }],
        ["d"]
      )
      assert.deepStrictEqual(offered(world), ["a#1", "c#1", "d#1"])
      assert.strictEqual(node.dispatcher.heldBy(id("b")), "keyConcurrency")
      yield* node.claim(id("a"))
      yield* node.report([id("a")], done)
      yield* node.settled
      assert.strictEqual(offered(world).at(-1), "b#1")
    }))

  test("lets no more begin within its time, and goes on by itself", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(
        { type: "set", changes: { rate: { count: 2, perMs: 10_000 } } },
        ["a"],
        ["b"],
        ["c"]
      )
      for (const taskId of ["a", "b"]) yield* node.claim(id(taskId))
      yield* node.report([id("a"), id("b")], done)
      assert.strictEqual(node.dispatcher.heldBy(id("c")), "rate")
      yield* advance(node, 9999)
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(offered(world), ["a#1", "b#1", "c#1"])
    }))

  test("lets nothing begin while it is paused; what runs goes on", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"])
      yield* node.claim(id("a"))
      yield* node.queue({ type: "pause" })
      assert.strictEqual(yield* node.beat(id("a")), "continue")
      yield* node.report([id("a")], done)
      yield* node.settled
      assert.deepStrictEqual(offered(world), ["a#1"])
      assert.strictEqual(node.dispatcher.heldBy(id("b")), "paused")
      yield* node.queue({ type: "resume" })
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
    }))

  test("follows a task that gets another priority, key or queue while it is held back", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"], ["c"], ["d"])
      yield* change(node, "d", { priority: 60 })
      yield* change(node, "c", { queue: "other" })
      assert.deepStrictEqual(offered(world), ["a#1", "c#1"])
      yield* node.claim(id("a"))
      yield* node.report([id("a")], done)
      yield* node.settled
      assert.deepStrictEqual(offered(world), ["a#1", "c#1", "d#1"])
    }))
})

describe("after a restart", () => {
  test("what runs counts, and everything else is offered again within the limit", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"], ["c"])
      yield* node.claim(id("a"))
      yield* advance(node, 200)
      yield* node.stop
      const next = yield* world.start("b")
      yield* next.settled
      assert.deepStrictEqual(offered(world), ["a#1"], "its start is in the log")
      assert.strictEqual(line(next), '1 running, 2 waiting, {"concurrency":2}')
      yield* next.report([id("a")], done)
      yield* next.settled
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
    }))

  test("what an owner before had offered is admitted at its claim where there is room, else it is asked for again", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due({ type: "set", changes: { concurrency: 2 } }, ["a"], ["b"], ["c"])
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
      yield* node.stop
      const next = yield* world.start("b")
      yield* next.queue(one)
      // The new owner offers them in its own order; the line still holds both.
      const [first, second] = offered(world).slice(2).includes("a#1") ? ["a", "b"] : ["b", "a"]
      assert.strictEqual(yield* next.claim(id(first ?? "")), "granted")
      assert.strictEqual(yield* next.claim(id(second ?? "")), "held")
      yield* next.report([id(first ?? "")], done)
      yield* next.settled
      assert.strictEqual(line(next), '0 running, 2 waiting, {"concurrency":1}')
    }))

  test("what its worker re-asserts counts, also beyond the limit", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"])
      yield* node.claim(id("a"))
      yield* node.stop
      const next = yield* world.start("b")
      assert.strictEqual(yield* next.beat(id("a")), "continue")
      yield* next.settled
      assert.match(line(next), /^1 running, 1 waiting/)
      assert.strictEqual(yield* next.claim(id("b")), "held")
      yield* next.report([id("a")], done)
      yield* next.settled
      assert.strictEqual(yield* next.claim(id("b")), "granted")
    }))

  test("what began lately counts against the rate", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due({ type: "set", changes: { rate: { count: 1, perMs: 60_000 } } }, ["a"], ["b"])
      yield* node.claim(id("a"))
      yield* advance(node, 1000)
      yield* node.report([id("a")], done)
      yield* node.stop
      const next = yield* world.start("b")
      yield* next.settled
      assert.deepStrictEqual(offered(world), ["a#1"])
      assert.strictEqual(yield* next.claim(id("b")), "held")
      yield* advance(next, 60_000)
      assert.deepStrictEqual(offered(world), ["a#1", "b#1"])
    }))

  test("a queue that was paused is", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due({ type: "pause" }, ["a"])
      yield* node.stop
      const next = yield* world.start("b")
      yield* next.settled
      assert.deepStrictEqual(offered(world), [])
      assert.strictEqual(next.dispatcher.heldBy(id("a")), "paused")
      yield* next.queue({ type: "resume" })
      assert.deepStrictEqual(offered(world), ["a#1"])
    }))
})

describe("a node that still reads its partitions", () => {
  test("lets nothing begin: what runs in those that it has not read counts as well", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(START)
      const sent: Array<string> = []
      const facts = { limits: { concurrency: 1 }, paused: null, queue: "q", revision: 1, changedAt: "", logSequence: 1 }
      const dispatcher = yield* Dispatcher.make({
        send: (items) => sent.push(...items.map(({ executionId }) => executionId)),
        queues: { of: () => facts, all: () => [facts], changes: Stream.never }
      })
      const place = { queue: "q", key: undefined, priority: 0, queuedAt: START }
      dispatcher.offer([{ ...place, item: workItem("first", "q") }])
      dispatcher.release()
      assert.deepStrictEqual(sent, [])
      assert.strictEqual(dispatcher.admit("first", 1, place, START), 100)
      // Another partition has been read, in which one runs.
      const running = new History()
      running.schedule({ queue: "q" })
      running.at(60_000).wake()
      const [due] = running.log.filter((event) => event.type === "due")
      running.claim(due?.executionId ?? "")
      if (running.state !== undefined) dispatcher.follow(undefined, running.state)
      dispatcher.start()
      assert.deepStrictEqual(sent, [])
      assert.strictEqual(dispatcher.heldBy("first"), "concurrency")
      const claimed = running.state
      running.report(due?.executionId ?? "", done)
      if (running.state !== undefined) dispatcher.follow(claimed, running.state)
      dispatcher.release()
      assert.deepStrictEqual(sent, ["first"])
    }))
})

describe("a lost line", () => {
  test("is made again for what was released, and for nothing that is held back", () =>
    Effect.gen(function* () {
      const { node, world } = yield* due(one, ["a"], ["b"])
      node.actor.submit({ _tag: "reoffer", held: new Set() })
      yield* node.settled
      assert.deepStrictEqual(offered(world), ["a#1", "a#1"])
      yield* node.claim(id("a"))
      yield* node.report([id("a")], done)
      yield* node.settled
      assert.deepStrictEqual(offered(world), ["a#1", "a#1", "b#1"])
    }))
})
