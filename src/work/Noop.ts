/** `noop`: does nothing, to measure everything else. Known only where it is registered on purpose. */
import { Effect, Schema } from "effect"
import { defineTaskType } from "./TaskType.ts"

export const Noop = defineTaskType({
  name: "noop",
  description: "Does nothing.",
  args: Schema.Struct({}),
  result: Schema.Null,
  run: () => Effect.succeed(null)
})
