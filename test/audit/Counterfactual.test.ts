import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { CalendarHistory } from "../../src/audit/CalendarHistory.ts"
import { type Change, type Course, course, otherwise, type Placed, recorded } from "../../src/audit/Counterfactual.ts"
import type { Commit } from "../../src/events/Commit.ts"
import type { EventLog } from "../../src/events/EventLog.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import { makePartition, type TestNode } from "../support/partition.ts"
import { layer, Stored } from "../support/stored.ts"
import { done, everySecond, failed, START } from "../support/task.ts"

const test = <A, E>(name: string, body: () => Effect.Effect<A, E, EventLog | Stored | Scope.Scope>) =>
  it.effect(name, () => body().pipe(Effect.provide(layer, { local: true })))

const none = new CalendarHistory()
const eventsOf = Effect.map(Stored, (lines): ReadonlyArray<Placed> =>
  lines.flatMap(({ sequence, text }) =>
    (JSON.parse(text) as Commit).events.map((event) => ({ event, logSequence: sequence }))
  )
)
const courses = Effect.fnUntraced(function* (change: Change) {
  const events = yield* eventsOf
  const would = course(events, none, change)
  const same = course(events, none, {})
  if (would === undefined || same === undefined) throw new Error("no course")
  return { was: recorded(events, none), same, would }
})

const until = Effect.fnUntraced(function* (node: TestNode, second: number) {
  yield* TestClock.setTime(START + second * 1000)
  yield* node.settled
})
const execution = (second: number) => executionIdOf("task-1", START + second * 1000)
/** Its worker is heard of until then. */
const works = Effect.fnUntraced(function* (node: TestNode, second: number, from: number, to: number, attempt = 1) {
  for (let now = from; now < to; now += 8) {
    yield* until(node, now)
    yield* node.beat(execution(second), attempt)
  }
})

/** An execution begins at once, and ends so many seconds later. */
const runs = Effect.fnUntraced(function* (node: TestNode, second: number, seconds: number) {
  yield* until(node, second)
  yield* node.claim(execution(second))
  yield* TestClock.setTime(START + (second + seconds) * 1000)
  yield* node.report([execution(second)], done)
})

const started = Effect.fnUntraced(function* (changes: Partial<TaskDefinition>) {
  const world = yield* makePartition()
  const node = yield* world.start("a")
  yield* node.schedule("task-1", { recurrence: everySecond(60), ...changes })
  return { world, node }
})
const decided = ({ decisions }: Course) =>
  [...decisions].map(([at, what]) => `${(Date.parse(at) - START) / 1000} ${what}`)

describe("the same policy", () => {
  test("decides the same again: overlaps, retries, an outage, a pause and what was left out", () =>
    Effect.gen(function* () {
      const { node, world } = yield* started({ maxRetries: 2, catchUp: "latest" })
      yield* runs(node, 60, 9)
      yield* until(node, 120)
      yield* node.claim(execution(120))
      yield* works(node, 120, 128, 185)
      yield* TestClock.setTime(START + 185_000)
      yield* node.report([execution(120)], failed)
      yield* until(node, 187)
      yield* node.claim(execution(120), 2)
      yield* node.report([execution(120)], done, 2)
      yield* node.command({
        type: "skip",
        taskId: "task-1",
        at: START + 300_000,
        causedBy: { commandId: "s", actor: "ann" }
      })
      yield* runs(node, 240, 5)
      yield* until(node, 310)
      yield* node.stop
      yield* TestClock.setTime(START + 600_500)
      const again = yield* world.start("b")
      yield* again.settled
      yield* again.command({ type: "pause", taskId: "task-1", until: null, causedBy: { commandId: "p", actor: "ann" } })
      yield* until(again, 800)
      yield* again.command({ type: "resume", taskId: "task-1", causedBy: { commandId: "r", actor: "ann" } })
      yield* until(again, 845)
      yield* again.cancel("task-1")
      const { same, was } = yield* courses({})
      assert.deepStrictEqual(decided(same), decided(was))
      assert.include(decided(was), "180 overlap")
      assert.include(decided(was), "300 skippedByUser")
      assert.include(decided(was), "480 catchUp")
      assert.include(decided(was), "660 paused")
      assert.deepStrictEqual(same.skipped, was.skipped)
      assert.strictEqual(same.success, was.success)
    }))
})

describe("another overlap policy", () => {
  test("runs what was skipped, for as long as the others took", () =>
    Effect.gen(function* () {
      const { node } = yield* started({ overlap: "skip" })
      yield* until(node, 60)
      yield* node.claim(execution(60))
      yield* works(node, 60, 68, 150)
      yield* TestClock.setTime(START + 150_000)
      yield* node.report([execution(60)], done)
      yield* runs(node, 180, 9)
      yield* runs(node, 240, 9)
      yield* until(node, 300)
      const { was, would } = yield* courses({ overlap: "allowAll" })
      assert.deepStrictEqual(otherwise("task-1", was.decisions, would.decisions), [
        { at: "2026-03-02T09:02:00.000Z", executionId: execution(120), was: "overlap", would: "due" }
      ])
      assert.strictEqual(would.assumed, 1)
      assert.strictEqual(would.mostAtOnce, 2)
      assert.deepStrictEqual(would.skipped, {})
    }))
})

describe("another catch-up policy", () => {
  test("decides otherwise about what was missed", () =>
    Effect.gen(function* () {
      const { node, world } = yield* started({ overlap: "allowAll", catchUp: "none" })
      yield* node.stop
      yield* TestClock.setTime(START + 270_000)
      const again = yield* world.start("b")
      yield* again.settled
      const { was, would } = yield* courses({ catchUp: "all" })
      assert.deepStrictEqual(was.skipped, { catchUp: 4 })
      assert.strictEqual(would.due, 4)
      assert.strictEqual(otherwise("task-1", was.decisions, would.decisions).length, 4)
      const latest = (yield* courses({ catchUp: "latest" })).would
      assert.deepStrictEqual(decided(latest), ["60 catchUp", "120 catchUp", "180 catchUp", "240 due"])
    }))
})

describe("another number of retries", () => {
  test("fails sooner with fewer", () =>
    Effect.gen(function* () {
      const { node } = yield* started({ maxRetries: 2 })
      yield* until(node, 60)
      yield* node.claim(execution(60))
      yield* node.report([execution(60)], failed)
      yield* until(node, 62)
      yield* node.claim(execution(60), 2)
      yield* node.report([execution(60)], done, 2)
      const { same, was, would } = yield* courses({ maxRetries: 0 })
      assert.deepStrictEqual([was.success, was.failure, was.attempts], [1, 0, 2])
      assert.deepStrictEqual([same.success, same.failure, same.attempts], [1, 0, 2])
      assert.deepStrictEqual([would.success, would.failure, would.attempts], [0, 1, 1])
    }))
})
