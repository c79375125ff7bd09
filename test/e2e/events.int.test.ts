/** Events as others read them, on real processes: named subscriptions through every kill, and headers that tools know. */
import { connect, type Msg, type NatsConnection } from "@nats-io/transport-node"
import { Svcm } from "@nats-io/services"
import { CATALOGUE } from "../../src/service/Catalogue.ts"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { commitsOf } from "../support/log.ts"
import { problems } from "../support/schemas.ts"
import { eventually, isAlive, Nagatha } from "../support/nagatha.ts"

const PROGRAM = new URL("../../bin/nagatha", import.meta.url).pathname

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
    inboxPrefix: `_INBOX_${role}`
  })
}

/** `nagatha events --durable`, and what it has printed. */
class Reader {
  readonly lines: Array<string> = []
  readonly #child: ChildProcess
  constructor(nagatha: Nagatha, name: string, ...more: ReadonlyArray<string>) {
    const { NATS_URL: _url, ...inherited } = process.env
    this.#child = spawn(process.execPath, [PROGRAM, "events", "--durable", name, "--json", ...more], {
      env: { ...inherited, NAGATHA_DATA_DIR: nagatha.dataDir, NAGATHA_TIMEZONE: "UTC" },
      stdio: ["ignore", "pipe", "ignore"],
      // A Node that is too old hands over to another process: both are to be killed.
      detached: true
    })
    let rest = ""
    this.#child.stdout?.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n")
      rest = lines.pop() ?? ""
      this.lines.push(...lines)
    })
  }
  get ids(): ReadonlyArray<string> {
    return this.lines.map((line) => (JSON.parse(line) as { readonly id: string }).id)
  }
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, "exit")
    process.kill(-(this.#child.pid ?? 0), "SIGKILL")
    await ended
  }
}

describe("a named subscription", () => {
  const nagatha = new Nagatha()
  const readers: Array<Reader> = []
  const reader = (...more: ReadonlyArray<string>) => {
    const made = new Reader(nagatha, "pager", ...more)
    readers.push(made)
    return made
  }
  afterAll(async () => {
    for (const one of readers) await one.kill()
    await nagatha.end()
  }, 120_000)

  it("gives every event at least once, though reader, node and server are killed, and while nobody reads", async () => {
    await nagatha.up()
    const ticking = await nagatha.run([
      "schedule",
      "notification",
      "every 1 second",
      "--message",
      "tick",
      "--id",
      "tick"
    ])
    assert.strictEqual(ticking.code, 0, ticking.stderr)
    const first = reader("--since", "1h")
    await eventually(
      "some events are read",
      () => first.lines.length,
      (count) => count >= 6
    )
    await first.kill()
    // Nobody reads now.
    const before = (await nagatha.json<ReadonlyArray<object>>("history", "tick", "--limit", "1000")).length
    await eventually(
      "something has happened meanwhile",
      async () => (await nagatha.json<ReadonlyArray<object>>("history", "tick", "--limit", "1000")).length,
      (count) => count > before + 1
    )
    const second = reader()
    await eventually(
      "it goes on",
      () => second.lines.length,
      (count) => count >= 3
    )
    await nagatha.killAll()
    await nagatha.up()
    const third = reader()
    await eventually(
      "it goes on after all was killed",
      () => third.lines.length,
      (count) => count >= 6
    )
    await nagatha.json("cancel", "tick", "--yes")
    await eventually(
      "the last event is read",
      () => third.lines.some((line) => line.includes('"scheduler.task.cancelled"')),
      (read) => read
    )
    const [kept] = await nagatha.json<ReadonlyArray<{ readonly name: string; readonly cursor: string }>>(
      "subscriptions",
      "list"
    )
    assert.strictEqual(kept?.name, "pager")
    for (const one of readers) await one.kill()
    await nagatha.run(["down"])
    const all = (await commitsOf(nagatha.dataDir)).flatMap(({ commit, sequence }) =>
      commit.events.map((_, index) => `${sequence}.${index}`)
    )
    const last = third.ids.at(-1) ?? ""
    const read = new Set(readers.flatMap(({ ids }) => ids))
    assert.deepStrictEqual(
      all.slice(0, all.indexOf(last) + 1).filter((id) => !read.has(id)),
      []
    )
    // What was acknowledged came no more: the readers hardly overlap.
    assert.isBelow(third.ids.filter((id) => first.ids.includes(id)).length, 1)
  }, 240_000)
})

const all = async <A>(answers: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const got: Array<A> = []
  for await (const answer of answers) got.push(answer)
  return got
}

