/** Events with acknowledgements: what was acknowledged comes no more, all else comes, whoever was away. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { shortened } from "../../src/actors/task/StartedByEvent.ts"
import { History } from "../support/task.ts"
import { type Delivered, fits, type Refused, Scheduler } from "../../src/Scheduler.ts"

const scenario = (name: string, body: Effect.Effect<unknown, unknown, Scheduler>) =>
  it.effect(name, () =>
    Effect.andThen(
      TestClock.setTime(Date.parse("2026-03-01T00:00:00.000Z")),
      Effect.provide(body, Scheduler.layerMemory(), { local: true })
    )
  )

/** A notification by hand: four events under a test's clock. */
const told = Effect.fnUntraced(function* (taskId: string) {
  const scheduler = yield* Scheduler
  yield* scheduler.schedule({ taskId, taskType: "notification", taskArgs: { message: "x" }, schedule: "now" })
  yield* TestClock.adjust("1 second")
})

const take = (options: Parameters<Scheduler["Service"]["consume"]>[0], count: number) =>
  Effect.gen(function* () {
    const scheduler = yield* Scheduler
    const running = yield* Effect.forkChild(Stream.runCollect(Stream.take(scheduler.consume(options), count)))
    yield* TestClock.adjust("1 second")
    return yield* Fiber.join(running)
  })

const shown = (all: ReadonlyArray<Delivered>) =>
  all.map(({ event }) => `${event.taskId} ${event.type.replace("scheduler.task.", "")}`)

describe("a named subscription", () => {
  scenario(
    "gives again what was not acknowledged, and goes on behind what was",
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* scheduler.makeSubscription({ name: "pager" })
      yield* told("first")
      const before = yield* take({ name: "pager" }, 4)
      assert.deepStrictEqual(shown(before), ["first scheduled", "first due", "first success", "first completed"])
      assert.deepStrictEqual(shown(yield* take({ name: "pager" }, 4)), shown(before))
      yield* before[1]?.ack ?? Effect.void
      assert.deepStrictEqual(shown(yield* take({ name: "pager" }, 2)), ["first success", "first completed"])
      yield* before[3]?.ack ?? Effect.void
      yield* before[0]?.ack ?? Effect.void
      yield* told("second")
      assert.deepStrictEqual(shown(yield* take({ name: "pager" }, 1)), ["second scheduled"])
    })
  )

  scenario(
    "keeps what it is for: events, one task, and since when",
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* told("first")
      yield* told("second")
      const wanted = {
        name: "audit",
        patterns: ["success", "scheduler.task.due"],
        taskId: "second",
        since: "2026-01-01T00:00:00Z"
      }
      assert.deepStrictEqual(shown(yield* take(wanted, 2)), ["second due", "second success"])
      const [kept] = yield* scheduler.subscriptions
      assert.deepInclude(kept, {
        name: "audit",
        patterns: ["scheduler.task.success", "scheduler.task.due"],
        taskId: "second",
        since: "2026-01-01T00:00:00.000Z",
        cursor: "0.0"
      })
      const other = yield* Effect.result(scheduler.makeSubscription({ name: "audit" }))
      assert.strictEqual(Result.isFailure(other) ? (other.failure as Refused).code : "", "idInUse")
      const { created } = yield* scheduler.makeSubscription({
        name: "audit",
        patterns: ["scheduler.task.due", "success"],
        taskId: "second"
      })
      assert.isFalse(created)
    })
  )

  scenario(
    "hears what happens while it is read, and is gone once it is removed",
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const running = yield* Effect.forkChild(
        Stream.runCollect(Stream.take(scheduler.consume({ name: "live", patterns: ["success"] }), 2))
      )
      yield* TestClock.adjust("1 second")
      yield* told("first")
      yield* told("second")
      assert.deepStrictEqual(shown(yield* Fiber.join(running)), ["first success", "second success"])
      yield* scheduler.unsubscribe({ name: "live" })
      for (const call of [
        scheduler.unsubscribe({ name: "live" }),
        scheduler.acknowledge({ name: "live", cursor: "1.0" }),
        scheduler.eventPage({ name: "live" })
      ]) {
        const gone = yield* Effect.result(Effect.asVoid<unknown, unknown, never>(call))
        assert.strictEqual(Result.isFailure(gone) ? (gone.failure as Refused).code : "", "notFound")
      }
    })
  )
})

describe("pages of events", () => {
  scenario(
    "end where they are full, also within what was decided together, and go on there",
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* told("first")
      yield* told("second")
      const seen: Array<string> = []
      let cursor = "0.0"
      let pages = 0
      for (let more = true; more; pages += 1) {
        const page = yield* scheduler.eventPage({ cursor, limit: 1 })
        seen.push(...page.items.map(({ id }) => id))
        cursor = page.cursor
        more = page.more
      }
      assert.strictEqual(seen.length, 8)
      assert.strictEqual(new Set(seen).size, 8)
      assert.isAtLeast(pages, 8)
      assert.deepStrictEqual((yield* scheduler.eventPage({ cursor })).items, [])
      assert.deepStrictEqual((yield* scheduler.eventPage({})).items, [])
      const since = yield* scheduler.eventPage({ since: "2026-03-01T00:00:01Z", patterns: ["scheduled"] })
      assert.deepStrictEqual(
        since.items.map(({ taskId }) => taskId),
        ["second"]
      )
    })
  )

  it("tells events of any size without what is large in them, so that a page fits into a message", () => {
    const task = new History()
    task.schedule()
    task.run()
    const [due] = task.log.slice(-1)
    assert.strictEqual(due?.type, "due")
    if (due?.type !== "due") return
    const result = "x".repeat(500_000)
    const outcomes = { first: { status: "completed" as const, executionId: "e", result } }
    const { body, bytes } = shortened({ ...due, resumes: { executionId: "e", fromStep: "next", outcomes } }, 7, 0, 1000)
    assert.isBelow(bytes, 1000)
    assert.strictEqual(body["truncated"], true)
    assert.strictEqual(body["executionId"], due.executionId)
  })

  it.each([
    ["scheduler.task.*", "scheduler.task.due", true],
    ["scheduler.task.*", "scheduler.task", false],
    ["scheduler.>", "scheduler.task.due", true],
    ["scheduler.>", "scheduler", false],
    ["scheduler.task.due", "scheduler.task.started", false],
    ["*.task.due", "scheduler.task.due", true],
    [">", "anything.at.all", true],
    ["scheduler.task.*", "scheduler.task.a.b", false],
    ["scheduler.>", "scheduler.task.a.b", true]
  ])("%s fits %s: %s", (pattern, subject, expected) => {
    assert.strictEqual(fits(pattern, subject), expected)
  })
})
