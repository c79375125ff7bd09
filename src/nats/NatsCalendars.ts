/** Commands about calendars of excluded days over NATS; any node that decides takes them. */
import { Effect, Layer, Result, Schema } from "effect"
import { randomUUID } from "node:crypto"
import {
  RemoveCalendarRequest,
  removeCalendar,
  type Sender,
  SetCalendarRequest,
  setCalendar
} from "../actors/door/CalendarRequest.ts"
import { type CalendarCommand, Calendars } from "../actors/Calendars.ts"
import type { Refused } from "../actors/door/TaskRequest.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { decodeWith, NatsService, readJson, respond, respondError } from "./NatsService.ts"

const GROUP = "nagatha"

export const layer: Layer.Layer<never, never, NatsConnection | NatsService | Calendars> = Layer.effectDiscard(
  Effect.gen(function* () {
    const { subjects } = yield* NatsConnection
    const calendars = yield* Calendars
    const { endpoint } = yield* NatsService
    const services = yield* Effect.context<never>()

    const changing = <A>(
      verb: string,
      schema: Schema.ConstraintDecoder<A>,
      commandOf: (request: A, sender: Sender) => Result.Result<CalendarCommand, Refused>
    ) => {
      const decode = decodeWith(schema)
      return endpoint(`command-${verb}`, subjects.command(verb), GROUP, (message) => {
        const command = commandOf(decode(readJson(message)), { commandId: randomUUID(), actor: "nats" })
        Effect.runForkWith(services)(
          Effect.fromResult(command).pipe(
            Effect.flatMap(calendars.change),
            Effect.match({
              onSuccess: (answer) => respond(message, answer),
              onFailure: (refused) => respondError(message, refused)
            })
          )
        )
      })
    }

    yield* changing("setCalendar", SetCalendarRequest, setCalendar)
    yield* changing("removeCalendar", RemoveCalendarRequest, (request, sender) =>
      Result.succeed(removeCalendar(request, sender))
    )
  })
)
