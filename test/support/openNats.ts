/** A nats-server as somebody else runs it: one account, no users, every subject free. Killed and removed by `stop`. */
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as ServerProcess from "../../src/nats/server/ServerProcess.ts"
import { serverProgram } from "./natsServer.ts"

export interface OpenNats {
  readonly url: string
  readonly connection: NatsConnection
  readonly jsm: JetStreamManager
  stop(): Promise<void>
}

export const startOpenNats = async (): Promise<OpenNats> => {
  const { path } = await serverProgram()
  const directory = mkdtempSync(join(tmpdir(), "nagatha-open-nats-"))
  const port = await Effect.runPromise(ServerProcess.freePort)
  const url = `nats://127.0.0.1:${port}`
  const server = spawn(path, ["-a", "127.0.0.1", "-p", String(port), "-js", "-sd", directory], { stdio: "ignore" })
  const connection = await connect({
    servers: url,
    waitOnFirstConnect: true,
    reconnectTimeWait: 50,
    maxReconnectAttempts: 200
  })
  return {
    url,
    connection,
    jsm: await jetstreamManager(connection),
    stop: async () => {
      await connection.close()
      const ended = once(server, "exit")
      server.kill("SIGTERM")
      await ended
      rmSync(directory, { recursive: true, force: true })
    }
  }
}
