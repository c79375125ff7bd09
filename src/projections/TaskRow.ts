/** How each event changes the row of a task. Pure; the fold of a task's events gives its row, whatever the batches. */
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { EventOf, TaskEvent } from "../events/TaskEvent.ts"
import type { ScheduledTask, TaskStatus } from "./ScheduledTask.ts"

/** The row, and what the fold needs beside it. */
export interface TaskRow {
  readonly task: ScheduledTask
  /** Of the newest event that has one. */
  readonly definition: TaskDefinition
  /** What the task is when nothing of it runs. */
  readonly resting: TaskStatus
  /** Executions that have begun and not ended. */
  readonly running: ReadonlyArray<string>
}

const isOver = (status: TaskStatus): boolean => status === "completed" || status === "failed" || status === "cancelled"

/** When the task came to its end; null while it is not over. */
export const overSince = ({ task }: TaskRow): string | null => (isOver(task.status) ? task.updatedAt : null)

const fromDefinition = (definition: TaskDefinition) => ({
  taskType: definition.taskType,
  taskName: definition.taskName,
  description: definition.description,
  taskArgs: definition.taskArgs,
  scheduleSpec: definition.scheduleSpec,
  timezone: definition.timezone,
  understoodAs: definition.understoodAs,
  maxRuns: definition.maxRuns,
  maxRetries: definition.maxRetries,
  queue: definition.queue,
  priority: definition.priority,
  tags: definition.tags,
  overlap: definition.overlap,
  catchUp: definition.catchUp,
  catchUpWindowMs: definition.catchUpWindowMs,
  timeoutMs: definition.timeoutMs,
  hardTimeoutMs: definition.hardTimeoutMs,
  startAt: definition.startAt,
  endAt: definition.endAt,
  createdBy: definition.createdBy
})

const first = (event: EventOf<"scheduled">): TaskRow => ({
  task: {
    taskId: event.taskId,
    ...fromDefinition(event.definition),
    scheduleType: event.scheduleType,
    status: "scheduled",
    nextRunAt: event.nextAt,
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
  definition: event.definition,
  resting: "scheduled",
  running: []
})

/** The row with changes; what is running decides the status of a task that is not over. */
const changed = (
  row: TaskRow,
  event: TaskEvent,
  task: Partial<ScheduledTask>,
  more: Partial<Omit<TaskRow, "task">> = {}
): TaskRow => {
  const next = { ...row, ...more }
  const status = next.running.length > 0 && !isOver(next.resting) ? "running" : next.resting
  return { ...next, task: { ...row.task, ...task, status, updatedAt: event.time, revision: event.revision } }
}

/** The row after an event; undefined only when the task is not known (its `scheduled` event was not seen). */
export const taskAfter = (row: TaskRow | undefined, event: TaskEvent): TaskRow | undefined => {
  if (row === undefined) return event.type === "scheduled" ? first(event) : undefined
  switch (event.type) {
    case "scheduled":
      return row
    case "updated":
    case "rescheduled":
      return changed(
        row,
        event,
        { ...fromDefinition(event.definition), scheduleType: event.scheduleType, nextRunAt: event.nextAt },
        { definition: event.definition }
      )
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
        { pausedUntil: null, pauseReason: null, nextRunAt: event.nextAt },
        { resting: "scheduled" }
      )
    case "cancelled":
      return changed(row, event, { nextRunAt: null, cancelledAt: event.time }, { resting: "cancelled" })
    case "due":
    case "skipped":
      return changed(row, event, { nextRunAt: event.nextAt })
    case "started":
      return changed(
        row,
        event,
        { lastRunAt: event.startedAt, lastStatus: "running" },
        { running: [...row.running.filter((id) => id !== event.executionId), event.executionId] }
      )
    case "retry":
      return changed(
        row,
        event,
        {
          lastRunAt: event.startedAt ?? row.task.lastRunAt,
          lastStatus: "retrying",
          lastError: event.error.message,
          retryCount: event.attempt
        },
        { running: row.running.filter((id) => id !== event.executionId) }
      )
    case "success":
    case "failure":
      return ended(row, event)
    case "completed":
      return changed(row, event, { nextRunAt: null }, { resting: row.resting === "failed" ? "failed" : "completed" })
  }
}

const ended = (row: TaskRow, event: EventOf<"success"> | EventOf<"failure">): TaskRow => {
  const oneTime = row.task.scheduleType === "one_time"
  const status = event.type === "success" ? "completed" : event.error.code === "cancelled" ? "cancelled" : "failed"
  return changed(
    row,
    event,
    {
      lastRunAt: event.startedAt ?? row.task.lastRunAt,
      lastStatus: status,
      lastError: event.type === "failure" ? event.error.message : null,
      runCount: row.task.runCount + 1,
      retryCount: event.attempt - 1
    },
    {
      running: row.running.filter((id) => id !== event.executionId),
      resting: oneTime && row.resting !== "cancelled" ? status : row.resting
    }
  )
}
