/**
 * What programs and plugins use.
 *
 * - Programs that know promises: `connect`, and `testScheduler` for their tests.
 * - Programs of effects: `Scheduler`, the service; `layer` connects to it, `Scheduler.layerMemory` is all of it in memory.
 * - Plugins and task types: `definePlugin`, `defineTaskType`.
 */
export { connect, layerConnect as layer, layerConnect, testScheduler } from "./sdk/Entrances.ts"
export type { ConnectOptions } from "./sdk/Connection.ts"
export type {
  McpToolRequest,
  NotificationRequest,
  PluginCommandRequest,
  SchedulerClient,
  TaskFields
} from "./sdk/SchedulerClient.ts"
export type { TestRun, TestScheduler, TestSchedulerOptions } from "./sdk/TestScheduler.ts"
export { WaitedTooLong, type WaitOptions } from "./sdk/Waiting.ts"
export {
  type AcknowledgeRequest,
  type AnnouncedEvent,
  type AsOfQuery,
  type BackfillAnswer,
  type BackfillRequest,
  type CalendarAnswer,
  type CalendarView,
  type CancelExecutionAnswer,
  type CancelExecutionRequest,
  type CancelRequest,
  type CancelWaitingAnswer,
  type CancelWaitingRequest,
  type ChangeAnswer,
  type ChangesPage,
  type ChangesQuery,
  type ConsumeOptions,
  type Delivered,
  type EventPageAnswer,
  type EventPageQuery,
  type FieldChange,
  type Occurrences,
  type OccurrencesQuery,
  OutcomeUnknown,
  type OutputPiece,
  type PastEvents,
  type PastEventsQuery,
  type PauseQueueRequest,
  type PauseRequest,
  type Preview,
  type PreviewRequest,
  type QueueAnswer,
  type QueuesQuery,
  type QueueView,
  Refused,
  type RemoveCalendarRequest,
  type RescheduleRequest,
  type RestoreRequest,
  type ResumeQueueRequest,
  type ResumeRequest,
  type RetryOfTask,
  type RetryRequest,
  type RevertRequest,
  type Run,
  type RunAnswer,
  type RunRequest,
  type ScheduleAnswer,
  Scheduler,
  type ScheduleRequest,
  type SchedulerError,
  type SchedulesPage,
  type SchedulesQuery,
  type ServiceStatus,
  type SetCalendarRequest,
  type SetQueueRequest,
  type SkipRequest,
  type StoredLogPage,
  type StoredLogQuery,
  type SubscribeAnswer,
  type SubscribeRequest,
  type Subscription,
  type TaskAnswer,
  type TaskChange,
  type TaskInfo,
  type TaskSchedule,
  type UndoRequest,
  Unreachable,
  type UnsubscribeRequest,
  type UpdateRequest,
  type WhyAnswer
} from "./Scheduler.ts"
export type { ExecutionsPage, ExecutionsQuery, TasksPage, TasksQuery } from "./projections/Queries.ts"
export type { ScheduledTask } from "./projections/ScheduledTask.ts"
export type { TaskExecution } from "./projections/TaskExecution.ts"
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
