import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Report, Verification, type VerifyOptions } from "../../src/audit/Verify.ts"
import type { EventLog } from "../../src/events/EventLog.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { EventOf, TaskEvent } from "../../src/events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../src/recurrence/Instant.ts"
import { makePartition, type TestNode } from "../support/partition.ts"
import { type Change, layer, type Line, Stored, tampered } from "../support/stored.ts"
import { definition, done, everySecond, failed, START } from "../support/task.ts"

const test = <A, E>(name: string, body: () => Effect.Effect<A, E, EventLog | Stored | Scope.Scope>) =>
  it.effect(name, () => body().pipe(Effect.provide(layer, { local: true })))

const verify = (lines: ReadonlyArray<Line>, options: VerifyOptions = {}): Report => {
  const verification = new Verification(options)
  for (const { sequence, storedAt, text } of lines) verification.text(sequence, text, storedAt)
  return verification.end()
}

const at = (taskId: string, second: number) => executionIdOf(taskId, START + second * 1000)
const kinds = (report: Report) => [...new Set(report.findings.map(({ kind }) => kind))].sort()
const clean = (report: Report) => assert.deepStrictEqual(report.findings, [])

const command = (type: "pause" | "resume" | "skip" | "change", taskId: string, more: object = {}) =>
  ({ type, taskId, causedBy: { commandId: `${type}-${JSON.stringify(more)}`, actor: "ann" }, ...more }) as never

/** The end of the task of an event. */
const over = ({
  causedBy,
  revision,
  scheduleType,
  taskId,
  taskName,
  taskType,
  time,
  version
}: TaskEvent): TaskEvent => ({
  type: "completed",
  causedBy,
  revision,
  scheduleType,
  taskId,
  taskName,
  taskType,
  time,
  version
})

const fire = (sequence: number) =>
  ({
    type: "fire",
    taskId: "heard",
    heardFor: "on subject orders.created",
    message: {
      id: `orders.${sequence}`,
      subject: "orders.created",
      at: fromMillis(START + sequence * 1000),
      place: { stream: "ORDERS", sequence },
      data: null
    },
    bytes: 4,
    chain: 0,
    causedBy: { commandId: `orders.${sequence}`, actor: "orders" }
  }) as const

/** Runs what is due, up to a second after the start. */
const until = Effect.fnUntraced(function* (node: TestNode, second: number) {
  yield* TestClock.setTime(START + second * 1000)
  yield* node.settled
})

/**
 * A busy half hour: recurring and one-time tasks, retries, overlaps, pauses, edits, occurrences left out, runs by hand,
 * lost appends, a restart after an outage of five minutes, and a cancellation.
 */
