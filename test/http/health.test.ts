/** `/health/ready`, by what the service says of itself: ready, or which part of it is not. */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Health from "../../src/http/Health.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import { type ServiceStatus, Unreachable } from "../../src/service/FrontDoor.ts"
import { anApi } from "../support/http.ts"

/** What is answered where the service says so of itself. */
const readyWhere = Effect.fnUntraced(function* (status: Scheduler["Service"]["status"]) {
  const door = yield* Scheduler
  const { ask } = yield* anApi().pipe(Effect.provideService(Scheduler, { ...door, status }))
  return yield* ask("GET", "/health/ready", { bare: true })
})

layer(Scheduler.layerMemory(), { excludeTestServices: true })("not ready", (it) => {
  const altered = (change: (status: ServiceStatus) => ServiceStatus) =>
    Effect.gen(function* () {
      const { status } = yield* Scheduler
      return yield* readyWhere(Effect.map(status, change))
    })

  it.effect("is where nobody owns a partition, and says how many are", () =>
    Effect.gen(function* () {
      const { body, status } = yield* altered((found) => ({ ...found, partitions: [] }))
      assert.deepStrictEqual([status, body.ready], [503, false])
      assert.deepStrictEqual(body.checks[1], { name: "partitions", ok: false, found: "0 of 1 are owned" })
      assert.deepStrictEqual([body.checks[0].ok, body.checks[2].ok], [true, true])
    })
  )

  it.effect("is not where a partition is halted, which is told: the others are served", () =>
    Effect.gen(function* () {
      const troubles = [{ kind: "edited" as const, logSequence: 3, found: "it was edited", remedy: "restore it" }]
      const { body, status } = yield* altered((found) => ({
        ...found,
        partitions: found.partitions.map((one) => ({ ...one, troubles }))
      }))
      assert.deepStrictEqual([status, body.ready], [200, true])
      assert.deepStrictEqual(body.checks[1], { name: "partitions", ok: true, found: "1 of 1 are owned, 1 halted" })
    })
  )

  it.effect("is where read models are more than 1,000 commits behind, and not at 1,000", () =>
    Effect.gen(function* () {
      for (const [lag, status] of [
        [1000, 200],
        [1001, 503]
      ] as const) {
        const answer = yield* altered((found) => ({ ...found, projection: { ...found.projection, lag } }))
        assert.deepStrictEqual([answer.status, answer.body.ready], [status, status === 200])
        assert.deepStrictEqual(answer.body.checks[2], {
          name: "readModels",
          ok: status === 200,
          found: `${lag} commits behind the log`
        })
      }
    })
  )

  it.effect("is where the log cannot be reached, or does not answer; why is for those who may come in", () =>
    Effect.gen(function* () {
      const gone = yield* readyWhere(Effect.fail(new Unreachable({ message: "nats://10.0.0.1 is gone" })))
      assert.strictEqual(gone.status, 503)
      assert.deepStrictEqual(gone.body, {
        ready: false,
        checks: [{ name: "log", ok: false, found: "the service cannot be reached" }]
      })
      const door = yield* Scheduler
      const health = yield* Health.make({ ...door, status: Effect.never }, 1)
      yield* Effect.gen(function* () {
        const asking = yield* Effect.forkChild(health, { startImmediately: true })
        yield* TestClock.adjust("3 seconds")
        assert.deepStrictEqual(yield* Fiber.join(asking), [
          { name: "log", ok: false, found: "no answer within 3 seconds" }
        ])
      }).pipe(Effect.provide(TestClock.layer()))
    })
  )
})
