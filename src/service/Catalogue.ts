/**
 * Everything that leaves the service or is asked of it, by name, with its JSON Schema (2020-12), made from the schemas by
 * which it is written and read. `docs/events.md` and `nagatha schema` are made from this list.
 *
 * Bodies of events and answers may get further fields: whoever reads them passes over what they do not know. Requests are
 * taken as they are described, and an unknown field is refused by name.
 */
import { Schema } from "effect"
import { AcceptLogAnswer, AcceptLogRequest } from "../actors/door/AcceptLogRequest.ts"
import {
  CalendarAnswer,
  CalendarView,
  RemoveCalendarRequest,
  SetCalendarRequest
} from "../actors/door/CalendarRequest.ts"
import {
  PauseQueueRequest,
  QueueAnswer,
  QueuesQuery,
  QueueView,
  ResumeQueueRequest,
  SetQueueRequest
} from "../actors/door/QueueRequest.ts"
import { Preview, PreviewRequest } from "../actors/door/PreviewRequest.ts"
import {
  BackfillAnswer,
  BackfillRequest,
  CancelExecutionAnswer,
  CancelExecutionRequest,
  CancelRequest,
  CancelWaitingAnswer,
  CancelWaitingRequest,
  ChangeAnswer,
  PauseRequest,
  RescheduleRequest,
  RestoreRequest,
  ResumeRequest,
  RetryRequest,
  RevertRequest,
  RunAnswer,
  RunRequest,
  ScheduleAnswer,
  ScheduleRequest,
  SkipRequest,
  TaskAnswer,
  UndoRequest,
  UpdateRequest
} from "../actors/door/TaskRequest.ts"
import { TaskEvent, type TaskEventType } from "../events/TaskEvent.ts"
import { WhyAnswer } from "../audit/WhyAnswer.ts"
import {
  ChangesPage,
  ChangesQuery,
  Counts,
  CountsQuery,
  ExecutionCountsQuery,
  ExecutionsPage,
  ExecutionsQuery,
  TaskQuery,
  TasksPage,
  TasksQuery
} from "../projections/Queries.ts"
import { ScheduledTask } from "../projections/ScheduledTask.ts"
import { TaskExecution } from "../projections/TaskExecution.ts"
import { Progress } from "../work/LiveFeed.ts"
import { NotificationMessage } from "../work/notification/NotificationMessage.ts"
import { InfoQuery } from "./Answers.ts"
import { asOfField } from "./AsOf.ts"
import { EventPageJson, ManyAnswers, PastEventsAnswer, RefusedJson } from "./Client.ts"
import { Subscription } from "./Cursors.ts"
import { EventPageQuery } from "./EventPages.ts"
import { Occurrences, OccurrencesQuery, PastEventsQuery, ServiceStatus, TaskInfo } from "./FrontDoor.ts"
import { SchedulesPage, SchedulesQuery } from "./Schedules.ts"
import { StoredLogPage, StoredLogQuery } from "./StoredLog.ts"
import { WhyQuery } from "./WhyAnswers.ts"
import { AcknowledgeRequest, SubscribeAnswer, SubscribeRequest, UnsubscribeRequest } from "./Subscriptions.ts"

export type Kind = "event" | "command" | "query" | "model"

export interface Entry {
  /** `event.success`, `command.schedule`, `command.schedule.answer`, `ScheduledTask` … */
  readonly name: string
  readonly kind: Kind
  /** The subject on which it travels; null for what is a part of others. */
  readonly subject: string | null
  readonly description: string
  readonly schema: Schema.Constraint
  /** Whether further fields are refused. */
  readonly closed: boolean
}

/** When each event is announced. */
const WHEN: Readonly<Record<TaskEventType, string>> = {
  scheduled: "A task was scheduled.",
  updated: "A task was changed, and not when it runs.",
  rescheduled: "A task runs at other instants, or is started by other messages, from now on.",
  paused: "A task was paused.",
  resumed: "A task that was paused goes on.",
  cancelled: "A task was cancelled: nothing more of it becomes due.",
  restored: "A task that was over goes on.",
  stopping: "An execution is asked to stop; whoever works on it is told.",
  due: "An occurrence, a run by hand or a step became due and was handed to workers, or waits for its turn.",
  started: "An attempt has begun; only those that outlive a short grace.",
  success: "An execution has ended well.",
  retry: "An attempt failed, and another follows.",
  failure: "An execution has failed for good, or was cancelled.",
  skipped: "An occurrence was decided not to run.",
  completed: "A task has nothing more to come."
}

