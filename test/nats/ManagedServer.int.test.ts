import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { Effect, Exit, Option, References, Scope } from "effect"
import { execFileSync, spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, beforeEach, describe, it, vi } from "vitest"
import * as ConnectionFile from "../../src/nats/server/ConnectionFile.ts"
import type { Connection } from "../../src/nats/server/ConnectionFile.ts"
import * as LeftoverServer from "../../src/nats/server/LeftoverServer.ts"
import * as ManagedServer from "../../src/nats/server/ManagedServer.ts"
import { environment, filesOf } from "../../src/nats/server/ServerConfig.ts"
import { serverProgram } from "../support/natsServer.ts"

let dataDir: string
let cleanUp: Array<() => unknown>
beforeEach(async () => {
  // A space, a quote and a letter beyond ASCII: the server's configuration has to bear any path.
  dataDir = join(await mkdtemp(join(tmpdir(), "nagatha-managed-")), `my "dätä`)
  cleanUp = [() => rm(join(dataDir, ".."), { recursive: true, force: true })]
})
afterEach(async () => {
  for (const action of cleanUp.reverse()) await action()
})

/** Starts in this process; ends with the test, or by `stop`. */
const start = async (options: Partial<ManagedServer.ManagedServerOptions> = {}) => {
  const scope = Scope.makeUnsafe()
  const server = await Effect.runPromise(
    ManagedServer.start({ dataDir, ...options }).pipe(
      Scope.provide(scope),
      Effect.provideService(References.MinimumLogLevel, "None")
    )
  )
  const stop = () => Effect.runPromise(Scope.close(scope, Exit.void))
  cleanUp.push(stop)
  return { ...server, stop }
}
const failure = (options: Partial<ManagedServer.ManagedServerOptions> = {}) =>
  Effect.runPromise(Effect.flip(Effect.scoped(ManagedServer.start({ dataDir, ...options }))))

/** Starts in another process and waits until it has said its connection. */
const startElsewhere = async () => {
  const script = join(import.meta.dirname, "../support/managedServerProcess.ts")
  const child = spawn(process.execPath, [script, dataDir], { stdio: ["ignore", "pipe", "inherit"] })
  cleanUp.push(() => child.kill("SIGKILL"))
  const [line] = await once(child.stdout, "data")
  const connection: Connection = JSON.parse(String(line))
  return { child, connection }
}
const killed = async (child: ChildProcess) => {
  const exit = once(child, "exit")
  child.kill("SIGKILL")
  await exit
}

const enter = async ({ url, users }: Connection): Promise<NatsConnection> => {
  const nats = await connect({
    servers: url,
    user: users.core.user,
    pass: users.core.password,
    inboxPrefix: "_INBOX_core",
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50
  })
  cleanUp.push(() => nats.close())
  return nats
}
const writeOne = async (connection: Connection) => {
  const nats = await enter(connection)
  await (await jetstreamManager(nats)).streams.add({ name: "NAGATHA_LOG", subjects: ["nagatha.log.*"] })
  await jetstream(nats).publish("nagatha.log.1", "kept")
}
const messages = async (connection: Connection) =>
  (await (await jetstreamManager(await enter(connection))).streams.info("NAGATHA_LOG")).state.messages

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
const gone = (pid: number) => vi.waitUntil(() => !isAlive(pid), { timeout: 20_000, interval: 20 })
/** Process ids of all servers that run on the data directory. */
const servers = () => {
  const config = join(dataDir, "nats", "server.conf")
  const lines = execFileSync("ps", ["-eww", "-o", "pid=,args="]).toString().split("\n")
  return lines
    .filter((line) => line.includes(`-c ${config}`) && !line.includes("/bin/sh"))
    .map((line) => parseInt(line))
}
const recorded = async () => Option.getOrThrow(await Effect.runPromise(ConnectionFile.read(dataDir)))

