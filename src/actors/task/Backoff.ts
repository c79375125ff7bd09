/** How long a failed attempt is waited for, and which failures are not tried again. Pure. */
import { fnv1a } from "../../events/Partition.ts"
import { DEFAULT_RETRY, type RetryFields } from "../../events/RetryPolicy.ts"
import type { ExecutionError } from "../../events/TaskEvent.ts"
import type { OpenExecution } from "./TaskState.ts"

export interface RetryPolicy extends RetryFields {
  /** Delay before the first retry, milliseconds. */
  readonly backoffMs: number
}

/** Delay before the next attempt: longer for each failed one, capped, with a jitter that the execution's id decides. */
export const backoff = (policy: RetryPolicy, execution: Pick<OpenExecution, "executionId" | "failed">): number => {
  const { backoffFactor, backoffMs, jitter, maxBackoffMs } = { ...DEFAULT_RETRY, ...policy }
  const base = Math.min(maxBackoffMs, backoffMs * backoffFactor ** execution.failed)
  const share = fnv1a(`${execution.executionId}#${execution.failed}`) / 0xffffffff
  return Math.round(base * (1 + jitter * (2 * share - 1)))
}

/** Whether trying again may help. */
export const isRetried = ({ noRetryOn }: RetryPolicy, { code }: ExecutionError): boolean =>
  noRetryOn?.includes(code) !== true
