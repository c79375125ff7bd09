import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { Configuration } from "../../src/cli/machine/Configuration.ts"
import { workerConfiguration } from "../../src/cli/machine/WorkerConfiguration.ts"

const read = (values: Configuration, env: Readonly<Record<string, string>> = {}) =>
  workerConfiguration({ file: "/etc/nagatha.config.yaml", values }, env)

describe("what the configuration file says to a worker", () => {
  it.effect("is filled in with variables, and its secrets are not shown", () =>
    Effect.gen(function* () {
      const { allowedAddresses, channels } = yield* read(
        {
          http: { allow: ["10.0.0.0/8", "*.intranet.example"] },
          notifications: {
            webhook: { url: "https://example.org/${PATH_PART}", secret: "${SECRET}" },
            email: { smtp: "smtp://me:${SECRET}@mail", from: "a@b", to: "c@d" },
            routes: { error: ["email"] }
          }
        },
        { SECRET: "canary", PATH_PART: "hook" }
      )
      assert.deepStrictEqual(allowedAddresses, ["10.0.0.0/8", "*.intranet.example"])
      assert.strictEqual(Redacted.value(channels.webhook?.url ?? Redacted.make("")), "https://example.org/hook")
      assert.deepStrictEqual(channels.email?.to, ["c@d"])
      assert.notInclude(JSON.stringify(channels), "canary")
    })
  )

  it.effect("is refused with the field whose variable is not set, and with what is no address", () =>
    Effect.gen(function* () {
      const unset = yield* Effect.flip(read({ notifications: { webhook: { url: "${NOPE}" } } }))
      assert.strictEqual(
        unset.message,
        "/etc/nagatha.config.yaml: notifications.webhook.url: the variable NOPE is not set; set it where the worker runs, or write ${NOPE:-default}"
      )
      const routed = yield* Effect.flip(read({ notifications: { routes: { error: ["log", "email"] } } }))
      assert.include(routed.message, 'notifications.routes.error: the channel "email" is not configured')
      const strange = yield* Effect.flip(read({ http: { allow: ["10.0.0.0/99"] } }))
      assert.include(strange.message, 'http.allow: "10.0.0.0/99" is no address (10.0.0.5), network (10.0.0.0/8)')
    })
  )
})
