/** What every event log must do. Run against the memory twin and against a real server. */
import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, type Layer, Queue, Stream } from "effect"
import * as Commit from "../../src/events/Commit.ts"
import { EventLog, hashOf } from "../../src/events/EventLog.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"

const time = "2026-03-08T14:30:00.000Z"

export const event = (taskId: string, reason = "test"): TaskEvent => ({
  type: "completed",
  version: 1,
  time,
  taskId,
  taskName: "name",
  taskType: "noop",
  scheduleType: "one_time",
  revision: 1,
  causedBy: { commandId: "c", actor: "a", reason }
})

const append = Effect.fnUntraced(function* (
  partition: number,
  previousSequence: number,
  events: ReadonlyArray<TaskEvent>,
  commitId = `${partition}.${previousSequence}`
) {
  const log = yield* EventLog
  return yield* log.append(
    { commitId, partition, time, previousSequence, previousHash: "" },
    events.map((one) => JSON.stringify(one))
  )
})

const stored = Effect.fnUntraced(function* (
  partition: number,
  previousSequence: number,
  events: ReadonlyArray<TaskEvent>
) {
  const outcome = yield* append(partition, previousSequence, events)
  if (outcome._tag !== "stored") return yield* Effect.die(new Error(`not stored: ${JSON.stringify(outcome)}`))
  return outcome
})

