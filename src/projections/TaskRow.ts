/** How each event changes the row of a task. Pure; the fold of a task's events gives its row, whatever the batches. */
import { DEFAULT_RETRY } from "../events/RetryPolicy.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { EventOf, TaskEvent } from "../events/TaskEvent.ts"
import { fromMillis, type Instant, toMillis } from "../recurrence/Instant.ts"
import { dstOf } from "../recurrence/Recurrence.ts"
import type { ScheduledTask, TaskStatus } from "./ScheduledTask.ts"

/** The fields that a definition says. */
export const shownFields = (definition: TaskDefinition) => ({
  taskType: definition.taskType,
  taskName: definition.taskName,
  description: definition.description,
  taskArgs: definition.taskArgs,
  scheduleSpec: definition.scheduleSpec,
  timezone: definition.timezone,
  understoodAs: definition.understoodAs,
  maxRuns: definition.maxRuns,
  maxRetries: definition.maxRetries,
  backoffMs: definition.backoffMs,
  backoffFactor: definition.backoffFactor ?? DEFAULT_RETRY.backoffFactor,
  maxBackoffMs: definition.maxBackoffMs ?? DEFAULT_RETRY.maxBackoffMs,
  jitter: definition.jitter ?? DEFAULT_RETRY.jitter,
  noRetryOn: definition.noRetryOn ?? [],
  queue: definition.queue,
  priority: definition.priority,
  key: definition.concurrencyKey ?? null,
  tags: definition.tags,
  overlap: definition.overlap,
  catchUp: definition.catchUp,
  catchUpWindowMs: definition.catchUpWindowMs,
  catchUpMax: definition.catchUpMax ?? null,
  catchUpRate: definition.catchUpRate ?? null,
  timeoutMs: definition.timeoutMs,
  hardTimeoutMs: definition.hardTimeoutMs,
  spreadMs: definition.spreadMs ?? 0,
  expiresMs: definition.expiresMs ?? null,
  pauseAfterFailures: definition.pauseAfterFailures ?? null,
  exclude: definition.exclude ?? [],
  startAt: definition.startAt,
  endAt: definition.endAt,
  ...dstFields(definition),
  managedBy: definition.managedBy ?? null,
  createdBy: definition.createdBy
})

const dstFields = ({ recurrence }: TaskDefinition) => {
  const dst = dstOf(recurrence)
  return { dstGap: dst?.gap ?? null, dstOverlap: dst?.overlap ?? null }
}

type Progress = Omit<ScheduledTask, keyof ReturnType<typeof shownFields> | "nextRunAt">

/** What events change all the time; the definition is kept apart, for it is large and hardly ever changes. */
export interface TaskRow {
  readonly progress: Progress
  /** What the task is when nothing of it runs. */
  readonly resting: TaskStatus
  /** Executions that have begun and not ended; one that waits for its next attempt is among them. */
  readonly running: ReadonlyArray<string>
  /** Open executions that were asked for by a command: not among the task's runs. */
  readonly byHand: ReadonlyArray<string>
  /** When the task came to its end; null while it is not over. */
  readonly overAt: Instant | null
  /** How long after its instants it is due, by the newest definition; milliseconds. */
  readonly offsetMs: number
}

/** When the next run is due: its instant, and the task's share of the spread. */
export const nextRunAt = ({ offsetMs, progress: { nextNominalAt } }: TaskRow): Instant | null =>
  nextNominalAt === null || offsetMs === 0 ? nextNominalAt : fromMillis(toMillis(nextNominalAt) + offsetMs)

/** The row as readers see it. */
export const scheduledTask = (row: TaskRow, definition: TaskDefinition): ScheduledTask => ({
  ...shownFields(definition),
  ...row.progress,
  nextRunAt: nextRunAt(row)
})

/** The definition that an event brings; undefined for most. */
export const definitionIn = (event: TaskEvent): TaskDefinition | undefined =>
  event.type === "scheduled" || event.type === "updated" || event.type === "rescheduled" || event.type === "restored"
    ? event.definition
    : undefined

const isOver = (status: TaskStatus): boolean => status === "completed" || status === "failed" || status === "cancelled"

