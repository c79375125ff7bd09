/**
 * A deployment on this machine, for real: the server (its own, or the one given by `NATS_URL`), one node with every role,
 * and the file by which commands find it. What is started stops in good order with its scope: first the worker's runs,
 * then the node, then the server.
 */
import { Effect, Layer, Option } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { givenServer } from "../../access/FindServer.ts"
import { connection as connectionOf, type ServerAccess } from "../../access/ServerAccess.ts"
import { filled } from "../../access/Variables.ts"
import * as ConnectionFile from "../../nats/server/ConnectionFile.ts"
import * as DirectoryLock from "../../nats/server/DirectoryLock.ts"
import { makeDirectory } from "../../nats/server/MakeDirectory.ts"
import * as ManagedServer from "../../nats/server/ManagedServer.ts"
import { NatsConnection } from "../../nats/NatsConnection.ts"
import { compare, REQUIRED } from "../../nats/server/ServerVersion.ts"
import type * as Settings from "../../Settings.ts"
import { Meter } from "../../telemetry/Meter.ts"
import type { LoadedPlugins } from "../../work/plugins/LoadPlugins.ts"
import { accessOf, connectTo, type LiveOptions, settingsHere } from "./Access.ts"
import {
  type Deployment,
  DeploymentFailed,
  type NodeRole,
  type NodeStartOptions,
  type PluginFound,
  type UpInfo,
  type UpOptions
} from "./Deployment.ts"
import { deploymentFailed } from "./DeploymentProblem.ts"
import { down, fetchedServer, upDetached } from "./DetachedUp.ts"
import { examine } from "./Doctor.ts"
import { httpPlace, newSecret, tokenFile, tokenOf } from "./HttpPlace.ts"
import { newIdentity } from "./NewIdentity.ts"
import * as NodeRoles from "./NodeRoles.ts"
import { packageFile } from "./PackageFiles.ts"
import { pluginsHere } from "./PluginFiles.ts"
import * as UpFile from "../../access/UpFile.ts"
import { workerConfiguration } from "./WorkerConfiguration.ts"

/** The server of a deployment, running. */
const server = Effect.fnUntraced(function* (options: LiveOptions, dataDir: string, settings: Settings.Settings) {
  const given = yield* givenServer(options.env, homedir())
  if (given !== undefined) {
    yield* DirectoryLock.acquire(dataDir)
    return { access: given, managed: false }
  }
  const { connection } = yield* ManagedServer.start({
    dataDir,
    namespace: settings.namespace,
    program: { setting: options.env["NAGATHA_NATS_SERVER"] || undefined }
  })
  const access: ServerAccess = { url: connection.url, users: connection.users, source: "its own server" }
  return { access, managed: true }
})

/** Connects for a moment to see what answers there. */
const serverVersion = (access: ServerAccess, settings: Settings.Settings) =>
  Effect.gen(function* () {
    const { connection } = yield* NatsConnection
    const version = connection.info?.version ?? "0.0.0"
    if (compare(version, REQUIRED) < 0) {
      return yield* new DeploymentFailed({
        message: `the NATS server at ${access.url}${access.source === undefined ? "" : ` (${access.source})`} is version ${version}; ${REQUIRED} or newer is needed`,
        hint: "upgrade it; without NATS_URL and with NATS_CONTEXT left empty one is started"
      })
    }
    return version
  }).pipe(Effect.provide(connectionOf({ server: access, settings }, "client", "nagatha check"), { local: true }))

/** The address of a server of our own changes with each start. */
const OWN_SERVER = "own server"

/** What a worker here is to know: its configuration and its plugins. */
const workOf = Effect.fnUntraced(function* (options: LiveOptions, given: ReadonlyArray<string>) {
  const { configDirectories, configuration, env } = options
  return {
    configDirectories,
    workerConfiguration: yield* workerConfiguration(configuration, env),
    plugins: yield* pluginsHere(options, given)
  }
})

const found = ({ broken, leftOut, loaded }: LoadedPlugins): ReadonlyArray<PluginFound> => [
  ...loaded.map(({ file, plugin: { name } }) => {
    const reason = leftOut.get(name)
    return { name, file, ...(reason === undefined ? {} : { reason }) }
  }),
  ...broken
]

