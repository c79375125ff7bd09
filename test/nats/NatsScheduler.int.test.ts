/** What the front door says when answers do not come: unknown is unknown, and a failure is only what was not done. */
import { assert, describe, it } from "@effect/vitest"
import type { Msg, NatsConnection as Connection } from "@nats-io/transport-node"
import { Effect, Layer, Stream } from "effect"
import * as NatsScheduler from "../../src/nats/NatsScheduler.ts"
import { respondError } from "../../src/nats/NatsService.ts"
import { Refused, Scheduler } from "../../src/Scheduler.ts"
import { connectionTo } from "../support/natsConnection.ts"
import { natsServer, type TestServer } from "../support/natsServer.ts"

const request = { taskType: "noop", schedule: "in 5 minutes", commandId: "command-1" }

const schedulerAt = (server: TestServer) =>
  NatsScheduler.layer({ actor: "test" }).pipe(Layer.provide(connectionTo(server, "client", 500)))

/** Somebody who takes schedule requests; told the number of each, from 1. */
const takes = async (
  server: TestServer,
  take: (message: Msg, core: Connection, nth: number) => void
): Promise<void> => {
  const core = await server.connect("core")
  let nth = 0
  core.subscribe("nagatha.command.schedule", { callback: (_error, message) => take(message, core, ++nth) })
  await core.flush()
}

/** The error of one schedule, by its tag and its command id. */
const errorOf = (server: TestServer) =>
  Scheduler.use((scheduler) => Effect.flip(scheduler.schedule(request))).pipe(
    Effect.provide(schedulerAt(server), { local: true }),
    Effect.map((error) => (error._tag === "OutcomeUnknown" ? `unknown ${error.commandId}` : error._tag))
  )

describe("a command over NATS", () => {
  it.live("that nobody takes was not done", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* errorOf(yield* natsServer()), "Unreachable")
    })
  )

  it.live("that somebody took and nobody answers is unknown, also when nobody is left to ask again", () =>
    Effect.gen(function* () {
      const server = yield* natsServer()
      yield* Effect.promise(() => takes(server, (_message, core) => void core.close()))
      assert.strictEqual(yield* errorOf(server), "unknown command-1")
    })
  )

  it.live("is unknown when the server dies with it, and does not come back", () =>
    Effect.gen(function* () {
      const server = yield* natsServer()
      yield* Effect.promise(() => takes(server, () => void server.kill()))
      assert.strictEqual(yield* errorOf(server), "unknown command-1")
    })
  )

  it.live("is unknown when the one who is asked again is too busy to say", () =>
    Effect.gen(function* () {
      const server = yield* natsServer()
      yield* Effect.promise(() =>
        takes(server, (message, _core, nth) => {
          if (nth > 1) respondError(message, new Refused({ code: "busy", message: "too many wait" }))
        })
      )
      assert.strictEqual(yield* errorOf(server), "unknown command-1")
    })
  )

  it.live("is refused by the one who is asked again, who knows of the first asking", () =>
    Effect.gen(function* () {
      const server = yield* natsServer()
      yield* Effect.promise(() =>
        takes(server, (message, _core, nth) => {
          if (nth > 1) respondError(message, new Refused({ code: "invalidSchedule", message: "no such time" }))
        })
      )
      assert.strictEqual(yield* errorOf(server), "Refused")
    })
  )
})

describe("a listener", () => {
  it.live("that is sent what it cannot read hears what follows, and its connection goes on", () =>
    Effect.gen(function* () {
      const server = yield* natsServer()
      const worker = yield* Effect.promise(() => server.connect("worker"))
      const told = yield* Effect.gen(function* () {
        const scheduler = yield* Scheduler
        return yield* scheduler.events("scheduler.notification.*").pipe(
          Stream.take(1),
          Stream.runCollect,
          Effect.raceFirst(
            Effect.gen(function* () {
              for (;;) {
                worker.publish("scheduler.notification.info", "not JSON")
                worker.publish("scheduler.notification.info", '{"taskId":"t1"}')
                yield* Effect.sleep(20)
              }
            })
          ),
          Effect.timeout("5 seconds")
        )
      }).pipe(Effect.provide(schedulerAt(server)))
      assert.deepStrictEqual(told, [{ taskId: "t1" }] as never)
    })
  )
})
