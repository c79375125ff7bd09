import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { TaskHistory } from "../../src/audit/TaskHistory.ts"
import { why } from "../../src/audit/Why.ts"
import type { WhyAnswer } from "../../src/audit/WhyAnswer.ts"
import type { Commit } from "../../src/events/Commit.ts"
import type { EventLog } from "../../src/events/EventLog.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import { fromMillis } from "../../src/recurrence/Instant.ts"
import { makePartition, type TestNode } from "../support/partition.ts"
import { layer, Stored } from "../support/stored.ts"
import { definition, done, everySecond, failed, START } from "../support/task.ts"

const test = <A, E>(name: string, body: () => Effect.Effect<A, E, EventLog | Stored | Scope.Scope>) =>
  it.effect(name, () => body().pipe(Effect.provide(layer, { local: true })))

/** Seconds after the start, or an instant. */
const millis = (at: number | string): number => (typeof at === "string" ? Date.parse(at) : START + at * 1000)

const ask = Effect.fnUntraced(function* (at: number | string, now: number | string, taskId = "task-1") {
  const history = new TaskHistory(taskId)
  for (const { sequence, text } of yield* Stored) history.take(sequence, JSON.parse(text) as Commit)
  const answer = why(history, { at: millis(at), now: millis(now) })
  if (answer === undefined) throw new Error("no task")
  return answer
})

const until = Effect.fnUntraced(function* (node: TestNode, at: number | string) {
  yield* TestClock.setTime(millis(at))
  yield* node.settled
})

const execution = (second: number, taskId = "task-1") => executionIdOf(taskId, START + second * 1000)
const command = (type: "pause" | "resume" | "skip" | "change", more: object = {}, reason?: string) =>
  ({
    type,
    taskId: "task-1",
    causedBy: { commandId: `${type}-1`, actor: "ann", ...(reason === undefined ? {} : { reason }) },
    ...more
  }) as never

const minutely = { recurrence: everySecond(60) }

const started = Effect.fnUntraced(function* (changes: Partial<TaskDefinition>) {
  const world = yield* makePartition()
  const node = yield* world.start("a")
  yield* node.schedule("task-1", changes)
  return { world, node }
})

const told = ({ sentence, verdict }: WhyAnswer) => ({ verdict, sentence })

describe("why an instant ran", () => {
  test("tells its execution, how late it began, and how it ended", () =>
    Effect.gen(function* () {
      const { node } = yield* started(minutely)
      yield* until(node, 60)
      yield* node.claim(execution(60))
      yield* node.report([execution(60)], done)
      const answer = yield* ask(60, 70)
      assert.deepStrictEqual(told(answer), {
        verdict: "due",
        sentence: `It ran: execution ${execution(60)} began at 2026-03-02 09:01:00 +00:00, 0 ms after it was due, and ended well after 0 ms.`
      })
      assert.deepStrictEqual(answer.decision, {
        decidedAt: fromMillis(START + 60_000),
        logSequence: 2,
        decidedAfterMs: 0,
        latenessMs: 0,
        executionId: execution(60),
        status: "completed",
        attempts: 1
      })
      assert.deepStrictEqual([answer.before, answer.after], [fromMillis(START), fromMillis(START + 120_000)])
    }))

  test("tells that it failed, after how many attempts, and of one that nobody began in time", () =>
    Effect.gen(function* () {
      const { node } = yield* started({ ...minutely, maxRetries: 1, expiresMs: 20_000, overlap: "allowAll" })
      yield* until(node, 60)
      yield* node.claim(execution(60))
      yield* node.report([execution(60)], failed)
      assert.match((yield* ask(60, 60)).sentence, /waits for its next attempt; the last one failed: exited with 1/)
      yield* until(node, 62)
      yield* node.claim(execution(60), 2)
      yield* node.report([execution(60)], failed, 2)
      const answer = yield* ask(60, 70)
      assert.match(answer.sentence, /and failed: exited with 1 \(exitCode\) \(2 attempts\)\.$/)
      assert.deepStrictEqual(answer.decision?.error, { code: "exitCode", message: "exited with 1" })
      yield* until(node, 120)
      yield* until(node, 145)
      assert.match((yield* ask(120, 150)).sentence, /It became due: .* was given up: nobody had begun it/)
    }))

  test("tells that it was done again by hand", () =>
    Effect.gen(function* () {
      const { node } = yield* started({ ...minutely, maxRetries: 0 })
      yield* until(node, 60)
      yield* node.claim(execution(60))
      yield* node.report([execution(60)], failed)
      const [failure] = (yield* Stored).filter(({ text }) => text.includes('"type":"failure"'))
      yield* node.command({
        type: "retry",
        taskId: "task-1",
        executionId: execution(60),
        endedAt: failure?.sequence,
        fromStart: false,
        causedBy: { commandId: "again", actor: "bob" }
      })
      assert.match(
        (yield* ask(60, 70)).sentence,
        /failed: exited with 1 \(exitCode\)\. It was done again by bob: execution .* waits for a worker/
      )
    }))

  test("tells a run by hand, on whose account", () =>
    Effect.gen(function* () {
      const { node } = yield* started(minutely)
      yield* until(node, 75)
      yield* node.command({
        type: "run",
        taskId: "task-1",
        fromStep: undefined,
        causedBy: { commandId: "r", actor: "bob" }
      })
      const answer = yield* ask(75, 80)
      assert.match(answer.sentence, /^It became due by hand, on account of bob: /)
      assert.strictEqual(answer.cause?.actor, "bob")
    }))

  test("finds what was spread by the instant at which it was due as well", () =>
    Effect.gen(function* () {
      const { node } = yield* started({ ...minutely, offsetMs: 7000 })
      yield* until(node, 67)
      assert.strictEqual((yield* ask(60, 70)).decision?.executionId, execution(60))
      assert.strictEqual((yield* ask(67, 70)).decision?.executionId, execution(60))
    }))
})

