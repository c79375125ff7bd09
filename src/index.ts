/** What programs and plugins use: `import { definePlugin } from "nagatha-scheduler"`. */
export {
  type AttemptContext,
  type AttemptFailure,
  ComeBackLater,
  defineTaskType,
  TaskCancelled,
  TaskFailed,
  type TaskType
} from "./work/TaskType.ts"
export {
  type CommonFields,
  definePlugin,
  type Plugin,
  type PluginCommandOptions,
  type PluginContext,
  type PluginOptions,
  type PluginScheduler,
  type Scheduled,
  type TaskToSchedule
} from "./work/plugins/Plugin.ts"