const busy = Effect.gen(function* () {
  const world = yield* makePartition()
  let node = yield* world.start("a")
  yield* node.schedule("minutely", { recurrence: everySecond(60), overlap: "allowAll", catchUp: "all" })
  yield* node.schedule("slow", { recurrence: everySecond(60), overlap: "skip" })
  yield* node.schedule("once", { recurrence: { kind: "once", at: fromMillis(START + 90_000) }, maxRetries: 1 })
  yield* node.schedule("few", { recurrence: everySecond(120), maxRuns: 3, catchUp: "none" })
  yield* node.schedule("cron", {
    recurrence: {
      kind: "cron",
      expression: "30 */2 * * * *",
      timezone: "Europe/Berlin",
      gap: "nextValid",
      overlap: "first"
    },
    timezone: "Europe/Berlin",
    offsetMs: 1500
  })
  yield* node.schedule("heard", { recurrence: { kind: "subject", subject: "orders.created" }, overlap: "allowAll" })
  yield* node.schedule("gone", { recurrence: everySecond(45), overlap: "bufferOne" })
  for (const second of [60, 90, 121, 180]) {
    yield* until(node, second)
    if (second === 60) {
      yield* node.claim(at("minutely", 60))
      yield* node.report([at("minutely", 60)], done)
      // The slow one stays at work: its next instants are skipped.
      yield* node.claim(at("slow", 60))
    }
    if (second === 90) {
      yield* node.claim(at("once", 90))
      yield* node.report([at("once", 90)], failed)
    }
  }
  yield* node.claim(at("once", 90), 2)
  yield* node.report([at("once", 90)], done, 2)
  yield* node.beat(at("slow", 60))
  world.faults.push("unknownStored", "unknownLost", "unknownLate")
  yield* node.command(command("skip", "minutely", { at: START + 300_000 }))
  yield* node.command(command("pause", "cron", { until: START + 400_000 }))
  for (const sequence of [5, 7, 7, 9]) yield* node.command(fire(sequence))
  yield* until(node, 240)
  yield* node.command({
    type: "run",
    taskId: "cron",
    fromStep: undefined,
    causedBy: { commandId: "byhand", actor: "ann" }
  })
  yield* until(node, 300)
  yield* node.stop
  // Nobody is there for five minutes.
  yield* TestClock.setTime(START + 600_000)
  node = yield* world.start("b")
  yield* node.settled
  yield* until(node, 660)
  yield* node.command(
    command("change", "slow", {
      ifRevision: undefined,
      apply: () => ({
        _tag: "Success",
        success: { definition: definition({ recurrence: everySecond(50), overlap: "skip" }), timed: true }
      })
    })
  )
  yield* until(node, 700)
  yield* node.cancel("gone")
  yield* until(node, 900)
  yield* node.stop
  return [...(yield* Stored)]
})

describe("a log of real actors", () => {
  test("tells a lost instant once, whether its owner is there, comes late, or loses its append", () =>
    Effect.gen(function* () {
      const gap = Date.parse("2026-03-29T01:00:00.000Z")
      const recurrence = {
        kind: "cron",
        expression: "0 30 2 * * *",
        timezone: "Europe/Berlin",
        gap: "skip",
        overlap: "first"
      } as const
      const world = yield* makePartition()
      let node = yield* world.start("a")
      yield* TestClock.setTime(gap - 3_600_000)
      for (const [index, taskId] of ["there", "late"].entries()) {
        yield* node.schedule(taskId, { recurrence, timezone: "Europe/Berlin", offsetMs: index * 600_000 })
      }
      world.faults.push("unknownStored", "unknownLost")
      yield* TestClock.setTime(gap)
      yield* node.settled
      yield* node.stop
      yield* TestClock.setTime(gap + 86_400_000)
      node = yield* world.start("b")
      yield* node.settled
      yield* node.stop
      const report = verify(yield* Stored)
      clean(report)
      assert.deepStrictEqual(report.decisions.skipped["dstGap"], 2)
    }))

  test("is without findings, through outages, restarts, lost appends and every kind of command", () =>
    Effect.gen(function* () {
      const report = verify(yield* busy)
      clean(report)
      assert.isTrue(report.ok)
      assert.strictEqual(report.tasks, 7)
      assert.isAbove(report.decisions.due, 15)
      assert.deepStrictEqual(Object.keys(report.decisions.skipped).sort(), [
        "catchUp",
        "overlap",
        "paused",
        "skippedByUser"
      ])
      assert.isAbove(report.decisions.late, 0)
      assert.strictEqual(report.decisions.manual, 1)
      assert.strictEqual(report.executions.success, 2)
      assert.strictEqual(report.executions.retry, 2)
    }))
})