describe("why an instant was skipped", () => {
  test("by overlap: which execution was open", () =>
    Effect.gen(function* () {
      const { node } = yield* started(minutely)
      yield* until(node, 60)
      yield* until(node, 120)
      const answer = yield* ask(120, 130)
      assert.strictEqual(answer.verdict, "skipped")
      assert.include(answer.sentence, `execution ${execution(60)} was still open`)
      assert.deepStrictEqual(answer.decision?.openExecutions, [execution(60)])
    }))

  test("by a pause: by whom, since when and why", () =>
    Effect.gen(function* () {
      const { node } = yield* started(minutely)
      yield* until(node, 70)
      yield* node.command(command("pause", { until: null }, "moving house"))
      const during = yield* ask(120, 130)
      assert.deepStrictEqual(told(during), {
        verdict: "paused",
        sentence:
          "The task is paused since 2026-03-02 09:01:10 +00:00, by ann (moving house). It will be skipped when the task goes on."
      })
      yield* until(node, 200)
      yield* node.command(command("resume"))
      const after = yield* ask(120, 210)
      assert.strictEqual(after.verdict, "skipped")
      assert.strictEqual(
        after.sentence,
        "It was skipped, one of 2 instants up to 2026-03-02 09:03:00 +00:00: the task was paused by ann from 2026-03-02 09:01:10 +00:00 until 2026-03-02 09:03:20 +00:00 (resumed by ann) (moving house)."
      )
      assert.strictEqual(after.cause?.reason, "moving house")
      assert.strictEqual((yield* ask(150, 210)).verdict, "notAnInstant")
    }))

  test("by the catch-up policy, after an outage", () =>
    Effect.gen(function* () {
      const { node, world } = yield* started({ ...minutely, catchUp: "none" })
      yield* node.stop
      yield* TestClock.setTime(START + 200_000)
      const again = yield* world.start("b")
      assert.strictEqual((yield* ask(120, 190)).verdict, "undecided")
      yield* again.settled
      const answer = yield* ask(120, 210)
      assert.match(
        answer.sentence,
        /one of 3 instants .* nobody was there to decide it before .* \(none\) does not run it so late/
      )
    }))

  test("by a user, before it came", () =>
    Effect.gen(function* () {
      const { node } = yield* started(minutely)
      yield* node.command(command("skip", { at: START + 180_000 }, "holiday"))
      const answer = yield* ask(180, 10)
      assert.strictEqual(answer.verdict, "leftOut")
      assert.match(answer.sentence, /ann left it out at 2026-03-02 09:00:00 \+00:00 \(holiday\)/)
    }))
})

