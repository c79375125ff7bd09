/** What the processes of a simulation run: the real actors, the real worker, the real read models, on simulated ports. */
import { Context, Effect, Layer, type Scope } from "effect"
import { Announcements } from "../../src/actors/Announcements.ts"
import { Calendars } from "../../src/actors/Calendars.ts"
import * as EventTriggers from "../../src/actors/EventTriggers.ts"
import { type QueueFacts, Queues } from "../../src/actors/Queues.ts"
import { Partitions } from "../../src/actors/Partitions.ts"
import { EventLog } from "../../src/events/EventLog.ts"
import * as Projector from "../../src/projections/Projector.ts"
import { MEMORY } from "../../src/projections/ReadModelFile.ts"
import { type Answered, errorJson } from "../../src/service/Answered.ts"
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
  /** Commands about what tasks share, by their names. */
  shared(verb: string, body: unknown): Effect.Effect<Answered>
  /** What it knows of a queue now. */
  queue(name: string): QueueFacts | undefined
}

/** A node that decides; ready when it has read the log. It listens to the events of tasks only where some are started by them. */
export const node = Effect.fnUntraced(function* (nodeId: string, ports: NodePorts, isTriggered: boolean) {
  const given = Layer.mergeAll(
    Layer.succeed(EventLog, ports.log),
    Layer.succeed(Announcements, ports.announcements),
    Layer.succeed(WorkQueue, ports.workQueue)
  )
  const shared = Layer.mergeAll(Calendars.layer(nodeId), Queues.layer(nodeId)).pipe(Layer.provide(given))
  const partitions = Partitions.layer(nodeId).pipe(Layer.provide(Layer.merge(given, shared)))
  const context = yield* Layer.build(
    Layer.mergeAll(
      partitions,
      shared,
      isTriggered ? EventTriggers.layer.pipe(Layer.provide(Layer.merge(given, partitions))) : Layer.empty,
      Layer.orDie(TaskTypes.layerDeclared([SIM]))
    )
  )
  let made = 0
  const options = { timezone: "UTC", actor: "client", newId: () => `${nodeId}-${(made += 1)}` }
  const commands = yield* Commands.make(options).pipe(Effect.provideContext(context))
  const questions = yield* Commands.queueCommands(options).pipe(Effect.provideContext(context))
  const queues = Context.get(context, Queues)
  return {
    partitions: Context.get(context, Partitions),
    commands,
    shared: (verb, body) =>
      Effect.suspend(() => {
        const question = questions.find(({ name }) => name === verb)
        if (question === undefined) throw new Error(`nobody answers ${verb}`)
        return question.answer(body)
      }).pipe(
        Effect.match({
          onFailure: (refused): Answered => ({ error: errorJson(refused) }),
          onSuccess: (answer): Answered => ({ answer })
        })
      ),
    queue: (name) => queues.of(name)
  } satisfies RunningNode
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
    Worker.layer({ worker: name, queues: ["sim", "lane"], concurrency }).pipe(
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
