/** How each event changes the rows of a task's executions. Pure. */
import { executionIdAt, messageExecutionId } from "../events/ExecutionId.ts"
import type { MessageHead } from "../events/Message.ts"
import type { EventOf, TaskEvent } from "../events/TaskEvent.ts"
import { toMillis } from "../recurrence/Instant.ts"
import type { Attempt, TaskExecution } from "./TaskExecution.ts"
import type { Schema } from "effect"

/** Ids of the executions whose rows an event changes. */
export const executionsOf = (event: TaskEvent): ReadonlyArray<string> => {
  switch (event.type) {
    case "due": {
      const { executionId, retried, retryOf } = event
      return [
        ...new Set([
          executionId,
          ...(retried === undefined ? [] : [retried]),
          ...(retryOf === undefined ? [] : [retryOf])
        ])
      ]
    }
    case "stopping":
    case "started":
    case "success":
    case "retry":
    case "failure":
      return [event.executionId]
    case "skipped":
      return [
        event.message === undefined
          ? executionIdAt(event.taskId, event.nominalAt)
          : messageExecutionId(event.taskId, event.message)
      ]
    case "cancelled":
      return event.executions
    default:
      return []
  }
}

type Ended = EventOf<"success"> | EventOf<"failure"> | EventOf<"retry">

/** Whether nothing follows any more: only a skipped one may still become due. */
export const isEnded = ({ status }: TaskExecution): boolean =>
  status !== "queued" && status !== "running" && status !== "retrying"

/** The row of one execution after an event that changes it; undefined when it is not known. */
export const executionAfter = (
  row: TaskExecution | undefined,
  event: TaskEvent,
  executionId: string,
  logSequence = 0
): TaskExecution | undefined => {
  if (event.type === "due" && event.executionId !== executionId) {
    return row === undefined ? undefined : { ...row, retriedBy: event.executionId }
  }
  if (row === undefined) {
    return event.type === "due" ? due(event) : event.type === "skipped" ? skipped(event, executionId) : undefined
  }
  switch (event.type) {
    case "due":
      // An instant that was skipped once may be run after all.
      return row.status === "skipped" ? due(event) : row
    case "started":
      return {
        ...row,
        status: "running",
        waitsFor: null,
        attempt: event.attempt,
        worker: event.worker,
        ...began(row, event.startedAt),
        attempts: withAttempt(row, {
          attempt: event.attempt,
          worker: event.worker,
          startedAt: event.startedAt,
          finishedAt: null,
          errorCode: null,
          errorMessage: null
        })
      }
    case "stopping":
      return { ...row, stopRequestedAt: event.time }
    case "success":
      return {
        ...tried(row, event),
        ...over(event, logSequence),
        status: "completed",
        result: event.result,
        ...noError
      }
    case "failure":
      return {
        ...tried(row, event),
        ...over(event, logSequence),
        status: event.error.code === "cancelled" ? "cancelled" : "failed",
        ...errorOf(event)
      }
    case "retry":
      return { ...tried(row, event), status: "retrying", attempt: event.attempt + 1, ...errorOf(event) }
    case "cancelled":
      return {
        ...row,
        status: "cancelled",
        completedAt: event.time,
        waitsFor: null,
        endLogSequence: logSequence
      }
    default:
      return row
  }
}

const noError = { errorCode: null, errorMessage: null, errorDetail: null }

const fresh = (event: EventOf<"due"> | EventOf<"skipped">, executionId: string): TaskExecution => ({
  executionId,
  taskId: event.taskId,
  taskName: event.taskName,
  taskType: event.taskType,
  nominalAt: event.nominalAt,
  dueAt: event.nominalAt,
  queuedAt: event.time,
  startedAt: null,
  completedAt: null,
  status: "queued",
  attempt: 1,
  attempts: [],
  result: null,
  output: null,
  outputTruncated: false,
  ...noError,
  durationMs: null,
  latenessMs: null,
  worker: null,
  parentExecutionId: null,
  stepName: null,
  manual: false,
  waitsFor: null,
  stopRequestedAt: null,
  retryOf: null,
  retriedBy: null,
  endLogSequence: null,
  ...(event.message === undefined ? {} : { message: headOf(event.message) })
})

const headOf = ({ at, id, subject }: MessageHead) => ({ id, subject, at })

const due = (event: EventOf<"due">): TaskExecution => ({
  ...fresh(event, event.executionId),
  dueAt: event.dueAt,
  attempt: event.attempt,
  taskType: event.stepType ?? event.taskType,
  parentExecutionId: event.parentExecutionId ?? null,
  stepName: event.stepName ?? null,
  manual: event.manual ?? false,
  waitsFor: event.buffered === true ? "overlap" : null,
  retryOf: event.retryOf ?? null
})

const skipped = (event: EventOf<"skipped">, executionId: string): TaskExecution => ({
  ...fresh(event, executionId),
  completedAt: event.time,
  status: "skipped",
  errorCode: event.reason,
  errorMessage:
    event.count === 1
      ? `skipped (${event.reason})`
      : `${event.count} occurrences skipped (${event.reason}), the last at ${event.throughAt}`
})

/** Lateness is that of the first start. */
const began = (row: TaskExecution, startedAt: string | null) =>
  startedAt === null || row.startedAt !== null
    ? {}
    : { startedAt, latenessMs: toMillis(startedAt) - toMillis(row.dueAt) }

/** Attempts shown with an execution: the newest. What became of the others stands in its events. */
const SHOWN_ATTEMPTS = 50
const SHOWN_MESSAGE = 1000

const withAttempt = (row: TaskExecution, attempt: Attempt): ReadonlyArray<Attempt> =>
  [
    ...row.attempts.filter((one) => one.attempt !== attempt.attempt),
    { ...attempt, errorMessage: attempt.errorMessage?.slice(0, SHOWN_MESSAGE) ?? null }
  ].slice(-SHOWN_ATTEMPTS)

const tried = (row: TaskExecution, event: Ended): TaskExecution => ({
  ...row,
  attempt: event.attempt,
  worker: event.worker ?? row.worker,
  ...began(row, event.startedAt),
  ...(event.output === undefined
    ? outputOf(event.type === "success" ? event.result : event.error.detail)
    : { output: event.output.text, outputTruncated: event.output.truncated }),
  attempts: withAttempt(row, {
    attempt: event.attempt,
    worker: event.worker,
    startedAt: event.startedAt,
    finishedAt: event.finishedAt,
    errorCode: event.type === "success" ? null : event.error.code,
    errorMessage: event.type === "success" ? null : event.error.message
  })
})

const over = (event: Ended, logSequence: number) => ({
  completedAt: event.finishedAt,
  durationMs: event.durationMs,
  waitsFor: null,
  endLogSequence: logSequence
})

const errorOf = ({ error }: EventOf<"failure"> | EventOf<"retry">) => ({
  errorCode: error.code,
  errorMessage: error.message,
  errorDetail: error.detail ?? null
})

/** What a command has written: standard output, then standard error. */
const outputOf = (said: Schema.Json | undefined): Pick<TaskExecution, "output" | "outputTruncated"> | object => {
  if (typeof said !== "object" || said === null || !("stdout" in said) || !("stderr" in said)) return {}
  const { stderr, stdout } = said
  if (typeof stdout !== "string" || typeof stderr !== "string") return {}
  return { output: stdout + stderr, outputTruncated: "truncated" in said && said.truncated === true }
}
