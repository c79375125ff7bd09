import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { lookout } from "../../src/actors/Lookout.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import { defaults } from "../../src/Settings.ts"
import { makePartition } from "../support/partition.ts"

describe("an owner with nothing to decide", () => {
  it.effect("learns what another has stored, and runs it when that one is gone", () =>
    Effect.gen(function* () {
      const world = yield* makePartition()
      const [idle, other] = [yield* world.start("idle"), yield* world.start("other")]
      yield* Effect.forkScoped(lookout([idle.actor]))
      yield* other.schedule("nightly")
      yield* other.stop
      assert.strictEqual(idle.actor.stats().tasks, 0)
      yield* TestClock.adjust(2 * defaults.lookMs)
      assert.strictEqual(idle.actor.stats().tasks, 1)
      yield* TestClock.adjust(60_000)
      assert.deepStrictEqual(
        (yield* world.events).map(({ type }) => type),
        ["scheduled", "due"]
      )
    }).pipe(Effect.provide(EventLog.layerMemory, { local: true }))
  )

  it.effect("asks one question, and no more, as long as nothing is stored", () =>
    Effect.gen(function* () {
      const log = yield* EventLog
      let questions = 0
      const counted = EventLog.of({
        ...log,
        lastSequence: Effect.tap(log.lastSequence, () => Effect.sync(() => (questions += 1))),
        read: (partition, after) => {
          questions += 100
          return log.read(partition, after)
        }
      })
      const world = yield* Effect.provideService(makePartition(), EventLog, counted)
      const { actor } = yield* world.start("idle")
      yield* Effect.forkScoped(Effect.provideService(lookout([actor]), EventLog, counted))
      yield* TestClock.adjust(4 * defaults.lookMs)
      questions = 0
      yield* TestClock.adjust(10 * defaults.lookMs)
      assert.strictEqual(questions, 10)
    }).pipe(Effect.provide(EventLog.layerMemory, { local: true }))
  )
})
