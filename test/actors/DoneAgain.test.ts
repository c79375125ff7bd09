/** What an owner keeps of what is over, and what it reads again from the log: with the real actor, through crashes and conflicts. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { CommandAnswer } from "../../src/actors/Envelope.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { EventOf } from "../../src/events/TaskEvent.ts"
import { type Fault, makePartition, type TestNode } from "../support/partition.ts"
import { type Asked, done, everySecond, failed, shown, START } from "../support/task.ts"

const test = <A, E>(name: string, body: () => Effect.Effect<A, E, EventLog | Scope.Scope>) =>
  it.effect(name, () => body().pipe(Effect.provide(EventLog.layerMemory, { local: true })))

const at = (taskId: string, second: number) => executionIdOf(taskId, START + second * 1000)
const toldOf = (answer: CommandAnswer): string => (answer._tag === "refused" ? answer.refused.code : "done")

let commands = 0
const ask = (node: TestNode, taskId: string, command: Asked, commandId = `again-${(commands += 1)}`) =>
  node.command({ ...command, taskId, causedBy: { commandId, actor: "test" } } as Parameters<TestNode["command"]>[0])
const retry = (executionId: string, endedAt?: number): Asked => ({
  type: "retry",
  executionId,
  fromStart: false,
  endedAt
})

describe("a task that is over", () => {
  for (const fault of [undefined, "unknownStored", "unknownLost", "unknownLate"] as ReadonlyArray<Fault | undefined>) {
    test(`is retried and restored by what the log says of it, once (${fault ?? "no fault"})`, () =>
      Effect.gen(function* () {
        const world = yield* makePartition()
        const node = yield* world.start("a")
        yield* node.schedule("task-1", { maxRetries: 0, recurrence: everySecond(60), taskArgs: { command: "date" } })
        yield* node.schedule("task-2")
        yield* TestClock.adjust(60_000)
        yield* node.settled
        yield* node.claim(at("task-1", 60))
        yield* node.report([at("task-1", 60)], failed)
        yield* node.cancel("task-1")
        if (fault !== undefined) world.faults.push(fault)
        const answer = yield* ask(node, "task-1", retry(at("task-1", 60)), "r1")
        assert.strictEqual(toldOf(answer), "done")
        const again = yield* ask(node, "task-1", retry(at("task-1", 60)), "r1")
        assert.deepStrictEqual(again, answer)
        const dues = (yield* world.events).filter((event): event is EventOf<"due"> => event.type === "due")
        const made = dues.filter(({ retryOf }) => retryOf !== undefined)
        assert.strictEqual(made.length, 1)
        assert.deepInclude(made[0], { retryOf: at("task-1", 60), nominalAt: "2026-03-02T09:01:00.000Z", manual: true })
        assert.deepStrictEqual(made[0]?.definition?.taskArgs, { command: "date" })
        assert.strictEqual(yield* node.claim(made[0]?.executionId ?? ""), "granted")
        assert.deepStrictEqual(yield* node.report([made[0]?.executionId ?? ""], done), ["recorded"])
        if (fault !== undefined) world.faults.push(fault)
        assert.strictEqual(toldOf(yield* ask(node, "task-1", { type: "restore", allowPast: false })), "done")
        assert.strictEqual((yield* world.events).filter(({ type }) => type === "restored").length, 1)
        yield* TestClock.adjust(60_000)
        yield* node.settled
        assert.include(
          (yield* world.events).flatMap((event) => (event.type === "due" ? [event.executionId] : [])),
          at("task-1", 120)
        )
      }))
  }

  test("is known to the next owner, which reads the log, and to one that is asked for what ended long ago", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.schedule("task-1", { maxRetries: 0 })
      yield* TestClock.adjust(60_000)
      yield* node.settled
      yield* node.claim(at("task-1", 60))
      yield* node.report([at("task-1", 60)], failed)
      yield* node.stop
      const next = yield* world.start("b")
      assert.strictEqual(toldOf(yield* ask(next, "task-1", retry(at("task-1", 60)))), "done")
      assert.strictEqual(toldOf(yield* ask(next, "task-1", retry(at("task-1", 60)))), "alreadyRetried")
      // A log sequence at which something else stands is no proof.
      assert.strictEqual(toldOf(yield* ask(next, "task-1", retry(at("task-1", 61), 1))), "notFound")
      assert.strictEqual(toldOf(yield* ask(next, "task-1", retry(at("task-1", 61), 999))), "notFound")
      assert.strictEqual(toldOf(yield* ask(next, "task-1", retry(at("task-1", 61)))), "notFound")
    }))

  test("is restored by a command that comes in the same turn as the one that ended it", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.schedule("task-1", { recurrence: everySecond(60) })
      const [cancelled, restored] = yield* Effect.all(
        [node.cancel("task-1"), ask(node, "task-1", { type: "restore", allowPast: false })],
        { concurrency: 2 }
      )
      assert.deepStrictEqual([toldOf(cancelled), toldOf(restored)], ["done", "done"])
    }))
})

describe("a stop that was asked for", () => {
  test("reaches the worker from the next owner as well, and no attempt follows", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.schedule("task-1", { recurrence: everySecond(60) })
      yield* TestClock.adjust(60_000)
      yield* node.settled
      assert.strictEqual(yield* node.claim(at("task-1", 60)), "granted")
      const cancel: Asked = { type: "cancelExecution", executionId: at("task-1", 60) }
      const answer = yield* ask(node, "task-1", cancel)
      assert.isTrue(answer._tag === "done" && answer.open)
      yield* node.stop
      const next = yield* world.start("b")
      assert.strictEqual(yield* next.beat(at("task-1", 60)), "stop")
      assert.strictEqual(toldOf(yield* ask(next, "task-1", cancel)), "alreadyCancelled")
      yield* next.report([at("task-1", 60)], failed)
      const told = shown((yield* world.events).slice(-2))
      assert.strictEqual(told, "stopping, failure 1 cancelled")
      assert.strictEqual(yield* next.claim(at("task-1", 60)), "gone")
    }))
})

describe("a report that is sent again", () => {
  test("is answered as the first time; another one of the same attempt is not", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.schedule("task-1", { maxRetries: 1 })
      yield* TestClock.adjust(60_000)
      yield* node.settled
      const id = at("task-1", 60)
      yield* node.claim(id)
      assert.deepStrictEqual(yield* node.report([id], failed), ["recorded"])
      assert.deepStrictEqual(yield* node.report([id], failed), ["recorded"])
      yield* node.stop
      const next = yield* world.start("b")
      assert.deepStrictEqual(yield* next.report([id], failed), ["recorded"])
      assert.deepStrictEqual(yield* next.report([id, id], done, 2), ["recorded", "recorded"])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* next.report([id], done, 2), ["refused"])
      const ends = (yield* world.events).filter(({ type }) => type === "success" || type === "retry")
      assert.strictEqual(ends.length, 2)
    }))
})
