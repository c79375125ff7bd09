/** What commands about tasks that are there have in common: their ids, and who asks why. */
import { Effect, Option } from "effect"
import { usage } from "../Failure.ts"
import { defined, json, text } from "./Flags.ts"

/** Why, and by which command id. */
export const origin = {
  reason: text("reason", "TEXT", "Why; kept with the task's history"),
  commandId: text("command-id", "ID", "Id of this command, for one task: sent again, it is carried out at most once"),
  json
}

/** One command id is for one task. */
export const originOf = (input: {
  readonly ids: ReadonlyArray<string>
  readonly reason: Option.Option<string>
  readonly commandId: Option.Option<string>
}) =>
  Option.isSome(input.commandId) && input.ids.length > 1
    ? Effect.fail(usage("--command-id is for one task; name one"))
    : Effect.succeed(defined({ reason: input.reason, commandId: input.commandId }))
