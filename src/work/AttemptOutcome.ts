/**
 * What became of an attempt, in the words that its owner knows. Pure.
 *
 * Outcomes have a bounded size: a result or a detail that is too large is cut, its longest texts first, and says so.
 */
import { Cause, Exit, Predicate, type Schema } from "effect"
import type { ExecutionError } from "../events/TaskEvent.ts"
import { type AttemptFailure, TaskCancelled, TaskFailed, thrown } from "./TaskType.ts"
import type { Outcome, WorkItem } from "./Work.ts"

/** Largest result, and largest detail of an error, in bytes of JSON. */
export const MAX_JSON = 256 * 1024
const MAX_MESSAGE = 4096

/** Why a run was asked to stop. */
export type StopReason = "timeout" | "cancelled" | "shutdown"

const isArray = (value: Schema.Json): value is Schema.JsonArray => Array.isArray(value)

const shortened = (text: string, limit: number): string => {
  if (text.length <= limit) return text
  const half = Math.floor(limit / 2)
  const left = text.length - 2 * half
  return `${text.slice(0, half)}[… ${left} characters left out …]${text.slice(text.length - half)}`.toWellFormed()
}

/** JSON with every text in it shortened. */
const withTexts = (value: Schema.Json, limit: number): Schema.Json => {
  if (Predicate.isString(value)) return shortened(value, limit)
  if (isArray(value)) return value.map((item) => withTexts(item, limit))
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withTexts(item, limit)]))
  }
  return value
}

const bytesOf = (value: Schema.Json): number => Buffer.byteLength(JSON.stringify(value))

/** The value, or as much of it as fits: texts shortened, and in the end only the beginning of its JSON. */
export const fitting = (value: Schema.Json): Schema.Json => {
  const size = bytesOf(value)
  if (size <= MAX_JSON) return value
  for (const limit of [65_536, 16_384, 4096, 1024]) {
    const cut = withTexts(value, limit)
    if (bytesOf(cut) <= MAX_JSON) return cut
  }
  return { truncated: true, bytes: size, beginning: JSON.stringify(value).slice(0, 4096).toWellFormed() }
}

/** Whether a value was too large to be kept whole. */
export const wasCut = (value: Schema.Json): boolean => {
  if (Predicate.isString(value)) return /\[… \d+ characters left out …\]/.test(value)
  if (isArray(value)) return value.some(wasCut)
  if (value === null || typeof value !== "object") return false
  return (value["truncated"] === true && "beginning" in value) || Object.values(value).some(wasCut)
}

const bounded = (error: ExecutionError): ExecutionError => ({
  code: error.code,
  message: shortened(error.message, MAX_MESSAGE),
  ...(error.detail === undefined ? {} : { detail: fitting(error.detail) })
})

const words: Record<StopReason, (item: WorkItem) => ExecutionError> = {
  timeout: (item) => ({ code: "timeout", message: `took longer than ${item.timeoutMs} ms and was stopped` }),
  cancelled: () => ({ code: "cancelled", message: "was stopped because it is no longer wanted" }),
  shutdown: () => ({ code: "workerStopped", message: "its worker was stopped; another takes over" })
}

/** The outcome of a run that was asked to stop, with what it left to be told. */
export const ofStopped = (item: WorkItem, reason: StopReason, lastWords: Schema.Json | undefined): Outcome => {
  const error = bounded({ ...words[reason](item), ...(lastWords === undefined ? {} : { detail: lastWords }) })
  if (reason === "cancelled") return { outcome: "cancelled", error }
  return reason === "shutdown" ? { outcome: "comeBackLater", delayMs: 0, error } : { outcome: "failed", error }
}

/** The outcome of a run that did not end even when it had to. */
export const ofAbandoned = (item: WorkItem, reason: StopReason, lastWords: Schema.Json | undefined): Outcome => {
  const outcome = ofStopped(item, reason, lastWords)
  if (outcome.outcome === "done") return outcome
  return {
    ...outcome,
    error: { ...outcome.error, message: `${outcome.error.message}; it did not end and was abandoned` }
  }
}

/** This worker has no code for the task type. */
export const ofUnknownType = (item: WorkItem, known: ReadonlyArray<string>): Outcome => ({
  outcome: "failedForGood",
  error: {
    code: "unknownTaskType",
    message: `the worker that serves queue ${JSON.stringify(item.queue)} does not know the task type ${JSON.stringify(item.taskType)} (it knows ${known.join(", ")}); give it the type, or send the task to another queue`
  }
})

const ofFailure = (failure: AttemptFailure): Outcome => {
  if (failure instanceof TaskCancelled) {
    return { outcome: "cancelled", error: bounded({ code: "cancelled", message: failure.reason }) }
  }
  const error = bounded(failure.error)
  if (failure instanceof TaskFailed) return { outcome: failure.retryable ? "failed" : "failedForGood", error }
  return { outcome: "comeBackLater", delayMs: failure.delayMs, error }
}

/** The outcome of a run that has ended; `reason` where it was asked to stop. */
export const ofExit = (
  item: WorkItem,
  exit: Exit.Exit<Schema.Json, AttemptFailure>,
  reason: StopReason | undefined,
  lastWords: Schema.Json | undefined
): Outcome => {
  if (Exit.isSuccess(exit)) return { outcome: "done", result: fitting(exit.value) }
  if (reason !== undefined && Cause.hasInterrupts(exit.cause)) return ofStopped(item, reason, lastWords)
  const first = exit.cause.reasons.find((found) => !Cause.isInterruptReason(found))
  if (first === undefined) {
    const error = { code: "interrupted", message: "the run interrupted itself" }
    return { outcome: "failed", error }
  }
  if (Cause.isFailReason(first)) return ofFailure(first.error)
  return { outcome: "failed", error: bounded(thrown("defect", Cause.isDieReason(first) ? first.defect : first)) }
}
