import { AckPolicy, jetstream, jetstreamManager, RetentionPolicy } from "@nats-io/jetstream"
import { Kvm } from "@nats-io/kv"
import { Objm } from "@nats-io/obj"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { inboxPrefix, isInbox, permissionsOf, ROLES, type Role } from "../../src/nats/Roles.ts"
import { startNatsServer, type TestServer } from "../support/natsServer.ts"
import { rawNats } from "../support/rawNats.ts"

/** Who may publish on, and who may subscribe to, each subject that matters. What is not listed for a role is refused. */
const PUBLISH: Readonly<Record<string, ReadonlyArray<Role>>> = {
  "nagatha.log.3": ["core"],
  "nagatha.event.3.reports.due": ["core"],
  "nagatha.work.reports": ["core"],
  "nagatha.command.schedule": ["core", "client"],
  "nagatha.query.tasks": ["core", "client", "viewer"],
  "nagatha.partition.3.command": ["core", "client"],
  "nagatha.partition.3.claim": ["core", "worker"],
  "nagatha.partition.3.heartbeat": ["core", "worker"],
  "nagatha.partition.3.report": ["core", "worker"],
  "nagatha.worker.register": ["core", "worker"],
  "nagatha.trigger.orders": ["core", "client"],
  "nagatha.trigger.orders.eu": ["core", "client"],
  "orders.created": [],
  "$JS.API.INFO": ["core"],
  "$JS.API.STREAM.CREATE.OTHER": ["core"],
  "$JS.API.STREAM.UPDATE.NAGATHA_LOG": ["core"],
  "$JS.API.STREAM.DELETE.OTHER": ["core"],
  "$JS.API.STREAM.PURGE.OTHER": ["core"],
  "$JS.API.STREAM.MSG.GET.NAGATHA_LOG": ["core"],
  "$JS.API.STREAM.MSG.DELETE.NAGATHA_LOG": ["core"],
  "$JS.API.DIRECT.GET.NAGATHA_LOG.nagatha.log.3": ["core"],
  "$JS.API.CONSUMER.CREATE.NAGATHA_WORK.spy": ["core"],
  "$JS.API.CONSUMER.DURABLE.CREATE.NAGATHA_WORK.spy": ["core"],
  "$JS.API.CONSUMER.DELETE.NAGATHA_WORK.reports": ["core"],
  "$JS.API.CONSUMER.INFO.NAGATHA_WORK.reports": ["core", "worker"],
  "$JS.API.CONSUMER.MSG.NEXT.NAGATHA_WORK.reports": ["core", "worker"],
  "$JS.API.CONSUMER.MSG.NEXT.NAGATHA_LOG.reader": ["core"],
  "$JS.ACK.NAGATHA_WORK.reports.1.1.1.1.0": ["core", "worker"],
  "$JS.ACK.NAGATHA_EVENTS.reader.1.1.1.1.0": ["core"],
  "$JS.FC.NAGATHA_LOG.reader.x": ["core"],
  "$KV.NAGATHA_NODES.node1": ["core"],
  "$KV.OTHER.key": [],
  "$O.NAGATHA_SNAPSHOTS.C.chunk": ["core"],
  "$SRV.PING": ["client"],
  "$SRV.PING.nagatha": ["core", "client"],
  "$SYS.REQ.SERVER.PING": [],
  "nagatha.follow.run1": ["core", "client", "viewer"],
  "scheduler.task.success": [],
  "scheduler.task.progress": ["worker"],
  "scheduler.output.run1": ["worker"],
  "scheduler.notification.info": ["worker"],
  "_INBOX_core.x": ["core"],
  "_INBOX_worker.x": ["core"],
  "_INBOX_client.x": ["core"],
  "_INBOX_viewer.x": ["core"],
  "_INBOX.x": [],
  elsewhere: []
}
const SUBSCRIBE: Readonly<Record<string, ReadonlyArray<Role>>> = {
  "nagatha.>": ["core"],
  "nagatha.log.*": ["core"],
  "nagatha.work.*": ["core"],
  "nagatha.command.*": ["core"],
  "nagatha.partition.*.claim": ["core"],
  "scheduler.>": ["core"],
  "scheduler.task.*": ["core", "client", "viewer"],
  "scheduler.notification.*": ["core", "client", "viewer"],
  "scheduler.output.run1": ["core", "client", "viewer"],
  "nagatha.follow.*": ["core", "worker"],
  "$SRV.>": ["core"],
  "$KV.NAGATHA_NODES.>": ["core"],
  "_INBOX_core.>": ["core"],
  "_INBOX_worker.>": ["worker"],
  "_INBOX_client.>": ["client"],
  "_INBOX_viewer.>": ["viewer"],
  "_INBOX.>": [],
  "$JS.>": [],
  "$SYS.>": [],
  "*.>": [],
  ">": []
}

let server: TestServer
beforeAll(async () => {
  server = await startNatsServer()
})
afterAll(() => server?.stop())

/** Subjects of the table that the real server lets this role use. */
const allowed = async (role: Role, subjects: ReadonlyArray<string>, line: (subject: string, at: number) => string) => {
  const client = await rawNats(server.port, server.users[role])
  const granted: Array<string> = []
  for (const [at, subject] of subjects.entries()) {
    const refusals = await client.refusals(line(subject, at))
    if (refusals.length === 0) granted.push(subject)
    else assert.match(refusals.join(), /Permissions Violation/)
  }
  client.close()
  return granted
}
const expected = (table: Readonly<Record<string, ReadonlyArray<Role>>>, role: Role) =>
  Object.keys(table).filter((subject) => table[subject]?.includes(role))