describe("a managed server", () => {
  it("stores what it acknowledges, lets only its users in, and shows its passwords to nobody else", async () => {
    const { connection, program, logFile } = await start()
    await writeOne(connection)
    const varz: unknown = await (await fetch(`http://127.0.0.1:${connection.monitorPort}/jsz?config=1`)).json()
    assert.nestedPropertyVal(varz, "config.sync_always", true)
    await connect({ servers: connection.url, timeout: 2000 }).then(
      () => assert.fail("somebody without a name was let in"),
      (error) => assert.match(String(error), /Authorization/i)
    )
    assert.strictEqual((await stat(join(dataDir, "nats.json"))).mode & 0o777, 0o600)
    assert.strictEqual((await stat(join(dataDir, "nats"))).mode & 0o077, 0)
    assert.strictEqual((await stat(logFile)).mode & 0o777, 0o600)
    assert.deepStrictEqual(await recorded(), connection)
    assert.strictEqual(connection.version, program.version)
    const passwords = Object.values(connection.users).map(({ password }) => password)
    assert.strictEqual(new Set(passwords).size, 4)
    for (const password of passwords) assert.match(password, /^p[0-9a-f]{64}$/)
    const arguments_ = execFileSync("ps", ["-eww", "-o", "args="]).toString()
    assert.isFalse(passwords.some((password) => arguments_.includes(password)))
  })

  it("ends with its scope, and begins again with the same port, passwords and data", async () => {
    const first = await start()
    await writeOne(first.connection)
    await first.stop()
    assert.deepStrictEqual(servers(), [])
    assert.isNull((await recorded()).pid)
    const second = await start()
    assert.strictEqual(second.connection.url, first.connection.url)
    assert.deepStrictEqual(second.connection.users, first.connection.users)
    assert.strictEqual(await messages(second.connection), 1)
  })

  it("takes another port when something else has taken the one it had", async () => {
    const first = await start()
    await first.stop()
    const other = createServer().listen(first.connection.port, "127.0.0.1")
    await once(other, "listening")
    cleanUp.push(() => other.close())
    const second = await start()
    assert.notStrictEqual(second.connection.port, first.connection.port)
  })

  it("runs again on the same port after it was killed, and clients come back by themselves", async () => {
    const { connection, pid } = await start()
    await writeOne(connection)
    const nats = await enter(connection)
    const before = await Effect.runPromise(pid)
    const back = (async () => {
      for await (const { type } of nats.status()) if (type === "reconnect") return
    })()
    process.kill(before, "SIGKILL")
    await back
    await vi.waitUntil(async () => (await recorded()).pid !== before, { timeout: 10_000, interval: 20 })
    assert.strictEqual(await messages(connection), 1)
    assert.deepStrictEqual(servers(), [await Effect.runPromise(pid)])
  })

  it("is never two when only the shell between was killed", async () => {
    const { pid } = await start()
    const before = await Effect.runPromise(pid)
    const shell = Number.parseInt(execFileSync("ps", ["-o", "ppid=", "-p", String(before)]).toString(), 10)
    process.kill(shell, "SIGKILL")
    await vi.waitUntil(async () => (await Effect.runPromise(pid)) !== before, { timeout: 20_000, interval: 20 })
    assert.deepStrictEqual(servers(), [await Effect.runPromise(pid)])
  })
})

