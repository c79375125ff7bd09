/** Tasks that messages start, on real processes: with what the message says, once each, whatever is killed. */
import { jetstream } from "@nats-io/jetstream"
import { connect, type NatsConnection } from "@nats-io/transport-node"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { eventually, isAlive, Nagatha } from "../support/nagatha.ts"
import { commitsOf, eventsOf } from "../support/log.ts"
import { type OpenNats, startOpenNats } from "../support/openNats.ts"

interface Execution {
  readonly executionId: string
  readonly status: string
  readonly output: string | null
  readonly errorCode: string | null
  readonly message?: { readonly id: string; readonly subject: string }
}
interface Info {
  readonly task: { readonly status: string; readonly nextRunAt: string | null; readonly scheduleType: string }
  readonly executions: ReadonlyArray<Execution>
}

/** The managed server's connection of a role, as its users' programs have it. */
const connectAs = (nagatha: Nagatha, role: "client" | "viewer"): Promise<NatsConnection> => {
  const file = JSON.parse(readFileSync(join(nagatha.dataDir, "nats.json"), "utf8")) as {
    readonly url: string
    readonly users: Readonly<Record<string, { readonly user: string; readonly password: string }>>
  }
  const user = file.users[role]
  return connect({
    servers: file.url,
    user: user?.user ?? "",
    pass: user?.password ?? "",
    inboxPrefix: `_INBOX_${role}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100
  })
}

const completed = (nagatha: Nagatha, id: string, count: number) =>
  eventually(
    `${id} has run ${count} times`,
    () => nagatha.json<Info>("info", id, "--executions", "50"),
    ({ executions }) => executions.filter(({ status }) => status === "completed").length === count
  )

const task = (nagatha: Nagatha, id: string, when: string, ...more: ReadonlyArray<string>) =>
  nagatha.run(["schedule", "shell_command", when, "--id", id, ...more])

describe("on the managed server", () => {
  const nagatha = new Nagatha()
  let client: NatsConnection
  beforeAll(async () => {
    await nagatha.up()
    client = await connectAs(nagatha, "client")
  }, 120_000)
  afterAll(async () => {
    await client.close()
    await nagatha.end()
  }, 120_000)

  it("a message starts a task, which is given what it says, and the next tasks follow", async () => {
    const scheduled = await task(
      nagatha,
      "greet",
      "on subject nagatha.trigger.greet.*",
      "--args",
      '{"command": ["printf", "%s|%s", "{{ message.name }}", "{{ message.n }}"]}'
    )
    assert.strictEqual(scheduled.code, 0, scheduled.stderr)
    assert.include(scheduled.stdout, "next run    when a message arrives on nagatha.trigger.greet.*")
    const fails = ["--command", 'printf "%s" "$NAGATHA_MESSAGE"; exit 3', "--retries", "0"]
    const second = await nagatha.run(["schedule", "shell_command", "--after", "gree", "--id", "second", ...fails])
    assert.strictEqual(second.code, 0, second.stderr)
    assert.strictEqual((await task(nagatha, "third", "after second fails", "--command", "true")).code, 0)
    const said = { name: "Ann; $(reboot)", n: 1 }
    const stored = await jetstream(client).publish("nagatha.trigger.greet.ann", JSON.stringify(said))
    assert.strictEqual(stored.stream, "NAGATHA_TRIGGERS")
    const { executions, task: greet } = await completed(nagatha, "greet", 1)
    assert.strictEqual(executions[0]?.output, `${said.name}|1`)
    assert.strictEqual(executions[0]?.message?.subject, "nagatha.trigger.greet.ann")
    assert.deepInclude(greet, { status: "scheduled", nextRunAt: null, scheduleType: "recurring" })
    await completed(nagatha, "third", 1)
    const [failed] = (await nagatha.json<Info>("info", "second")).executions
    assert.strictEqual(failed?.status, "failed")
    const event = JSON.parse(failed?.output ?? "") as { readonly type: string; readonly taskId: string }
    assert.deepInclude(event, { type: "scheduler.task.success", taskId: "greet" })
    assert.match((await nagatha.run(["list"])).stdout, /greet .* on a message/)
    assert.match((await nagatha.run(["info", "greet"])).stdout, /next run +when a message arrives on/)
  }, 240_000)

  it.each([
    ["on subject nagatha.command.schedule", "belongs to the scheduler itself"],
    ["on subject nagatha.>", "belongs to the scheduler itself"],
    ["on subject $JS.API.>", "belong to NATS itself"],
    ["on subject _INBOX_core.>", "belong to NATS itself"],
    ["on subject >", "every message of a server starts no task"]
  ])("%s is refused", async (when, why) => {
    const { code, stderr } = await task(nagatha, "spy", when, "--command", "true")
    assert.strictEqual(code, 2, stderr)
    assert.include(stderr, why)
  })

  it("a text that a shell would run is refused", async () => {
    const { code, stderr } = await task(
      nagatha,
      "hole",
      "on subject nagatha.trigger.x",
      "--command",
      "echo {{ message.name }}"
    )
    assert.strictEqual(code, 2)
    assert.include(stderr, "a shell would run what the message says")
  })

  it("a client publishes what starts tasks under nagatha.trigger., a viewer nothing", async () => {
    assert.strictEqual((await task(nagatha, "heard", "on subject nagatha.trigger.heard", "--command", "true")).code, 0)
    const viewer = await connectAs(nagatha, "viewer")
    const refused = (async () => {
      for await (const status of viewer.status()) if (status.type === "error") return status.error.message
      return ""
    })()
    viewer.publish("nagatha.trigger.heard", "{}")
    assert.match(await refused, /permissions violation/i)
    await viewer.close()
    client.publish("nagatha.trigger.heard", "not JSON")
    const { executions } = await completed(nagatha, "heard", 1)
    assert.strictEqual(executions.length, 1)
  }, 240_000)

  it("a message that is too large fails its execution, and a task that is rescheduled hears the other subject only", async () => {
    assert.strictEqual((await task(nagatha, "moving", "on subject nagatha.trigger.old", "--command", "true")).code, 0)
    client.publish("nagatha.trigger.old", "x".repeat(70_000))
    await eventually(
      "it has failed",
      () => nagatha.json<Info>("info", "moving"),
      ({ executions }) => executions.some(({ errorCode }) => errorCode === "messageTooLarge")
    )
    assert.strictEqual((await nagatha.run(["reschedule", "moving", "on subject nagatha.trigger.new"])).code, 0)
    client.publish("nagatha.trigger.old", "{}")
    client.publish("nagatha.trigger.new", "{}")
    const { executions } = await completed(nagatha, "moving", 1)
    assert.strictEqual(executions.length, 2)
    assert.strictEqual(executions[0]?.message?.subject, "nagatha.trigger.new")
  }, 240_000)
})

describe("a node that is killed while messages come", () => {
  const nagatha = new Nagatha()
  afterAll(() => nagatha.end(), 120_000)

  it("starts one execution for each of them, once it is back", async () => {
    const MESSAGES = 400
    await nagatha.up()
    const flags = ["--id", "count", "--message", "no. {{ message.n }}", "--overlap", "allowAll"]
    const scheduled = await nagatha.run(["schedule", "notification", "on subject nagatha.trigger.count", ...flags])
    assert.strictEqual(scheduled.code, 0, scheduled.stderr)
    assert.strictEqual((await task(nagatha, "then", "after count", "--command", "true", "--overlap", "skip")).code, 0)
    const client = await connectAs(nagatha, "client")
    const js = jetstream(client)
    const kill = async () => {
      const pid = nagatha.upPid()
      if (pid === null) throw new Error("no node runs")
      process.kill(pid, "SIGKILL")
      await eventually(
        "it is gone",
        () => isAlive(pid),
        (alive) => !alive
      )
    }
    const publish = async (from: number, to: number) => {
      for (let n = from; n < to; n++) await js.publish("nagatha.trigger.count", JSON.stringify({ n }))
    }
    const first = publish(0, MESSAGES / 2)
    await eventually(
      "some have been decided about",
      () => nagatha.json<Info>("info", "count"),
      ({ executions }) => executions.length > 0
    )
    await kill()
    await first
    await nagatha.up()
    // The server was taken over with its port: what is published now reaches it.
    const second = publish(MESSAGES / 2, MESSAGES)
    await eventually(
      "some more have been decided about",
      () => nagatha.json<ReadonlyArray<Execution>>("history", "count", "--limit", "1000"),
      (executions) => executions.length > MESSAGES / 2
    )
    await kill()
    await second
    await nagatha.up()
    await eventually(
      "all have been decided about, and carried out",
      async () => {
        const all = await nagatha.json<ReadonlyArray<Execution>>("history", "count", "--limit", "1000")
        return all.filter(({ status }) => status === "completed").length
      },
      (ended) => ended >= MESSAGES,
      60_000
    )
    await client.close()
    await nagatha.run(["down"])
    const commits = await commitsOf(nagatha.dataDir)
    const heard = eventsOf(commits, "count").flatMap((event) =>
      event.type === "due" ? [(event.message?.data as { readonly n: number } | undefined)?.n] : []
    )
    assert.deepStrictEqual(
      heard,
      Array.from({ length: MESSAGES }, (_, n) => n)
    )
    const successes = eventsOf(commits, "count").filter(({ type }) => type === "success").length
    const decided = eventsOf(commits, "then").filter(({ type }) => type === "due" || type === "skipped").length
    assert.strictEqual(decided, successes)
  }, 240_000)
})

describe("on somebody's own server", () => {
  let nats: OpenNats
  let nagatha: Nagatha
  beforeAll(async () => {
    nats = await startOpenNats()
    nagatha = new Nagatha({ NATS_URL: nats.url })
    await nagatha.up()
  }, 120_000)
  afterAll(async () => {
    await nagatha.end()
    await nats.stop()
  }, 120_000)

  const subjectsOf = async (stream: string): Promise<ReadonlyArray<string>> => {
    try {
      return (await nats.jsm.streams.info(stream)).config.subjects
    } catch {
      return []
    }
  }

  it("subjects that no stream holds are captured while tasks need them, and nobody else's answers are disturbed", async () => {
    const service = nats.connection.subscribe("shop.price", { callback: (_, message) => void message.respond("7") })
    assert.strictEqual((await task(nagatha, "any", "on subject shop.*", "--command", "true")).code, 0)
    assert.strictEqual((await task(nagatha, "price", "on subject shop.price", "--command", "true")).code, 0)
    assert.deepStrictEqual(await subjectsOf("NAGATHA_CAPTURED"), ["shop.*"])
    assert.strictEqual((await nats.connection.request("shop.price", "?")).string(), "7")
    service.unsubscribe()
    await completed(nagatha, "price", 1)
    await completed(nagatha, "any", 1)
    await nagatha.json("cancel", "any", "--yes")
    await eventually(
      "only what is needed is held",
      () => subjectsOf("NAGATHA_CAPTURED"),
      (subjects) => subjects.join() === "shop.price"
    )
    nats.connection.publish("shop.price", "")
    await completed(nagatha, "price", 2)
    await nagatha.json("cancel", "price", "--yes")
    await eventually(
      "nothing is held",
      () => subjectsOf("NAGATHA_CAPTURED"),
      (subjects) => subjects.length === 0
    )
  }, 120_000)

  it("messages of a stream that is there start a task from its scheduling on, also when its reader or the stream is made anew", async () => {
    const ORDERS = { name: "ORDERS", subjects: ["orders.>"] }
    await nats.jsm.streams.add(ORDERS)
    const js = jetstream(nats.connection)
    await js.publish("orders.created", "0")
    assert.strictEqual((await task(nagatha, "orders", "on subject orders.created", "--command", "true")).code, 0)
    await js.publish("orders.created", "1")
    await js.publish("orders.paid", "1")
    await completed(nagatha, "orders", 1)
    await nats.jsm.consumers.delete("ORDERS", "nagatha-trigger-orders")
    await js.publish("orders.created", "2")
    await completed(nagatha, "orders", 2)
    await nats.jsm.streams.delete("ORDERS")
    await nats.jsm.streams.add(ORDERS)
    await js.publish("orders.created", "3")
    const { executions } = await completed(nagatha, "orders", 3)
    assert.deepStrictEqual(
      executions.map(({ message }) => message?.id),
      ["ORDERS.1", "ORDERS.4", "ORDERS.2"]
    )
    await nagatha.json("cancel", "orders", "--yes")
    await eventually(
      "its reader is removed",
      () => nats.jsm.consumers.list("ORDERS").next(),
      (consumers) => consumers.length === 0
    )
  }, 120_000)

  it("subjects that no single stream holds as a whole, and streams that delete what was read, are refused", async () => {
    await nats.jsm.streams.add({ name: "PART", subjects: ["part.one"] })
    await nats.jsm.streams.add({ name: "OTHER", subjects: ["part.two"] })
    await nats.jsm.streams.add({ name: "QUEUE", subjects: ["jobs"], retention: "workqueue" })
    const refused = async (when: string) => {
      const { code, stderr } = await task(nagatha, "no", when, "--command", "true")
      assert.strictEqual(code, 2, stderr)
      return stderr
    }
    assert.match(await refused("on subject part.*"), /lies in several streams: (PART, OTHER|OTHER, PART)/)
    assert.match(await refused("on subject jobs"), /deletes what its readers have had/)
    await nats.jsm.streams.delete("OTHER")
    assert.match(await refused("on subject part.*"), /holds a part of part\.\* only: part\.one/)
    assert.strictEqual((await task(nagatha, "yes", "on subject part.one", "--command", "true")).code, 0)
  }, 240_000)
})
