/** A server of its own, nodes as processes, and a client: what every measurement of the whole needs. */
import { Context, Effect, Layer } from "effect"
import { type ChildProcess, fork } from "node:child_process"
import { cpus } from "node:os"
import type { ServerAccess } from "../../src/access/ServerAccess.ts"
import { NatsConnection } from "../../src/nats/NatsConnection.ts"
import * as NatsScheduler from "../../src/nats/NatsScheduler.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import { startNatsServer, type TestServer } from "../../test/support/natsServer.ts"

export interface BenchNode {
  readonly roles: ReadonlyArray<string>
  readonly directory: string
  readonly server: ServerAccess
  readonly concurrency: number
}

export interface World {
  readonly server: TestServer
  /** Starts a process with these roles; resolves when it is ready. */
  node(roles: ReadonlyArray<string>, concurrency?: number): Promise<ChildProcess>
  readonly scheduler: Scheduler["Service"]
  readonly core: NatsConnection["Service"]
}

const NODE = new URL("./node.ts", import.meta.url).pathname

const stopped = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once("exit", () => resolve())
    child.kill("SIGTERM")
  })

/** Runs a measurement in a world of its own, and ends everything that it started. */
export const withWorld = async (measure: (world: World) => Promise<void>): Promise<void> => {
  const server = await startNatsServer()
  const access: ServerAccess = { url: server.url, users: server.users }
  const children: Array<ChildProcess> = []
  const connection = (role: "core" | "client") =>
    NatsConnection.layer({
      servers: server.url,
      role,
      namespace: "nagatha",
      name: "bench",
      requestTimeoutMs: 30_000,
      ...server.users[role]
    })
  const program = Effect.gen(function* () {
    const client = yield* Layer.build(
      Layer.fresh(NatsScheduler.layer({ actor: "bench" }).pipe(Layer.provide(connection("client"))))
    )
    const core = yield* Layer.build(Layer.fresh(connection("core")))
    const node = (roles: ReadonlyArray<string>, concurrency = 256) =>
      new Promise<ChildProcess>((resolve, reject) => {
        const argument: BenchNode = { roles, directory: server.directory, server: access, concurrency }
        const child = fork(NODE, [JSON.stringify(argument)], { stdio: ["ignore", "inherit", "inherit", "ipc"] })
        children.push(child)
        child.once("message", () => resolve(child))
        child.once("exit", (code) => reject(new Error(`the node ended with ${code}`)))
      })
    yield* Effect.promise(() =>
      measure({ server, node, scheduler: Context.get(client, Scheduler), core: Context.get(core, NatsConnection) })
    )
  })
  try {
    await Effect.runPromise(Effect.scoped(program))
  } finally {
    await Promise.all(children.map(stopped))
    await server.stop()
  }
}

/** Runs `task` `count` times, `lanes` at a time; gives how many a second. */
export const rate = async (
  count: number,
  lanes: number,
  task: (index: number) => Promise<unknown>
): Promise<number> => {
  let next = 0
  const began = performance.now()
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < count) await task(next++)
    })
  )
  return (count / (performance.now() - began)) * 1000
}

export const print = (line: string): void => void process.stdout.write(`${line}\n`)

/** A row of the table in docs/benchmarks.md. */
export const row = (...cells: ReadonlyArray<string | number>): void =>
  print(
    `| ${cells.map((cell) => (typeof cell === "number" ? Math.round(cell).toLocaleString("en") : cell)).join(" | ")} |`
  )

export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}`

/** Plain JetStream work, the floor under a drain: messages a second from a work queue to one consumer and acknowledged. */
export const rawDrain = async ({ core }: World, count: number): Promise<number> => {
  const { js, jsm } = core
  await jsm.streams.add({
    name: "RAW_WORK",
    subjects: ["nagatha.raw.work"],
    retention: "workqueue",
    persist_mode: "async"
  })
  await jsm.consumers.add("RAW_WORK", { durable_name: "raw", ack_policy: "explicit", max_ack_pending: 100_000 })
  const body = JSON.stringify({ text: "x".repeat(400) })
  await rate(count, 256, () => js.publish("nagatha.raw.work", body))
  const consumer = await js.consumers.get("RAW_WORK", "raw")
  let seen = 0
  const began = performance.now()
  await new Promise<void>((resolve) => {
    void consumer.consume({
      max_messages: 512,
      callback: (message) => {
        message.ack()
        seen += 1
        if (seen === count) resolve()
      }
    })
  })
  return (count / (performance.now() - began)) * 1000
}

/** Milliseconds from publishing a message to a stream until a consumer has it, one at a time: sorted. */
export const rawLatency = async ({ core }: World, count: number): Promise<ReadonlyArray<number>> => {
  const { js, jsm } = core
  await jsm.streams.add({ name: "RAW_LATENCY", subjects: ["nagatha.raw.latency"], persist_mode: "async" })
  await jsm.consumers.add("RAW_LATENCY", { durable_name: "raw", ack_policy: "none" })
  const consumer = await js.consumers.get("RAW_LATENCY", "raw")
  let arrived: () => void = () => {}
  const messages = await consumer.consume({ max_messages: 64, callback: () => arrived() })
  const latencies: Array<number> = []
  for (let index = 0; index < count; index++) {
    const began = performance.now()
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve
    })
    await js.publish("nagatha.raw.latency", "x".repeat(400))
    await arrival
    latencies.push(performance.now() - began)
  }
  await messages.close()
  return latencies.sort((a, b) => a - b)
}

/** The value below which a share of sorted values lies. */
export const quantile = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
