/** How long a failed attempt is waited for, and which failures are not tried again. Pure. */
import { fnv1a } from "../../events/Partition.ts"
import type { RetryFields } from "../../events/RetryPolicy.ts"
import type { ExecutionError } from "../../events/TaskEvent.ts"
import type { OpenExecution } from "./TaskState.ts"

/** Longest delay between two attempts where the task says none, before the jitter; milliseconds. */
export const MAX_BACKOFF_MS = 600_000

/** By how much each delay is longer than the one before, where the task does not say. */
export const FACTOR = 2

/** Share by which a delay is lengthened or shortened, so that what failed together is not retried together. */
export const JITTER = 0.1

export interface RetryPolicy extends RetryFields {
  /** Delay before the first retry, milliseconds. */
  readonly backoffMs: number
}

/** Delay before the next attempt: longer for each failed one, capped, with a jitter that the execution's id decides. */
export const backoff = (policy: RetryPolicy, execution: Pick<OpenExecution, "executionId" | "failed">): number => {
  const { backoffFactor = FACTOR, backoffMs, jitter = JITTER, maxBackoffMs = MAX_BACKOFF_MS } = policy
  const base = Math.min(maxBackoffMs, backoffMs * backoffFactor ** execution.failed)
  const share = fnv1a(`${execution.executionId}#${execution.failed}`) / 0xffffffff
  return Math.round(base * (1 + jitter * (2 * share - 1)))
}

/** Whether trying again may help. */
export const isRetried = ({ noRetryOn }: RetryPolicy, { code }: ExecutionError): boolean =>
  noRetryOn?.includes(code) !== true
