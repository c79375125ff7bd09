/** The service as other programs see it: discovery held against the official package, errors in headers, answers only into inboxes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Svcm } from "@nats-io/services"
import type { NatsConnection as Connection } from "@nats-io/transport-node"
import { Effect, Exit, Layer, Scope } from "effect"
import { Refused } from "../../src/actors/door/TaskRequest.ts"
import { NatsConnection } from "../../src/nats/NatsConnection.ts"
import { NatsService, readJson, respond } from "../../src/nats/NatsService.ts"
import { connectionTo } from "../support/natsConnection.ts"
import { startNatsServer, type TestServer } from "../support/natsServer.ts"

let server: TestServer
let client: Connection
let core: Connection
const scope = Effect.runSync(Scope.make())

const identity = {
  nodeId: "n1",
  host: "here",
  pid: 42,
  roles: ["scheduler", "api"],
  startedAt: "2026-03-08T14:30:00.000Z",
  version: "1.2.3"
}

beforeAll(async () => {
  server = await startNatsServer()
  client = await server.connect("client")
  core = await server.connect("core")
  const endpoints = Layer.effectDiscard(
    Effect.gen(function* () {
      const { endpoint } = yield* NatsService
      yield* endpoint("echo", "nagatha.query.echo", "nagatha", (message) => {
        respond(message, readJson(message))
      })
      yield* endpoint("refuse", "nagatha.query.refuse", null, () => {
        throw new Refused({ code: "notFound", message: "no such\nthing", hint: "look elsewhere" })
      })
      yield* endpoint("break", "nagatha.query.break", null, () => {
        throw new Error("the password is 1234")
      })
      yield* endpoint("large", "nagatha.query.large", null, (message) => respond(message, "x".repeat(2_000_000)))
      const { connection: own } = yield* NatsConnection
      yield* Effect.promise(() => own.flush())
    })
  )
  const service = endpoints.pipe(Layer.provide(NatsService.layer(identity)), Layer.provide(connectionTo(server)))
  await Effect.runPromise(Layer.buildWithScope(service, scope))
})
afterAll(async () => {
  await Effect.runPromise(Scope.close(scope, Exit.void))
  await server.stop()
})

describe("the service", () => {
  it("is found by the official client of NATS services, with its endpoints and counters", async () => {
    const discovery = new Svcm(client as never).client()
    const [ping] = await all(await discovery.ping("nagatha"))
    assert.strictEqual(ping?.id, "n1")
    assert.deepStrictEqual(ping?.metadata, {
      host: "here",
      pid: "42",
      roles: "scheduler,api",
      startedAt: identity.startedAt
    })
    const [info] = await all(await discovery.info("nagatha"))
    assert.deepStrictEqual(
      info?.endpoints.map(({ name, subject }) => [name, subject]),
      [
        ["echo", "nagatha.query.echo"],
        ["refuse", "nagatha.query.refuse"],
        ["break", "nagatha.query.break"],
        ["large", "nagatha.query.large"]
      ]
    )
    await client.request("nagatha.query.echo", "{}")
    const [stats] = await all(await discovery.stats("nagatha", "n1"))
    const [echo] = stats?.endpoints ?? []
    assert.isAtLeast(echo?.num_requests ?? 0, 1)
    assert.isAbove(echo?.processing_time ?? 0, 0)
    assert.isAbove(echo?.average_processing_time ?? 0, 0)
    assert.strictEqual(echo?.num_errors, 0)
  })

  it("answers JSON, and calls what is not JSON by its name", async () => {
    assert.deepStrictEqual((await client.request("nagatha.query.echo", '{"a":1}')).json(), { a: 1 })
    assert.deepStrictEqual((await client.request("nagatha.query.echo", "")).json(), {})
    const refused = await client.request("nagatha.query.echo", "{oops")
    assert.strictEqual(refused.headers?.get("Nats-Service-Error-Code"), "400")
    assert.include(refused.string(), "not JSON")
  })

  it("puts a refusal into the headers of NATS services and the details into the body", async () => {
    const refused = await client.request("nagatha.query.refuse", "{}")
    assert.strictEqual(refused.headers?.get("Nats-Service-Error-Code"), "404")
    assert.strictEqual(refused.headers?.get("Nats-Service-Error"), "no such thing")
    assert.deepStrictEqual(refused.json(), {
      error: { code: "notFound", message: "no such\nthing", hint: "look elsewhere" }
    })
  })

  it("counts what it refuses, and tells the newest", async () => {
    const discovery = new Svcm(client as never).client()
    const before = (await all(await discovery.stats("nagatha", "n1")))[0]?.endpoints ?? []
    await client.request("nagatha.query.refuse", "{}")
    await client.request("nagatha.query.large", "{}")
    const after = (await all(await discovery.stats("nagatha", "n1")))[0]?.endpoints ?? []
    for (const [index, said] of [
      [1, "404:no such thing"],
      [3, "500:the answer cannot be sent"]
    ] as const) {
      assert.strictEqual(after[index]?.num_errors, (before[index]?.num_errors ?? 0) + 1)
      assert.include(String(after[index]?.last_error), said)
    }
  })

  it("tells nothing of what went wrong inside", async () => {
    const broken = await client.request("nagatha.query.break", "{}")
    assert.strictEqual(broken.headers?.get("Nats-Service-Error-Code"), "500")
    assert.notInclude(broken.string(), "1234")
  })

  it("says that an answer is too large to be carried", async () => {
    const refused = await client.request("nagatha.query.large", "{}")
    assert.strictEqual(refused.headers?.get("Nats-Service-Error-Code"), "500")
    assert.include(refused.string(), "answerTooLarge")
  })

  it("never answers where a client could not write itself", async () => {
    const heard: Array<string> = []
    core.subscribe("nagatha.log.*", { callback: (_error, message) => void heard.push(message.string()) })
    await core.flush()
    client.publish("nagatha.query.echo", '{"forged":true}', { reply: "nagatha.log.5" })
    await client.request("nagatha.query.echo", "{}")
    await core.flush()
    assert.deepStrictEqual(heard, [])
  })
})

const all = async <A>(answers: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const list: Array<A> = []
  for await (const answer of answers) list.push(answer)
  return list
}
