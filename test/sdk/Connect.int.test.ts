/** Programs and a running service: connecting, going on after a lost connection, and what is thrown. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { nkeys } from "@nats-io/transport-node"
import { Effect, Stream } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeRoles from "../../src/cli/machine/NodeRoles.ts"
import {
  connect,
  layer,
  OutcomeUnknown,
  Refused,
  Scheduler,
  type SchedulerClient,
  Unreachable
} from "../../src/index.ts"
import { eventually } from "../support/nagatha.ts"
import { serverProgram, startNatsServer } from "../support/natsServer.ts"
import { startNode, type TestNode } from "../support/node.ts"

/** An environment that says nothing of where the service is. */
const env = { NATS_CONTEXT: "" }

const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error
  )

describe("a program", () => {
  let node: TestNode
  let options: { readonly servers: string; readonly user: string; readonly password: string }
  beforeAll(async () => {
    node = await startNode()
    await node.build(NodeRoles.worker(node.options))
    options = { servers: node.server.url, ...node.server.users.client }
  })
  afterAll(() => node.stop())

  const connected = async (body: (scheduler: SchedulerClient) => Promise<void>) => {
    const scheduler = await connect({ ...options, env })
    try {
      await body(scheduler)
    } finally {
      await scheduler.close()
    }
  }

  it("schedules, listens, waits and asks", () =>
    connected(async (scheduler) => {
      const heard: Array<string> = []
      const stop = await scheduler.subscribe(
        "scheduler.notification.*",
        (body) => void heard.push(String(body["message"]))
      )
      const { logSequence, taskId } = await scheduler.scheduleNotification({ message: "hello", schedule: "now" })
      const ended = await scheduler.waitForTask(taskId, { after: logSequence ?? 0 })
      assert.strictEqual(ended.status, "completed")
      await eventually(
        "the notification is heard",
        () => heard,
        (all) => all.includes("hello")
      )
      await stop()
      const manual = await scheduler.runTask(
        (await scheduler.scheduleNotification({ message: "x", schedule: "in 1 day" })).taskId
      )
      assert.isTrue((await scheduler.waitForExecution(manual.executionId, { after: manual.logSequence })).manual)
    }))

  it("schedules thousands in one call, each answered by itself", () =>
    connected(async (scheduler) => {
      const requests = Array.from({ length: 2500 }, (_, index) => ({
        taskType: index % 500 === 7 ? "nonsense" : "notification",
        taskArgs: { message: "hi" },
        schedule: "in 1 day",
        taskId: `bulk${index}`
      }))
      const answers = await scheduler.scheduleMany(requests)
      assert.strictEqual(answers.length, 2500)
      const refused = answers.flatMap((answer, index) => (answer instanceof Refused ? [index] : []))
      assert.deepStrictEqual(refused, [7, 507, 1007, 1507, 2007])
      let seen = 0
      for await (const { taskId } of scheduler.listTasks({ limit: 1000 })) if (taskId.startsWith("bulk")) seen += 1
      assert.strictEqual(seen, 2495)
    }))

  it(
    "goes on when the server was killed and is there again, with its subscriptions",
    () =>
      connected(async (scheduler) => {
        const heard: Array<string> = []
        await scheduler.subscribe("scheduler.task.success", ({ taskId }) => void heard.push(taskId))
        await scheduler.scheduleNotification({ message: "before", schedule: "now", taskId: "before" })
        await eventually(
          "the first is heard",
          () => heard,
          (all) => all.includes("before")
        )
        await node.server.kill()
        await node.server.restart()
        const commandId = "after-the-restart"
        const request = { message: "after", schedule: "now", taskId: "after", commandId }
        const answer = await eventually(
          "the service answers again",
          () => scheduler.scheduleNotification(request).catch((error: unknown) => error),
          (answered) => !(answered instanceof Unreachable || answered instanceof OutcomeUnknown)
        )
        assert.strictEqual((answer as { readonly taskId: string }).taskId, "after")
        await eventually(
          "the second is heard",
          () => heard,
          (all) => all.includes("after")
        )
        assert.strictEqual((await scheduler.task("before")).status, "completed")
      }),
    60_000
  )

  it("of effects connects by a layer", async () => {
    const program = Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const due = yield* scheduler.subscribe("scheduler.task.due")
      const { taskId } = yield* scheduler.schedule({
        taskType: "notification",
        taskArgs: { message: "hi" },
        schedule: "now"
      })
      const [event] = yield* due.pipe(
        Stream.filter((one) => one.taskId === taskId),
        Stream.take(1),
        Stream.runCollect
      )
      return event?.type
    })
    const type = await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(layer({ ...options, env }))))
    assert.strictEqual(type, "scheduler.task.due")
  })

  it("finds the running up by its file, and may be told which", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "nagatha-sdk-"))
    try {
      const { password, user } = node.server.users.client
      const nats = { url: node.server.url, version: "2.15.1", managed: true, user, password }
      const file = { pid: 1, namespace: "nagatha", startedAt: "2026-03-01T00:00:00.000Z", version: "1.0.0", nats }
      writeFileSync(join(dataDir, "up.json"), JSON.stringify(file))
      for (const where of [
        { env: { ...env, NAGATHA_DATA_DIR: dataDir } },
        { dataDir, env: { NATS_URL: "nats://127.0.0.1:1" } }
      ]) {
        await using scheduler = await connect(where)
        assert.strictEqual((await scheduler.status()).partitions.length, 2)
      }
    } finally {
      rmSync(dataDir, { recursive: true })
    }
  })

  it("finds the service by a context of the nats tool", async () => {
    const home = mkdtempSync(join(tmpdir(), "nagatha-sdk-"))
    try {
      mkdirSync(join(home, "nats", "context"), { recursive: true })
      const { password, user } = node.server.users.client
      const content = { url: node.server.url, user, password, inbox_prefix: "_INBOX_client" }
      writeFileSync(join(home, "nats", "context", "work.json"), JSON.stringify(content))
      await using scheduler = await connect({ context: "work", env: { XDG_CONFIG_HOME: home } })
      assert.strictEqual((await scheduler.status()).partitions.length, 2)
    } finally {
      rmSync(home, { recursive: true })
    }
  })
})

