/** What an announcer goes through when its server is killed: the newest announcements may be gone. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Result, Stream } from "effect"
import { Announcements, type Recorded } from "../../src/actors/Announcements.ts"
import * as NatsAnnouncements from "../../src/nats/NatsAnnouncements.ts"
import { provision } from "../../src/nats/Provision.ts"
import { defaults } from "../../src/Settings.ts"
import { event } from "../events/eventLogContract.ts"
import { connectionTo } from "../support/natsConnection.ts"
import { natsServer } from "../support/natsServer.ts"

const recorded = (partition: number, sequence: number): Recorded => ({
  partition,
  sequence,
  index: 0,
  queue: "q",
  event: event(`task-${sequence}`)
})

describe("announcements, after the connection was lost", () => {
  it.live("are refused for each partition until the newest that is held is asked for: it would hide a gap", () =>
    Effect.gen(function* () {
      const server = yield* natsServer()
      const context = yield* Layer.build(
        NatsAnnouncements.layer.pipe(Layer.provideMerge(connectionTo(server, "core", 2000)))
      )
      yield* Effect.provideContext(
        Effect.gen(function* () {
          yield* Effect.orDie(provision(defaults))
          const { announce, disturbed, last } = yield* Announcements
          yield* announce([recorded(1, 1), recorded(2, 2)])
          const back = yield* Effect.forkChild(Stream.runHead(disturbed), { startImmediately: true })
          yield* Effect.promise(() => server.kill())
          yield* Effect.promise(() => server.restart())
          yield* Fiber.join(back)
          const refused = yield* Effect.result(announce([recorded(1, 3)]))
          assert.isTrue(Result.isFailure(refused) && refused.failure.message.includes("the connection was lost"))
          const held = yield* last(1)
          yield* announce([held === null ? recorded(1, 1) : recorded(1, 3)])
          assert.isTrue(Result.isFailure(yield* Effect.result(announce([recorded(1, 4), recorded(2, 5)]))))
          yield* last(2)
          yield* announce([recorded(1, 4), recorded(2, 5)])
          assert.strictEqual((yield* last(1))?.sequence, 4)
        }),
        context
      )
    })
  )
})
