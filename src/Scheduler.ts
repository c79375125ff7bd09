/**
 * The front door as a service of Effect programs; what can be asked of it is said in `service/FrontDoor.ts`.
 *
 * A command that succeeds is on disk. A command that fails with `OutcomeUnknown` may have been carried out: send it again
 * with the same `commandId`, which carries it out at most once and gives the first answer.
 */
import { Context, Effect, Layer } from "effect"
import type { MemoryOptions } from "./memory/MemoryScheduler.ts"
import type { FrontDoor } from "./service/FrontDoor.ts"
import type { InvalidSettings } from "./Settings.ts"
import type { InvalidTaskTypes } from "./work/TaskTypes.ts"

export {
  CalendarAnswer,
  CalendarView,
  type RemoveCalendarRequest,
  type SetCalendarRequest
} from "./actors/door/CalendarRequest.ts"
export {
  type PauseQueueRequest,
  QueueAnswer,
  QueuesQuery,
  QueueView,
  type ResumeQueueRequest,
  type SetQueueRequest
} from "./actors/door/QueueRequest.ts"
export { Preview, type PreviewRequest } from "./actors/door/PreviewRequest.ts"
export {
  BackfillAnswer,
  BackfillRequest,
  CancelExecutionAnswer,
  CancelExecutionRequest,
  CancelRequest,
  CancelWaitingAnswer,
  CancelWaitingRequest,
  ChangeAnswer,
  CommandOrigin,
  PauseRequest,
  Refused,
  RescheduleRequest,
  RestoreRequest,
  ResumeRequest,
  RetryRequest,
  RevertRequest,
  Run,
  RunAnswer,
  RunRequest,
  ScheduleAnswer,
  ScheduleRequest,
  SkipRequest,
  TaskAnswer,
  UndoRequest,
  UpdateRequest
} from "./actors/door/TaskRequest.ts"
export type { ChangesPage, ChangesQuery } from "./projections/Queries.ts"
export type { FieldChange, TaskChange } from "./projections/TaskChange.ts"
export type { OutputPiece } from "./work/LiveFeed.ts"
export {
  type AnnouncedEvent,
  type AsOfQuery,
  type ConsumeOptions,
  type Delivered,
  type EventPageAnswer,
  Occurrences,
  OccurrencesQuery,
  OutcomeUnknown,
  type PastEvents,
  PastEventsQuery,
  type RetryOfTask,
  type SchedulerError,
  ServiceStatus,
  TaskInfo,
  Unreachable
} from "./service/FrontDoor.ts"
export { WhyAnswer } from "./audit/WhyAnswer.ts"
export { SchedulesPage, SchedulesQuery, TaskSchedule } from "./service/Schedules.ts"
export { StoredLogPage, StoredLogQuery } from "./service/StoredLog.ts"

export { Subscription } from "./service/Cursors.ts"
export { EventPageQuery, fits } from "./service/EventPages.ts"
export { AcknowledgeRequest, SubscribeAnswer, SubscribeRequest, UnsubscribeRequest } from "./service/Subscriptions.ts"

export class Scheduler extends Context.Service<Scheduler, FrontDoor>()("nagatha/Scheduler") {
  /**
   * The whole scheduler in this process, without a server, with the program's own task types: for tests and embedded
   * use. Nothing of it outlives the layer. It runs by the clock that it is built under: with `TestClock` a year passes
   * in moments.
   */
  static readonly layerMemory = <Services = never>(
    options?: MemoryOptions<Services>
  ): Layer.Layer<Scheduler, InvalidTaskTypes | InvalidSettings, Services> =>
    Layer.effect(
      Scheduler,
      // Loaded when it is asked for: clients need nothing of it.
      Effect.flatMap(
        Effect.promise(() => import("./memory/MemoryScheduler.ts")),
        ({ make }) => Effect.map(make(options), ({ frontDoor }) => frontDoor)
      )
    )
}