describe("a log on which somebody has laid hands", () => {
  const isDecision = (event: TaskEvent): event is EventOf<"due"> => event.type === "due" && event.manual !== true
  /** Applies to the tenth decision, or the first of a kind. */
  const once = (
    wanted: (event: TaskEvent) => boolean,
    change: (event: TaskEvent) => ReadonlyArray<TaskEvent>,
    nth = 1
  ): Change => {
    let seen = 0
    return (events) => {
      if (!events.some(wanted)) return events
      return events.flatMap((event) => (wanted(event) && ++seen === nth ? change(event) : [event]))
    }
  }
  const moved = (event: TaskEvent, ms: number): TaskEvent => {
    if (event.type !== "due") return event
    const nominal = toMillis(event.nominalAt) + ms
    return {
      ...event,
      nominalAt: fromMillis(nominal),
      dueAt: fromMillis(nominal),
      executionId: executionIdOf(event.taskId, nominal)
    }
  }
  const minutely = (event: TaskEvent) => isDecision(event) && event.taskId === "minutely"
  const cases: ReadonlyArray<readonly [name: string, change: () => Change, forged: ReadonlyArray<string>]> = [
    ["one decision removed", () => once(minutely, () => [], 3), ["unexplained"]],
    [
      "a message that was decided about twice",
      () =>
        once(
          (event) => event.type === "due" && event.message?.place.sequence === 9,
          (event) => [event, event]
        ),
      ["duplicate"]
    ],
    ["one decision written twice", () => once(minutely, (event) => [event, event], 3), ["duplicate"]],
    [
      "one decision moved by a second",
      () => once(minutely, (event) => [moved(event, 1000)], 3),
      ["offGrid", "unexplained"]
    ],
    [
      "one decision moved back by a second",
      () => once(minutely, (event) => [moved(event, -1000)], 3),
      ["offGrid", "unexplained"]
    ],
    [
      "an outcome removed",
      () =>
        once(
          (event) => event.type === "success" && event.taskId === "once",
          () => []
        ),
      ["noOutcome"]
    ],
    [
      "an outcome written twice",
      () =>
        once(
          (event) => event.type === "success" && event.taskId === "minutely",
          (event) => [event, event]
        ),
      ["twoOutcomes"]
    ],
    [
      "a retry removed",
      () =>
        once(
          (event) => event.type === "retry" && event.taskId === "once",
          () => []
        ),
      ["wrongAttempt"]
    ],
    [
      "a skip removed",
      () =>
        once(
          (event) => event.type === "skipped" && event.reason === "overlap",
          () => [],
          2
        ),
      ["unexplained"]
    ],
    [
      "a skipped stretch made shorter",
      () =>
        once(
          (event) => event.type === "skipped" && event.count > 2,
          (event) => [{ ...event, count: 2 } as TaskEvent]
        ),
      ["wrongCount"]
    ],
    [
      "a pause removed",
      () =>
        once(
          (event) => event.type === "paused",
          () => []
        ),
      ["wrongReason"]
    ],
    [
      "the end of a task put in",
      () => once(minutely, (event) => [event, over(event)], 3),
      ["afterCompleted", "completedEarly", "noOutcome"]
    ],
    [
      "something due after a cancellation",
      () => {
        let last: TaskEvent | undefined
        return (events) => {
          last = events.find((event) => isDecision(event) && event.taskId === "gone") ?? last
          return events.flatMap((event) =>
            event.type === "cancelled" && last !== undefined ? [event, moved(last, 45_000)] : [event]
          )
        }
      },
      ["afterCancelled"]
    ],
    [
      "a task whose beginning is gone",
      () =>
        once(
          (event) => event.type === "scheduled" && event.taskId === "few",
          () => []
        ),
      ["unknownTask"]
    ]
  ]
  for (const [name, change, wanted] of cases) {
    test(`${name}: found by what was decided, also where the chain was made whole again`, () =>
      Effect.gen(function* () {
        const lines = yield* busy
        const forged = verify(tampered(lines, change(), true))
        for (const kind of wanted) assert.include(kinds(forged), kind)
        assert.notInclude(kinds(forged), "brokenChain")
        assert.isFalse(forged.ok)
        assert.include(kinds(verify(tampered(lines, change(), false))), "brokenChain")
      }))
  }

  test("an edited result: found by the chain, and where that was made whole again, by the digest that was kept", () =>
    Effect.gen(function* () {
      const lines = yield* busy
      const change = () =>
        once(
          (event) => event.type === "success",
          (event) => [{ ...event, result: "all is well" } as TaskEvent]
        )
      const plain = verify(tampered(lines, change(), false))
      assert.deepStrictEqual(kinds(plain), ["brokenChain"])
      const forged = verify(tampered(lines, change(), true))
      clean(forged)
      assert.notStrictEqual(forged.digest, verify(lines).digest)
    }))

  test("commits that are missing, in the middle or in another order", () =>
    Effect.gen(function* () {
      const lines = yield* busy
      assert.include(kinds(verify(lines.filter(({ sequence }) => sequence !== 7))), "gap")
      assert.include(kinds(verify(lines.filter(({ sequence }) => sequence !== 7))), "brokenChain")
      const renumbered = lines
        .filter(({ sequence }) => sequence !== 7)
        .map((line, index) => ({ ...line, sequence: index + 1 }))
      assert.include(kinds(verify(renumbered)), "brokenChain")
      const swapped = [...lines.slice(0, 5), ...lines.slice(6, 7), ...lines.slice(5, 6), ...lines.slice(7)]
      assert.include(kinds(verify(swapped.map((line, index) => ({ ...line, sequence: index + 1 })))), "brokenChain")
      assert.include(kinds(verify(lines.slice(3))), "gap")
    }))

  test("a message that is no commit", () =>
    Effect.gen(function* () {
      const lines = yield* busy
      const report = verify(lines.map((line) => (line.sequence === 4 ? { ...line, text: "{" } : line)))
      assert.include(kinds(report), "unreadable")
    }))
})