describe("a data directory", () => {
  it("is refused while another process runs on it, naming that process", async () => {
    const { child } = await startElsewhere()
    const error = await failure()
    assert.deepStrictEqual([error._tag, "pid" in error && error.pid], ["DataDirectoryBusy", child.pid])
    assert.match(error.message, new RegExp(`is in use by process ${child.pid}: stop it \\(nagatha down\\)`))
    assert.lengthOf(servers(), 1)
  })

  it("is refused twice in one process as well", async () => {
    await start()
    const error = await failure()
    assert.deepStrictEqual([error._tag, "pid" in error && error.pid], ["DataDirectoryBusy", process.pid])
  })

  it("is taken over from a process that was killed, whose server has ended with it", async () => {
    const { child, connection } = await startElsewhere()
    await writeOne(connection)
    await killed(child)
    await gone(connection.pid ?? 0)
    const mine = await start()
    assert.strictEqual(mine.connection.url, connection.url)
    assert.strictEqual(await messages(mine.connection), 1)
  })

  it("never has two servers, when the next start follows the kill at once", async () => {
    const { child } = await startElsewhere()
    await killed(child)
    const mine = await start()
    assert.deepStrictEqual(servers(), [await Effect.runPromise(mine.pid)])
  })

  it("is cleared of a server that was left on it", async () => {
    const first = await start()
    await first.stop()
    const { path } = await serverProgram()
    const directory = join(first.logFile, "..")
    const { users } = first.connection
    const passwords = {
      core: users.core.password,
      worker: users.worker.password,
      client: users.client.password,
      viewer: users.viewer.password
    }
    const settings = { namespace: "nagatha", serverName: "x", port: 0, monitorPort: 0, directory, passwords }
    const left = spawn(path, ["-c", filesOf(directory).config], { env: environment(settings), stdio: "ignore" })
    cleanUp.push(() => left.kill("SIGKILL"))
    await vi.waitUntil(() => Effect.runPromise(LeftoverServer.find(directory)), { timeout: 10_000, interval: 20 })
    const second = await start()
    assert.deepStrictEqual(servers(), [await Effect.runPromise(second.pid)])
  })

  it("is not cleared of another program that has the process id of an old server now", async () => {
    const first = await start()
    await first.stop()
    const other = spawn("sleep", ["60"])
    cleanUp.push(() => other.kill("SIGKILL"))
    await writeFile(join(dataDir, "nats", "server.pid"), String(other.pid))
    await start()
    assert.isTrue(isAlive(other.pid ?? 0))
  })

  it("survives a damaged nats.json: new passwords, same data", async () => {
    const first = await start()
    await writeOne(first.connection)
    await first.stop()
    await writeFile(join(dataDir, "nats.json"), `{"url":`)
    assert.strictEqual(await messages((await start()).connection), 1)
  })
})

describe("a start that fails says why and what to do", () => {
  it("when the port asked for is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1")
    await once(other, "listening")
    cleanUp.push(() => other.close())
    const address = other.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const error = await failure({ port })
    assert.match(error.message, /did not start: its port is taken by another program; give another one or 0/)
    assert.include(error.message, `127.0.0.1:${port}`)
    assert.deepStrictEqual(servers(), [])
  })

  it("when the data directory cannot be made", async () => {
    const file = join(dataDir, "..", "file")
    await writeFile(file, "")
    const error = await failure({ dataDir: join(file, "data") })
    assert.strictEqual(error._tag, "DataDirectoryUnusable")
    assert.match(error.message, /file\/data cannot be used: .*; choose a writable one \(--data or NAGATHA_DATA_DIR\)/)
  })

  it("when the server finds its store unusable, with the end of its log", async () => {
    await mkdir(join(dataDir, "nats", "jetstream"), { recursive: true })
    await writeFile(join(dataDir, "nats", "jetstream", "jetstream"), "not a directory")
    const error = await failure()
    assert.strictEqual(error._tag, "ServerNotStarted")
    assert.match(error.message, /nats-server did not start: .*\n[^]*\[FTL\][^]*log file: .*server\.log/)
    assert.deepStrictEqual(servers(), [])
  })

  it("when it is not ready in time, and leaves nothing running", async () => {
    const error = await failure({ readyMs: 1 })
    assert.match(error.message, /was not ready in time/)
    assert.deepStrictEqual(servers(), [])
  })

  it("when the program is too old", async () => {
    const path = join(dataDir, "..", "nats-server")
    await writeFile(path, '#!/bin/sh\necho "nats-server: v2.9.10"\n')
    await chmod(path, 0o755)
    const error = await failure({ program: { setting: path } })
    assert.match(error.message, /nats-server 2\.9\.10 at .* is too old: 2\.12\.0 or newer is needed/)
  })
})