describe("what is announced", () => {
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

  it("is a CloudEvent in its headers, and says where it stands in the log; notifications as well", async () => {
    const heard: Array<Msg> = []
    client.subscribe("scheduler.task.*", { callback: (_, message) => void heard.push(message) })
    client.subscribe("scheduler.notification.*", { callback: (_, message) => void heard.push(message) })
    await client.flush()
    await nagatha.json("schedule", "notification", "now", "--message", "hello", "--id", "hello", "--name", "Zoë “1”")
    const messages = await eventually(
      "the notification and its success are heard",
      () => heard,
      (all) =>
        all.some(({ subject }) => subject === "scheduler.task.success") &&
        all.some(({ subject }) => subject.startsWith("scheduler.notification"))
    )
    for (const { headers, json, subject } of messages.map((one) => ({
      headers: one.headers,
      json: one.json<Record<string, unknown>>(),
      subject: one.subject
    }))) {
      const header = (name: string) => headers?.get(name) ?? ""
      assert.strictEqual(header("ce-specversion"), "1.0")
      assert.strictEqual(header("ce-type"), subject)
      assert.strictEqual(header("ce-source"), "/nagatha/tasks/hello")
      assert.strictEqual(header("ce-datacontenttype"), "application/json")
      assert.match(header("ce-time"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      assert.match(header("ce-id"), /^[\x21-\x7e]+$/)
      assert.strictEqual(
        problems(
          subject.startsWith("scheduler.task.") ? subject.replace("scheduler.task", "event") : "notification",
          json
        ),
        ""
      )
      if (subject.startsWith("scheduler.task.")) {
        assert.strictEqual(header("ce-id"), json["id"])
        assert.strictEqual(header("ce-time"), json["time"])
        assert.strictEqual(header("Nagatha-Log-Sequence"), String(json["id"]).split(".")[0])
        assert.strictEqual(header("Nats-Stream"), "NAGATHA_EVENTS")
        assert.match(header("Nats-Sequence"), /^\d+$/)
      } else {
        assert.deepInclude(json, { message: "hello", notificationType: "info", taskId: "hello" })
        assert.strictEqual(header("ce-id"), json["executionId"])
      }
    }
  }, 180_000)

  it("is found with the names of its schemas, all of which are in the catalogue", async () => {
    const found = new Svcm(client as never).client()
    const [info] = await all(await found.info("nagatha"))
    // What nodes ask each other is nobody else's.
    const named = (info?.endpoints ?? []).filter(
      ({ name }) => /^(command|query)-/.test(name) && name !== "query-partitions" && name !== "query-lines"
    )
    assert.isAbove(named.length, 20)
    for (const { metadata, name, queue_group: group } of named) {
      assert.strictEqual(group, "nagatha")
      assert.deepStrictEqual(metadata, {
        request: name.replace("-", "."),
        answer: `${name.replace("-", ".")}.answer`,
        error: "error"
      })
    }
    assert.deepStrictEqual(
      named.map(({ metadata }) => metadata?.["request"]).toSorted(),
      CATALOGUE.filter(({ kind, name }) => (kind === "command" || kind === "query") && !name.endsWith(".answer"))
        .map(({ name }) => name)
        .toSorted()
    )
    const refused = await client.request("nagatha.command.cancel", JSON.stringify({ taskId: "nobody" }))
    assert.strictEqual(problems("error", refused.json()), "")
    const status = await client.request("nagatha.query.status", "{}")
    assert.strictEqual(problems("query.status.answer", status.json()), "")
  })

  it("a viewer reads page by page, and keeps nothing", async () => {
    const viewer = await connectAs(nagatha, "viewer")
    const page = await viewer.request(
      "nagatha.query.eventPage",
      JSON.stringify({ cursor: "0.0", patterns: ["success"] })
    )
    const { items, more } = page.json<{
      readonly items: ReadonlyArray<{ readonly taskId: string }>
      readonly more: boolean
    }>()
    assert.deepStrictEqual(
      items.map(({ taskId }) => taskId),
      ["hello"]
    )
    assert.isFalse(more)
    const refused = (async () => {
      for await (const status of viewer.status()) if (status.type === "error") return status.error.message
      return ""
    })()
    viewer.publish("nagatha.command.subscribe", JSON.stringify({ name: "mine" }))
    assert.match(await refused, /permissions violation/i)
    await viewer.close()
    assert.deepStrictEqual(await nagatha.json("subscriptions", "list"), [])
    assert.isTrue(isAlive(nagatha.upPid() ?? 0))
  }, 180_000)
})