/** The row after an event; undefined only when the task is not known (its `scheduled` event was not seen). */
export const taskAfter = (row: TaskRow | undefined, event: TaskEvent): TaskRow | undefined => {
  if (row === undefined) return event.type === "scheduled" ? first(event) : undefined
  // What becomes of a step is told by the sequence that it belongs to.
  if ("parentExecutionId" in event && event.parentExecutionId !== undefined) return changed(row, event, {})
  switch (event.type) {
    case "scheduled":
      return row
    case "updated":
    case "rescheduled":
      return changed(row, event, { scheduleType: event.scheduleType, nextNominalAt: event.nextAt })
    case "paused":
      return changed(
        row,
        event,
        { pausedUntil: event.until, pauseReason: event.causedBy.reason ?? null },
        { resting: "paused" }
      )
    case "resumed":
      return changed(
        row,
        event,
        { pausedUntil: null, pauseReason: null, nextNominalAt: event.nextAt },
        { resting: "scheduled" }
      )
    case "cancelled":
      return changed(
        row,
        event,
        { nextNominalAt: null, cancelledAt: event.time },
        { resting: "cancelled", running: row.running.filter((id) => !event.executions.includes(id)) }
      )
    case "restored":
      return changed(
        row,
        event,
        {
          scheduleType: event.scheduleType,
          nextNominalAt: event.nextAt,
          cancelledAt: null,
          pausedUntil: null,
          pauseReason: null
        },
        { resting: "scheduled" }
      )
    case "stopping":
      return changed(row, event, {})
    case "due":
      return changed(
        row,
        event,
        { nextNominalAt: event.nextAt, retryCount: 0 },
        event.manual === true ? { byHand: [...row.byHand, event.executionId] } : {}
      )
    case "skipped":
      return changed(row, event, { nextNominalAt: event.nextAt })
    case "started":
      return changed(
        row,
        event,
        { lastRunAt: later(row, event.startedAt), lastStatus: "running" },
        { running: [...without(row, event.executionId), event.executionId] }
      )
    case "retry":
      return changed(
        row,
        event,
        {
          lastRunAt: later(row, event.startedAt),
          lastStatus: "retrying",
          lastError: event.error.message,
          retryCount: event.attempt
        },
        event.startedAt === null ? {} : { running: [...without(row, event.executionId), event.executionId] }
      )
    case "success":
    case "failure":
      return ended(row, event)
    case "completed":
      return changed(row, event, { nextNominalAt: null }, { resting: isOver(row.resting) ? row.resting : "completed" })
  }
}

const first = (event: EventOf<"scheduled">): TaskRow => ({
  progress: {
    taskId: event.taskId,
    scheduleType: event.scheduleType,
    status: "scheduled",
    nextNominalAt: event.nextAt,
    lastRunAt: null,
    lastStatus: null,
    lastError: null,
    runCount: 0,
    retryCount: 0,
    pausedUntil: null,
    pauseReason: null,
    createdAt: event.time,
    updatedAt: event.time,
    cancelledAt: null,
    revision: event.revision
  },
  resting: "scheduled",
  running: [],
  byHand: [],
  overAt: null,
  offsetMs: event.definition.offsetMs ?? 0
})

/** The row with changes; what is running decides the status of a task that is not over. */
const changed = (
  row: TaskRow,
  event: TaskEvent,
  progress: Partial<Progress>,
  more: Partial<Pick<TaskRow, "resting" | "running" | "byHand">> = {}
): TaskRow => {
  const resting = more.resting ?? row.resting
  const running = more.running ?? row.running
  // Of a task that is over an execution may be retried; one that was cancelled is over whatever still stops.
  const over = isOver(resting) && (resting === "cancelled" || running.length === 0)
  return {
    progress: {
      ...row.progress,
      ...progress,
      status: running.length > 0 && !over ? "running" : resting,
      updatedAt: event.time,
      revision: event.revision
    },
    resting,
    running,
    byHand: more.byHand ?? row.byHand,
    overAt: over ? (row.overAt ?? event.time) : null,
    offsetMs: "definition" in event ? (event.definition.offsetMs ?? 0) : row.offsetMs
  }
}

const without = (row: TaskRow, executionId: string): ReadonlyArray<string> =>
  row.running.length === 0 ? row.running : row.running.filter((id) => id !== executionId)

/** The newest start: executions that overlap need not end in the order in which they began. */
const later = ({ progress: { lastRunAt } }: TaskRow, startedAt: Instant | null): Instant | null =>
  startedAt === null || (lastRunAt !== null && lastRunAt > startedAt) ? lastRunAt : startedAt

const ended = (row: TaskRow, event: EventOf<"success"> | EventOf<"failure">): TaskRow => {
  const status = event.type === "success" ? "completed" : event.error.code === "cancelled" ? "cancelled" : "failed"
  // A one-time task ends with its execution, unless that was run by hand before its time.
  const last = row.progress.scheduleType === "one_time" && row.progress.nextNominalAt === null
  return changed(
    row,
    event,
    {
      lastRunAt: later(row, event.startedAt),
      lastStatus: status,
      lastError: event.type === "failure" ? event.error.message : null,
      runCount: row.progress.runCount + (row.byHand.includes(event.executionId) ? 0 : 1),
      retryCount: event.attempt - 1
    },
    {
      running: without(row, event.executionId),
      byHand: row.byHand.filter((id) => id !== event.executionId),
      resting: last && row.resting !== "cancelled" ? status : row.resting
    }
  )
}
