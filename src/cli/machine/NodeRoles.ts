/**
 * What a node can be, as layers: scheduler (decides), worker (runs), api (answers). Each has its own connection with
 * its own rights; roles in one process share nothing else.
 */
import { Effect, Layer } from "effect"
import { connection, type ServerAccess } from "../../access/ServerAccess.ts"
import { Calendars } from "../../actors/Calendars.ts"
import * as EventTriggers from "../../actors/EventTriggers.ts"
import { LogWitness } from "../../events/LogWitness.ts"
import { Queues } from "../../actors/Queues.ts"
import { Partitions } from "../../actors/Partitions.ts"
import * as NatsAnnouncements from "../../nats/NatsAnnouncements.ts"
import * as NatsCommands from "../../nats/NatsCommands.ts"
import * as NatsCursors from "../../nats/NatsCursors.ts"
import * as NatsEventLog from "../../nats/NatsEventLog.ts"
import * as NatsLiveFeed from "../../nats/NatsLiveFeed.ts"
import * as NatsMetrics from "../../nats/NatsMetrics.ts"
import * as NatsNotificationBus from "../../nats/NatsNotificationBus.ts"
import * as NatsQueries from "../../nats/NatsQueries.ts"
import * as NatsSharedFacts from "../../nats/NatsSharedFacts.ts"
import * as NatsScheduler from "../../nats/NatsScheduler.ts"
import { type NodeIdentity, NatsService } from "../../nats/NatsService.ts"
import * as NatsSubscriptions from "../../nats/NatsSubscriptions.ts"
import * as NatsTaskOwner from "../../nats/NatsTaskOwner.ts"
import * as NatsTriggers from "../../nats/NatsTriggers.ts"
import * as NatsWorkQueue from "../../nats/NatsWorkQueue.ts"
import { TriggerStreams } from "../../nats/TriggerStreams.ts"
import { provision } from "../../nats/Provision.ts"
import * as ReadModels from "../../projections/ReadModels.ts"
import { Scheduler } from "../../Scheduler.ts"
import * as Settings from "../../Settings.ts"
import { type BuiltInServices, builtInTaskTypes } from "../../work/BuiltInTaskTypes.ts"
import { McpServers } from "../../work/mcp/McpServers.ts"
import { type LoadedPlugins, noPlugins, taskTypesOf as pluginTaskTypes } from "../../work/plugins/LoadPlugins.ts"
import type { TaskToSchedule } from "../../work/plugins/Plugin.ts"
import { pluginCommandDeclaration } from "../../work/plugins/PluginCommandArgs.ts"
import { Plugins, TaskSubmission } from "../../work/plugins/Plugins.ts"
import * as Gauges from "../../telemetry/Gauges.ts"
import type { Meter } from "../../telemetry/Meter.ts"
import * as MeteredAnnouncements from "../../telemetry/MeteredAnnouncements.ts"
import * as MeteredLog from "../../telemetry/MeteredLog.ts"
import * as MeteredWork from "../../telemetry/MeteredWork.ts"
import type { TaskDeclaration, TaskType } from "../../work/TaskType.ts"
import { TaskTypes } from "../../work/TaskTypes.ts"
import * as Worker from "../../work/Worker.ts"
import * as WitnessFile from "./WitnessFile.ts"
import * as WorkerConfiguration from "./WorkerConfiguration.ts"

export interface NodeOptions {
  readonly identity: NodeIdentity
  /** What all roles of this process measure; without one nothing is measured. */
  readonly meter?: Meter
  readonly server: ServerAccess
  readonly settings: Settings.Settings
  /** Zone of requests that name none. */
  readonly timezone: string
  /** Where `mcp.json` is looked for by a worker, in this order. */
  readonly configDirectories: ReadonlyArray<string>
  /** What the code of task types may do here; default: what is always allowed. */
  readonly workerConfiguration?: WorkerConfiguration.WorkerConfiguration
  /** Plugins of this node; default: none. */
  readonly plugins?: LoadedPlugins
  /** Where a scheduler notes how far it saw the log reach; default: it notes nothing for good. */
  readonly witness?: {
    readonly file: string
    /** Tells the log of this deployment from others. */
    readonly deployment: string
  }
  /** Task types that this node knows and, as a worker, runs, besides those of plugins; default: those that this project brings. */
  readonly taskTypes?: ReadonlyArray<TaskType<BuiltInServices>>
}

