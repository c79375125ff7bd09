import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Queue, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Batcher from "../../src/work/Batcher.ts"

interface Call {
  readonly key: number
  readonly questions: ReadonlyArray<number>
  readonly answer: Deferred.Deferred<ReadonlyArray<string>, string>
}

/** A batcher whose calls are answered by the test, one by one. */
const gathered = (options: { readonly maxWeight?: number; readonly inFlight?: number } = {}) =>
  Effect.gen(function* () {
    const calls = yield* Queue.unbounded<Call>()
    const answers = yield* Queue.unbounded<string>()
    const failures: Array<number> = []
    const batcher = yield* Batcher.make<number, string, string>({
      call: (key, questions) =>
        Effect.gen(function* () {
          const answer = yield* Deferred.make<ReadonlyArray<string>, string>()
          yield* Queue.offer(calls, { key, questions, answer })
          return yield* Deferred.await(answer)
        }),
      weigh: (question) => question,
      maxWeight: options.maxWeight ?? 1000,
      inFlight: options.inFlight ?? 1,
      failed: (key) => Effect.sync(() => void failures.push(key)),
      succeeded: () => Effect.void
    })
    const ask = (key: number, ...questions: ReadonlyArray<number>) => {
      for (const question of questions) batcher.ask(key, question, (answer) => Queue.offerUnsafe(answers, answer))
    }
    const nextCall = Queue.take(calls)
    const answer = (call: Call) =>
      Deferred.succeed(
        call.answer,
        call.questions.map((question) => `${call.key}:${question}`)
      )
    return { ask, calls, nextCall, answer, nextAnswer: Queue.take(answers), failures }
  })

describe("questions", () => {
  it.effect("asked in one turn leave as one call a key, and each gets its own answer", () =>
    Effect.gen(function* () {
      const { answer, ask, nextAnswer, nextCall } = yield* gathered()
      ask(1, 10, 11)
      ask(2, 20)
      ask(1, 12)
      const [first, second] = [yield* nextCall, yield* nextCall]
      assert.deepStrictEqual([first.key, first.questions], [1, [10, 11, 12]])
      assert.deepStrictEqual([second.key, second.questions], [2, [20]])
      yield* answer(second)
      yield* answer(first)
      const answers = [yield* nextAnswer, yield* nextAnswer, yield* nextAnswer, yield* nextAnswer]
      assert.deepStrictEqual(answers, ["2:20", "1:10", "1:11", "1:12"])
    })
  )

  it.effect("gather while enough calls of their key are on their way", () =>
    Effect.gen(function* () {
      const { answer, ask, nextCall } = yield* gathered()
      ask(1, 1)
      const first = yield* nextCall
      ask(1, 2)
      yield* Effect.yieldNow
      ask(1, 3)
      ask(2, 9)
      assert.strictEqual((yield* nextCall).key, 2)
      yield* answer(first)
      assert.deepStrictEqual((yield* nextCall).questions, [2, 3])
    })
  )

  it.effect("beyond the size of a call are divided, in order, and one too heavy travels alone", () =>
    Effect.gen(function* () {
      const { answer, ask, nextCall } = yield* gathered({ maxWeight: 10 })
      ask(1, 4, 5, 3, 50, 1)
      const sizes: Array<ReadonlyArray<number>> = []
      for (let n = 0; n < 4; n++) {
        const call = yield* nextCall
        sizes.push(call.questions)
        yield* answer(call)
      }
      assert.deepStrictEqual(sizes, [[4, 5], [3], [50], [1]])
    })
  )

  it.effect("are asked again, the same ones, until they are answered", () =>
    Effect.gen(function* () {
      const { answer, ask, failures, nextAnswer, nextCall } = yield* gathered()
      ask(1, 1, 2)
      for (let n = 0; n < 20; n++) {
        const call = yield* nextCall
        assert.deepStrictEqual(call.questions, [1, 2])
        // The last kind of failure is a defect: an answer is missing.
        yield* n % 2 === 0 ? Deferred.fail(call.answer, "no answer") : Deferred.succeed(call.answer, ["one"])
        yield* TestClock.adjust("3 seconds")
      }
      yield* answer(yield* nextCall)
      assert.deepStrictEqual([yield* nextAnswer, yield* nextAnswer], ["1:1", "1:2"])
      assert.strictEqual(failures.length, 20)
    })
  )

  it.effect("are dropped when the scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { ask, calls, nextCall } = yield* Scope.provide(gathered(), scope)
      ask(1, 1)
      const call = yield* nextCall
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.fail(call.answer, "too late")
      ask(1, 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(Queue.sizeUnsafe(calls), 0)
    })
  )
})
