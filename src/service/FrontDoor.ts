/**
 * The front door: everything that a person, a program or an assistant can ask of the scheduler. `Scheduler.ts` makes a
 * service of it; `Client.ts` carries it over whatever takes requests.
 *
 * A command that succeeds is on disk. A command that fails with `OutcomeUnknown` may have been carried out: send it again
 * with the same `commandId`, which carries it out at most once and gives the first answer.
 */
import { type Effect, Schema, type Scope, type Stream } from "effect"
import type {
  CalendarAnswer,
  CalendarView,
  RemoveCalendarRequest,
  SetCalendarRequest
} from "../actors/door/CalendarRequest.ts"
import type { AcceptLogAnswer, AcceptLogRequest } from "../actors/door/AcceptLogRequest.ts"
import type { Preview, PreviewRequest } from "../actors/door/PreviewRequest.ts"
import type {
  PauseQueueRequest,
  QueueAnswer,
  QueuesQuery,
  QueueView,
  ResumeQueueRequest,
  SetQueueRequest
} from "../actors/door/QueueRequest.ts"
import {
  type BackfillAnswer,
  type BackfillRequest,
  type CancelExecutionAnswer,
  type CancelExecutionRequest,
  type CancelWaitingAnswer,
  type CancelWaitingRequest,
  type RestoreRequest,
  type RetryRequest,
  type RevertRequest,
  type UndoRequest,
  type CancelRequest,
  type ChangeAnswer,
  type PauseRequest,
  type Refused,
  type RescheduleRequest,
  type ResumeRequest,
  Run,
  type RunAnswer,
  type RunRequest,
  type ScheduleAnswer,
  type ScheduleRequest,
  type SkipRequest,
  type TaskAnswer,
  type UpdateRequest
} from "../actors/door/TaskRequest.ts"
import type {
  ChangesPage,
  ChangesQuery,
  Counts,
  CountsQuery,
  ExecutionCountsQuery,
  ExecutionsPage,
  ExecutionsQuery,
  TasksPage,
  TasksQuery
} from "../projections/Queries.ts"
import { ScheduledTask } from "../projections/ScheduledTask.ts"
import { TaskExecution } from "../projections/TaskExecution.ts"
import type { SchedulesPage, SchedulesQuery } from "./Schedules.ts"
import type { StoredLogPage, StoredLogQuery } from "./StoredLog.ts"
import type { WhyAnswer } from "../audit/WhyAnswer.ts"
import type { AnnouncedEvent } from "./Announced.ts"
import type { Subscription } from "./Cursors.ts"
import type { EventPageQuery } from "./EventPages.ts"
import type { AcknowledgeRequest, SubscribeAnswer, SubscribeRequest, UnsubscribeRequest } from "./Subscriptions.ts"
import { AnyInstant } from "../recurrence/Instant.ts"
import type { OutputPiece } from "../work/LiveFeed.ts"
import { NotUnderstood } from "../events/Commit.ts"
import { Trouble } from "../events/Trouble.ts"

export type { AnnouncedEvent }

/** Everything about one task. */
export const TaskInfo = Schema.Struct({
  task: ScheduledTask,
  nextRuns: Schema.Array(Run),
  /** What changes of the clocks do to the next ten runs. */
  notes: Schema.Array(Schema.String),
  executions: Schema.Array(TaskExecution)
})
export type TaskInfo = typeof TaskInfo.Type

export const OccurrencesQuery = Schema.Struct({
  id: Schema.String,
  from: AnyInstant,
  to: AnyInstant,
  /** Most that are listed; default 100. */
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })))
})
export type OccurrencesQuery = typeof OccurrencesQuery.Type

/** How many there are, and the first of them. */
export const Occurrences = Schema.Struct({ count: Schema.Int, runs: Schema.Array(Run), timezone: Schema.String })
export type Occurrences = typeof Occurrences.Type

