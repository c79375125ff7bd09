/** Facts that all tasks share, over a log that loses some of them, and is accepted as it stands. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type CalendarCommand, Calendars } from "../../src/actors/Calendars.ts"
import { CALENDARS_PARTITION } from "../../src/events/CalendarEvent.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { START } from "../support/task.ts"

type Log = EventLog["Service"]

const set = (calendar: string): CalendarCommand => ({
  type: "set",
  calendar,
  days: [{ from: "12-25", to: "12-25" }],
  causedBy: { commandId: `set ${calendar}`, actor: "test" }
})

const empty = Effect.map(Layer.build(Layer.fresh(EventLog.layerMemory)), (context) => context).pipe(
  Effect.flatMap((context) => Effect.provide(EventLog, context))
)

/** A log whose place another can take; whoever follows the one before hears nothing of it. */
const replaceable = (first: Log) => {
  let current = first
  const log: Log = {
    ...first,
    append: (head, json) => current.append(head, json),
    read: (partition, after) => Stream.suspend(() => current.read(partition, after)),
    readAny: (partition, after) => Stream.suspend(() => current.readAny(partition, after)),
    at: (partition, sequence) => Effect.suspend(() => current.at(partition, sequence)),
    follow: (after, partition) => Stream.suspend(() => current.follow(after, partition)),
    followAny: (after) => Stream.suspend(() => current.followAny(after))
  }
  return {
    log,
    /** From now on it holds only the first so many commits of the calendars. */
    cut: (count: number) =>
      Effect.gen(function* () {
        const shorter = yield* empty
        const commits = yield* Stream.runCollect(Stream.take(current.read(CALENDARS_PARTITION, 0), count))
        for (const { commit } of commits) yield* shorter.append(commit, [])
        current = shorter
      })
  }
}

const names = (calendars: Calendars["Service"]) => calendars.all().map(({ calendar }) => calendar)

describe("facts that all tasks share", () => {
  it.effect("are those of the log once it was accepted as it stands, here as on a node that is started then", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(START)
      const { cut, log } = replaceable(yield* empty)
      const node = (nodeId: string) =>
        Layer.build(Layer.fresh(Calendars.layer(nodeId)).pipe(Layer.provide(Layer.succeed(EventLog, log)))).pipe(
          Effect.flatMap((context) => Effect.provide(Calendars, context))
        )
      const calendars = yield* node("n1")
      yield* calendars.change(set("kept"))
      yield* calendars.change(set("lost"))
      yield* cut(1)

      const refused = yield* Effect.flip(calendars.change(set("new")))
      assert.strictEqual(refused.code, "partitionHalted")
      assert.strictEqual(calendars.halted()?.troubles[0]?.kind, "shortened")

      yield* TestClock.adjust(1000)
      yield* calendars.accept({ actor: "ann", reason: "a test" })
      yield* TestClock.adjust(0)
      assert.strictEqual(calendars.halted(), undefined)
      assert.deepStrictEqual(names(calendars), ["kept"])

      yield* calendars.change(set("new"))
      assert.deepStrictEqual(names(calendars), ["kept", "new"])
      // What was lost was not done: the same command does it now.
      assert.strictEqual((yield* calendars.change(set("lost"))).revision, 1)
      assert.deepStrictEqual(names(yield* node("n2")), names(calendars))
    })
  )
})
