import { Effect, Layer } from "effect"
import type { EventLog } from "../../src/events/EventLog.ts"
import { NatsConnection } from "../../src/nats/NatsConnection.ts"
import * as NatsEventLog from "../../src/nats/NatsEventLog.ts"
import { provision } from "../../src/nats/Provision.ts"
import { defaults } from "../../src/Settings.ts"
import { connectionTo } from "./natsConnection.ts"
import type { TestServer } from "./natsServer.ts"

/** An empty log on a real server: the streams are made anew. */
export const freshLog = (server: TestServer): Layer.Layer<EventLog> => {
  const fresh = Layer.effectDiscard(
    Effect.gen(function* () {
      const { jsm, subjects } = yield* NatsConnection
      yield* Effect.promise(() => jsm.streams.delete(subjects.logStream).catch(() => false))
      yield* provision(defaults)
    })
  )
  return NatsEventLog.layer.pipe(Layer.provideMerge(fresh), Layer.provide(connectionTo(server)), Layer.orDie)
}