/** What `nagatha status` shows. */
export const ServiceStatus = Schema.Struct({
  server: Schema.Struct({ name: Schema.String, version: Schema.String, url: Schema.String }),
  nodes: Schema.Array(
    Schema.Struct({
      nodeId: Schema.String,
      host: Schema.String,
      pid: Schema.Int,
      roles: Schema.Array(Schema.String),
      startedAt: Schema.String,
      version: Schema.String
    })
  ),
  partitions: Schema.Array(
    Schema.Struct({
      partition: Schema.Int,
      owner: Schema.String,
      logSequence: Schema.Int,
      tasks: Schema.Int,
      openExecutions: Schema.Int,
      /** Why nothing is decided in it; absent where it goes on. */
      troubles: Schema.optionalKey(Schema.Array(Trouble))
    })
  ),
  queues: Schema.Array(
    Schema.Struct({ queue: Schema.String, waiting: Schema.Int, inProgress: Schema.Int, redelivered: Schema.Int })
  ),
  projection: Schema.Struct({
    logSequence: Schema.Int,
    lag: Schema.Int,
    tasks: Schema.Record(Schema.String, Schema.Int),
    executions: Schema.Record(Schema.String, Schema.Int),
    /** How much of the log is not understood, and left out of the read models; the oldest of it. Absent for nothing. */
    parked: Schema.optionalKey(
      Schema.Struct({
        count: Schema.Int,
        first: Schema.Struct({ ...NotUnderstood.fields, logSequence: Schema.Int })
      })
    )
  })
})
export type ServiceStatus = typeof ServiceStatus.Type

export const PastEventsQuery = Schema.Struct({
  /** From when they were announced, as far as they are kept. */
  since: AnyInstant,
  /** Where the page before has ended. */
  cursor: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\d{1,15}$/))),
  taskId: Schema.optionalKey(Schema.String)
})
export type PastEventsQuery = typeof PastEventsQuery.Type

/** A page of them, in the order in which they were announced; an event may come twice, with the same id. */
export interface PastEvents {
  readonly items: ReadonlyArray<AnnouncedEvent>
  readonly nextCursor: string | null
}

export interface ConsumeOptions {
  /** Kept by the service under this name, with the last event that was acknowledged; without one nothing is kept. */
  readonly name?: string
  /** `scheduler.task.*` (default), `scheduler.task.EVENT`, or the event alone. */
  readonly patterns?: ReadonlyArray<string>
  readonly taskId?: string
  /** Begin with what happened since then, RFC 3339; of a name that is there already it says nothing. Default: from now on. */
  readonly since?: string
}

/** An event, and the way to say that it, and all before it, need not come again. */
export interface Delivered {
  readonly event: AnnouncedEvent
  /** Of an unnamed subscription nothing is kept. */
  readonly ack: Effect.Effect<void, SchedulerError>
}

/** A page of events from the log, each once; the next begins after `cursor`. */
export interface EventPageAnswer {
  readonly items: ReadonlyArray<AnnouncedEvent>
  readonly cursor: string
  /** Whether there is more already. */
  readonly more: boolean
}

/** Events as they come, page by page: nothing is missed and nothing comes twice. */
export interface EventPageStream {
  readonly first: EventPageAnswer
  readonly rest: Stream.Stream<EventPageAnswer, SchedulerError>
}

/** The service cannot be reached, or nothing answers; nothing was done. */
export class Unreachable extends Schema.TaggedError<Unreachable>()("Unreachable", {
  message: Schema.String,
  hint: Schema.optionalKey(Schema.String)
}) {}

/** No answer in time to a command that was sent: it may have been carried out. Ask again with this `commandId`. */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>()("OutcomeUnknown", {
  commandId: Schema.String,
  message: Schema.String
}) {}

export type SchedulerError = Refused | Unreachable | OutcomeUnknown

/** The state as it was at an instant (RFC 3339), or at a log sequence (`#1234`); the future is refused. */
export interface AsOfQuery {
  readonly asOf?: string
}
/** The newest execution of a task that has failed. */
export type RetryOfTask = Omit<RetryRequest, "executionId" | "endedAt"> & { readonly taskId: string }

