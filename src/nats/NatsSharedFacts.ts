/** Commands about what tasks share, calendars of excluded days and queues, over NATS; any node that decides takes them. */
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import type { Calendars } from "../actors/Calendars.ts"
import type { Queues } from "../actors/Queues.ts"
import { calendarCommands, queueCommands } from "../service/Commands.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { answering, NatsService } from "./NatsService.ts"

const GROUP = "nagatha"

export const layer: Layer.Layer<never, never, NatsConnection | NatsService | Calendars | Queues> = Layer.effectDiscard(
  Effect.gen(function* () {
    const { subjects } = yield* NatsConnection
    const { endpoint } = yield* NatsService
    const services = yield* Effect.context<never>()
    const options = { actor: "nats", newId: randomUUID }
    for (const { answer, name } of [...(yield* calendarCommands(options)), ...(yield* queueCommands(options))]) {
      yield* endpoint(`command-${name}`, subjects.command(name), GROUP, answering(services, name, answer))
    }
  })
)
