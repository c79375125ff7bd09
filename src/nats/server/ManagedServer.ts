/**
 * The nats-server of a data directory: found or fetched, started with credentials of its own on a loopback port, started
 * again when it dies, stopped with the scope, and never left behind. What it acknowledges is on disk.
 *
 * Port and passwords are the same over restarts (`nats.json`, mode 0600), so clients come back by themselves. Never are
 * two servers on one store: the directory is locked, and a server left by a killed process is stopped first.
 */
import { Clock, Context, Effect, Layer, Option, Ref } from "effect"
import { join } from "node:path"
import * as ConnectionFile from "./ConnectionFile.ts"
import type { Connection } from "./ConnectionFile.ts"
import * as DirectoryLock from "./DirectoryLock.ts"
import * as LeftoverServer from "./LeftoverServer.ts"
import type { Role } from "../Roles.ts"
import { find, type FindOptions, type Program } from "./ServerProgram.ts"
import * as ServerProcess from "./ServerProcess.ts"
import { filesOf, type ServerSettings } from "./ServerConfig.ts"

export interface ManagedServerOptions {
  /** Holds `nats.json` and everything of the server; made where it is missing. */
  readonly dataDir: string
  /** First token of every subject (default `nagatha`). */
  readonly namespace?: string
  /** Port for clients on 127.0.0.1; 0 (default): the one used before where it is free, else a free one. */
  readonly port?: number
  /** How the program is found. */
  readonly program?: FindOptions
  /** Longest wait for a start, in milliseconds (default 120,000). */
  readonly readyMs?: number
}

/** Shortest and longest pause before a server that died is started again, in milliseconds. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [100, 5000]
/** A server that lived this long, in milliseconds, was well: the next pause is the shortest again. */
const WELL_MS = 10_000

export class ManagedServer extends Context.Service<
  ManagedServer,
  {
    /** URL, port and users; the same for the life of the service. */
    readonly connection: Connection
    readonly program: Program
    /** Log file of the server. */
    readonly logFile: string
    /** Process id of the server that runs now. */
    readonly pid: Effect.Effect<number>
  }
>()("nagatha/nats/ManagedServer") {
  static readonly layer = (options: ManagedServerOptions) => Layer.effect(ManagedServer, start(options))
}

interface Running {
  readonly server: ServerProcess.ServerProcess
  readonly settings: ServerSettings
}

const passwordsOf = (users: Connection["users"]): Record<Role, string> => ({
  core: users.core.password,
  worker: users.worker.password,
  client: users.client.password,
  viewer: users.viewer.password
})

/** A free port, unless the one wished for is free. */
const choose = (wished: number | undefined) =>
  wished === undefined
    ? ServerProcess.freePort
    : Effect.flatMap(ServerProcess.isFree(wished), (free) => (free ? Effect.succeed(wished) : ServerProcess.freePort))

/**
 * Starts the server and keeps it running until the scope ends. Fails with `DataDirectoryBusy`, `DataDirectoryUnusable`,
 * `NoServerProgram`, `UnsupportedServer`, `NotAServer` or `ServerNotStarted`; each message says what to do.
 */
export const start = Effect.fn("ManagedServer.start")(function* (options: ManagedServerOptions) {
  const dataDir = yield* DirectoryLock.acquire(options.dataDir)
  const directory = join(dataDir, "nats")
  const program = yield* find(options.program)
  yield* Effect.forEach(program.notes, (note) => Effect.logWarning(note), { discard: true })
  const leftover = yield* LeftoverServer.stop(directory)
  if (leftover !== undefined) yield* Effect.logWarning(`stopped nats-server ${leftover}, left on ${directory}`)

  const known = Option.getOrUndefined(yield* ConnectionFile.read(dataDir))
  const users = known?.users ?? ConnectionFile.newUsers()
  const serverName = ConnectionFile.newServerName()
  const running = yield* Ref.make<Running | undefined>(undefined)

  const connectionOn = (settings: ServerSettings, pid: number | null): Connection => ({
    url: `nats://127.0.0.1:${settings.port}`,
    port: settings.port,
    monitorPort: settings.monitorPort,
    serverName,
    pid,
    users,
    program: program.path,
    version: program.version
  })
  const begin = (settings: ServerSettings) =>
    Effect.uninterruptibleMask((restore) =>
      restore(ServerProcess.start(program.path, settings, options.readyMs)).pipe(
        Effect.tap((server) => Ref.set(running, { server, settings })),
        Effect.tap((server) => ConnectionFile.write(dataDir, connectionOn(settings, server.pid))),
        Effect.map((server): Running => ({ server, settings }))
      )
    )
  const requested = options.port === undefined || options.port === 0 ? undefined : options.port
  const firstStart = Effect.gen(function* () {
    const settings: ServerSettings = {
      namespace: options.namespace ?? "nagatha",
      serverName,
      port: requested ?? (yield* choose(known?.port)),
      monitorPort: yield* choose(known?.monitorPort),
      directory,
      passwords: passwordsOf(users)
    }
    return yield* begin(settings)
  })

  yield* Effect.addFinalizer(
    Effect.fnUntraced(function* () {
      const last = yield* Ref.get(running)
      if (last === undefined) return
      yield* last.server.stop
      yield* ConnectionFile.write(dataDir, connectionOn(last.settings, null))
    })
  )
  // A port that was free a moment ago may be gone now: another one is as good, unless it was asked for.
  const { server, settings } = yield* firstStart.pipe(
    Effect.retry({ times: 3, while: (error) => error.reason === "portTaken" && requested === undefined })
  )

  const pause = yield* Ref.make(FIRST_PAUSE_MS)
  const restart = Effect.gen(function* () {
    yield* Effect.sleep(yield* Ref.getAndUpdate(pause, (ms) => Math.min(ms * 2, LONGEST_PAUSE_MS)))
    yield* LeftoverServer.stop(directory)
    yield* begin(settings)
    yield* Effect.logInfo(`nats-server runs again on port ${settings.port}`)
  }).pipe(
    Effect.tapError((error) => Effect.logError(error.message)),
    Effect.eventually
  )
  const keepAlive = Effect.gen(function* () {
    const since = yield* Clock.currentTimeMillis
    const code = yield* Effect.flatMap(Ref.get(running), (now) => (now ?? { server }).server.ended)
    if ((yield* Clock.currentTimeMillis) - since > WELL_MS) yield* Ref.set(pause, FIRST_PAUSE_MS)
    yield* Effect.logWarning(
      `nats-server ended by itself (code ${code}), starting it again; see ${filesOf(directory).log}`
    )
    yield* restart
  })
  yield* Effect.forkScoped(Effect.forever(keepAlive))

  return ManagedServer.of({
    connection: connectionOn(settings, server.pid),
    program,
    logFile: filesOf(directory).log,
    pid: Effect.map(Ref.get(running), (now) => (now ?? { server }).server.pid)
  })
})
