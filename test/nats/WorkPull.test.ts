import { assert, describe, it } from "@effect/vitest"
import { deliveredSoFar } from "../../src/nats/WorkPull.ts"

describe("the reply of a delivery", () => {
  it("says how many times it was delivered, with and without a domain", () => {
    assert.strictEqual(deliveredSoFar("$JS.ACK.NAGATHA_WORK.mail.3.17.20.1773225600000000000.0"), 3)
    assert.strictEqual(deliveredSoFar("$JS.ACK.hub.ACCHASH.NAGATHA_WORK.mail.1.17.20.1773225600000000000.0.token"), 1)
  })
})
