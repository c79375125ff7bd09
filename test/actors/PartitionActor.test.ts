import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { CommandAnswer } from "../../src/actors/Envelope.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { appendEvents, scheduled } from "../support/events.ts"
import { type Fault, makePartition } from "../support/partition.ts"
import { definition, done, everySecond, failed, shown, START } from "../support/task.ts"

/** A test with a log of its own. */
const test = <A, E>(name: string, body: () => Effect.Effect<A, E, EventLog | Scope.Scope>) =>
  it.effect(name, () => body().pipe(Effect.provide(EventLog.layerMemory, { local: true })))

const sequenceOf = (answer: CommandAnswer): number => (answer._tag === "done" ? answer.logSequence : -1)
const toldOf = (answer: CommandAnswer): string =>
  answer._tag === "refused" ? `refused ${answer.refused.code}` : `${answer.changed ? "changed" : "same"}`
const at = (taskId: string, second: number) => executionIdOf(taskId, START + second * 1000)
const decisions = (events: ReadonlyArray<TaskEvent>): ReadonlyArray<string> =>
  events.flatMap((event) => (event.type === "due" || event.type === "skipped" ? [event.nominalAt] : []))
const names = (count: number) => Array.from({ length: count }, (_, index) => `task-${index}`)

describe("group commit", () => {
  test("stores what gathered while a commit was on its way as one, and answers each with its log sequence", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* world.gate.close
      const asked = yield* Effect.forkChild(
        Effect.forEach(names(200), (taskId) => node.schedule(taskId), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(1)
      yield* world.gate.open
      const answers = yield* Fiber.join(asked)
      assert.isAtMost(yield* world.commits, 2)
      const log = yield* EventLog
      assert.strictEqual(Math.max(...answers.map(sequenceOf)), yield* log.lastSequence)
      assert.deepStrictEqual(
        answers.map((answer) => (answer._tag === "done" ? answer.taskId : "")),
        names(200)
      )
      assert.strictEqual((yield* world.events).length, 200)
    }))

  test("splits what is too large for one message, and answers each with the sequence of its own commit", () =>
    Effect.gen(function* () {
      const world = yield* makePartition(30_000)
      const node = yield* world.start("a")
      const large = { taskArgs: { text: "x".repeat(8000) } }
      const answers = yield* Effect.forEach(names(9), (taskId) => node.schedule(taskId, large), {
        concurrency: "unbounded"
      })
      assert.isAtLeast(yield* world.commits, 4)
      assert.isAtMost(Math.max(...world.appends), 2)
      assert.strictEqual((yield* world.events).length, 9)
      assert.strictEqual(new Set(answers.map(sequenceOf)).size, yield* world.commits)
    }))

  test("refuses what no message can hold, alone", () =>
    Effect.gen(function* () {
      const world = yield* makePartition(30_000)
      const node = yield* world.start("a")
      const [large, small] = yield* Effect.all(
        [node.schedule("large", { taskArgs: { text: "x".repeat(30_000) } }), node.schedule("small")],
        { concurrency: 2 }
      )
      assert.deepStrictEqual([toldOf(large), toldOf(small)], ["refused tooLarge", "changed"])
    }))

  test("splits reports, and answers each", () =>
    Effect.gen(function* () {
      const world = yield* makePartition(30_000)
      const node = yield* world.start("a")
      yield* Effect.forEach(names(6), (taskId) => node.schedule(taskId), { concurrency: 6 })
      yield* TestClock.adjust(60_000)
      yield* node.settled
      const result = { outcome: "done", result: "x".repeat(9000) } as const
      const executions = names(6).map((taskId) => at(taskId, 60))
      assert.deepStrictEqual(
        yield* node.report(executions, result),
        executions.map(() => "recorded")
      )
      assert.strictEqual((yield* world.events).filter((event) => event.type === "success").length, 6)
    }))

  test("splits what time has brought to one task", () =>
    Effect.gen(function* () {
      const world = yield* makePartition(30_000)
      const node = yield* world.start("a")
      const ids = Array.from({ length: 80 }, (_, index) => at("busy", index + 1))
      yield* node.schedule("busy", { recurrence: everySecond(1), overlap: "allowAll", maxRuns: 80 })
      for (const id of ids) {
        yield* TestClock.adjust(1000)
        assert.strictEqual(yield* node.claim(id), "granted")
        for (const open of ids.slice(0, ids.indexOf(id))) yield* node.beat(open)
      }
      yield* TestClock.adjust(10_000)
      yield* node.settled
      const lost = (yield* world.events).filter((event) => event.type === "retry")
      assert.strictEqual(lost.length, 80)
    }))
})

