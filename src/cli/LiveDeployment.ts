/**
 * A deployment on this machine, for real: the server (its own, or the one given by `NATS_URL`), one node with every role,
 * and the file by which commands find it. What is started stops in good order with its scope: first the worker's runs,
 * then the node, then the server.
 */
import { Effect, Layer, Option, Schedule } from "effect"
import { spawn } from "node:child_process"
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as ConnectionFile from "../nats/server/ConnectionFile.ts"
import * as DirectoryLock from "../nats/server/DirectoryLock.ts"
import { makeDirectory } from "../nats/server/MakeDirectory.ts"
import * as ManagedServer from "../nats/server/ManagedServer.ts"
import { NatsConnection } from "../nats/NatsConnection.ts"
import { compare, REQUIRED } from "../nats/server/ServerVersion.ts"
import type * as Settings from "../Settings.ts"
import { accessOf, connectTo, type LiveOptions } from "./Access.ts"
import {
  type Deployment,
  DeploymentFailed,
  type NodeRole,
  type NodeStartOptions,
  type UpInfo,
  type UpOptions
} from "./Deployment.ts"
import { examine } from "./Doctor.ts"
import { givenServer, newIdentity, settingsOf } from "./Environment.ts"
import * as NodeRoles from "./NodeRoles.ts"
import * as UpFile from "./UpFile.ts"

/** How long a detached start may take, and a stop, in seconds. */
const START_SECONDS = 180
const STOP_SECONDS = 60

const failed = (error: { readonly message: string }): DeploymentFailed =>
  error instanceof DeploymentFailed ? error : new DeploymentFailed({ message: error.message })

/** What a flag, else the configuration file, says about this machine's worker. */
const changesOf = ({ configuration }: LiveOptions, concurrency: number | undefined): Partial<Settings.Settings> => {
  const wanted = concurrency ?? configuration.values.concurrency
  return wanted === undefined ? {} : { concurrency: wanted }
}

/** The server of a deployment, running. */
const server = Effect.fnUntraced(function* (options: LiveOptions, dataDir: string, settings: Settings.Settings) {
  const given = yield* givenServer(options.env)
  if (given !== undefined) {
    yield* DirectoryLock.acquire(dataDir)
    return { access: given, managed: false }
  }
  const { connection } = yield* ManagedServer.start({
    dataDir,
    namespace: settings.namespace,
    program: { setting: options.env["NAGATHA_NATS_SERVER"] || undefined }
  })
  const access: NodeRoles.ServerAccess = { url: connection.url, users: connection.users }
  return { access, managed: true }
})

/** Connects for a moment to see what answers there. */
const serverVersion = (access: NodeRoles.ServerAccess, settings: Settings.Settings) =>
  Effect.gen(function* () {
    const { connection } = yield* NatsConnection
    const version = connection.info?.version ?? "0.0.0"
    if (compare(version, REQUIRED) < 0) {
      return yield* new DeploymentFailed({
        message: `the NATS server at ${access.url} is version ${version}; ${REQUIRED} or newer is needed`,
        hint: "upgrade it, or leave out NATS_URL and one is started"
      })
    }
    return version
  }).pipe(
    Effect.provide(NodeRoles.connection({ server: access, settings }, "client", "nagatha check"), { local: true })
  )

const up = (options: LiveOptions) =>
  Effect.fn("up")(function* ({ concurrency, dataDir }: UpOptions) {
    const settings = yield* Effect.fromResult(settingsOf(options.env, changesOf(options, concurrency)))
    const { access, managed } = yield* server(options, dataDir, settings)
    const version = yield* serverVersion(access, settings)
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const identity = newIdentity(["scheduler", "worker", "api"], options.version, new Date(now))
    const node: NodeRoles.NodeOptions = { identity, server: access, settings, timezone: options.timezone }
    makeDirectory(dataDir)
    yield* Layer.build(
      Layer.fresh(
        NodeRoles.worker(node).pipe(
          Layer.provideMerge(NodeRoles.schedulerAndApi(node, join(dataDir, "read-models.sqlite")))
        )
      )
    )
    yield* UpFile.written(dataDir, {
      pid: process.pid,
      namespace: settings.namespace,
      startedAt: identity.startedAt,
      version: options.version,
      nats: { url: access.url, version, managed, ...access.users?.client }
    })
    const info: UpInfo = {
      pid: process.pid,
      dataDir,
      nats: { url: access.url, version, managed },
      namespace: settings.namespace,
      partitions: settings.partitions,
      concurrency: settings.concurrency
    }
    return info
  }, Effect.mapError(failed))