describe("a program that cannot connect", () => {
  it("is told where it has looked, and what to do", async () => {
    const nowhere = { env: { ...env, NAGATHA_DATA_DIR: "/nowhere" } }
    const error = await thrownBy(connect(nowhere))
    assert.isTrue(error instanceof Unreachable && error instanceof Error)
    assert.match((error as Unreachable).message, /up\.json in \/nowhere/)
    assert.match((error as Unreachable).hint ?? "", /nagatha up/)
    const closed = await thrownBy(connect({ servers: "nats://127.0.0.1:1", env }))
    assert.isTrue(closed instanceof Unreachable && /127\.0\.0\.1:1/.test(closed.message))
    const wrong = await thrownBy(connect({ servers: "nats://127.0.0.1:1", creds: "/no/such.creds", env }))
    assert.isTrue(wrong instanceof Unreachable && wrong.message.startsWith("the option creds: ENOENT"))
    const namespace = await thrownBy(connect({ servers: "nats://127.0.0.1:1", namespace: "No Such", env }))
    assert.isTrue(namespace instanceof Unreachable)
  })

  it("is told that the outcome of a command is unknown, with the id to ask again", async () => {
    const server = await startNatsServer()
    try {
      const core = await server.connect("core")
      core.subscribe("nagatha.command.schedule", { callback: () => undefined })
      await core.flush()
      await using scheduler = await connect({ servers: server.url, ...server.users.client, requestTimeoutMs: 200, env })
      const error = await thrownBy(scheduler.scheduleNotification({ message: "hi", schedule: "now", commandId: "c-1" }))
      assert.isTrue(error instanceof OutcomeUnknown && error.commandId === "c-1")
      const made = await thrownBy(scheduler.scheduleNotification({ message: "hi", schedule: "now" }))
      assert.isTrue(made instanceof OutcomeUnknown && made.commandId.length > 10)
    } finally {
      await server.stop()
    }
  })
})

describe("a server that asks who one is", () => {
  const TLS = new URL("tls/", import.meta.url).pathname
  let directory = ""
  let children: Array<ChildProcess> = []
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "nagatha-sdk-"))
  })
  afterAll(() => {
    for (const child of children) child.kill("SIGKILL")
    children = []
    rmSync(directory, { recursive: true })
  })

  /** A bare server; gives its URL. */
  const serve = async (name: string, lines: string) => {
    const file = join(directory, `${name}.conf`)
    const ports = join(directory, name)
    mkdirSync(ports)
    writeFileSync(file, `listen: "127.0.0.1:-1"\n${lines}\n`)
    const { path } = await serverProgram()
    const child = spawn(path, ["-c", file, "--ports_file_dir", ports], { stdio: "ignore" })
    children.push(child)
    const told = join(ports, `nats-server_${child.pid}.ports`)
    await eventually(
      "the server says where it is",
      () => existsSync(told),
      (there) => there
    )
    return (JSON.parse(readFileSync(told, "utf8")) as { readonly nats: ReadonlyArray<string> }).nats[0] ?? ""
  }
  /** Connected as far as the server: there is nobody behind it. */
  const reaches = async (options: Parameters<typeof connect>[0]) => {
    await using scheduler = await connect({ ...options, env })
    const error = await thrownBy(scheduler.status())
    assert.match((error as Error).message, /is there, but no scheduler node answers/)
  }

  it("is told a token", async () => {
    const servers = await serve("token", "authorization { token: letmein }")
    await reaches({ servers, token: "letmein" })
    await reaches({ servers: servers.replace("//", "//letmein@") })
    assert.isTrue((await thrownBy(connect({ servers, token: "wrong", env }))) instanceof Unreachable)
  })

  it("is shown a signature by an nkey", async () => {
    const pair = nkeys.createUser()
    const nkey = join(directory, "user.nk")
    writeFileSync(nkey, `${new TextDecoder().decode(pair.getSeed())}\n`)
    const servers = await serve("nkey", `authorization { users: [{ nkey: ${pair.getPublicKey()} }] }`)
    await reaches({ servers, nkey })
    assert.isTrue((await thrownBy(connect({ servers, env }))) instanceof Unreachable)
  })

  it("is shown a certificate, and shows one that is trusted", async () => {
    const [cert, key] = [join(TLS, "cert.pem"), join(TLS, "key.pem")]
    const servers = await serve(
      "tls",
      `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${cert}", verify: true }`
    )
    await reaches({ servers, ca: cert, cert, key })
    assert.isTrue((await thrownBy(connect({ servers, ca: cert, env }))) instanceof Unreachable)
    assert.isTrue((await thrownBy(connect({ servers, cert, key, env }))) instanceof Unreachable)
  })
})