describe("an append", () => {
  for (const fault of ["unknownStored", "unknownLost", "unknownLate"] as ReadonlyArray<Fault>) {
    test(`whose outcome is not known (${fault}) is looked up: the answer is right, and nothing happens twice`, () =>
      Effect.gen(function* () {
        const world = yield* makePartition()
        const node = yield* world.start("a")
        world.faults.push(fault)
        const answer = yield* node.schedule("task-1")
        assert.strictEqual(toldOf(answer), "changed")
        assert.strictEqual(sequenceOf(answer), 1)
        world.faults.push(fault)
        yield* TestClock.adjust(60_000)
        yield* node.settled
        assert.strictEqual(yield* node.claim(at("task-1", 60)), "granted")
        world.faults.push(fault)
        yield* node.report([at("task-1", 60)], done)
        assert.strictEqual(shown(yield* world.events), "scheduled, due 60, success 1, completed")
        yield* TestClock.adjust(1)
        assert.deepStrictEqual(world.said, yield* world.ids)
      }))
  }

  test("that is refused again and again turns questions away beyond the limit instead of keeping them", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* world.gate.close
      let taken = 0
      const question = (taskId: string) =>
        node.actor.submit({
          _tag: "command",
          command: {
            type: "schedule",
            taskId,
            definition: definition(),
            tzdata: "2026a",
            causedBy: { commandId: taskId, actor: "test" }
          },
          reply: () => {}
        })
      for (let round = 0; round < 6; round++) {
        for (let index = 0; index < 20_000; index++) if (question(`t${round}-${index}`)) taken += 1
        world.faults.push("unknownLost")
        yield* world.gate.open
        yield* world.gate.close
        yield* TestClock.adjust(1)
      }
      assert.isAtMost(taken, 50_000 + 1024)
    }))
})