const settingsOf = (options: NodeOptions) => Layer.succeed(Settings.Current, options.settings)

const pluginsOf = (options: NodeOptions) => options.plugins ?? noPlugins

const taskTypesOf = (options: NodeOptions): ReadonlyArray<TaskType<BuiltInServices>> => [
  ...(options.taskTypes ?? builtInTaskTypes),
  ...pluginTaskTypes(pluginsOf(options))
]

/** What a deciding node checks by: of the commands of plugins, more where this process runs them itself. */
const declarationsOf = (options: NodeOptions): ReadonlyArray<TaskDeclaration> => {
  const commands = pluginCommandDeclaration(pluginsOf(options), options.identity.roles.includes("worker"))
  return taskTypesOf(options).map((type) => (type.name === commands.name ? commands : type))
}

/** Plugins, set up, which may schedule tasks as a client may. */
const pluginsLayer = (options: NodeOptions) => {
  const plugins = pluginsOf(options)
  if (plugins.loaded.length + plugins.broken.length === 0) return Plugins.layerNone
  const submission = Layer.effect(
    TaskSubmission,
    Effect.map(Scheduler, (scheduler) => ({
      schedule: (task: TaskToSchedule) => scheduler.schedule(task),
      cancel: (taskId: string) => scheduler.cancel({ taskId })
    }))
  )
  return Plugins.layer(plugins).pipe(
    Layer.provide(submission),
    Layer.provide(NatsScheduler.layer({ actor: "plugin" })),
    Layer.provide(connection(options, "client", `nagatha plugins ${options.identity.nodeId}`))
  )
}

/** A port, measured where the node measures. */
const measured = <Port, Needs>(
  { meter }: NodeOptions,
  port: Layer.Layer<Port, never, Needs>,
  measuring: (meter: Meter) => Layer.Layer<Port, never, Port>
): Layer.Layer<Port, never, Needs> => (meter === undefined ? port : measuring(meter).pipe(Layer.provide(port)))

/** What a part of the node tells of itself, where the node measures. */
const gauges = <Needs>(
  { meter }: NodeOptions,
  telling: (meter: Meter) => Layer.Layer<never, never, Needs>
): Layer.Layer<never, never, Needs> => (meter === undefined ? Layer.empty : telling(meter))

/** The process, and the place where its metrics are asked for. */
const told = (options: NodeOptions) =>
  gauges(options, (meter) =>
    Layer.mergeAll(Gauges.layerNode(meter, options.identity), NatsMetrics.layer(meter.metricsText))
  )

/** The connection of a role that may set up streams, after it has done so, with the node's service on it. */
const core = (options: NodeOptions, name: string) => {
  const provisioned = Layer.effectDiscard(
    Effect.flatMap(provision(options.settings), (changes) =>
      Effect.forEach(changes, (change) => Effect.logInfo(change), { discard: true })
    )
  )
  return NatsService.layer(options.identity).pipe(
    Layer.provideMerge(provisioned),
    Layer.provideMerge(connection(options, "core", `nagatha ${name} ${options.identity.nodeId}`))
  )
}

/** How far the log was seen to reach. */
const witnessOf = ({ settings, witness }: NodeOptions): Layer.Layer<LogWitness> =>
  witness === undefined
    ? LogWitness.layerMemory
    : WitnessFile.layer(witness.file, `${witness.deployment} ${settings.namespace}`)

/** The calendars of excluded days, and the queues; the same layer for all that needs them on one connection. */
const sharedOf = ({ identity: { nodeId } }: NodeOptions, witness: Layer.Layer<LogWitness> = LogWitness.layerMemory) =>
  Layer.mergeAll(Calendars.layer(nodeId), Queues.layer(nodeId)).pipe(
    Layer.provide(NatsEventLog.layer),
    Layer.provide(witness)
  )

