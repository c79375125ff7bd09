/** `nagatha metrics`: what a node measures, as Prometheus reads it. */
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { Backend } from "../Backend.ts"
import { json } from "../asking/Flags.ts"
import { out, outJson } from "../showing/Output.ts"

export const metrics = Command.make(
  "metrics",
  {
    node: Flag.String("node").pipe(
      Flag.withMetavar("ID"),
      Flag.withDescription("The node that is asked (nagatha status lists them; default: any)"),
      Flag.optional
    ),
    json
  },
  Effect.fnUntraced(function* (input) {
    const told = yield* Backend.use((backend) => backend.metrics(Option.getOrUndefined(input.node)))
    if (input.json) return yield* outJson(told)
    yield* out(told.text.trimEnd())
  })
).pipe(
  Command.withExamples([{ command: "nagatha metrics" }, { command: "nagatha metrics --node n0f6e1a2b3c4d --json" }])
)