/** `world` gives an empty log, a new one for each test. */
export const eventLogContract = (world: () => Layer.Layer<EventLog>) => {
  const test = (name: string, body: Effect.Effect<void, unknown, EventLog>) =>
    it.live(name, () => body.pipe(Effect.provide(world(), { local: true })))

  test(
    "stores a commit whole and reads it back with its sequence, hash and events in order",
    Effect.gen(function* () {
      const log = yield* EventLog
      const events = [event("a"), event("b"), event("a")]
      const outcome = yield* stored(3, 0, events)
      const [recorded] = yield* Stream.runCollect(log.read(3, 0))
      assert.strictEqual(recorded?.sequence, outcome.sequence)
      assert.strictEqual(recorded?.hash, outcome.hash)
      assert.deepStrictEqual(
        recorded?.commit.events.map((one) => one.taskId),
        ["a", "b", "a"]
      )
      assert.strictEqual(yield* log.lastSequence, outcome.sequence)
    })
  )

  test(
    "refuses a commit that was decided on an older state, and stores nothing of it",
    Effect.gen(function* () {
      const log = yield* EventLog
      const first = yield* stored(1, 0, [event("a")])
      assert.strictEqual((yield* append(1, 0, [event("b")], "late"))._tag, "conflict")
      assert.strictEqual((yield* Stream.runCollect(log.read(1, 0))).length, 1)
      yield* stored(1, first.sequence, [event("c")])
    })
  )

  test(
    "guards each partition by itself",
    Effect.gen(function* () {
      yield* stored(1, 0, [event("a")])
      yield* stored(2, 0, [event("b")])
      assert.strictEqual((yield* append(2, 0, [event("c")], "again"))._tag, "conflict")
    })
  )

  test(
    "lets exactly one of many writers at the same sequence win",
    Effect.gen(function* () {
      const outcomes = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, index) => index),
        (index) => append(5, 0, [event(`t${index}`)], `w${index}`),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(outcomes.filter((one) => one._tag === "stored").length, 1)
      assert.strictEqual(outcomes.filter((one) => one._tag === "conflict").length, 19)
    })
  )

  test(
    "reads only what comes after a sequence, of one partition only, and ends",
    Effect.gen(function* () {
      const log = yield* EventLog
      let last = 0
      for (let index = 0; index < 5; index++) {
        last = (yield* stored(7, last, [event(`t${index}`)])).sequence
        if (index === 2) yield* stored(8, 0, [event("other")])
      }
      const all = yield* Stream.runCollect(log.read(7, 0))
      assert.strictEqual(all.length, 5)
      const third = all[2]?.sequence ?? 0
      const rest = yield* Stream.runCollect(log.read(7, third))
      assert.deepStrictEqual(
        rest.map((recorded) => recorded.commit.events[0]?.taskId),
        ["t3", "t4"]
      )
      assert.strictEqual((yield* Stream.runCollect(log.read(7, last))).length, 0)
      assert.strictEqual((yield* Stream.runCollect(log.read(9, 0))).length, 0)
    })
  )

  test(
    "refuses a commit that is too large for one message, whole, and goes on",
    Effect.gen(function* () {
      const log = yield* EventLog
      const exit = yield* Effect.exit(append(1, 0, [event("a", "x".repeat(log.maxCommitBytes))]))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes("larger than"))
      assert.strictEqual(yield* log.lastSequence, 0)
      yield* stored(1, 0, [event("a", "x".repeat(log.maxCommitBytes - 1000))])
    })
  )

  test(
    "follows one partition only, where that is asked for",
    Effect.gen(function* () {
      const log = yield* EventLog
      const first = yield* stored(1, 0, [event("other")])
      const second = yield* stored(2, 0, [event("t0")])
      const seen = yield* Queue.unbounded<string>()
      const follower = yield* log.follow(first.sequence, 2).pipe(
        Stream.runForEach((recorded) => Queue.offer(seen, recorded.commit.events[0]?.taskId ?? "")),
        (following) => Effect.forkChild(following, { startImmediately: true })
      )
      assert.strictEqual(yield* Queue.take(seen), "t0")
      yield* stored(1, first.sequence, [event("other")])
      yield* stored(2, second.sequence, [event("t1")])
      assert.strictEqual(yield* Queue.take(seen), "t1")
      yield* Fiber.interrupt(follower)
    })
  )

  test(
    "keeps events of calendars as it keeps those of tasks",
    Effect.gen(function* () {
      const log = yield* EventLog
      const calendars = [
        {
          type: "calendarSet" as const,
          version: 1 as const,
          time,
          calendar: "holidays",
          revision: 1,
          causedBy: { commandId: "c", actor: "a" },
          days: [{ from: "12-24", to: "01-02" }]
        }
      ]
      const head = { commitId: "c.1", partition: 1024, time, previousSequence: 0, previousHash: "", calendars }
      yield* log.append(head, [])
      const [recorded] = yield* Stream.runCollect(log.read(1024, 0))
      assert.deepStrictEqual(recorded?.commit.calendars, calendars)
      assert.deepStrictEqual(recorded?.commit.events, [])
    })
  )

  test(
    "follows: first what is there, then what comes, each once and in order",
    Effect.gen(function* () {
      const log = yield* EventLog
      const seen = yield* Queue.unbounded<string>()
      const first = yield* stored(1, 0, [event("t0")])
      const second = yield* stored(2, 0, [event("t1")])
      const follower = yield* log.follow(0).pipe(
        Stream.runForEach((recorded) => Queue.offer(seen, recorded.commit.events[0]?.taskId ?? "")),
        Effect.forkChild
      )
      assert.deepStrictEqual(yield* Queue.takeN(seen, 2), ["t0", "t1"])
      yield* stored(1, first.sequence, [event("t2")])
      yield* stored(2, second.sequence, [event("t3")])
      assert.deepStrictEqual(yield* Queue.takeN(seen, 2), ["t2", "t3"])
      yield* Fiber.interrupt(follower)
    })
  )

  test(
    "follows from a checkpoint without what was seen before",
    Effect.gen(function* () {
      const log = yield* EventLog
      const first = yield* stored(1, 0, [event("t0")])
      yield* stored(1, first.sequence, [event("t1")])
      const [next] = yield* log.follow(first.sequence).pipe(Stream.take(1), Stream.runCollect)
      assert.strictEqual(next?.commit.events[0]?.taskId, "t1")
    })
  )

  test(
    "hashes exactly the bytes that a commit encodes to",
    Effect.gen(function* () {
      const events = [event("é✓")]
      const outcome = yield* stored(1, 0, events)
      const text = Commit.encode(
        { commitId: "1.0", partition: 1, time, previousSequence: 0, previousHash: "" },
        events.map((one) => JSON.stringify(one))
      )
      assert.strictEqual(outcome.hash, hashOf(text))
    })
  )

  test(
    "gives what is stored byte for byte, a page at a time, of some partitions, and what is wanted of them",
    Effect.gen(function* () {
      const log = yield* EventLog
      let previous = 0
      for (const taskId of ["t0", "t1", "t2", "t3"]) previous = (yield* stored(1, previous, [event(taskId)])).sequence
      const other = yield* stored(2, 0, [event("t4")])
      const all = yield* log.stored({ after: 0, bytes: 1_000_000 })
      assert.deepStrictEqual(
        all.lines.map(({ sequence, text }) => [sequence, hashOf(text)]),
        [
          ...(yield* Stream.runCollect(log.read(1, 0))).map(({ hash, sequence }) => [sequence, hash]),
          [other.sequence, other.hash]
        ]
      )
      assert.strictEqual(all.through, other.sequence)
      assert.strictEqual(all.last, other.sequence)
      const first = yield* log.stored({ after: 0, bytes: 1 })
      assert.deepStrictEqual(first.lines, all.lines.slice(0, 1))
      assert.strictEqual(first.through, first.lines[0]?.sequence)
      const two = yield* log.stored({ after: first.through, bytes: 1_000_000, limit: 2 })
      assert.deepStrictEqual(two.lines, all.lines.slice(1, 3))
      const second = yield* log.stored({ after: 0, bytes: 1_000_000, partitions: [2] })
      assert.deepStrictEqual(
        second.lines.map(({ sequence }) => sequence),
        [other.sequence]
      )
      assert.strictEqual(second.through, other.sequence)
      const wanted = yield* log.stored({
        after: 0,
        bytes: 1_000_000,
        partitions: [1, 2],
        wants: (partition, text) => partition === 1 && text.includes("t2")
      })
      assert.strictEqual(wanted.lines.length, 1)
      assert.strictEqual(wanted.through, other.sequence)
      const nothing = yield* log.stored({ after: other.sequence, bytes: 1_000_000 })
      assert.deepStrictEqual(nothing, { lines: [], through: other.sequence, last: other.sequence })
    })
  )
}
