/** Whoever sleeps here sleeps in virtual time, which is what is tested: no test waits. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import * as VirtualTime from "../../src/memory/VirtualTime.ts"

const world = (patienceMs = 5000) => {
  const time = VirtualTime.make(1000, patienceMs)
  const seen: Array<string> = []
  const run = Effect.runPromiseWith(time.context)
  const fork = Effect.runForkWith(time.context)
  const say = (words: string) => Effect.sync(() => void seen.push(`${time.now()} ${words}`))
  return { time, seen, run, fork, say }
}

/** A promise that is fulfilled some turns of the event loop later: nothing that fibres could know of. */
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe("virtual time", () => {
  it("stands still by itself, and passes as far as it is told to", async () => {
    const { fork, say, seen, time } = world()
    fork(Effect.delay(say("rang"), 100))
    await turns(20)
    assert.deepStrictEqual(seen, [])
    await time.advanceTo(1099)
    assert.deepStrictEqual(seen, [])
    await time.advanceTo(1100)
    assert.deepStrictEqual(seen, ["1100 rang"])
    assert.strictEqual(time.now(), 1100)
  })

  it("wakes sleepers in the order of their instants, and of one instant in that in which they lay down", async () => {
    const { fork, say, seen, time } = world()
    for (const [name, delay] of [
      ["late", 300],
      ["early", 100],
      ["first", 200],
      ["second", 200]
    ] as const) {
      fork(Effect.delay(say(name), delay))
    }
    await time.advanceTo(2000)
    assert.deepStrictEqual(seen, ["1100 early", "1200 first", "1200 second", "1300 late"])
  })

  it("does all that an instant sets off before it goes on to the next", async () => {
    const { fork, say, seen, time } = world()
    const chain = Effect.gen(function* () {
      yield* Effect.sleep(100)
      const child = yield* Effect.forkChild(Effect.andThen(Effect.yieldNow, say("child")))
      yield* Fiber.join(child)
      yield* Effect.sleep(50)
      yield* say("chain")
    })
    fork(chain)
    fork(Effect.delay(say("other"), 120))
    await time.advanceTo(1200)
    assert.deepStrictEqual(seen, ["1100 child", "1120 other", "1150 chain"])
  })

  it("stands still while a run waits for something real", async () => {
    const { fork, say, seen, time } = world()
    const run = Effect.gen(function* () {
      yield* Effect.sleep(100)
      yield* Effect.promise(() => turns(50))
      yield* say("real")
      yield* Effect.sleep(10)
      yield* say("asleep")
    })
    fork(time.during(run))
    fork(Effect.delay(say("later"), 105))
    await time.advanceTo(1200)
    assert.deepStrictEqual(seen, ["1100 real", "1105 later", "1110 asleep"])
  })

  it("goes on without a run that never ends", async () => {
    const { fork, say, seen, time } = world(1)
    const run = Effect.timeoutOption(Effect.never, 100)
    fork(time.during(Effect.andThen(run, say("given up"))))
    await time.advanceTo(1200)
    assert.deepStrictEqual(seen, ["1100 given up"])
  })

  it("is the clock of whatever runs in it", async () => {
    const { run, time } = world()
    await time.advanceTo(5000)
    assert.strictEqual(await run(Clock.currentTimeMillis), 5000)
    assert.strictEqual(await run(Clock.currentTimeNanos), 5_000_000_000n)
  })

  it("forgets the sleep of who is interrupted", async () => {
    const { fork, say, seen, time } = world()
    const fiber = fork(Effect.delay(say("never"), 100))
    await Effect.runPromise(Fiber.interrupt(fiber))
    await time.advanceTo(2000)
    assert.deepStrictEqual(seen, [])
  })

  it("does not go back", async () => {
    const { time } = world()
    await time.advanceTo(500)
    assert.strictEqual(time.now(), 1000)
  })
})
