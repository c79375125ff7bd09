/** Commands about calendars of excluded days over NATS; any node that decides takes them. */
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import type { Calendars } from "../actors/Calendars.ts"
import { calendarCommands } from "../service/Commands.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { answering, NatsService } from "./NatsService.ts"

const GROUP = "nagatha"

export const layer: Layer.Layer<never, never, NatsConnection | NatsService | Calendars> = Layer.effectDiscard(
  Effect.gen(function* () {
    const { subjects } = yield* NatsConnection
    const { endpoint } = yield* NatsService
    const services = yield* Effect.context<never>()
    for (const { answer, name } of yield* calendarCommands({ actor: "nats", newId: randomUUID })) {
      yield* endpoint(`command-${name}`, subjects.command(name), GROUP, answering(services, name, answer))
    }
  })
)