describe("what an owner did not decide", () => {
  const scheduled = (definitionChanges: object): TaskEvent => ({
    type: "scheduled",
    version: 1,
    time: fromMillis(START),
    taskId: "task-1",
    taskName: "backup",
    taskType: "shell_command",
    scheduleType: "recurring",
    revision: 1,
    causedBy: { commandId: "c1", actor: "test" },
    nextAt: fromMillis(START + 60_000),
    definition: definition({ recurrence: everySecond(60), ...definitionChanges }),
    tzdata: "2026a"
  })
  const commits = (...all: ReadonlyArray<readonly [second: number, events: ReadonlyArray<TaskEvent>]>) => {
    const verification = new Verification()
    for (const [index, [second, events]] of all.entries()) {
      verification.commit({
        sequence: index + 1,
        storedAt: START + second * 1000,
        hash: `h${index + 1}`,
        commit: {
          v: 1,
          commitId: `c${index}`,
          partition: 0,
          time: fromMillis(START + second * 1000),
          previousSequence: index,
          previousHash: index === 0 ? "" : `h${index}`,
          events
        }
      })
    }
    return verification.end()
  }

  it("is a finding once its partition has been at work for a minute after the instant", () => {
    const other = { ...scheduled({ recurrence: everySecond(3600) }), taskId: "task-2" } as TaskEvent
    assert.deepStrictEqual(kinds(commits([0, [scheduled({})]], [70, [other]], [140, []])), ["unexplained"])
  })

  it("waits while nobody has been there to decide it", () => {
    const report = commits([0, [scheduled({})]], [600, []])
    clean(report)
    assert.strictEqual(report.decisions.waiting, 1)
  })
})

describe("a range", () => {
  test("tells only what is in it, and its digest is that of its commits", () =>
    Effect.gen(function* () {
      const lines = yield* busy
      const half = Math.floor(lines.length / 2)
      const first = verify(lines.slice(0, half))
      const second = verify(lines, { from: half + 1 })
      const whole = verify(lines)
      assert.strictEqual(first.commits + second.commits, whole.commits)
      assert.strictEqual(first.decisions.due + second.decisions.due, whole.decisions.due)
      assert.strictEqual(new Set([first.digest, second.digest, whole.digest]).size, 3)
      assert.strictEqual(verify(lines, { from: half + 1 }).digest, second.digest)
    }))

  test("of one task looks at no other", () =>
    Effect.gen(function* () {
      const lines = yield* busy
      const report = verify(lines, { taskId: "minutely" })
      clean(report)
      assert.strictEqual(report.tasks, 1)
      assert.isNull(report.digest)
    }))
})
