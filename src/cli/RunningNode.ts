/** What commands share that run a node in this process until they are stopped. */
import { Effect, Option, References } from "effect"
import { GlobalFlag } from "effect/cli"
import { zoneOf } from "./Flags.ts"
import { note } from "./Output.ts"
import { Presentation } from "./Presentation.ts"

/** Goes on until Ctrl-C or a signal to stop. */
export const untilStopped = Effect.onInterrupt(Effect.never, () => note("stopping; what runs is asked to stop"))

/** With the zone checked, which the node gives to requests without one, and its log shown (`--log-level`, `LOG_LEVEL`; default: info). */
export const asNode = Effect.fnUntraced(function* <A, E, R>(run: Effect.Effect<A, E, R>) {
  yield* zoneOf(Option.none())
  const { logLevel } = yield* Presentation
  const asked = Option.getOrUndefined(yield* GlobalFlag.LogLevel)
  return yield* Effect.provideService(run, References.MinimumLogLevel, asked ?? logLevel ?? "Info")
})