describe("why nothing was decided about an instant", () => {
  test("it is no instant: which are around it", () =>
    Effect.gen(function* () {
      yield* started(minutely)
      const answer = yield* ask(90, 100)
      assert.deepStrictEqual(told(answer), {
        verdict: "notAnInstant",
        sentence:
          "It is no instant of the schedule (test): the last one before was 2026-03-02 09:01:00 +00:00, the next one after is 2026-03-02 09:02:00 +00:00."
      })
    }))

  test("it is still to come, or lies behind the number of runs", () =>
    Effect.gen(function* () {
      yield* started({ ...minutely, maxRuns: 3, offsetMs: 5000 })
      assert.match((yield* ask(120, 100)).sentence, /still to come: due at 2026-03-02 09:02:05 .* in 25\.0 s/)
      assert.strictEqual((yield* ask(300, 100)).verdict, "maxRuns")
    }))

  test("the task was not there yet, or not any more", () =>
    Effect.gen(function* () {
      const { node } = yield* started(minutely)
      const before = yield* ask(-60, 0)
      assert.strictEqual(before.verdict, "beforeCreated")
      assert.match(before.sentence, /scheduled by test at 2026-03-02 09:00:00/)
      yield* until(node, 70)
      yield* node.cancel("task-1")
      const after = yield* ask(180, 200)
      assert.strictEqual(after.verdict, "afterCancelled")
      assert.match(after.sentence, /cancelled by test at 2026-03-02 09:01:10 .* would have been an instant/)
      assert.notMatch((yield* ask(190, 200)).sentence, /would have been/)
      const open = yield* ask(60, 200)
      assert.strictEqual(open.decision?.status, "cancelled")
      assert.strictEqual(open.cause?.actor, "test")
    }))

  test("the task was over for a while, and was restored", () =>
    Effect.gen(function* () {
      const { node } = yield* started(minutely)
      yield* until(node, 70)
      yield* node.cancel("task-1")
      yield* until(node, 200)
      yield* node.command({
        type: "restore",
        taskId: "task-1",
        allowPast: false,
        causedBy: { commandId: "back", actor: "bob" }
      })
      yield* until(node, 240)
      const between = yield* ask(120, 250)
      assert.strictEqual(between.verdict, "afterCancelled")
      assert.match(between.sentence, /and went on when bob restored it at 2026-03-02 09:03:20/)
      assert.strictEqual((yield* ask(240, 250)).verdict, "due")
    }))

  test("it was over after its runs", () =>
    Effect.gen(function* () {
      const { node } = yield* started({ ...minutely, maxRuns: 1 })
      yield* until(node, 60)
      yield* node.claim(execution(60))
      yield* node.report([execution(60)], done)
      const answer = yield* ask(120, 130)
      assert.strictEqual(answer.verdict, "maxRuns")
      assert.match(answer.sentence, /it had run as often as it was to \(1\)/)
    }))

  test("an edit came between", () =>
    Effect.gen(function* () {
      const { node } = yield* started(minutely)
      yield* until(node, 70)
      const changed = definition({ recurrence: everySecond(50), understoodAs: "every 50 seconds" })
      yield* node.command(
        command("change", {
          ifRevision: undefined,
          apply: () => ({ _tag: "Success", success: { definition: changed, timed: true } })
        })
      )
      const old = yield* ask(120, 130)
      assert.strictEqual(old.verdict, "superseded")
      assert.match(
        old.sentence,
        /until that was changed at 2026-03-02 09:01:10 \+00:00 by ann \(revision 2: every 50 seconds\)/
      )
      assert.strictEqual(old.cause?.revision, 2)
      const early = yield* ask(50, 130)
      assert.strictEqual(early.verdict, "superseded")
      assert.match(early.sentence, /revision 2\): a new schedule begins when it is made/)
    }))

  test("it lies out of the bounds of the task", () =>
    Effect.gen(function* () {
      yield* started({ ...minutely, startAt: fromMillis(START + 100_000), endAt: fromMillis(START + 200_000) })
      assert.match((yield* ask(60, 50)).sentence, /before the task's start: nothing runs before 2026-03-02 09:01:40/)
      assert.match((yield* ask(240, 50)).sentence, /after the task's end/)
    }))

  test("messages start the task", () =>
    Effect.gen(function* () {
      yield* started({ recurrence: { kind: "subject", subject: "orders.created" } })
      assert.strictEqual((yield* ask(60, 50)).verdict, "byMessage")
    }))

  const nightly = (
    gap: "nextValid" | "skip",
    overlap: "first" | "last",
    timezone = "Europe/Berlin"
  ): Partial<TaskDefinition> => ({
    recurrence: { kind: "cron", expression: "0 30 2 * * *", timezone, gap, overlap },
    timezone,
    understoodAs: "at 02:30"
  })

  test("it was lost on the night on which the clocks go forward", () =>
    Effect.gen(function* () {
      yield* started(nightly("skip", "first"))
      const answer = yield* ask("2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z")
      assert.strictEqual(answer.verdict, "lostInGap")
      assert.match(
        answer.sentence,
        /does not exist on 2026-03-29 in Europe\/Berlin: the clocks go forward at 2026-03-29 03:00:00 \+02:00 by 60 min/
      )
    }))

  test("it was told to be lost, by an owner who came late", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(millis("2026-03-29T00:00:00Z"))
      const { node, world } = yield* started(nightly("skip", "first"))
      yield* node.stop
      yield* TestClock.setTime(millis("2026-03-29T06:00:00Z"))
      yield* (yield* world.start("b")).settled
      const answer = yield* ask("2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z")
      assert.strictEqual(answer.verdict, "lostInGap")
      assert.deepInclude(answer.decision, { reason: "dstGap", decidedAt: "2026-03-29T06:00:00.000Z" })
      assert.match(answer.sentence, /^It was skipped: its time of day does not exist on 2026-03-29 in Europe\/Berlin/)
    }))

  test("it is the other pass of an hour that happens twice", () =>
    Effect.gen(function* () {
      yield* started(nightly("nextValid", "first"))
      const second = yield* ask("2026-10-25T01:30:00Z", "2026-10-24T00:00:00Z")
      assert.strictEqual(second.verdict, "otherPass")
      assert.match(second.sentence, /the task runs the first time only, at 2026-10-25 02:30:00 \+02:00/)
    }))

  test("it is the first pass, and the task runs in the last", () =>
    Effect.gen(function* () {
      yield* started(nightly("nextValid", "last"))
      const answer = yield* ask("2026-10-25T00:30:00Z", "2026-10-24T00:00:00Z")
      assert.strictEqual(answer.verdict, "otherPass")
      assert.match(answer.sentence, /the last time only, at 2026-10-25 02:30:00 \+01:00/)
    }))
})
