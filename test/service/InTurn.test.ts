/** Questions that cost much are answered a few at a time, and turned away where too many wait. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Result } from "effect"
import { inTurn } from "../../src/service/InTurn.ts"

describe("questions in turn", () => {
  it.effect("are answered a few at once, refused where too many wait, and taken again afterwards", () =>
    Effect.gen(function* () {
      const over = yield* Deferred.make<void>()
      let running = 0
      let most = 0
      const { answer } = inTurn({
        name: "why",
        answer: () =>
          Effect.gen(function* () {
            running += 1
            most = Math.max(most, running)
            yield* Deferred.await(over)
            running -= 1
            return "because"
          })
      })
      const asking = yield* Effect.forEach(Array.from({ length: 64 }), () =>
        Effect.forkChild(answer({}), { startImmediately: true })
      )
      const refused = yield* Effect.flip(answer({}))
      assert.strictEqual(refused.code, "busy")
      const [gone, ...others] = asking.toReversed()
      if (gone !== undefined) yield* Fiber.interrupt(gone)
      const late = yield* Effect.forkChild(answer({}), { startImmediately: true })
      yield* Deferred.succeed(over, undefined)
      for (const one of [late, ...others]) assert.strictEqual(yield* Fiber.join(one), "because")
      assert.strictEqual(most, 4)
      assert.isTrue(Result.isSuccess(yield* Effect.result(answer({}))))
    })
  )
})