describe("a second writer", () => {
  test("is found out by the log: what it decided is read, and the rest is decided anew, once", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const [first, second] = [yield* world.start("a"), yield* world.start("b")]
      yield* first.schedule("task-1", {}, "c1")
      assert.strictEqual(toldOf(yield* second.schedule("task-2", {}, "c2")), "changed")
      const again = yield* second.schedule("task-1", { taskName: "other" }, "c1")
      assert.strictEqual(sequenceOf(again), 1)
      assert.strictEqual(toldOf(yield* first.cancel("task-2", "c3")), "changed")
      yield* first.schedule("task-3", {}, "c4")
      assert.strictEqual(shown(yield* world.events), "scheduled, scheduled, cancelled, scheduled")
    }))

  test("denies nothing that the first has stored: no run is forgotten, stopped or lost by one who does not know of it", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const [first, second] = [yield* world.start("a"), yield* world.start("b")]
      for (const taskId of ["task-1", "task-2", "task-3"]) yield* first.schedule(taskId)
      yield* TestClock.adjust(60_000)
      yield* first.settled
      assert.strictEqual(yield* second.claim(at("task-1", 60)), "granted")
      const third = yield* world.start("c")
      yield* first.schedule("task-4", { recurrence: { kind: "once", at: fromMillis(START + 61_000) } })
      yield* TestClock.adjust(1000)
      yield* first.settled
      assert.strictEqual(yield* third.beat(at("task-4", 61)), "continue")
      const late = yield* world.start("d")
      yield* first.schedule("task-5", { recurrence: { kind: "once", at: fromMillis(START + 62_000) } })
      yield* TestClock.adjust(1000)
      yield* first.settled
      assert.deepStrictEqual(yield* late.report([at("task-5", 62)], done), ["recorded"])
      // And a no that is right is still said.
      assert.strictEqual(yield* late.claim(at("task-5", 62)), "gone")
    }))

  test("at once with another: each instant gets one decision, and each event is said in order", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const nodes = [yield* world.start("a"), yield* world.start("b")]
      const [first] = nodes
      yield* first?.schedule("tick", { recurrence: everySecond(1), overlap: "allowAll" }) ?? Effect.void
      yield* nodes[1]?.schedule("other", { recurrence: everySecond(2), overlap: "allowAll" }) ?? Effect.void
      for (let second = 0; second < 20; second++) {
        yield* TestClock.adjust(1000)
        for (const node of nodes) yield* node.settled
      }
      const events = yield* world.events
      const tick = decisions(events.filter((event) => event.taskId === "tick"))
      assert.strictEqual(tick.length, 20)
      assert.strictEqual(new Set(tick).size, 20)
      assert.strictEqual(new Set(decisions(events.filter((event) => event.taskId === "other"))).size, 10)
      const ids = yield* world.ids
      assert.deepStrictEqual([...new Set(world.said)], ids)
    }))

  test("that dies before it could say what it stored leaves nothing unsaid", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const [first, second] = [yield* world.start("a"), yield* world.start("b")]
      yield* first.schedule("task-0")
      yield* TestClock.adjust(1)
      world.silent = 1_000_000
      yield* first.schedule("task-1")
      yield* first.stop
      world.silent = 0
      yield* second.schedule("task-2")
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([...new Set(world.said)], yield* world.ids)
    }))

  test("that claims were made with keeps them for a whole lease after its start is read", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const [first, second] = [yield* world.start("a"), yield* world.start("b")]
      yield* first.schedule("task-1")
      yield* TestClock.adjust(60_000)
      yield* first.settled
      yield* first.claim(at("task-1", 60))
      yield* TestClock.adjust(100)
      yield* first.settled
      yield* first.stop
      // The second has not seen the start; it learns of it long after the lease that the log tells of.
      yield* TestClock.adjust(30_000)
      yield* second.schedule("task-2", { recurrence: everySecond(3600) })
      assert.strictEqual(yield* second.beat(at("task-1", 60)), "continue")
      yield* TestClock.adjust(9000)
      yield* second.settled
      assert.strictEqual(shown((yield* world.events).filter((one) => one.type === "retry")), "")
    }))
})

