/**
 * The line of work between owners and workers: each queue delivers an item to one worker at a time, at least once, and
 * again when it was neither acknowledged nor kept alive within the lease.
 *
 * Being delivered is no permission to run: see `TaskOwner.claim`. Losing the queue loses nothing: the log can offer
 * every open attempt again.
 */
import { Context, Effect, Layer, Queue, Schema, Stream } from "effect"
import { offerId, type WorkItem } from "./Work.ts"

export class QueueUnavailable extends Schema.TaggedError<QueueUnavailable>()("QueueUnavailable", {
  reason: Schema.String
}) {
  override get message() {
    return `the work queue cannot be reached: ${this.reason}`
  }
}

/** An item in a worker's hand. None of the answers fails: one that is lost only leads to another delivery. */
export interface Delivery {
  readonly item: WorkItem
  /** It has been delivered before, to whomever. */
  readonly redelivered?: boolean
  /** Done with it: never deliver it again. */
  readonly ack: Effect.Effect<void>
  /** Still at it: keep it from being delivered to others for another lease. */
  readonly inProgress: Effect.Effect<void>
  /** Deliver it again after this many milliseconds. */
  retryAfter(delayMs: number): Effect.Effect<void>
}

export class WorkQueue extends Context.Service<
  WorkQueue,
  {
    /** Offers attempts; offering one that is in line already (same `offerId`) changes nothing. */
    offer(items: ReadonlyArray<WorkItem>): Effect.Effect<void, QueueUnavailable>
    /** Ids (`offerId`) of all that is in line or in a worker's hand, so that what a crash lost can be offered again. */
    readonly held: Effect.Effect<ReadonlySet<string>, QueueUnavailable>
    /**
     * Deliveries of these queues, never more than `concurrency` unanswered ones (or one a queue, so that none is starved
     * by the others); survives reconnects, never ends by itself.
     */
    take(queues: ReadonlyArray<string>, concurrency: number): Stream.Stream<Delivery, QueueUnavailable>
  }
>()("nagatha/work/WorkQueue") {
  /** In memory: no redelivery by time (nothing is lost in one process), dedupe for ever. */
  static readonly layerMemory: Layer.Layer<WorkQueue> = Layer.effect(
    WorkQueue,
    Effect.gen(function* () {
      const lines = new Map<string, Queue.Queue<WorkItem>>()
      const offered = new Set<string>()
      const line = (queue: string) =>
        Effect.suspend(() => {
          const existing = lines.get(queue)
          if (existing !== undefined) return Effect.succeed(existing)
          return Effect.tap(Queue.unbounded<WorkItem>(), (made) => Effect.sync(() => lines.set(queue, made)))
        })
      const offer = Effect.fnUntraced(function* (items: ReadonlyArray<WorkItem>) {
        for (const item of items) {
          const id = offerId(item)
          if (offered.has(id)) continue
          offered.add(id)
          yield* Queue.offer(yield* line(item.queue), item)
        }
      })
      const take = (queues: ReadonlyArray<string>, _concurrency: number) =>
        Stream.mergeAll(
          queues.map((queue) =>
            Stream.unwrap(
              Effect.map(line(queue), (taken) =>
                Stream.fromQueue(taken).pipe(
                  Stream.map((item): Delivery => ({
                    item,
                    ack: Effect.void,
                    inProgress: Effect.void,
                    retryAfter: (delayMs) =>
                      Effect.sleep(delayMs).pipe(
                        Effect.andThen(Queue.offer(taken, item)),
                        Effect.forkDetach,
                        Effect.asVoid
                      )
                  }))
                )
              )
            )
          ),
          { concurrency: "unbounded" }
        )
      return WorkQueue.of({ offer, take, held: Effect.sync(() => new Set(offered)) })
    })
  )
}
