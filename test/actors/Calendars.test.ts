import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Ref, type Scope, Stream } from "effect"
import { type CalendarCommand, Calendars } from "../../src/actors/Calendars.ts"
import { CALENDARS_PARTITION } from "../../src/events/CalendarEvent.ts"
import { type AppendOutcome, EventLog } from "../../src/events/EventLog.ts"

const set = (commandId: string, ...days: ReadonlyArray<string>): CalendarCommand => ({
  type: "set",
  calendar: "holidays",
  days: days.map((day) => ({ from: day, to: day })),
  causedBy: { commandId, actor: "test" }
})
const remove = (commandId: string): CalendarCommand => ({
  type: "remove",
  calendar: "holidays",
  causedBy: { commandId, actor: "test" }
})
const holidays = { exclude: ["holidays"] }

/** A node of its own on the log that is there. */
const node = (nodeId: string) => Effect.map(Layer.build(Layer.fresh(Calendars.layer(nodeId))), (context) => context)
const calendarsOf = (nodeId: string) => Effect.flatMap(node(nodeId), (context) => Effect.provide(Calendars, context))

const stored = Effect.gen(function* () {
  const log = yield* EventLog
  const commits = yield* Stream.runCollect(log.read(CALENDARS_PARTITION, 0))
  return commits.flatMap(({ commit }) => commit.calendars ?? [])
})

const test = (name: string, body: Effect.Effect<void, unknown, EventLog | Scope.Scope>) =>
  it.effect(name, () => Effect.scoped(body).pipe(Effect.provide(EventLog.layerMemory)))

describe("the calendars", () => {
  test(
    "say which days a task excludes, and since when",
    Effect.gen(function* () {
      const calendars = yield* calendarsOf("n1")
      assert.deepStrictEqual(calendars.excluded.of(holidays), [])
      const answer = yield* calendars.change(set("c1", "12-25"))
      assert.strictEqual(answer.revision, 1)
      assert.deepStrictEqual(calendars.excluded.of(holidays), [{ from: "12-25", to: "12-25" }])
      assert.deepStrictEqual(calendars.excluded.of({ exclude: ["other"] }), [])
      assert.deepStrictEqual(calendars.excluded.of({}), [])
      assert.strictEqual(calendars.excluded.changedAt(holidays), answer.logSequence)
      const later = yield* calendars.change(set("c2", "12-25", "12-26"))
      assert.deepStrictEqual([later.revision, calendars.all()[0]?.days.length], [2, 2])
      const gone = yield* calendars.change(remove("c3"))
      assert.deepStrictEqual(calendars.excluded.of(holidays), [])
      assert.strictEqual(calendars.excluded.changedAt(holidays), gone.logSequence)
      assert.deepStrictEqual(calendars.all(), [])
    })
  )
  test(
    "carry out a repeated command once, also after a restart",
    Effect.gen(function* () {
      const calendars = yield* calendarsOf("n1")
      const first = yield* calendars.change(set("c1", "12-25"))
      yield* calendars.change(set("c2", "12-26"))
      assert.deepStrictEqual(yield* calendars.change(set("c1", "12-25")), first)
      const again = yield* calendarsOf("n2")
      assert.deepStrictEqual(yield* again.change(set("c1", "12-25")), first)
      assert.strictEqual((yield* stored).length, 2)
    })
  )
  test(
    "are the same on every node, whoever changes them",
    Effect.gen(function* () {
      const one = yield* calendarsOf("n1")
      const two = yield* calendarsOf("n2")
      // Each writes without having heard of the other's last change: the guard refuses, and it decides anew.
      for (let round = 0; round < 5; round++) {
        yield* Effect.all([one.change(set(`a${round}`, "12-25")), two.change(set(`b${round}`, "12-26"))], {
          concurrency: "unbounded"
        })
      }
      const events = yield* stored
      assert.deepStrictEqual(
        events.map(({ revision }) => revision),
        Array.from({ length: 10 }, (_, index) => index + 1)
      )
      const last = yield* one.change(set("last", "01-01"))
      while (two.excluded.changedAt(holidays) !== last.logSequence) yield* Effect.yieldNow
      assert.deepStrictEqual(two.excluded.of(holidays), one.excluded.of(holidays))
    })
  )
  test(
    "refuse to remove what is not there, naming what is",
    Effect.gen(function* () {
      const calendars = yield* calendarsOf("n1")
      yield* calendars.change({ ...set("c1", "12-25"), calendar: "closed" })
      const refused = yield* Effect.flip(calendars.change(remove("c2")))
      assert.strictEqual(refused.code, "notFound")
      assert.include(refused.hint ?? "", "closed")
    })
  )
  for (const landed of [true, false]) {
    test(
      `find out what became of a change whose outcome is unknown and that had ${landed ? "landed" : "not landed"}`,
      Effect.gen(function* () {
        const log = yield* EventLog
        const lose = yield* Ref.make(true)
        const losing: EventLog["Service"] = {
          ...log,
          append: (head, events) =>
            Effect.gen(function* () {
              const unknown: AppendOutcome = { _tag: "unknown", reason: "no answer" }
              if (!(yield* Ref.getAndSet(lose, false))) return yield* log.append(head, events)
              if (landed) yield* log.append(head, events)
              return unknown
            })
        }
        const context = yield* Layer.build(
          Layer.fresh(Calendars.layer("n1")).pipe(Layer.provide(Layer.succeed(EventLog, losing)))
        )
        const calendars = yield* Effect.provide(Calendars, context)
        assert.strictEqual((yield* calendars.change(set("c1", "12-25"))).revision, 1)
        assert.strictEqual((yield* stored).length, 1)
      })
    )
  }
})
