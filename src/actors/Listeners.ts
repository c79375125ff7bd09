/**
 * The tasks of this node that messages start, as the log says: which messages, and the newest that was decided about.
 * Kept by the actors; read by whoever brings the messages.
 */
import { Effect, PubSub, Stream } from "effect"
import type { MessagePlace } from "../events/Message.ts"
import type { ByMessage } from "../recurrence/Recurrence.ts"
import { isByMessage } from "../recurrence/Recurrence.ts"
import { listens } from "./task/Fire.ts"
import type { TaskState } from "./task/TaskState.ts"

export interface Listener {
  readonly taskId: string
  readonly partition: number
  readonly recurrence: ByMessage
  /** Log sequence at which it was scheduled so: events before do not start it. */
  readonly since: number
  readonly heard: MessagePlace | undefined
}

export interface Listeners {
  /** What a task listens to now, where it does. */
  put(partition: number, state: TaskState): void
  /** Nothing of a partition is decided any more. */
  forget(partition: number): void
  get(taskId: string): Listener | undefined
  readonly all: () => ReadonlyArray<Listener>
  /** Emits at once, and after a task has begun or ceased to listen, or listens to something else. */
  readonly changes: Stream.Stream<void>
}

export const make: Effect.Effect<Listeners> = Effect.gen(function* () {
  const listeners = new Map<string, Listener>()
  const changed = yield* PubSub.sliding<void>(1)
  return {
    put: (partition, state) => {
      const { taskId } = state
      const before = listeners.get(taskId)
      if (!listens(state) || !isByMessage(state.definition.recurrence)) {
        if (listeners.delete(taskId)) PubSub.publishUnsafe(changed, undefined)
        return
      }
      const { recurrence } = state.definition
      listeners.set(taskId, { taskId, partition, recurrence, since: state.since.sequence, heard: state.heard })
      if (before?.recurrence !== recurrence) PubSub.publishUnsafe(changed, undefined)
    },
    forget: (partition) => {
      const of = [...listeners.values()].filter((listener) => listener.partition === partition)
      for (const { taskId } of of) listeners.delete(taskId)
      if (of.length > 0) PubSub.publishUnsafe(changed, undefined)
    },
    get: (taskId) => listeners.get(taskId),
    all: () => [...listeners.values()],
    changes: Stream.unwrap(
      Effect.map(PubSub.subscribe(changed), (subscription) =>
        Stream.concat(Stream.succeed(undefined), Stream.fromSubscription(subscription))
      )
    )
  }
})
