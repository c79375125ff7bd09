/**
 * A private nats-server for one test file: the real program (found, or fetched once into the cache), this repository's
 * own configuration, a directory of its own that is removed with it. It ends with the test process, however that ends.
 *
 * `kill` is SIGKILL; `restart` starts it again on the same port and the same data.
 */
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node"
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Roles from "../../src/nats/Roles.ts"
import { find } from "../../src/nats/server/ServerProgram.ts"
import * as ServerProcess from "../../src/nats/server/ServerProcess.ts"

export interface TestServer {
  readonly url: string
  readonly port: number
  readonly monitorPort: number
  /** Holds configuration, `server.log` and the streams. */
  readonly directory: string
  readonly users: Readonly<Record<Roles.Role, { readonly user: string; readonly password: string }>>
  /** What a client of this role connects with. */
  optionsOf(role: Roles.Role): NodeConnectionOptions
  /** A connection (default: core), closed by `stop` at the latest. */
  connect(role?: Roles.Role, options?: NodeConnectionOptions): Promise<NatsConnection>
  kill(): Promise<void>
  restart(): Promise<void>
  /** SIGTERM; the data stays until `stop`. */
  terminate(): Promise<void>
  stop(): Promise<void>
}

export interface TestServerOptions {
  /** Default `nagatha`. */
  readonly namespace?: string
}

/** The program that all integration tests use. */
export const serverProgram = () => Effect.runPromise(find({ setting: process.env["NAGATHA_NATS_SERVER"] }))

export const startNatsServer = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const { path } = await serverProgram()
  const directory = await mkdtemp(join(tmpdir(), "nagatha-nats-"))
  const password = () => `pw${randomBytes(16).toString("hex")}`
  const passwords = { core: password(), worker: password(), client: password(), viewer: password() }
  const [port, monitorPort] = [
    await Effect.runPromise(ServerProcess.freePort),
    await Effect.runPromise(ServerProcess.freePort)
  ]
  const settings = {
    namespace: options.namespace ?? "nagatha",
    serverName: `test-${randomBytes(6).toString("hex")}`,
    port,
    monitorPort,
    directory,
    passwords
  }
  const begin = () => Effect.runPromise(ServerProcess.start(path, settings))
  let running = await begin()
  const connections: Array<NatsConnection> = []
  const url = `nats://127.0.0.1:${port}`
  const optionsOf = (role: Roles.Role): NodeConnectionOptions => ({
    servers: url,
    user: role,
    pass: passwords[role],
    inboxPrefix: Roles.inboxPrefix(role),
    name: `test ${role}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100
  })
  const user = (role: Roles.Role) => ({ user: role, password: passwords[role] })
  return {
    url,
    port,
    monitorPort,
    directory,
    users: { core: user("core"), worker: user("worker"), client: user("client"), viewer: user("viewer") },
    optionsOf,
    connect: async (role = "core", more = {}) => {
      const connection = await connect({ ...optionsOf(role), ...more })
      connections.push(connection)
      return connection
    },
    kill: () => Effect.runPromise(running.kill),
    terminate: () => Effect.runPromise(running.stop),
    restart: async () => {
      await Effect.runPromise(running.stop)
      running = await begin()
    },
    stop: async () => {
      await Promise.all(connections.map((connection) => connection.close()))
      await Effect.runPromise(running.stop)
      await rm(directory, { recursive: true, force: true })
    }
  }
}

/** The same as a scoped Effect. */
export const natsServer = (options: TestServerOptions = {}) =>
  Effect.acquireRelease(
    Effect.promise(() => startNatsServer(options)),
    (server) => Effect.promise(() => server.stop())
  )
