/**
 * The part of a queue's limits that this node may use. One node owns all partitions: it may use the whole.
 *
 * Several nodes would each get a part, so that all together keep to the limits: of `concurrency` and `keyConcurrency` a
 * number of permits, of a rate a part of its count, moved from node to node by whoever holds the queue's ledger (a key of
 * its own in the nodes' bucket, guarded by its revision). All that a dispatcher needs of that is this function.
 */
import type { QueueLimits } from "../../events/QueueEvent.ts"

export type Share = (queue: string, limits: QueueLimits) => QueueLimits

export const whole: Share = (_queue, limits) => limits
