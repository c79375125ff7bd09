/** The task types that this project brings, with the code that runs them: for workers. */
import { HttpRequest } from "./http/HttpRequest.ts"
import { McpTool } from "./mcp/McpTool.ts"
import type { McpServers } from "./mcp/McpServers.ts"
import { Notification } from "./notification/Notification.ts"
import type { NotificationBus } from "./notification/NotificationMessage.ts"
import { ShellCommand } from "./shell/ShellCommand.ts"
import { PluginCommand } from "./plugins/PluginCommand.ts"
import type { Plugins } from "./plugins/Plugins.ts"
import type { TaskType } from "./TaskType.ts"

/** What the code of these task types needs of a worker. */
export type BuiltInServices = NotificationBus | McpServers | Plugins

export const builtInTaskTypes: ReadonlyArray<TaskType<BuiltInServices>> = [
  ShellCommand,
  Notification,
  McpTool,
  HttpRequest,
  PluginCommand
]
