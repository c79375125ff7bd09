/**
 * What the policies of a task come to, as tables: the real actor in virtual time, with a worker whose runs take as long as
 * the table says, through outages. What is expected was worked out by hand from the definitions of the policies.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { EventLog } from "../../src/events/EventLog.ts"
import type { CatchUp, ExecutionOverlap, TaskDefinition } from "../../src/events/TaskDefinition.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { toMillis } from "../../src/recurrence/Instant.ts"
import type { Outcome } from "../../src/work/Work.ts"
import { makePartition, type PartitionWorld, type TestNode } from "../support/partition.ts"
import { done, everySecond, START } from "../support/task.ts"

const test = <A, E>(name: string, body: () => Effect.Effect<A, E, EventLog | Scope.Scope>) =>
  it.effect(name, () => body().pipe(Effect.provide(EventLog.layerMemory, { local: true })))

const MINUTE = 60_000
const STEP = 5000
const stopped: Outcome = { outcome: "cancelled", error: { code: "cancelled", message: "asked to stop" } }

/** Runs what is offered, each for so long, until a minute after the start; what is to stop, stops. */
const work = Effect.fnUntraced(function* (world: PartitionWorld, node: TestNode, runMs: number, untilMinute: number) {
  const running = new Map<string, number>()
  const seen = new Set<string>()
  let now = yield* Clock.currentTimeMillis
  while (now < START + untilMinute * MINUTE) {
    yield* TestClock.adjust(STEP)
    now += STEP
    yield* node.settled
    for (const [offer, since] of running) {
      const executionId = offer.split("#")[0] ?? ""
      const answer = yield* node.beat(executionId)
      const outcome = answer === "stop" ? stopped : now - since >= runMs ? done : undefined
      if (outcome === undefined) continue
      running.delete(offer)
      yield* node.report([executionId], outcome)
      yield* node.settled
    }
    for (const offer of world.offers) {
      if (seen.has(offer)) continue
      seen.add(offer)
      if ((yield* node.claim(offer.split("#")[0] ?? "")) === "granted") running.set(offer, now)
    }
  }
})

const minute = (instant: string): string => String(Math.round((toMillis(instant) - START) / MINUTE))

/** Each decision, and each end, under the minute of its instant. */
const told = (events: ReadonlyArray<TaskEvent>): ReadonlyArray<string> =>
  events.flatMap((event) => {
    switch (event.type) {
      case "due":
        return [`${minute(event.nominalAt)} ${event.buffered === true ? "waits" : "begins"}`]
      case "skipped":
        return [
          event.count === 1
            ? `${minute(event.nominalAt)} skipped ${event.reason}`
            : `${minute(event.nominalAt)}-${minute(event.throughAt)} skipped ${event.reason}`
        ]
      case "success":
        return [`${minute(event.nominalAt)} done`]
      case "failure":
        return [`${minute(event.nominalAt)} ${event.error.code}`]
      default:
        return []
    }
  })

const minutely = (changes: Partial<TaskDefinition>): Partial<TaskDefinition> => ({
  recurrence: everySecond(60),
  maxRetries: 0,
  ...changes
})

describe("overlap: every minute, each run takes two minutes and a half, seen for six minutes", () => {
  const expected: Readonly<Record<ExecutionOverlap, string>> = {
    skip: "1 begins, 2 skipped overlap, 3 skipped overlap, 1 done, 4 begins, 5 skipped overlap, 6 skipped overlap",
    bufferOne: "1 begins, 2 waits, 3 skipped overlap, 1 done, 4 waits, 5 skipped overlap, 6 skipped overlap, 2 done",
    bufferAll: "1 begins, 2 waits, 3 waits, 1 done, 4 waits, 5 waits, 6 waits, 2 done",
    cancelOther:
      "1 begins, 2 waits, 1 cancelled, 3 waits, 2 cancelled, 4 waits, 3 cancelled, 5 waits, 4 cancelled, 6 waits, 5 cancelled",
    terminateOther:
      "1 begins, 1 cancelled, 2 begins, 2 cancelled, 3 begins, 3 cancelled, 4 begins, 4 cancelled, 5 begins, 5 cancelled, 6 begins",
    allowAll: "1 begins, 2 begins, 3 begins, 1 done, 4 begins, 2 done, 5 begins, 3 done, 6 begins"
  }
  for (const overlap of Object.keys(expected) as ReadonlyArray<ExecutionOverlap>) {
    test(overlap, () =>
      Effect.gen(function* () {
        const world = yield* makePartition()
        const node = yield* world.start("a")
        yield* node.schedule("task", minutely({ overlap }))
        yield* work(world, node, 2.5 * MINUTE, 6.1)
        assert.strictEqual(told(yield* world.events).join(", "), expected[overlap])
      })
    )
  }
})

