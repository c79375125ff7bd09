/** What docker-compose.nats.yml starts in containers, started here as plain processes with the very same files. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream"
import { connect } from "@nats-io/transport-node"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, assert, describe, it, vi } from "vitest"
import { freePort } from "../../src/nats/server/ServerProcess.ts"
import { publisherOf } from "../../src/nats/JetStreamPublish.ts"
import { headersOf, NatsConnection } from "../../src/nats/NatsConnection.ts"
import { provision } from "../../src/nats/Provision.ts"
import { defaults } from "../../src/Settings.ts"
import { serverProgram } from "../support/natsServer.ts"

const configuration = join(import.meta.dirname, "../../config/nats")
const cleanUp: Array<() => unknown> = []
afterEach(async () => {
  for (const action of cleanUp.splice(0).reverse()) await action()
})
const port = () => Effect.runPromise(freePort)

/** Ports differ from those of a container because all run on one machine; everything else is in the files. */
const start = async (
  file: string,
  name: string,
  more: Record<string, string> = {},
  flags: ReadonlyArray<string> = []
) => {
  const store = await mkdtemp(join(tmpdir(), "nagatha-container-"))
  const [client, monitor] = [await port(), await port()]
  const env = {
    NAGATHA_NATS_NAME: name,
    NAGATHA_NATS_STORE: store,
    NAGATHA_CORE_PASSWORD: '"1e5"',
    NAGATHA_WORKER_PASSWORD: '"w"',
    NAGATHA_CLIENT_PASSWORD: '"c"',
    NAGATHA_VIEWER_PASSWORD: '"v"',
    ...more
  }
  const args = ["-c", join(configuration, file), "-a", "127.0.0.1", "-p", `${client}`, "-m", `${monitor}`, ...flags]
  const child = spawn((await serverProgram()).path, args, { env, stdio: "ignore" })
  const ended = new Promise((resolve) => child.once("exit", resolve))
  cleanUp.push(() => rm(store, { recursive: true, force: true }))
  cleanUp.push(() => (child.kill("SIGTERM"), ended))
  const isHealthy = () =>
    fetch(`http://127.0.0.1:${monitor}/healthz`).then(
      ({ ok }) => ok,
      () => false
    )
  return { url: `nats://127.0.0.1:${client}`, isHealthy }
}
const healthy = (server: { isHealthy: () => Promise<boolean> }) =>
  vi.waitUntil(server.isHealthy, { timeout: 25_000, interval: 50 })
const enter = async (url: string) => {
  const core = await connect({ servers: url, user: "core", pass: "1e5", inboxPrefix: "_INBOX_core" })
  cleanUp.push(() => core.close())
  return core
}

describe("the files for containers", () => {
  it("make one durable server that asks for a password", async () => {
    const server = await start("server.conf", "nats")
    await healthy(server)
    const core = await enter(server.url)
    const manager = await jetstreamManager(core)
    await manager.streams.add({ name: "NAGATHA_LOG", subjects: ["nagatha.log.*"] })
    assert.strictEqual((await jetstream(core).publish("nagatha.log.1", "x")).seq, 1)
    const nobody = await connect({ servers: server.url }).then(() => "let in", String)
    assert.match(nobody, /Authorization/)
  })

  it("make three servers that keep three copies", { timeout: 60_000 }, async () => {
    const ports = [await port(), await port(), await port()]
    const routes = JSON.stringify(ports.map((route) => `nats://route:secret@127.0.0.1:${route}`))
    const more = { NAGATHA_ROUTE_PASSWORD: '"secret"', NAGATHA_NATS_ROUTES: routes }
    const servers = await Promise.all(
      ports.map((route, index) =>
        start("cluster.conf", `nats-${index + 1}`, more, ["--cluster", `nats://127.0.0.1:${route}`])
      )
    )
    await Promise.all(servers.map(healthy))
    const connection = NatsConnection.layer({
      servers: servers[0]?.url ?? "",
      role: "core",
      namespace: "nagatha",
      user: "core",
      password: "1e5",
      name: "test",
      requestTimeoutMs: 5000
    })
    const copies = Effect.gen(function* () {
      const nats = yield* NatsConnection
      yield* provision(defaults)
      assert.deepStrictEqual(yield* provision(defaults), [])
      const { logStream } = nats.subjects
      const message = { subject: "nagatha.log.1", payload: "x", headers: headersOf({}) }
      const outcome = yield* publisherOf(nats, logStream).publish(message)
      assert.deepInclude(outcome, { _tag: "stored", sequence: 1 })
      return yield* Effect.promise(() =>
        Promise.all(
          [logStream, nats.subjects.eventsStream, nats.subjects.workStream].map((name) => nats.jsm.streams.info(name))
        )
      )
    })
    const streams = await Effect.runPromise(Effect.provide(copies, connection))
    assert.deepStrictEqual(
      streams.map(({ cluster }) => cluster?.replicas?.length),
      [2, 2, 2]
    )
  })
})
