/** What a node knows anyway, asked for at each reading; and the process itself. */
import { Clock, Effect, Layer } from "effect"
import { Partitions } from "../actors/Partitions.ts"
import { EventLog } from "../events/EventLog.ts"
import { Queries } from "../projections/Queries.ts"
import * as Settings from "../Settings.ts"
import type { Meter } from "./Meter.ts"
import * as Metrics from "./Metrics.ts"

/** How often the lag of the event loop is measured, milliseconds. */
const EVERY_MS = 100

/** Partitions, tasks, queues and the log, as the owner sees them. */
export const layerScheduler = (meter: Meter): Layer.Layer<never, never, Partitions | EventLog> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const owner = yield* Partitions
      const log = yield* EventLog
      const settings = yield* Settings.Current
      meter.begin("scheduler")
      yield* meter.collect(
        Effect.sync(() => {
          meter.update(Metrics.partitions, settings.partitions)
          const owned = owner.owned()
          meter.update(Metrics.partitionsOwned, owned.length)
          const halted = owned.filter((partition) => owner.halted(partition) !== undefined)
          meter.update(Metrics.partitionsHalted, halted.length)
          for (const { logSequence, openExecutions, partition, tasks } of owner.stats()) {
            const labels = { partition: String(partition) }
            meter.update(Metrics.tasks, tasks, labels)
            meter.update(Metrics.openExecutions, openExecutions, labels)
            meter.update(Metrics.partitionLogSequence, logSequence, labels)
          }
          // Further queues share a name: theirs are added up.
          const depth = new Map<string, { waiting: number; running: number }>()
          for (const { queue, running, waiting } of owner.lines()) {
            const name = meter.nameOf(Metrics.queueWaiting, "queue", queue)
            const before = depth.get(name) ?? { waiting: 0, running: 0 }
            depth.set(name, { waiting: before.waiting + waiting, running: before.running + running })
          }
          for (const [queue, { running, waiting }] of depth) {
            meter.update(Metrics.queueWaiting, waiting, { queue })
            meter.update(Metrics.queueRunning, running, { queue })
          }
        })
      )
      yield* meter.collect(
        Effect.ignore(Effect.map(log.lastSequence, (sequence) => meter.update(Metrics.logSequence, sequence)))
      )
    })
  )

/** How far the read models are. */
export const layerApi = (meter: Meter): Layer.Layer<never, never, Queries | EventLog> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const queries = yield* Queries
      const log = yield* EventLog
      meter.begin("api")
      yield* meter.collect(
        Effect.gen(function* () {
          const reached = yield* queries.logSequence
          meter.update(Metrics.projectionLogSequence, reached)
          const last = yield* log.lastSequence
          meter.update(Metrics.projectionLag, Math.max(0, last - reached))
        }).pipe(Effect.ignore)
      )
    })
  )

export interface NodeFacts {
  readonly version: string
  readonly roles: ReadonlyArray<string>
  /** RFC 3339. */
  readonly startedAt: string
}

/** What runs here, and how the process does. */
export const layerNode = (meter: Meter, { roles, startedAt, version }: NodeFacts): Layer.Layer<never> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      meter.begin("node")
      meter.update(Metrics.buildInfo, 1, { version, node_version: process.versions.node, roles: roles.join(",") })
      meter.update(Metrics.startTime, Date.parse(startedAt) / 1000)
      yield* meter.collect(
        Effect.sync(() => {
          meter.update(Metrics.memory, process.memoryUsage.rss())
          const { system, user } = process.cpuUsage()
          meter.reached(Metrics.cpu, (system + user) / 1e6)
        })
      )
      const measure = Effect.gen(function* () {
        const before = clock.currentTimeNanosUnsafe()
        yield* Effect.sleep(EVERY_MS)
        const late = Number(clock.currentTimeNanosUnsafe() - before) / 1e9 - EVERY_MS / 1000
        meter.update(Metrics.eventLoopLag, Math.max(0, late))
      })
      yield* Effect.forkScoped(Effect.forever(measure))
    })
  )
