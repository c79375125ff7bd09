/** The arguments and the result of `plugin_command`, without the code of plugins. */
import { Effect, Result, Schema } from "effect"
import { ArgsProblem, argsChecker } from "../ArgsProblem.ts"
import { suggestion } from "../Suggestion.ts"
import { declareTaskType, type TaskDeclaration } from "../TaskType.ts"
import { type LoadedPlugins, noPlugins } from "./LoadPlugins.ts"
import type { Plugin } from "./Plugin.ts"

const Name = Schema.String.check(Schema.isNonEmpty({ message: "must not be empty" }))

export const PluginCommandArgs = Schema.Struct({
  pluginName: Name.annotate({ description: "name of a plugin of the worker" }),
  commandName: Name.annotate({ description: "name of one of its commands" }),
  arguments: Schema.Record(Schema.String, Schema.Json)
    .annotate({ description: "what the command is given: an object" })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed({})))
})
export type PluginCommandArgs = typeof PluginCommandArgs.Type

const declared = declareTaskType({
  name: "plugin_command",
  description: "Runs a command of a plugin that the worker has loaded.",
  args: PluginCommandArgs,
  result: Schema.Json
})

/** There is no such thing: what there is, and what was meant. */
export const noSuch = (what: string, name: string, known: ReadonlyArray<string>): string => {
  const meant = suggestion(name, known)
  if (meant !== undefined) return `there is no ${what} ${JSON.stringify(name)}; did you mean ${JSON.stringify(meant)}?`
  return known.length === 0
    ? `there is no ${what} ${JSON.stringify(name)}`
    : `there is no ${what} ${JSON.stringify(name)}; there are ${known.join(", ")}`
}

const isArgs = Schema.is(PluginCommandArgs)

const checkedBy = (plugin: Plugin, args: PluginCommandArgs): Result.Result<PluginCommandArgs, ArgsProblem> => {
  const { commandName, pluginName } = args
  const command = Object.hasOwn(plugin.commands, commandName) ? plugin.commands[commandName] : undefined
  if (command === undefined) {
    const message = noSuch(`command of ${pluginName}`, commandName, Object.keys(plugin.commands))
    return Result.fail(new ArgsProblem({ taskType: declared.name, field: "commandName", message }))
  }
  if (command.parameters === undefined) return Result.succeed(args)
  return argsChecker(
    `${pluginName}/${commandName}`,
    command.parameters
  )(args.arguments).pipe(
    Result.map((inner) => ({ ...args, arguments: inner })),
    Result.mapError(
      ({ field, message }) =>
        new ArgsProblem({
          taskType: declared.name,
          field: field === "" ? "arguments" : `arguments.${field}`,
          message
        })
    )
  )
}

/**
 * The declaration as it is with these plugins. `all`: there are no others, so that one that is not known is refused; else
 * a task for an unknown plugin is taken as it is, for a worker may know it.
 */
export const pluginCommandDeclaration = (
  { broken, leftOut, loaded }: LoadedPlugins = noPlugins,
  all = false
): TaskDeclaration<PluginCommandArgs, Schema.Json> => ({
  ...declared,
  check: (given) =>
    Result.flatMap(declared.check(given), (args): ReturnType<TaskDeclaration["check"]> => {
      if (!isArgs(args)) return Result.succeed(args)
      const plugin = loaded.find((one) => one.plugin.name === args.pluginName)?.plugin
      const why = leftOut.get(args.pluginName) ?? broken.find(({ name }) => name === args.pluginName)?.reason
      if (plugin !== undefined && why === undefined) return checkedBy(plugin, args)
      if (!all) return Result.succeed(args)
      const names = loaded.map((one) => one.plugin.name).filter((name) => !leftOut.has(name))
      const message =
        why === undefined
          ? `${noSuch("plugin", args.pluginName, names)} (plugins are given with --plugin FILE, or lie in the plugins folder)`
          : `the plugin ${args.pluginName} is left out: ${why}`
      return Result.fail(new ArgsProblem({ taskType: declared.name, field: "pluginName", message }))
    })
})
