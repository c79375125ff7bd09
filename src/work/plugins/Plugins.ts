/**
 * The plugins of a worker, set up: their `setup` has run, in order, before the first attempt; their `teardown` runs after
 * the last, in the opposite order. One whose `setup` fails is left out, with those that depend on it; the log names them.
 */
import { Context, Effect, Fiber, Layer, type Schema } from "effect"
import { ran } from "../TaskType.ts"
import { noSuch } from "./PluginCommandArgs.ts"
import type { LoadedPlugins } from "./LoadPlugins.ts"
import type { Plugin, PluginCommandOptions, PluginContext, PluginScheduler, TaskToSchedule } from "./Plugin.ts"

const SETUP_MS = 30_000
const TEARDOWN_MS = 10_000

/** How tasks of plugins reach the service. */
export class TaskSubmission extends Context.Service<
  TaskSubmission,
  {
    schedule(
      task: TaskToSchedule
    ): Effect.Effect<
      { readonly taskId: string; readonly created: boolean; readonly understoodAs: string },
      { readonly message: string }
    >
    cancel(taskId: string): Effect.Effect<unknown, { readonly message: string }>
  }
>()("nagatha/work/TaskSubmission") {
  /** In memory: appends to `submitted`. */
  static readonly layerMemory = (submitted: Array<TaskToSchedule> = []): Layer.Layer<TaskSubmission> =>
    Layer.succeed(TaskSubmission, {
      schedule: (task) =>
        Effect.sync(() => {
          submitted.push(task)
          return { taskId: task.taskId ?? `task${submitted.length}`, created: true, understoodAs: task.schedule }
        }),
      cancel: () => Effect.void
    })
}

/** What a function of a plugin makes of it within a time; one that goes on after that is left to itself. */
const within = <A>(call: Effect.Effect<A, unknown>, milliseconds: number, what: string): Effect.Effect<A, unknown> =>
  Effect.flatMap(Effect.forkDetach(call, { startImmediately: true }), (fiber) =>
    Effect.timeoutOrElse(Fiber.join(fiber), {
      duration: milliseconds,
      orElse: () => Effect.fail(`${what} took longer than ${milliseconds / 1000} seconds`)
    })
  )

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message || cause.name : String(cause))

/** The Promise face of `TaskSubmission`. */
const schedulerOf = ({ cancel, schedule }: TaskSubmission["Service"]): PluginScheduler => {
  const scheduleTask = (task: TaskToSchedule) =>
    Effect.runPromise(Effect.mapError(schedule(task), ({ message }) => new Error(message)))
  const args = (fields: Readonly<Record<string, Schema.Json | undefined>>): Record<string, Schema.Json> =>
    Object.fromEntries(Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))
  return {
    scheduleTask,
    scheduleNotification: ({ message, notificationType, ...common }) =>
      scheduleTask({ ...common, taskType: "notification", taskArgs: args({ message, notificationType }) }),
    scheduleMcpTool: ({ arguments: given, serverName, toolName, ...common }) =>
      scheduleTask({ ...common, taskType: "mcp_tool", taskArgs: args({ serverName, toolName, arguments: given }) }),
    schedulePluginCommand: ({ arguments: given, commandName, pluginName, ...common }) =>
      scheduleTask({
        ...common,
        taskType: "plugin_command",
        taskArgs: args({ pluginName, commandName, arguments: given })
      }),
    cancelTask: (taskId) =>
      Effect.runPromise(Effect.asVoid(Effect.mapError(cancel(taskId), ({ message }) => new Error(message))))
  }
}

export class Plugins extends Context.Service<
  Plugins,
  {
    /** A command of a plugin that is set up, or why there is none. */
    // oxlint-disable-next-line typescript/no-explicit-any -- each command has arguments of its own, checked by its schema
    command(pluginName: string, commandName: string): PluginCommandOptions<any> | string
  }
>()("nagatha/work/Plugins") {
  static readonly layer = (plugins: LoadedPlugins): Layer.Layer<Plugins, never, TaskSubmission> =>
    Layer.effect(Plugins, setUp(plugins))

  /** For workers without plugins. */
  static readonly layerNone: Layer.Layer<Plugins> = Layer.succeed(Plugins, {
    command: (pluginName) => noSuch("plugin", pluginName, [])
  })
}

const setUp = Effect.fnUntraced(function* (plugins: LoadedPlugins) {
  const scheduler = schedulerOf(yield* TaskSubmission)
  const ready = new Map<string, Plugin>()
  const failed = new Map<string, string>()
  for (const { file, name, reason } of plugins.broken) {
    if (name !== null) failed.set(name, reason)
    yield* Effect.logError(`the plugin ${name ?? file} is left out: ${reason}${name === null ? "" : ` (${file})`}`)
  }
  for (const { file, plugin } of plugins.loaded) {
    const { dependsOn, name, setup, teardown, version } = plugin
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const context: PluginContext = { scheduler, log: (text) => void run(Effect.logInfo(`plugin ${name}: ${text}`)) }
    const missing = dependsOn.find((other) => !ready.has(other))
    const begun = within(
      ran(() => setup?.(context)),
      SETUP_MS,
      "setup"
    )
    const reason =
      missing === undefined
        ? yield* Effect.match(begun, { onFailure: wordsOf, onSuccess: () => undefined })
        : `it depends on the plugin ${JSON.stringify(missing)}, which is left out`
    if (reason !== undefined) {
      failed.set(name, reason)
      plugins.leftOut.set(name, reason)
      yield* Effect.logError(`the plugin ${name} is left out: ${reason} (${file})`)
      continue
    }
    ready.set(name, plugin)
    yield* Effect.logInfo(`plugin ${name} ${version} is set up (${file})`)
    yield* Effect.addFinalizer(() =>
      within(
        ran(() => teardown?.(context)),
        TEARDOWN_MS,
        "teardown"
      ).pipe(Effect.catch((cause) => Effect.logWarning(`plugin ${name}: teardown: ${wordsOf(cause)}`)))
    )
  }
  return Plugins.of({
    command: (pluginName, commandName) => {
      const plugin = ready.get(pluginName)
      if (plugin === undefined) {
        const reason = failed.get(pluginName)
        return reason === undefined
          ? `${noSuch("plugin", pluginName, [...ready.keys()])}; give this worker the plugin (--plugin FILE), or send the task to the queue of one that has it`
          : `the plugin ${pluginName} is left out on this worker: ${reason}`
      }
      const command = Object.hasOwn(plugin.commands, commandName) ? plugin.commands[commandName] : undefined
      return command ?? noSuch(`command of ${pluginName}`, commandName, Object.keys(plugin.commands))
    }
  })
})