describe("a restart", () => {
  const crashed = (changes: Parameters<typeof definition>[0], down: number) =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const first = yield* world.start("a")
      yield* first.schedule("task-1", changes)
      yield* first.stop
      yield* TestClock.adjust(down)
      const second = yield* world.start("b")
      yield* second.settled
      return { world, second }
    })

  test("restores the agenda from the log", () =>
    Effect.gen(function* () {
      const { second, world } = yield* crashed({}, 1000)
      assert.strictEqual(shown(yield* world.events), "scheduled")
      yield* TestClock.adjust(59_000)
      yield* second.settled
      assert.strictEqual(shown(yield* world.events), "scheduled, due 60")
    }))
  test("runs late what was to run once meanwhile", () =>
    Effect.gen(function* () {
      const { world } = yield* crashed({ catchUp: "none" }, 86_400_000 * 400)
      assert.strictEqual(shown(yield* world.events), "scheduled, due 60")
      assert.deepStrictEqual(world.offers, [`${at("task-1", 60)}#1`])
    }))
  test("decides what was missed by the catch-up policy, once", () =>
    Effect.gen(function* () {
      const { second, world } = yield* crashed({ recurrence: everySecond(60) }, 3_630_000)
      const expected = "scheduled, skipped catchUp 60-3540 (59), due 3600"
      assert.strictEqual(shown(yield* world.events), expected)
      yield* second.stop
      const third = yield* world.start("c")
      yield* third.settled
      assert.strictEqual(shown(yield* world.events), expected)
    }))
  test("answers a command that was sent before as it did then, and carries it out once", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const first = yield* world.start("a")
      const answers = [yield* first.schedule("task-1", {}, "same"), yield* first.schedule("task-1", {}, "same")]
      yield* first.schedule("task-2")
      yield* first.stop
      const second = yield* world.start("b")
      answers.push(yield* second.schedule("task-1", {}, "same"))
      assert.deepStrictEqual(answers.map(toldOf), ["changed", "changed", "changed"])
      assert.deepStrictEqual(answers.map(sequenceOf), [1, 1, 1])
      assert.strictEqual(shown(yield* world.events), "scheduled, scheduled")
    }))
  test("says what had been stored and not been said, in order", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const first = yield* world.start("a")
      yield* first.schedule("task-0")
      yield* TestClock.adjust(1)
      world.silent = 1_000_000
      for (const taskId of names(5)) yield* first.schedule(taskId)
      yield* first.stop
      assert.deepStrictEqual(world.said, ["1.0"])
      world.silent = 0
      const second = yield* world.start("b")
      yield* second.schedule("last")
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(world.said, yield* world.ids)
    }))
  test("offers again what had not ended, and never what has", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const first = yield* world.start("a")
      yield* first.schedule("ended")
      yield* first.schedule("open")
      yield* TestClock.adjust(60_000)
      yield* first.settled
      yield* first.claim(at("ended", 60))
      yield* first.report([at("ended", 60)], done)
      yield* first.stop
      world.offers.length = 0
      const second = yield* world.start("b")
      yield* second.settled
      assert.deepStrictEqual(world.offers, [`${at("open", 60)}#1`])
      assert.strictEqual(yield* second.claim(at("ended", 60)), "gone")
    }))
})

describe("work that is lost", () => {
  test("is offered again when the queue no longer holds it, and never after its outcome", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      for (const taskId of ["held", "gone", "running", "over"]) yield* node.schedule(taskId)
      yield* TestClock.adjust(60_000)
      yield* node.settled
      yield* node.claim(at("running", 60))
      yield* node.report([at("over", 60)], done)
      world.offers.length = 0
      node.actor.submit({ _tag: "reoffer", held: new Set([`${at("held", 60)}#1`]) })
      yield* node.settled
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(world.offers, [`${at("gone", 60)}#1`])
    }))
  test("with its worker is offered as the next attempt when the lease has ended", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.schedule("task-1")
      yield* TestClock.adjust(60_000)
      yield* node.settled
      yield* node.claim(at("task-1", 60))
      yield* TestClock.adjust(10_000)
      yield* node.settled
      assert.strictEqual(shown(yield* world.events), "scheduled, due 60, started 1, retry 1 lost")
      assert.deepStrictEqual(world.offers, [`${at("task-1", 60)}#1`, `${at("task-1", 60)}#2`])
    }))
  test("waits for its retry", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.schedule("task-1", { backoffMs: 5000 })
      yield* TestClock.adjust(60_000)
      yield* node.settled
      yield* node.report([at("task-1", 60)], failed)
      yield* TestClock.adjust(4000)
      assert.strictEqual(world.offers.length, 1)
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(world.offers, [`${at("task-1", 60)}#1`, `${at("task-1", 60)}#2`])
    }))
})