describe("catch-up: every minute, nobody there from the second minute to the middle of the eighth", () => {
  const expected: Readonly<Record<CatchUp, string>> = {
    none: "1 begins, 1 done, 2-7 skipped catchUp, 8 begins, 8 done",
    latest: "1 begins, 1 done, 2-6 skipped catchUp, 7 begins, 7 done, 8 begins, 8 done",
    earliest: "1 begins, 1 done, 2 begins, 3-7 skipped catchUp, 2 done, 8 begins, 8 done",
    all: "1 begins, 1 done, 2 begins, 3 begins, 4 begins, 5 begins, 6 begins, 7 begins, 2 done, 3 done, 4 done, 5 done, 6 done, 7 done, 8 begins, 8 done"
  }
  for (const catchUp of Object.keys(expected) as ReadonlyArray<CatchUp>) {
    test(catchUp, () =>
      Effect.gen(function* () {
        const world = yield* makePartition()
        const before = yield* world.start("a")
        yield* before.schedule("task", minutely({ catchUp, overlap: "allowAll" }))
        yield* work(world, before, STEP, 1.5)
        yield* before.stop
        yield* TestClock.setTime(START + 7.5 * MINUTE)
        const after = yield* world.start("b")
        yield* work(world, after, STEP, 8.5)
        assert.strictEqual(told(yield* world.events).join(", "), expected[catchUp])
      })
    )
  }

  const windows: ReadonlyArray<readonly [minutes: number, expected: string]> = [
    [0.2, "2-7 skipped catchUp, 8 begins"],
    [1, "2-6 skipped catchUp, 7 begins, 8 begins"],
    [3, "2-4 skipped catchUp, 5 begins, 6 begins, 7 begins, 8 begins"],
    [60, "2 begins, 3 begins, 4 begins, 5 begins, 6 begins, 7 begins, 8 begins"]
  ]
  for (const [minutes, expected] of windows) {
    test(`all, within ${minutes} minutes`, () =>
      Effect.gen(function* () {
        const world = yield* makePartition()
        const before = yield* world.start("a")
        const policy = { catchUp: "all", catchUpWindowMs: minutes * MINUTE, overlap: "allowAll" } as const
        yield* before.schedule("task", minutely(policy))
        yield* work(world, before, STEP, 1.5)
        yield* before.stop
        yield* TestClock.setTime(START + 7.5 * MINUTE)
        const after = yield* world.start("b")
        yield* work(world, after, STEP, 8.5)
        const decisions = told(yield* world.events).filter((one) => !one.endsWith("done"))
        assert.strictEqual(decisions.slice(1).join(", "), expected)
      }))
  }
})

describe("backfill: of minutes 1 to before 4, asked for in the middle of the seventh, each run takes a minute and a half", () => {
  const expected = {
    bufferAll: "1 begins, 2 waits, 3 waits, 7 begins, 8 skipped overlap, 1 done, 7 done, 9 begins, 2 done",
    allowAll: "1 begins, 2 begins, 3 begins, 7 begins, 8 skipped overlap, 1 done, 2 done, 3 done, 7 done, 9 begins"
  }
  for (const overlap of ["bufferAll", "allowAll"] as const) {
    test(`${overlap}; the schedule goes on beside it`, () =>
      Effect.gen(function* () {
        const world = yield* makePartition()
        const node = yield* world.start("a")
        yield* TestClock.setTime(START + 6.5 * MINUTE)
        yield* node.schedule("task", minutely({}))
        const answer = yield* node.command({
          type: "backfill",
          taskId: "task",
          from: START + MINUTE,
          to: START + 4 * MINUTE,
          atOnce: overlap === "allowAll",
          causedBy: { commandId: "fill", actor: "test" }
        })
        assert.strictEqual(answer._tag === "done" ? answer.executions : answer.refused.message, 3)
        yield* work(world, node, 1.5 * MINUTE, 9.9)
        assert.strictEqual(told(yield* world.events).join(", "), expected[overlap])
      }))
  }
})