const Id = Schema.String.check(Schema.isPattern(/^\d+\.\d+$/u))

/** The announced body of an event: as it stands in the log, with its id and its public type. */
const announced = (member: (typeof TaskEvent.members)[number]): Entry => {
  const { type, ...fields } = member.fields
  const name = type.literal
  return {
    name: `event.${name}`,
    kind: "event",
    subject: `scheduler.task.${name}`,
    description: WHEN[name],
    schema: Schema.Struct({ id: Id, type: Schema.Literal(`scheduler.task.${name}`), ...fields }),
    closed: false
  }
}

const pair = (
  kind: "command" | "query",
  verb: string,
  description: string,
  request: Schema.Constraint,
  answer: Schema.Constraint
): ReadonlyArray<Entry> => {
  const subject = `nagatha.${kind}.${verb}`
  const name = `${kind}.${verb}`
  return [
    { name, kind, subject, description, schema: request, closed: true },
    { name: `${name}.answer`, kind, subject, description: `The answer to ${subject}.`, schema: answer, closed: false }
  ]
}

const Nothing = Schema.Struct({})
const Many = Schema.Struct({ requests: Schema.Array(ScheduleRequest) })
/** Questions that can be asked about a moment of the past. */
const asOf = asOfField

const commands: ReadonlyArray<Entry> = [
  ...pair("command", "schedule", "Schedules a task.", ScheduleRequest, ScheduleAnswer),
  ...pair("command", "scheduleMany", "Schedules many tasks, each answered by itself.", Many, ManyAnswers),
  ...pair("command", "cancel", "Ends a task.", CancelRequest, TaskAnswer),
  ...pair("command", "cancelExecution", "Ends one execution.", CancelExecutionRequest, CancelExecutionAnswer),
  ...pair("command", "cancelWaiting", "Drops what waits for its turn.", CancelWaitingRequest, CancelWaitingAnswer),
  ...pair("command", "retry", "A new execution in place of one that has not ended well.", RetryRequest, RunAnswer),
  ...pair("command", "undo", "Takes back the newest change of a task.", UndoRequest, ChangeAnswer),
  ...pair("command", "revert", "Brings back a task as it was at a revision.", RevertRequest, ChangeAnswer),
  ...pair("command", "restore", "Lets a task that is over go on.", RestoreRequest, ChangeAnswer),
  ...pair("command", "run", "Runs a task now, beside its schedule.", RunRequest, RunAnswer),
  ...pair("command", "pause", "Nothing of a task becomes due until it goes on.", PauseRequest, TaskAnswer),
  ...pair("command", "resume", "Lets a paused task go on.", ResumeRequest, TaskAnswer),
  ...pair("command", "skip", "Leaves out one occurrence that is still to come.", SkipRequest, TaskAnswer),
  ...pair("command", "backfill", "Runs the occurrences of a stretch of the past.", BackfillRequest, BackfillAnswer),
  ...pair("command", "reschedule", "Gives a task a new schedule.", RescheduleRequest, ChangeAnswer),
  ...pair("command", "update", "Changes the fields of a task that are named.", UpdateRequest, ChangeAnswer),
  ...pair(
    "command",
    "setCalendar",
    "Gives a calendar of excluded days all its days.",
    SetCalendarRequest,
    CalendarAnswer
  ),
  ...pair("command", "removeCalendar", "Removes a calendar.", RemoveCalendarRequest, CalendarAnswer),
  ...pair("command", "setQueue", "Changes limits of a queue.", SetQueueRequest, QueueAnswer),
  ...pair("command", "pauseQueue", "Nothing new of a queue begins until it goes on.", PauseQueueRequest, QueueAnswer),
  ...pair("command", "resumeQueue", "Lets a paused queue go on.", ResumeQueueRequest, QueueAnswer),
  ...pair(
    "command",
    "acceptLog",
    "Goes on with the log of a halted partition as it stands, although it is damaged.",
    AcceptLogRequest,
    AcceptLogAnswer
  ),
  ...pair(
    "command",
    "subscribe",
    "Makes a named subscription, or gives the one that is there.",
    SubscribeRequest,
    SubscribeAnswer
  ),
  ...pair(
    "command",
    "acknowledge",
    "Says that an event, and all before it, need not come again.",
    AcknowledgeRequest,
    Subscription
  ),
  ...pair("command", "unsubscribe", "Forgets a named subscription.", UnsubscribeRequest, Subscription)
]

