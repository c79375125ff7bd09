import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Scheduler } from "../../src/Scheduler.ts"
import { anApi } from "../support/http.ts"

layer(Scheduler.layerMemory(), { excludeTestServices: true })("/metrics", (it) => {
  it.effect("is the text that the node tells, in Prometheus' format, to be kept by nobody; only to be read", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      const answer = yield* ask("GET", "/metrics")
      assert.deepStrictEqual([answer.status, answer.text], [200, "nagatha_tasks 3\n"])
      assert.strictEqual(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
      assert.strictEqual(answer.headers.get("cache-control"), "no-store")
      assert.strictEqual((yield* ask("POST", "/metrics", { body: {} })).status, 405)
    })
  )

  it.effect("that cannot be told is a problem like any other, without what is behind it", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi({ metrics: Effect.die(new Error("behind it")) })
      const { body, headers, status, text } = yield* ask("GET", "/metrics")
      assert.deepStrictEqual([status, body.code], [500, "internal"])
      assert.include(headers.get("content-type") ?? "", "application/problem+json")
      assert.notInclude(text, "behind it")
    })
  )
})
