import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { setQueue, type SetQueueRequest } from "../../../src/actors/door/QueueRequest.ts"

const asked = (request: Omit<SetQueueRequest, "queue">) =>
  Result.match(setQueue({ queue: "mail", ...request }, { commandId: "c1", actor: "test" }), {
    onFailure: ({ code, message }) => `${code} ${message}`,
    onSuccess: (command) => (command.type === "set" ? command.changes : command.type)
  })

describe("a request to set the limits of a queue", () => {
  it("changes what it names, and takes away what is null", () => {
    assert.deepStrictEqual(asked({ concurrency: 2, keyRate: null }), { concurrency: 2, keyRate: null })
  })
  it("that names nothing is refused, and one that would remember too many starts, with what to say instead", () => {
    assert.match(String(asked({ reason: "why not" })), /invalidRequest the request changes nothing/)
    assert.match(
      String(asked({ rate: { count: 10_001, perMs: 1000 } })),
      /rate: a queue's rate counts at most 10000 starts, not 10001/
    )
    assert.match(String(asked({ keyRate: { count: 20_000, perMs: 1000 } })), /^invalidRequest keyRate/)
    assert.deepStrictEqual(asked({ rate: { count: 10_000, perMs: 1000 } }), { rate: { count: 10_000, perMs: 1000 } })
  })
})
