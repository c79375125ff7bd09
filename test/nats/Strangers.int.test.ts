/** What a user of the bus may send by accident or in anger: it is refused, and the service goes on as if nothing had been. */
import type { NatsConnection as Connection } from "@nats-io/transport-node"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { MOST_AT_ONCE } from "../../src/service/Commands.ts"
import { startNode, type TestNode } from "../support/node.ts"

let node: TestNode
let client: Connection
beforeAll(async () => {
  node = await startNode()
  client = await node.server.connect("client")
})
afterAll(() => node?.stop())

const far = (name: string) => ({
  taskType: "notification",
  taskName: name,
  taskArgs: { message: "hello" },
  schedule: "2030-01-01T00:00:00Z"
})

const ask = async (subject: string, body: unknown): Promise<{ readonly error?: { readonly code: string } } & object> =>
  (await client.request(subject, typeof body === "string" ? body : JSON.stringify(body), { timeout: 10_000 })).json()

/** Every partition still decides: enough tasks for all of them. */
const decides = async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, at) => ask("nagatha.command.schedule", far(`a${at}`)))
  )
  assert.deepStrictEqual(
    answers.filter((answer) => !("taskId" in answer)),
    []
  )
}

describe("a message to the service", () => {
  it("with more commands than could be answered in one message is refused, and nothing of it is done", async () => {
    const requests = Array.from({ length: MOST_AT_ONCE + 1 }, () => far("crowd"))
    assert.strictEqual((await ask("nagatha.command.scheduleMany", { requests })).error?.code, "tooLarge")
    const commands = requests.map((request) => ({ verb: "schedule", request }))
    assert.strictEqual((await ask("nagatha.partition.0.command", commands)).error?.code, "tooLarge")
    await decides()
  })

  it("with as many commands as are taken is answered, however much there is to say to each", async () => {
    const request = { ...far("x".repeat(200)), description: "y".repeat(1500), schedule: "every day at 9:00" }
    const answers = await ask("nagatha.command.scheduleMany", {
      requests: Array.from({ length: MOST_AT_ONCE }, () => request)
    })
    assert.isTrue(Array.isArray(answers) && answers.length === MOST_AT_ONCE)
    await decides()
  })

  it("whose answer would be too large gets as much as can be carried", async () => {
    const requests = Array.from({ length: 12 }, (_, at) => ({
      ...far(`large ${at}`),
      taskArgs: { message: "z".repeat(200_000) }
    }))
    for (const request of requests) assert.isTrue("taskId" in (await ask("nagatha.command.schedule", request)))
    const page = await ask("nagatha.query.tasks", { name: "large*", limit: 100 })
    assert.isTrue("items" in page, JSON.stringify(page).slice(0, 200))
    await decides()
  })

  it("that is no JSON, or of another shape, is refused", async () => {
    for (const verb of [
      "command.schedule",
      "command.scheduleMany",
      "command.cancel",
      "partition.0.command",
      "query.tasks"
    ]) {
      for (const body of ["{", "[1]", '"x"', '{"__proto__":{}}', "null"]) {
        const { error } = await ask(`nagatha.${verb}`, body)
        if (!(verb === "query.tasks" && body.includes("proto"))) assert.isString(error?.code, `${verb} ${body}`)
      }
    }
    await decides()
  })
})