const up = (options: LiveOptions) =>
  Effect.fn("up")(function* ({ concurrency, dataDir, http, plugins: given, queues }: UpOptions) {
    const settings = yield* Effect.fromResult(settingsHere(options, concurrency))
    const place = yield* httpPlace(options.env, http)
    // Loaded where it is served only. A port that is taken is found out before anything is started.
    const api = place === undefined ? undefined : yield* Effect.promise(() => import("../../http/Listening.ts"))
    if (place !== undefined && filled(options.env["NAGATHA_TOKEN"]) !== undefined) yield* tokenOf(options.env, dataDir)
    if (place !== undefined && place.port !== 0) yield* api?.isFree(place) ?? Effect.void
    const work = yield* workOf(options, given)
    const { access, managed } = yield* server(options, dataDir, settings)
    const version = yield* serverVersion(access, settings)
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const identity = newIdentity(["scheduler", "worker", "api"], options.version, new Date(now))
    const meter = new Meter()
    const node: NodeRoles.NodeOptions = {
      identity,
      meter,
      server: access,
      settings,
      timezone: options.timezone,
      witness: { file: join(dataDir, "node-witness.json"), deployment: managed ? OWN_SERVER : access.url },
      ...work
    }
    makeDirectory(dataDir)
    yield* Layer.build(
      Layer.fresh(
        NodeRoles.worker(node, [...new Set([...NodeRoles.queuesOf(node), ...queues])]).pipe(
          Layer.provideMerge(NodeRoles.schedulerAndApi(node, join(dataDir, "read-models.sqlite")))
        )
      )
    ).pipe(Effect.annotateLogs({ nodeId: identity.nodeId }))
    const served =
      place === undefined || api === undefined
        ? undefined
        : yield* Effect.gen(function* () {
            const door = yield* connectTo({ server: access, settings }, "http")
            const token = yield* tokenOf(options.env, dataDir)
            const listening = yield* api.listen({
              place,
              door,
              token,
              newSecret,
              now: Date.now,
              version: options.version,
              partitions: settings.partitions,
              dashboard: packageFile("dist", "dashboard"),
              metrics: meter.metricsText
            })
            const from = filled(options.env["NAGATHA_TOKEN"]) === undefined ? tokenFile(dataDir) : "NAGATHA_TOKEN"
            return { ...listening, token: from }
          })
    yield* UpFile.written(dataDir, {
      pid: process.pid,
      namespace: settings.namespace,
      startedAt: identity.startedAt,
      version: options.version,
      nats: { url: access.url, version, managed, ...access.users?.client },
      ...(served === undefined ? {} : { http: { url: served.url, token: served.token } }),
      plugins: found(work.plugins)
    })
    const info: UpInfo = {
      pid: process.pid,
      dataDir,
      nats: { url: access.url, version, managed },
      namespace: settings.namespace,
      partitions: settings.partitions,
      concurrency: settings.concurrency,
      plugins: found(work.plugins),
      ...(served === undefined ? {} : { http: served })
    }
    return info
  }, Effect.mapError(deploymentFailed))

const demoPlugins = ["my-plugin.ts", "word-count.ts"].map((name) => packageFile("examples", "plugins", name))

/** What the demo shows is configured in its own directory: nothing of this person's configuration counts. */
const demoOptions = (options: LiveOptions, dataDir: string): LiveOptions => {
  const time = { command: process.execPath, args: [packageFile("examples", "time-server", "server.mjs")] }
  writeFileSync(join(dataDir, "mcp.json"), JSON.stringify({ mcpServers: { time } }))
  const configuration = { file: null, values: { http: { allow: ["127.0.0.1"] } } }
  return { ...options, configuration, configDirectories: [dataDir] }
}

const borrowed = (options: LiveOptions) =>
  Effect.gen(function* () {
    const dataDir = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-demo-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
    )
    // A server of its own, whatever is chosen for other commands.
    const env = { ...options.env, NATS_URL: "", NATS_CONTEXT: "" }
    yield* fetchedServer(env)
    const own = demoOptions({ ...options, env }, dataDir)
    yield* up(own)({ dataDir, concurrency: undefined, plugins: demoPlugins, queues: [], http: { off: true } })
    const found = yield* accessOf(own, dataDir)
    if (found === undefined)
      return yield* new DeploymentFailed({ message: "the deployment did not say how to reach it" })
    return yield* connectTo(found, "demo")
  }).pipe(Effect.mapError(deploymentFailed))

/** One node of a larger deployment: chosen roles, on the server given, or on the one that `up` runs on this machine. */
const node = (options: LiveOptions) =>
  Effect.fn("node")(function* ({ concurrency, dataDir, plugins: given, queues, roles }: NodeStartOptions) {
    const settings = yield* Effect.fromResult(settingsHere(options, concurrency))
    const work = yield* workOf(options, given)
    const server = yield* givenServer(options.env, homedir())
    const managed = Option.getOrUndefined(yield* ConnectionFile.read(dataDir))
    const access =
      server ??
      (managed === undefined || managed.pid === null
        ? undefined
        : { url: managed.url, users: managed.users, source: `nats.json in ${dataDir}` })
    if (access === undefined) {
      return yield* new DeploymentFailed({
        message: `no NATS server is given, and none runs with the data directory ${dataDir}`,
        reason: "unreachable",
        hint: "say where it is with NATS_URL or NATS_CONTEXT, or start one here with nagatha up"
      })
    }
    const version = yield* serverVersion(access, settings)
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const identity = newIdentity(roles, options.version, new Date(now))
    const one: NodeRoles.NodeOptions = {
      identity,
      meter: new Meter(),
      server: access,
      settings,
      timezone: options.timezone,
      witness: {
        file: join(dataDir, `node-witness-${identity.host}.json`),
        deployment: server === undefined ? OWN_SERVER : access.url
      },
      ...work
    }
    const has = (role: NodeRole) => roles.includes(role)
    const readModels = join(dataDir, `read-models-${identity.host}.sqlite`)
    if (has("api") || has("scheduler")) makeDirectory(dataDir)
    const decides = has("scheduler")
      ? has("api")
        ? NodeRoles.schedulerAndApi(one, readModels)
        : NodeRoles.scheduler(one)
      : has("api")
        ? NodeRoles.api(one, readModels)
        : Layer.empty
    const ofNode = Effect.annotateLogs({ nodeId: identity.nodeId })
    yield* ofNode(Layer.build(Layer.fresh(decides)))
    if (has("worker")) yield* ofNode(Layer.build(NodeRoles.worker(one, queues)))
    const plugins = found(work.plugins)
    return { nodeId: identity.nodeId, pid: process.pid, roles, nats: { url: access.url, version }, plugins }
  }, Effect.mapError(deploymentFailed))

/** The deployment of this machine. */
export const make = (options: LiveOptions): Deployment["Service"] => ({
  up: up(options),
  upDetached: upDetached(options),
  node: node(options),
  down,
  doctor: (dataDir) => examine(options, dataDir),
  borrowed: borrowed(options)
})