/** Starts `nagatha up` as a process of its own, and waits until it says that it is ready. */
const upDetached = (options: LiveOptions) =>
  Effect.fn("upDetached")(function* ({ concurrency, dataDir }: UpOptions) {
    const logFile = join(dataDir, "nagatha.log")
    const child = yield* Effect.try({
      try: () => {
        makeDirectory(dataDir)
        const log = openSync(logFile, "a", 0o600)
        const program = fileURLToPath(new URL("../../bin/nagatha", import.meta.url))
        const more = concurrency === undefined ? [] : ["--concurrency", String(concurrency)]
        const started = spawn(process.execPath, [program, "up", "--data", dataDir, ...more], {
          detached: true,
          stdio: ["ignore", log, log],
          env: { ...options.env, LOG_LEVEL: options.env["LOG_LEVEL"] ?? "info", NO_COLOR: "1" }
        })
        started.unref()
        return started
      },
      catch: (cause) =>
        new DeploymentFailed({
          message: `the data directory ${dataDir} cannot be used: ${String(cause)}`,
          hint: "choose a writable one with --data or NAGATHA_DATA_DIR"
        })
    })
    const ready = Effect.gen(function* () {
      const file = yield* UpFile.read(dataDir)
      if (Option.isSome(file) && file.value.pid === child.pid) return file.value
      if (child.exitCode !== null || child.signalCode !== null) {
        return yield* new DeploymentFailed({
          message: `it ended at once:\n${lastLines(logFile)}`,
          hint: `the whole log is in ${logFile}`
        })
      }
      return undefined
    })
    const file = yield* ready.pipe(
      Effect.repeat({
        until: (found) => found !== undefined,
        schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo({ times: START_SECONDS * 20 }))
      })
    )
    if (file === undefined) {
      return yield* new DeploymentFailed({
        message: `it is not ready after ${START_SECONDS} seconds (process ${child.pid ?? 0})`,
        hint: `see ${logFile}; nagatha down stops it`
      })
    }
    const changes = changesOf(options, concurrency)
    const settings = yield* Effect.mapError(Effect.fromResult(settingsOf(options.env, changes)), failed)
    const info: UpInfo = {
      pid: file.pid,
      dataDir,
      nats: { url: file.nats.url, version: file.nats.version, managed: file.nats.managed },
      namespace: file.namespace,
      partitions: settings.partitions,
      concurrency: settings.concurrency,
      logFile
    }
    return info
  })

const lastLines = (logFile: string): string => {
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n")
  return lines.slice(-12).join("\n")
}

/** Whether nobody holds the data directory. */
const isFree = (dataDir: string) =>
  Effect.scoped(DirectoryLock.acquire(dataDir)).pipe(
    Effect.as(true),
    Effect.catchTag("DataDirectoryBusy", () => Effect.succeed(false)),
    Effect.catchTag("DataDirectoryUnusable", () => Effect.succeed(true))
  )