export interface FrontDoor {
  schedule(request: ScheduleRequest): Effect.Effect<ScheduleAnswer, SchedulerError>
  /** Many at once, in one round trip a partition; each succeeds or is refused by itself. */
  scheduleMany(
    requests: ReadonlyArray<ScheduleRequest>
  ): Effect.Effect<ReadonlyArray<ScheduleAnswer | Refused>, Unreachable | OutcomeUnknown>
  cancel(request: CancelRequest): Effect.Effect<TaskAnswer, SchedulerError>
  /** Ends one execution, or asks it to stop; its task goes on with its schedule. */
  cancelExecution(request: CancelExecutionRequest): Effect.Effect<CancelExecutionAnswer, SchedulerError>
  /** Drops what is due and waits for the end of an earlier execution. */
  cancelWaiting(request: CancelWaitingRequest): Effect.Effect<CancelWaitingAnswer, SchedulerError>
  /** A new execution for the instant of one that has ended badly, named by itself or by its task (then the newest). */
  retry(request: RetryRequest | RetryOfTask): Effect.Effect<RunAnswer, SchedulerError>
  /** A task that is over goes on. */
  restore(request: RestoreRequest): Effect.Effect<ChangeAnswer, SchedulerError>
  /** Takes back the newest change of a task's definition. */
  undo(request: UndoRequest): Effect.Effect<ChangeAnswer, SchedulerError>
  /** Brings back the definition that a task had at a revision. */
  revert(request: RevertRequest): Effect.Effect<ChangeAnswer, SchedulerError>
  /** All revisions of a task, newest first: what changed, by whom, and why. */
  changes(query: ChangesQuery): Effect.Effect<ChangesPage, SchedulerError>
  /** Runs a task now, beside its schedule, also while it is paused. */
  run(request: RunRequest): Effect.Effect<RunAnswer, SchedulerError>
  /** Nothing of it becomes due until it goes on: by itself, or by `resume`. */
  pause(request: PauseRequest): Effect.Effect<TaskAnswer, SchedulerError>
  resume(request: ResumeRequest): Effect.Effect<TaskAnswer, SchedulerError>
  /** Leaves out one occurrence that is still to come. */
  skip(request: SkipRequest): Effect.Effect<TaskAnswer, SchedulerError>
  /** Runs the occurrences of a stretch of the past. */
  backfill(request: BackfillRequest): Effect.Effect<BackfillAnswer, SchedulerError>
  /** The instants of a task in `[from, to)`, without those of excluded days. */
  occurrences(query: OccurrencesQuery): Effect.Effect<Occurrences, SchedulerError>
  /** A new schedule; nothing from the past runs because of it. */
  reschedule(request: RescheduleRequest): Effect.Effect<ChangeAnswer, SchedulerError>
  /** Changes the fields that are named. */
  update(request: UpdateRequest): Effect.Effect<ChangeAnswer, SchedulerError>
  /** Gives a calendar of excluded days all its days; makes it where it is new. */
  setCalendar(request: SetCalendarRequest): Effect.Effect<CalendarAnswer, SchedulerError>
  removeCalendar(request: RemoveCalendarRequest): Effect.Effect<CalendarAnswer, SchedulerError>
  /** Changes the limits of a queue that are named. */
  setQueue(request: SetQueueRequest): Effect.Effect<QueueAnswer, SchedulerError>
  /** Nothing new of a queue begins until it goes on; what runs goes on. */
  pauseQueue(request: PauseQueueRequest): Effect.Effect<QueueAnswer, SchedulerError>
  resumeQueue(request: ResumeQueueRequest): Effect.Effect<QueueAnswer, SchedulerError>
  /** Goes on with the log of a halted partition as it stands, although it is damaged; the word stands in that log. */
  acceptLog(request: AcceptLogRequest): Effect.Effect<AcceptLogAnswer, SchedulerError>
  /** All queues, or one: limits, what runs, what waits, and what holds it back. */
  queues(query: QueuesQuery): Effect.Effect<ReadonlyArray<QueueView>, SchedulerError>
  readonly calendars: Effect.Effect<ReadonlyArray<CalendarView>, SchedulerError>
  /** How words would be understood, and when that runs. */
  next(request: PreviewRequest): Effect.Effect<Preview, SchedulerError>
  tasks(query: TasksQuery & AsOfQuery): Effect.Effect<TasksPage, SchedulerError>
  info(query: {
    readonly id: string
    readonly after?: number
    readonly executions?: number
    readonly asOf?: string
  }): Effect.Effect<TaskInfo, SchedulerError>
  executions(query: ExecutionsQuery & AsOfQuery): Effect.Effect<ExecutionsPage, SchedulerError>
  execution(query: {
    readonly id: string
    readonly after?: number
    readonly asOf?: string
  }): Effect.Effect<TaskExecution, SchedulerError>
  /** How many tasks fit a filter, by status and whatever else is asked for. */
  counts(query: CountsQuery & AsOfQuery): Effect.Effect<Counts, SchedulerError>
  /** How many executions fit a filter. */
  executionCounts(query: ExecutionCountsQuery & AsOfQuery): Effect.Effect<Counts, SchedulerError>
  /**
   * What a running execution writes, from the beginning and as it comes, for as long as the stream runs; a piece may
   * come twice, and nothing comes once it has ended.
   */
  output(executionId: string): Stream.Stream<OutputPiece, Unreachable>
  readonly status: Effect.Effect<ServiceStatus, SchedulerError>
  /** The schedules of the tasks that are not over, as they were compiled. */
  schedules(query: SchedulesQuery): Effect.Effect<SchedulesPage, SchedulerError>
  /** Why an instant of a task ran, or did not: the one decision about it, or why there was none to make. */
  why(query: { readonly id: string; readonly at: string }): Effect.Effect<WhyAnswer, SchedulerError>
  /** A page of the log as it is stored, byte for byte, for those who check it themselves. */
  storedLog(query: StoredLogQuery): Effect.Effect<StoredLogPage, SchedulerError>
  /** Events that have been announced, as far as they are kept (7 days). */
  pastEvents(query: PastEventsQuery): Effect.Effect<PastEvents, SchedulerError>
  /**
   * Events with acknowledgements, from where a named subscription stands, then as they happen; at least once, and none is
   * missed while nobody reads. See `Subscriptions.ts`.
   */
  consume(options: ConsumeOptions): Stream.Stream<Delivered, SchedulerError>
  /** A page of events from the log, which keeps them all. */
  eventPage(query: EventPageQuery): Effect.Effect<EventPageAnswer, SchedulerError>
  /** A page of events from the log, and those that follow, each as soon as there is something on it, while the scope is open. */
  eventPages(query: EventPageQuery): Effect.Effect<EventPageStream, SchedulerError, Scope.Scope>
  /** Makes a named subscription, or gives the one that is there. */
  makeSubscription(request: SubscribeRequest): Effect.Effect<SubscribeAnswer, SchedulerError>
  /** Says that an event, and all before it, need not come again. */
  acknowledge(request: AcknowledgeRequest): Effect.Effect<Subscription, SchedulerError>
  readonly subscriptions: Effect.Effect<ReadonlyArray<Subscription>, SchedulerError>
  /** Forgets a named subscription. */
  unsubscribe(request: UnsubscribeRequest): Effect.Effect<Subscription, SchedulerError>
  /**
   * Live events whose subject matches a pattern (default `scheduler.task.*`), all from the moment that the effect has run,
   * for as long as its scope is open. Other public subjects may be named as well: `scheduler.notification.*`.
   */
  subscribe(pattern?: string): Effect.Effect<Stream.Stream<AnnouncedEvent, Unreachable>, Unreachable, Scope.Scope>
  /** The same as a stream: from the moment that it runs. */
  events(pattern?: string): Stream.Stream<AnnouncedEvent, Unreachable>
}
