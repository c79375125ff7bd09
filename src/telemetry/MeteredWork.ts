/** The worker's two ports, measured: what is delivered to it, and what it asks of owners. */
import { Effect, Layer, Stream } from "effect"
import * as Settings from "../Settings.ts"
import { type OwnerUnavailable, TaskOwner } from "../work/TaskOwner.ts"
import { offerId } from "../work/Work.ts"
import { WorkQueue } from "../work/WorkQueue.ts"
import type { Meter } from "./Meter.ts"
import {
  claims,
  deliveries,
  ownerUnavailable,
  redeliveries,
  reports,
  workerConcurrency,
  workerRunning
} from "./Metrics.ts"

const measured = (meter: Meter) =>
  Effect.gen(function* () {
    const owner = yield* TaskOwner
    const { concurrency } = yield* Settings.Current
    meter.begin("worker")
    meter.update(workerConcurrency, concurrency)
    /** Attempts that were granted and whose report has not been answered, by `offerId`. */
    const inHand = new Set<string>()
    const unanswered = <A>(asked: Effect.Effect<A, OwnerUnavailable>) =>
      Effect.tapError(asked, () => Effect.sync(() => meter.update(ownerUnavailable, 1)))
    return TaskOwner.of({
      claim: (partition, asked) =>
        unanswered(owner.claim(partition, asked)).pipe(
          Effect.map((answers) => {
            for (const [index, { answer }] of answers.entries()) {
              const claim = asked[index]
              meter.update(claims, 1, { answer })
              if (answer === "granted" && claim !== undefined) inHand.add(offerId(claim))
            }
            meter.update(workerRunning, inHand.size)
            return answers
          })
        ),
      heartbeat: (partition, beats) => unanswered(owner.heartbeat(partition, beats)),
      report: (partition, said) =>
        unanswered(owner.report(partition, said)).pipe(
          Effect.map((answers) => {
            for (const [index, answer] of answers.entries()) {
              const report = said[index]
              meter.update(reports, 1, { answer })
              if (report !== undefined) inHand.delete(offerId(report))
            }
            meter.update(workerRunning, inHand.size)
            return answers
          })
        )
    })
  })

/** The owner of tasks, as the worker of a node asks it. */
export const layerOwner = (meter: Meter): Layer.Layer<TaskOwner, never, TaskOwner> =>
  Layer.effect(TaskOwner, measured(meter))

/** The work queue, as the worker of a node takes from it. */
export const layerQueue = (meter: Meter): Layer.Layer<WorkQueue, never, WorkQueue> =>
  Layer.effect(
    WorkQueue,
    Effect.map(WorkQueue, (queue) =>
      WorkQueue.of({
        ...queue,
        take: (queues, concurrency) =>
          Stream.mapArray(queue.take(queues, concurrency), (delivered) => {
            meter.update(deliveries, delivered.length)
            const again = delivered.filter(({ redelivered }) => redelivered === true).length
            if (again > 0) meter.update(redeliveries, again)
            return delivered
          })
      })
    )
  )
