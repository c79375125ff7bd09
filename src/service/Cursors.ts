/**
 * Where named subscriptions stand: the last event that each has acknowledged. Losing them loses no event; putting one is
 * on disk when it succeeds.
 */
import { Context, Effect, Layer, Schema } from "effect"
import { TaskId } from "../events/TaskDefinition.ts"
import { Instant } from "../recurrence/Instant.ts"

/** A place in the log: `<log sequence>.<index>`, the id of an event. What comes after it has not been read. */
export const Cursor = Schema.String.check(
  Schema.isPattern(/^\d{1,15}\.\d{1,9}$/u, { message: "must be the id of an event, such as 1042.0" })
)

export const SubscriptionName = TaskId

export const Subscription = Schema.Struct({
  name: SubscriptionName,
  /** Subjects of the events that are wanted. */
  patterns: Schema.Array(Schema.String),
  /** Only events of this task; null: of all. */
  taskId: Schema.NullOr(Schema.String),
  /** Nothing that happened before; null: whatever comes after the cursor. */
  since: Schema.NullOr(Instant),
  cursor: Cursor,
  createdAt: Instant,
  /** When its cursor was moved last. */
  movedAt: Instant
})
export type Subscription = typeof Subscription.Type

/** Most named subscriptions. */
export const MAX_SUBSCRIPTIONS = 1000

export class CursorsUnavailable extends Schema.TaggedError<CursorsUnavailable>()("CursorsUnavailable", {
  reason: Schema.String
}) {
  override get message() {
    return `subscriptions cannot be read or written: ${this.reason}`
  }
}

export class Cursors extends Context.Service<
  Cursors,
  {
    get(name: string): Effect.Effect<Subscription | undefined, CursorsUnavailable>
    put(subscription: Subscription): Effect.Effect<void, CursorsUnavailable>
    remove(name: string): Effect.Effect<void, CursorsUnavailable>
    /** All, by name. */
    readonly all: Effect.Effect<ReadonlyArray<Subscription>, CursorsUnavailable>
  }
>()("nagatha/service/Cursors") {
  static readonly layerMemory: Layer.Layer<Cursors> = Layer.sync(Cursors, () => {
    const known = new Map<string, Subscription>()
    return Cursors.of({
      get: (name) => Effect.sync(() => known.get(name)),
      put: (subscription) => Effect.sync(() => void known.set(subscription.name, subscription)),
      remove: (name) => Effect.sync(() => void known.delete(name)),
      all: Effect.sync(() => [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1)))
    })
  })
}
