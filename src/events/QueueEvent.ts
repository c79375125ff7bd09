/**
 * The facts about queues, as they stand in the log: their limits, and whether they are paused. In a partition of their
 * own, for tasks of all partitions share them.
 */
import { Schema } from "effect"
import { Instant } from "../recurrence/Instant.ts"
import { Rate } from "./Rate.ts"
import { QueueName } from "./TaskDefinition.ts"
import { CausedBy } from "./TaskEvent.ts"

/** Number of the partition that holds the queues: beyond those of tasks and of the calendars. */
export const QUEUES_PARTITION = 1025

/** Most executions of a queue, or of a key, that may be allowed to run at the same time. */
export const MAX_CONCURRENCY = 1_000_000

/** Most starts that a queue's rate may name: each is remembered for as long as it counts. */
export const MAX_STARTS = 10_000

export const Concurrency = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: MAX_CONCURRENCY }))

/** What a queue allows, over all workers; what is absent is not limited. */
export const QueueLimits = Schema.Struct({
  /** Executions that run at the same time. */
  concurrency: Schema.optionalKey(Concurrency),
  /** Executions that begin within a time: never more in any stretch of that length. */
  rate: Schema.optionalKey(Rate),
  /** The same for the executions of each key; what has no key is not limited by them. */
  keyConcurrency: Schema.optionalKey(Concurrency),
  keyRate: Schema.optionalKey(Rate)
})
export type QueueLimits = typeof QueueLimits.Type

/** What holds an execution back that is due: its queue is paused, or a limit of it, of all or of those of the same key. */
export const HeldBy = Schema.Literals(["paused", "concurrency", "rate", "keyConcurrency", "keyRate"])
export type HeldBy = typeof HeldBy.Type

const common = {
  version: Schema.Literal(1),
  time: Instant,
  queue: QueueName,
  /** Counted from 1 for each queue. */
  revision: Schema.Int,
  causedBy: CausedBy
}

/** A queue has these limits now, all of them. */
export const QueueSet = Schema.Struct({ type: Schema.Literal("queueSet"), ...common, limits: QueueLimits })
/** Nothing of the queue begins any more. */
export const QueuePaused = Schema.Struct({ type: Schema.Literal("queuePaused"), ...common })
/** It goes on. */
export const QueueResumed = Schema.Struct({ type: Schema.Literal("queueResumed"), ...common })

export const QueueEvent = Schema.Union([QueueSet, QueuePaused, QueueResumed])
export type QueueEvent = typeof QueueEvent.Type
