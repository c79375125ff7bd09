/** What commands share that run a node in this process until they are stopped. */
import { Effect, Option, References } from "effect"
import { GlobalFlag } from "effect/cli"
import { zoneOf } from "../asking/Flags.ts"
import type { PluginFound } from "./Deployment.ts"
import { note } from "../showing/Output.ts"
import { Presentation } from "../showing/Presentation.ts"
import { visible } from "../showing/Text.ts"

/** Goes on until Ctrl-C or a signal to stop. */
export const untilStopped = Effect.onInterrupt(Effect.never, () => note("stopping; what runs is asked to stop"))

/** With the zone checked, which the node gives to requests without one, and its log shown (`--log-level`, `LOG_LEVEL`; default: info). */
export const asNode = Effect.fnUntraced(function* <A, E, R>(run: Effect.Effect<A, E, R>) {
  yield* zoneOf(Option.none())
  const { logLevel } = yield* Presentation
  const asked = Option.getOrUndefined(yield* GlobalFlag.LogLevel)
  return yield* Effect.provideService(run, References.MinimumLogLevel, asked ?? logLevel ?? "Info")
})

/** Names of the plugins that are loaded; undefined where there are none. */
export const loadedNames = (plugins: ReadonlyArray<PluginFound>): string | undefined => {
  const names = plugins.flatMap(({ name, reason }) => (reason === undefined && name !== null ? [name] : []))
  return names.length === 0 ? undefined : names.join(", ")
}

/** One line for each plugin that is left out. */
export const warnOfBroken = (plugins: ReadonlyArray<PluginFound>) =>
  Effect.forEach(
    plugins.filter(({ reason }) => reason !== undefined),
    ({ file, reason = "" }) => note(visible(`warning: the plugin ${file} is left out: ${reason}`)),
    { discard: true }
  )