/** Owns partitions, decides, fires, announces; ready when it has read its part of the log. */
const decides = (options: NodeOptions, shared: ReturnType<typeof sharedOf>, witness: Layer.Layer<LogWitness>) =>
  Layer.mergeAll(
    NatsCommands.layer({ timezone: options.timezone }),
    NatsSharedFacts.layer,
    NatsQueries.layerPartitions,
    EventTriggers.layer,
    NatsTriggers.layer,
    gauges(options, Gauges.layerScheduler)
  ).pipe(
    Layer.provide(Partitions.layer(options.identity.nodeId).pipe(Layer.provide(witness))),
    Layer.provide(TriggerStreams.layer),
    Layer.provide(shared),
    Layer.provide([
      measured(options, NatsEventLog.layer, MeteredLog.layer),
      NatsWorkQueue.layer,
      measured(options, NatsAnnouncements.layer, MeteredAnnouncements.layer)
    ]),
    Layer.provide(TaskTypes.layerDeclared(declarationsOf(options)))
  )

/** Follows the log into read models, and answers queries from them. */
const answers = (options: NodeOptions, readModelFile: string, shared: ReturnType<typeof sharedOf>) =>
  Layer.mergeAll(
    NatsQueries.layer({ timezone: options.timezone }),
    NatsSubscriptions.layer.pipe(Layer.provide(NatsCursors.layer)),
    gauges(options, Gauges.layerApi)
  ).pipe(Layer.provide([shared, ReadModels.layer({ file: readModelFile })]), Layer.provide(NatsEventLog.layer))

/** A node that decides, and one that answers, on one connection. */
export const schedulerAndApi = (options: NodeOptions, readModelFile: string) => {
  const witness = witnessOf(options)
  const shared = sharedOf(options, witness)
  return Layer.mergeAll(decides(options, shared, witness), answers(options, readModelFile, shared), told(options)).pipe(
    Layer.provide(core(options, "node")),
    Layer.provide(settingsOf(options))
  )
}

export const scheduler = (options: NodeOptions) => {
  const witness = witnessOf(options)
  return Layer.mergeAll(decides(options, sharedOf(options, witness), witness), told(options)).pipe(
    Layer.provide(core(options, "scheduler")),
    Layer.provide(settingsOf(options))
  )
}

export const api = (options: NodeOptions, readModelFile: string) =>
  Layer.mergeAll(answers(options, readModelFile, sharedOf(options)), told(options)).pipe(
    Layer.provide(core(options, "api")),
    Layer.provide(settingsOf(options))
  )

/** The queues of all task types that a node knows. */
export const queuesOf = (options: NodeOptions): ReadonlyArray<string> => [
  ...new Set(taskTypesOf(options).map((type) => type.queue))
]

/** Runs attempts of queues (default: those of all task types that it knows). */
export const worker = (options: NodeOptions, queues?: ReadonlyArray<string>) => {
  const servers = McpServers.layer({ directories: options.configDirectories, variables: process.env })
  const running = Worker.layer({
    worker: `${options.identity.host}.${options.identity.pid}.${options.identity.nodeId}`,
    queues: queues ?? queuesOf(options),
    concurrency: options.settings.concurrency
  }).pipe(
    Layer.provide([
      measured(options, NatsTaskOwner.layer, MeteredWork.layerOwner),
      measured(options, NatsWorkQueue.layer, MeteredWork.layerQueue),
      TaskTypes.layer(taskTypesOf(options))
    ]),
    Layer.provide([NatsNotificationBus.layer, NatsLiveFeed.layer, servers, pluginsLayer(options)]),
    Layer.provide(WorkerConfiguration.layer(options.workerConfiguration ?? WorkerConfiguration.nothing)),
    Layer.provide(connection(options, "worker", `nagatha worker ${options.identity.nodeId}`)),
    Layer.provide(settingsOf(options))
  )
  // Fresh: the same adapters in this process belong to another connection, with other rights.
  return Layer.fresh(running)
}
