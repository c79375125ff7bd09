/** Named subscriptions over NATS; any node with the role api takes them. */
import { Effect, Layer } from "effect"
import type { EventLog } from "../events/EventLog.ts"
import type { Cursors } from "../service/Cursors.ts"
import * as Subscriptions from "../service/Subscriptions.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { answering, NatsService } from "./NatsService.ts"

const GROUP = "nagatha"

export const layer: Layer.Layer<never, never, NatsConnection | NatsService | EventLog | Cursors> = Layer.effectDiscard(
  Effect.gen(function* () {
    const { connection, subjects } = yield* NatsConnection
    const { endpoint } = yield* NatsService
    const services = yield* Effect.context<never>()
    const { commands, queries } = yield* Subscriptions.make
    for (const { answer, name } of commands) {
      yield* endpoint(`command-${name}`, subjects.command(name), GROUP, answering(services, name, answer))
    }
    for (const { answer, name } of queries) {
      yield* endpoint(`query-${name}`, subjects.query(name), GROUP, answering(services, name, answer))
    }
    yield* Effect.promise(() => connection.flush())
  })
)
