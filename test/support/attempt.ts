/** An attempt as a run sees it, without a worker. */
import { Effect } from "effect"
import { Attempt } from "../../src/work/Attempt.ts"
import type { WorkItem } from "../../src/work/Work.ts"

export const workItem = (changes: Partial<WorkItem> = {}): WorkItem => ({
  v: 1,
  partition: 0,
  taskId: "task",
  taskName: "A task",
  taskType: "test",
  taskArgs: {},
  queue: "test",
  executionId: "execution",
  attempt: 1,
  nominalAt: "2026-03-08T14:30:00.000Z",
  dueAt: "2026-03-08T14:30:00.000Z",
  timeoutMs: 60_000,
  hardTimeoutMs: 90_000,
  ...changes
})

export const attemptOf = (changes: Partial<WorkItem> = {}, maxOutputBytes = 64 * 1024): Attempt => {
  const item = workItem(changes)
  const delivery = { item, ack: Effect.void, inProgress: Effect.void, retryAfter: () => Effect.void }
  return new Attempt(delivery, maxOutputBytes)
}