describe.each(ROLES)("the role %s", (role) => {
  it("may publish on the subjects of the table, and is refused on the others", async () => {
    const granted = await allowed(role, Object.keys(PUBLISH), (subject) => `PUB ${subject} 0\r\n\r\n`)
    assert.deepStrictEqual(granted, expected(PUBLISH, role))
  })

  it("may subscribe to the subjects of the table, and is refused on the others", async () => {
    const granted = await allowed(role, Object.keys(SUBSCRIBE), (subject, at) => `SUB ${subject} ${at}\r\n`)
    assert.deepStrictEqual(granted, expected(SUBSCRIBE, role))
  })

  it("has no grant that the table does not use", () => {
    const covers = (pattern: string, subject: string) =>
      new RegExp(`^${pattern.replaceAll(/[.$]/g, "\\$&").replaceAll("*", "[^.]+").replace(/>$/, ".+")}$`).test(subject)
    const { publish, subscribe } = permissionsOf("nagatha")[role]
    const unused = [
      ...publish.filter((grant) => !expected(PUBLISH, role).some((subject) => covers(grant, subject))),
      ...subscribe.filter((grant) => !expected(SUBSCRIBE, role).some((subject) => covers(grant, subject)))
    ]
    assert.deepStrictEqual(unused, [])
  })
})

describe("a server with these roles", () => {
  it("lets nobody in without a name, or with a wrong password", async () => {
    for (const user of [undefined, { user: "core", password: "wrong" }, { user: "core", password: "" }]) {
      const client = await rawNats(server.port, user)
      assert.match((await client.refusals("")).join(), /Authorization Violation/)
      client.close()
    }
  })

  it("carries a worker's claim to core and the answer back, and nobody else sees it", async () => {
    const [core, worker] = [await server.connect("core"), await server.connect("worker")]
    core.subscribe("nagatha.partition.*.claim", {
      callback: (_error, message) => {
        message.respond(`granted ${message.string()}`)
      }
    })
    await core.flush()
    const answer = await worker.request("nagatha.partition.3.claim", "execution-1", { timeout: 5000 })
    assert.strictEqual(answer.string(), "granted execution-1")
    assert.match(answer.subject, new RegExp(`^${inboxPrefix("worker")}\\.`))
  })

  it("lets core provision and a worker pull and acknowledge", async () => {
    const [core, worker] = [await server.connect("core"), await server.connect("worker")]
    const manager = await jetstreamManager(core)
    await manager.streams.add({
      name: "NAGATHA_WORK",
      subjects: ["nagatha.work.*"],
      retention: RetentionPolicy.Workqueue
    })
    await manager.consumers.add("NAGATHA_WORK", {
      durable_name: "reports",
      filter_subject: "nagatha.work.reports",
      ack_policy: AckPolicy.Explicit
    })
    await jetstream(core).publish("nagatha.work.reports", "item")
    const consumer = await jetstream(worker).consumers.get("NAGATHA_WORK", "reports")
    const message = await consumer.next({ expires: 5000 })
    assert.strictEqual(message?.string(), "item")
    message?.ack()
    await worker.flush()
    assert.strictEqual((await manager.consumers.info("NAGATHA_WORK", "reports")).num_ack_pending, 0)
  })

  it("refuses a client that wants a consumer, at once and with the subject", async () => {
    const client = await server.connect("client")
    const manager = await jetstreamManager(client, { checkAPI: false })
    const refusal = await manager.consumers
      .add("NAGATHA_WORK", { durable_name: "spy", ack_policy: AckPolicy.None })
      .then(() => "created", String)
    assert.match(refusal, /Permissions Violation for Publish to .*CONSUMER.*NAGATHA_WORK/)
  })

  it("lets core keep nodes in a bucket whose keys expire, and snapshots in an object store", async () => {
    const core = await server.connect("core")
    const nodes = await new Kvm(core).create("NAGATHA_NODES", { markerTTL: 1000 })
    await nodes.create("node1", "here", "2s")
    assert.strictEqual((await nodes.get("node1"))?.string(), "here")
    const watch = await nodes.watch()
    for await (const entry of watch) {
      assert.strictEqual(entry.key, "node1")
      break
    }
    const snapshots = await new Objm(core).create("NAGATHA_SNAPSHOTS")
    await snapshots.putBlob({ name: "0" }, new Uint8Array(200_000).fill(7))
    assert.strictEqual((await snapshots.getBlob("0"))?.length, 200_000)
  })

  it("tells an inbox, to which core may answer, from any other reply subject", () => {
    for (const role of ROLES) assert.isTrue(isInbox(`${inboxPrefix(role)}.a.b`))
    assert.isTrue(isInbox("_INBOX.of.a.client.on.a.server.without.roles"))
    const others = [undefined, "", "nagatha.log.3", "_INBOX_core", "_INBOX_workers.a", "$JS.ACK.a"]
    assert.isFalse(others.some(isInbox))
  })

  it("gives another namespace nothing of this one", () => {
    const grants = ROLES.flatMap((role) => {
      const { publish, subscribe } = permissionsOf("staging")[role]
      return [...publish, ...subscribe]
    })
    assert.deepStrictEqual(
      grants.filter((subject) => /nagatha/i.test(subject)),
      []
    )
  })
})
