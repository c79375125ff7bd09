/** What only the owners of tasks know of queues, in their memory: how what is due stands there. */
import type { Effect } from "effect"
import type { LineView } from "../actors/queue/Dispatch.ts"
import type { HeldBy } from "../events/QueueEvent.ts"

export interface QueueLines {
  /** The lines of all owners. */
  readonly lines: Effect.Effect<ReadonlyArray<LineView>>
  /** Queues that workers serve, or have served. */
  readonly served: Effect.Effect<ReadonlyArray<string>>
  /** Which limits hold executions of a task back, by their ids; nothing where its owner does not answer. */
  heldBy(taskId: string, executionIds: ReadonlyArray<string>): Effect.Effect<Readonly<Record<string, HeldBy>>>
}
