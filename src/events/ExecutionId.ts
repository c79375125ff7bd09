/** An occurrence's name: the task and the nominal instant, `<taskId>@20260308T143000000Z`. The same for all its attempts. */
import { type Instant, fromMillis } from "../recurrence/Instant.ts"
import type { MessageHead } from "./Message.ts"
import { fnv1a } from "./Partition.ts"

/** Execution id of a task's occurrence at a nominal instant. */
export const executionIdAt = (taskId: string, nominalAt: Instant): string =>
  `${taskId}@${nominalAt.replace(/[-:.]/g, "")}`

/** Execution id of a run that a command asked for: never that of an occurrence, nor of another command's run. */
export const manualExecutionId = (taskId: string, at: Instant, commandId: string): string =>
  `${executionIdAt(taskId, at)}-${fnv1a(commandId).toString(36)}`

/** Execution id of what a message starts: the same for the same message. */
export const messageExecutionId = (taskId: string, { at, place }: Pick<MessageHead, "at" | "place">): string =>
  `${executionIdAt(taskId, at)}-m${place.sequence}${place.index === undefined ? "" : `-${place.index}`}`
/** What an execution id names: a task, an instant of it, and whether it is that of a step. */
export interface NamedExecution {
  readonly taskId: string
  readonly nominalAt: Instant
  readonly isStep: boolean
}

const SHAPE = /^([^@]+)@(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z(?:-[0-9a-z]+)*(\..+)?$/

/** Reads an execution id; undefined where the text is none. */
export const named = (executionId: string): NamedExecution | undefined => {
  const [, taskId, year, month, day, hour, minute, second, milli, step] = SHAPE.exec(executionId) ?? []
  if (taskId === undefined) return undefined
  const nominalAt = `${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`
  return { taskId, nominalAt, isStep: step !== undefined }
}

/** The same for an instant in milliseconds since the epoch. */
export const executionIdOf = (taskId: string, nominalAt: number): string => executionIdAt(taskId, fromMillis(nominalAt))
