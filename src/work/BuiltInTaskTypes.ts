/** The task types that this project brings, with the code that runs them: for workers. */
import { Notification } from "./Notification.ts"
import { ShellCommand } from "./ShellCommand.ts"

export const builtInTaskTypes = [ShellCommand, Notification] as const