const down = Effect.fn("down")(function* (dataDir: string) {
  const file = yield* UpFile.read(dataDir)
  if (Option.isNone(file) && !(yield* isRunning(dataDir))) return { pid: null }
  if (yield* isFree(dataDir)) {
    rmSync(join(dataDir, "up.json"), { force: true })
    return { pid: null }
  }
  const pid = Option.isSome(file) ? file.value.pid : yield* holderOf(dataDir)
  yield* Effect.try({
    try: () => process.kill(pid, "SIGTERM"),
    catch: (cause) => new DeploymentFailed({ message: `cannot stop process ${pid}: ${String(cause)}` })
  })
  const stopped = yield* isFree(dataDir).pipe(
    Effect.repeat({
      until: (free) => free,
      schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo({ times: STOP_SECONDS * 10 }))
    })
  )
  if (!stopped) {
    return yield* new DeploymentFailed({
      message: `process ${pid} has not stopped within ${STOP_SECONDS} seconds`,
      hint: `it may wait for a task; kill -9 ${pid} ends it (nothing acknowledged is lost)`
    })
  }
  return { pid }
})

const isRunning = (dataDir: string) => Effect.map(isFree(dataDir), (free) => !free)

const holderOf = (dataDir: string) =>
  Effect.scoped(DirectoryLock.acquire(dataDir)).pipe(
    Effect.as(0),
    Effect.catch((error) => Effect.succeed(error._tag === "DataDirectoryBusy" ? error.pid : 0)),
    Effect.flatMap((pid) =>
      pid > 0
        ? Effect.succeed(pid)
        : Effect.fail(new DeploymentFailed({ message: `the process that holds ${dataDir} has not said its id` }))
    )
  )

const borrowed = (options: LiveOptions) =>
  Effect.gen(function* () {
    const dataDir = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-demo-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
    )
    const { NATS_URL: _given, NATS_CREDS: _creds, ...env } = options.env
    yield* up({ ...options, env })({ dataDir, concurrency: undefined })
    const found = yield* accessOf({ ...options, env }, dataDir)
    if (found === undefined)
      return yield* new DeploymentFailed({ message: "the deployment did not say how to reach it" })
    return yield* connectTo(found, "demo")
  }).pipe(Effect.mapError(failed))

/** One node of a larger deployment: chosen roles, on the server given, or on the one that `up` runs on this machine. */
const node = (options: LiveOptions) =>
  Effect.fn("node")(function* ({ concurrency, dataDir, queues, roles }: NodeStartOptions) {
    const settings = yield* Effect.fromResult(settingsOf(options.env, changesOf(options, concurrency)))
    const given = yield* givenServer(options.env)
    const managed = Option.getOrUndefined(yield* ConnectionFile.read(dataDir))
    const access =
      given ?? (managed === undefined || managed.pid === null ? undefined : { url: managed.url, users: managed.users })
    if (access === undefined) {
      return yield* new DeploymentFailed({
        message: `no NATS server is given, and none runs with the data directory ${dataDir}`,
        hint: "say where it is with NATS_URL, or start one here with nagatha up"
      })
    }
    const version = yield* serverVersion(access, settings)
    const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
    const identity = newIdentity(roles, options.version, new Date(now))
    const one: NodeRoles.NodeOptions = { identity, server: access, settings, timezone: options.timezone }
    const has = (role: NodeRole) => roles.includes(role)
    const readModels = join(dataDir, `read-models-${identity.host}.sqlite`)
    if (has("api")) makeDirectory(dataDir)
    const decides = has("scheduler")
      ? has("api")
        ? NodeRoles.schedulerAndApi(one, readModels)
        : NodeRoles.scheduler(one)
      : has("api")
        ? NodeRoles.api(one, readModels)
        : Layer.empty
    yield* Layer.build(Layer.fresh(decides))
    if (has("worker")) yield* Layer.build(NodeRoles.worker(one, queues))
    return { nodeId: identity.nodeId, pid: process.pid, roles, nats: { url: access.url, version } }
  }, Effect.mapError(failed))

/** The deployment of this machine. */
export const make = (options: LiveOptions): Deployment["Service"] => ({
  up: up(options),
  upDetached: upDetached(options),
  node: node(options),
  down: (dataDir) => Effect.mapError(down(dataDir), failed),
  doctor: (dataDir) => examine(options, dataDir),
  borrowed: borrowed(options)
})
