/**
 * What a plugin is: commands that tasks of the type `plugin_command` run, task types of its own, and what it does when a
 * worker starts and stops. A plugin is trusted code: it runs in the worker's process, with the worker's rights.
 */
import type { Schema } from "effect"
import type { AttemptContext, Outcome, TaskType } from "../TaskType.ts"

export interface PluginCommandOptions<Args> {
  /** One sentence for people. */
  readonly description: string
  /** Shape of the arguments; checked when a task is scheduled and again when it runs. Default: any object. */
  readonly parameters?: Schema.ConstraintCodec<Args, unknown>
  /**
   * Carries out an attempt; what it gives must be JSON. It may be tried again: `context.idempotencyKey` is the same in all
   * attempts of an execution. To stop it, `context.signal` is aborted (a Promise function) or it is interrupted (an Effect).
   */
  readonly run: (args: Args, context: AttemptContext) => Outcome<unknown>
}

/** A task that a plugin asks for; see `scheduleTask`. Fields as in `nagatha.command.schedule`. */
export interface TaskToSchedule {
  readonly taskType: string
  readonly taskArgs?: Readonly<Record<string, Schema.Json>>
  /** When, in words: "0 9 * * *", "in 30 minutes", "every weekday at 9:00". */
  readonly schedule: string
  /** Own id: the same task again under it changes nothing, so that a restart does not schedule it twice. */
  readonly taskId?: string
  readonly taskName?: string
  readonly description?: string
  readonly timezone?: string
  readonly queue?: string
  readonly tags?: ReadonlyArray<string>
  readonly maxRetries?: number
  readonly timeoutMs?: number
}

/** What is common to all tasks. */
export type CommonFields = Omit<TaskToSchedule, "taskType" | "taskArgs">

export interface Scheduled {
  readonly taskId: string
  /** False where the same task was there already. */
  readonly created: boolean
  readonly understoodAs: string
}

/** How a plugin schedules tasks; what is refused is thrown, with the reason in `message`. */
export interface PluginScheduler {
  scheduleTask(task: TaskToSchedule): Promise<Scheduled>
  scheduleNotification(
    task: CommonFields & {
      readonly message: string
      readonly notificationType?: "info" | "success" | "warning" | "error"
    }
  ): Promise<Scheduled>
  scheduleMcpTool(
    task: CommonFields & {
      readonly serverName: string
      readonly toolName: string
      readonly arguments?: Readonly<Record<string, Schema.Json>>
    }
  ): Promise<Scheduled>
  schedulePluginCommand(
    task: CommonFields & {
      readonly pluginName: string
      readonly commandName: string
      readonly arguments?: Readonly<Record<string, Schema.Json>>
    }
  ): Promise<Scheduled>
  cancelTask(taskId: string): Promise<void>
}

/** What `setup` and `teardown` are given. */
export interface PluginContext {
  readonly scheduler: PluginScheduler
  /** A line in the worker's log. */
  log(text: string): void
}

export interface PluginOptions<Commands> {
  /** Letters, digits, `-` and `_`, at most 64; the `pluginName` of tasks. */
  readonly name: string
  /** Default `0.0.0`. */
  readonly version?: string
  /** One sentence for people. */
  readonly description?: string
  /** Plugins that must be set up before this one. */
  readonly dependsOn?: ReadonlyArray<string>
  /** When a worker starts, before any work; a plugin whose `setup` fails, or takes longer than 30 seconds, is left out. */
  readonly setup?: (context: PluginContext) => Outcome<unknown>
  /** When the worker stops, after all work, in the opposite order; 10 seconds at most. */
  readonly teardown?: (context: PluginContext) => Outcome<unknown>
  readonly commands?: { readonly [Name in keyof Commands]: PluginCommandOptions<Commands[Name]> }
  /** Task types made by `defineTaskType`. */
  readonly taskTypes?: ReadonlyArray<TaskType>
}

/** A plugin as it is loaded. */
export interface Plugin {
  readonly kind: "plugin"
  readonly name: string
  readonly version: string
  readonly description: string
  readonly dependsOn: ReadonlyArray<string>
  readonly setup: PluginOptions<unknown>["setup"]
  readonly teardown: PluginOptions<unknown>["teardown"]
  // oxlint-disable-next-line typescript/no-explicit-any -- each command has arguments of its own, checked by its schema
  readonly commands: Readonly<Record<string, PluginCommandOptions<any>>>
  readonly taskTypes: ReadonlyArray<TaskType>
}

/** Makes a plugin; a plugin file has it as its default export. */
export const definePlugin = <Commands>(options: PluginOptions<Commands>): Plugin => ({
  kind: "plugin",
  name: options.name,
  version: options.version ?? "0.0.0",
  description: options.description ?? "",
  dependsOn: options.dependsOn ?? [],
  setup: options.setup,
  teardown: options.teardown,
  commands: { ...options.commands },
  taskTypes: options.taskTypes ?? []
})