describe("cancelling", () => {
  test("races with the instant: after the acknowledgement nothing becomes due and nothing is granted", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.schedule("tick", { recurrence: everySecond(1), overlap: "allowAll" })
      yield* TestClock.adjust(2999)
      yield* world.gate.close
      const cancelling = yield* Effect.forkChild(node.cancel("tick"))
      yield* TestClock.adjust(1)
      yield* world.gate.open
      assert.strictEqual(toldOf(yield* Fiber.join(cancelling)), "changed")
      yield* TestClock.adjust(5000)
      yield* node.settled
      const events = yield* world.events
      assert.strictEqual(events.at(-1)?.type, "cancelled")
      for (const id of decisions(events).keys()) {
        assert.strictEqual(yield* node.claim(at("tick", id + 1)), "gone")
      }
    }))
  test("what runs is not offered or granted to another after a restart, and ends", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const first = yield* world.start("a")
      yield* first.schedule("task-1")
      yield* TestClock.adjust(60_000)
      yield* first.settled
      assert.strictEqual(yield* first.claim(at("task-1", 60)), "granted")
      yield* first.cancel("task-1")
      yield* first.stop
      world.offers.length = 0
      const second = yield* world.start("b")
      yield* second.settled
      assert.deepStrictEqual(world.offers, [])
      assert.strictEqual(yield* second.claim(at("task-1", 60), 1, "w2"), "held")
      assert.strictEqual(yield* second.beat(at("task-1", 60)), "stop")
      yield* TestClock.adjust(10_000)
      yield* second.settled
      assert.strictEqual(shown(yield* world.events), "scheduled, due 60, started 1, cancelled, failure 1 cancelled")
    }))
})

describe("the actor", () => {
  test("answers while it still decides what was missed", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const first = yield* world.start("a")
      yield* first.schedule("tick", { recurrence: everySecond(1), overlap: "allowAll", catchUp: "all" })
      yield* first.stop
      yield* TestClock.adjust(3_000_000)
      const second = yield* world.start("b")
      yield* world.gate.close
      const asked = yield* Effect.forkChild(second.schedule("task-1"), { startImmediately: true })
      yield* world.gate.open
      const answer = yield* Fiber.join(asked)
      yield* second.settled
      const events = yield* world.events
      assert.strictEqual(decisions(events.filter(({ taskId }) => taskId === "tick")).length, 3000)
      assert.isBelow(sequenceOf(answer), (yield* world.commits) - 10)
    }))
  test("stops, and turns questions away, when the log's commits do not follow each other", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      yield* node.schedule("task-1")
      yield* appendEvents(scheduled("task-2"), 1)
      const unanswered = yield* Effect.forkChild(node.schedule("task-3"))
      yield* TestClock.adjust(0)
      assert.isUndefined(unanswered.pollUnsafe())
      assert.isFalse(node.actor.submit({ _tag: "claims", claims: [], reply: () => {} }))
      const restarted = yield* Effect.exit(world.start("b"))
      assert.isTrue(
        Exit.isFailure(restarted) &&
          Cause.pretty(restarted.cause).includes("is not the one that log sequence 2 was decided on")
      )
      assert.strictEqual(yield* world.commits, 2)
    }))
  test("goes on with the others when it cannot decide about one task", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const elsewhere = {
        kind: "cron" as const,
        expression: "* * * * * *",
        timezone: "Mars/Olympus",
        gap: "skip" as const,
        overlap: "both" as const
      }
      const poisoned = scheduled("task-2").map((event) =>
        event.type === "scheduled"
          ? { ...event, nextAt: "2026-03-02T09:00:01.000Z", definition: { ...event.definition, recurrence: elsewhere } }
          : event
      )
      yield* appendEvents(poisoned, 0)
      const node = yield* world.start("a")
      yield* node.schedule("task-1")
      yield* TestClock.adjust(60_000)
      yield* node.settled
      const due = (yield* world.events).flatMap((one) => (one.type === "due" ? [one.taskId] : []))
      assert.deepStrictEqual(due, ["task-1"])
      assert.strictEqual(toldOf(yield* node.schedule("task-3")), "changed")
    }))
  test("goes on when an answer cannot be given", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const node = yield* world.start("a")
      node.actor.submit({
        _tag: "claims",
        claims: [],
        reply: () => {
          throw new Error("the connection is closed")
        }
      })
      assert.strictEqual(toldOf(yield* node.schedule("task-1")), "changed")
    }))
})
