/** Setting up on servers that are not as ours: little room, small messages. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NatsConnection } from "../../src/nats/NatsConnection.ts"
import { provision } from "../../src/nats/Provision.ts"
import { freePort } from "../../src/nats/server/ServerProcess.ts"
import { defaults } from "../../src/Settings.ts"
import { eventually } from "../support/nagatha.ts"
import { serverProgram } from "../support/natsServer.ts"

/** A server with this configuration and no users; its port. */
const serverWith = (lines: (store: string) => string) =>
  Effect.gen(function* () {
    const [port, monitor] = [yield* freePort, yield* freePort]
    const { path } = yield* Effect.promise(serverProgram)
    const directory = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "nagatha-provision-"))),
      (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
    )
    const file = join(directory, "server.conf")
    const text = `listen: "127.0.0.1:${port}"\nhttp: "127.0.0.1:${monitor}"\n${lines(join(directory, "store"))}\n`
    yield* Effect.promise(() => writeFile(file, text))
    yield* Effect.acquireRelease(
      Effect.sync(() => spawn(path, ["-c", file], { stdio: "ignore" })),
      (child) =>
        Effect.promise(() => {
          const ended = once(child, "exit")
          child.kill("SIGKILL")
          return ended
        })
    )
    const healthy = () =>
      fetch(`http://127.0.0.1:${monitor}/healthz`).then(
        ({ ok }) => ok,
        () => false
      )
    yield* Effect.promise(() => eventually("the server is healthy", healthy, (is) => is))
    return port
  })

const on = <A, E>(port: number, effect: Effect.Effect<A, E, NatsConnection>) =>
  Effect.provide(
    effect,
    NatsConnection.layer({
      servers: `nats://127.0.0.1:${port}`,
      role: "core",
      namespace: "nagatha",
      name: "test",
      requestTimeoutMs: 5000
    })
  )

describe("provision", () => {
  it.live("makes do with the room that a small disk has, and leaves it at that", () =>
    Effect.gen(function* () {
      const port = yield* serverWith((store) => `jetstream { store_dir: "${store}", max_file_store: 1GB }`)
      yield* on(
        port,
        Effect.gen(function* () {
          yield* provision(defaults)
          assert.deepStrictEqual(yield* provision(defaults), [])
          const { jsm, subjects } = yield* NatsConnection
          const { config } = yield* Effect.promise(() => jsm.streams.info(subjects.eventsStream))
          assert.strictEqual(config.max_bytes, Math.floor((4 * 1024 ** 3) / 9))
        })
      )
    })
  )

  it.live("refuses a server whose messages are too small for results, and says what to set", () =>
    Effect.gen(function* () {
      const port = yield* serverWith((store) => `jetstream { store_dir: "${store}" }\nmax_payload: 64KB`)
      const refused = yield* on(port, Effect.flip(provision(defaults)))
      assert.match(refused.message, /65536 bytes; set its max_payload to 1048576/)
    })
  )
})
