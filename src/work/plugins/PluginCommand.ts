/** `plugin_command`: runs a command of a plugin. At least once: a command may be cut short and tried again. */
import { Effect, Predicate, Result, Schema } from "effect"
import { argsChecker } from "../ArgsProblem.ts"
import { type AttemptContext, implement, ran, TaskFailed } from "../TaskType.ts"
import { type PluginCommandArgs, pluginCommandDeclaration } from "./PluginCommandArgs.ts"
import { Plugins } from "./Plugins.ts"

const forGood = (code: string, message: string) => new TaskFailed({ error: { code, message }, retryable: false })

const isJson = Schema.is(Schema.Json)

const run = Effect.fnUntraced(function* (args: PluginCommandArgs, context: AttemptContext) {
  const { commandName, pluginName } = args
  const command = (yield* Plugins).command(pluginName, commandName)
  if (Predicate.isString(command)) return yield* forGood("unknownPlugin", command)
  const { parameters = Schema.Record(Schema.String, Schema.Json) } = command
  const place = `${pluginName}/${commandName}`
  // Checked again: the task may have been scheduled where the plugin was not known, or known in another version.
  const checked = argsChecker(place, parameters)(args.arguments)
  if (Result.isFailure(checked)) return yield* forGood("invalidArgs", checked.failure.message)
  const decoded = yield* Effect.orDie(Schema.decodeUnknownEffect(parameters)(checked.success))
  const value: unknown = (yield* ran(() => command.run(decoded, context))) ?? null
  if (isJson(value)) return value
  return yield* forGood("invalidResult", `${place}: what it gave is no JSON`)
})

export const PluginCommand = implement(pluginCommandDeclaration(), run)
