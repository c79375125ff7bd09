/** What the processes of a simulation run: the real actors, the real worker, the real read models, on simulated ports. */
import { Context, Effect, Layer, type Scope } from "effect"
import { Announcements } from "../../src/actors/Announcements.ts"
import { Calendars } from "../../src/actors/Calendars.ts"
import { Queues } from "../../src/actors/Queues.ts"
import { Partitions } from "../../src/actors/Partitions.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import * as Projector from "../../src/projections/Projector.ts"
import { MEMORY } from "../../src/projections/ReadModelFile.ts"
import * as Commands from "../../src/service/Commands.ts"
import { LiveFeed } from "../../src/work/LiveFeed.ts"
import { TaskOwner } from "../../src/work/TaskOwner.ts"
import type { TaskType } from "../../src/work/TaskType.ts"
import { TaskTypes } from "../../src/work/TaskTypes.ts"
import * as Worker from "../../src/work/Worker.ts"
import { WorkQueue } from "../../src/work/WorkQueue.ts"
import { SIM } from "./Executions.ts"

export interface NodePorts {
  readonly log: EventLog["Service"]
  readonly announcements: Announcements["Service"]
  readonly workQueue: WorkQueue["Service"]
}

export interface RunningNode {
  readonly partitions: Partitions["Service"]
  readonly commands: Commands.Commands
}

/** A node that decides; ready when it has read the log. */
export const node = Effect.fnUntraced(function* (nodeId: string, ports: NodePorts) {
  const given = Layer.mergeAll(
    Layer.succeed(EventLog, ports.log),
    Layer.succeed(Announcements, ports.announcements),
    Layer.succeed(WorkQueue, ports.workQueue)
  )
  const shared = Layer.mergeAll(Calendars.layer(nodeId), Queues.layer(nodeId)).pipe(Layer.provide(given))
  const context = yield* Layer.build(
    Layer.mergeAll(
      Partitions.layer(nodeId).pipe(Layer.provide(Layer.merge(given, shared))),
      shared,
      Layer.orDie(TaskTypes.layerDeclared([SIM]))
    )
  )
  let made = 0
  const commands = yield* Commands.make({
    timezone: "UTC",
    actor: "client",
    newId: () => `${nodeId}-${(made += 1)}`
  }).pipe(Effect.provideContext(context))
  return { partitions: Context.get(context, Partitions), commands } satisfies RunningNode
})

export interface WorkerPorts {
  readonly workQueue: WorkQueue["Service"]
  readonly owner: TaskOwner["Service"]
}

export const worker = (
  name: string,
  concurrency: number,
  type: TaskType,
  ports: WorkerPorts
): Effect.Effect<void, never, Scope.Scope> =>
  Layer.build(
    Worker.layer({ worker: name, queues: ["sim"], concurrency }).pipe(
      Layer.provide([
        Layer.succeed(WorkQueue, ports.workQueue),
        Layer.succeed(TaskOwner, ports.owner),
        Layer.orDie(TaskTypes.layer([type])),
        LiveFeed.layerMemory()
      ])
    )
  ).pipe(Effect.asVoid)

export const reader = (log: EventLog["Service"]): Effect.Effect<Projector.Projector, never, Scope.Scope> =>
  Projector.make({ file: MEMORY, patienceMs: 5000 }).pipe(Effect.provideService(EventLog, log))