const queries: ReadonlyArray<Entry> = [
  ...pair("query", "tasks", "A page of tasks.", Schema.Struct({ ...TasksQuery.fields, ...asOf }), TasksPage),
  ...pair(
    "query",
    "task",
    "One task.",
    Schema.Struct({ ...TaskQuery.fields, ...asOf }),
    Schema.Struct({ task: ScheduledTask, logSequence: Schema.Int })
  ),
  ...pair(
    "query",
    "info",
    "Everything about one task.",
    Schema.Struct({ ...InfoQuery.fields, ...asOf }),
    Schema.Struct({ ...TaskInfo.fields, logSequence: Schema.Int })
  ),
  ...pair(
    "query",
    "executions",
    "A page of executions.",
    Schema.Struct({ ...ExecutionsQuery.fields, ...asOf }),
    ExecutionsPage
  ),
  ...pair("query", "execution", "One execution.", Schema.Struct({ ...TaskQuery.fields, ...asOf }), TaskExecution),
  ...pair("query", "counts", "How many tasks fit a filter.", Schema.Struct({ ...CountsQuery.fields, ...asOf }), Counts),
  ...pair(
    "query",
    "executionCounts",
    "How many executions fit a filter.",
    Schema.Struct({ ...ExecutionCountsQuery.fields, ...asOf }),
    Counts
  ),
  ...pair("query", "occurrences", "The instants of a task in a stretch of time.", OccurrencesQuery, Occurrences),
  ...pair("query", "next", "How words are understood, and when that runs.", PreviewRequest, Preview),
  ...pair("query", "changes", "Who changed what, a page at a time.", ChangesQuery, ChangesPage),
  ...pair(
    "query",
    "schedules",
    "Schedules of tasks as they were understood, for those who look ahead.",
    SchedulesQuery,
    SchedulesPage
  ),
  ...pair("query", "why", "Why an instant of a task ran, or did not.", WhyQuery, WhyAnswer),
  ...pair("query", "log", "The log as it is stored, a page at a time.", StoredLogQuery, StoredLogPage),
  ...pair(
    "query",
    "queues",
    "Queues: their limits, what runs, what waits, and what holds it back.",
    QueuesQuery,
    Schema.Array(QueueView)
  ),
  ...pair("query", "calendars", "All calendars of excluded days.", Nothing, Schema.Array(CalendarView)),
  ...pair("query", "status", "Nodes, partitions, queues and read models.", Nothing, ServiceStatus),
  ...pair(
    "query",
    "events",
    "Announced events of the last 7 days, a page at a time.",
    PastEventsQuery,
    PastEventsAnswer
  ),
  ...pair(
    "query",
    "eventPage",
    "Events from the log, which keeps them all, a page at a time.",
    EventPageQuery,
    EventPageJson
  ),
  ...pair("query", "subscriptions", "The named subscriptions.", Nothing, Schema.Array(Subscription))
]

const model = (name: string, description: string, schema: Schema.Constraint, subject: string | null = null): Entry => ({
  name,
  kind: "model",
  subject,
  description,
  schema,
  closed: false
})

export const CATALOGUE: ReadonlyArray<Entry> = [
  ...TaskEvent.members.map(announced),
  model(
    "event.progress",
    "How far a running attempt says it is; live only, kept nowhere.",
    Progress,
    "scheduler.task.progress"
  ),
  model("notification", "A notification.", NotificationMessage, "scheduler.notification.<type>"),
  ...commands,
  ...queries,
  model("ScheduledTask", "A task as readers see it.", ScheduledTask),
  model("TaskExecution", "An execution as readers see it.", TaskExecution),
  model("error", "What is answered to whatever was refused, with the header Nats-Service-Error-Code.", RefusedJson)
]

export const entryOf = (name: string): Entry | undefined => CATALOGUE.find((entry) => entry.name === name)

const DIALECT = "https://json-schema.org/draft/2020-12/schema"

/** The JSON Schema of an entry, whole: nothing in it leads elsewhere. */
export const jsonSchemaOf = ({ closed, description, name, schema }: Entry): Readonly<Record<string, unknown>> => {
  const made = Schema.toJsonSchemaDocument(schema, { onExcessProperty: closed ? "error" : "ignore" })
  const { definitions } = made
  return {
    $schema: DIALECT,
    $id: `urn:nagatha:${name}`,
    title: name,
    description,
    ...made.schema,
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions })
  }
}
