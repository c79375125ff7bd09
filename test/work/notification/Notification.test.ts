import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted, Result, Schema } from "effect"
import {
  NotDelivered,
  Notification,
  NotificationBus,
  type NotificationMessage,
  Webhook
} from "../../../src/work/notification/Notification.ts"
import { attemptOf } from "../../support/attempt.ts"

interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly body: Schema.Json
}

/** A webhook on loopback that answers as told; `undefined`: not at all. */
const webhook = (status: number | undefined) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly heard: Array<Heard>; readonly close: () => void }>((resume) => {
      const heard: Array<Heard> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          heard.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) })
          if (status !== undefined) response.writeHead(status, { location: "/elsewhere" }).end("thanks")
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        const close = () => void server.close().closeAllConnections()
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}/hook?key=canary`, heard, close }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const configured = (url: string, timeoutMs = 10_000) =>
  Effect.provideService(Webhook, { url: Redacted.make(url), timeoutMs })

const notify = (args: Schema.JsonObject) => Notification.attempt({ notificationType: "info", ...args }, attemptOf())

const published: Array<NotificationMessage> = []
const silentBus = Layer.succeed(NotificationBus, {
  publish: () => Effect.fail(new NotDelivered({ reason: "no connection" }))
})

describe("a notification", () => {
  it.effect("is always published on the bus", () =>
    Effect.gen(function* () {
      const seen: Array<NotificationMessage> = []
      const result = yield* notify({ message: "hello", notificationType: "warning", target: "ops" }).pipe(
        Effect.provide(NotificationBus.layerMemory(seen))
      )
      assert.deepStrictEqual(result, { deliveredTo: ["nats"] })
      assert.deepStrictEqual(seen, [
        {
          message: "hello",
          notificationType: "warning",
          target: "ops",
          taskId: "task",
          executionId: "execution",
          sentAt: "1970-01-01T00:00:00.000Z"
        }
      ])
    })
  )

  it.effect("goes to the log at the level of its type", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => {
        lines.push(`${logLevel} ${String(message)}`)
      })
      const result = yield* notify({ message: "disk full", notificationType: "error", channel: "log" }).pipe(
        Effect.provide(Logger.layer([logger]))
      )
      assert.deepStrictEqual(result, { deliveredTo: ["nats", "log"] })
      assert.deepStrictEqual(lines, ["Error disk full"])
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )

  it.live("goes to the worker's webhook as a CloudEvent, once, though the channel is named twice", () =>
    Effect.gen(function* () {
      const hook = yield* webhook(204)
      const result = yield* notify({ message: "hello", channel: ["webhook", "webhook"] }).pipe(configured(hook.url))
      assert.deepStrictEqual(result, { deliveredTo: ["nats", "webhook"] })
      assert.strictEqual(hook.heard.length, 1)
      assert.strictEqual(hook.heard[0]?.headers["content-type"], "application/cloudevents+json")
      const body = hook.heard[0]?.body
      assert.deepInclude(body, {
        specversion: "1.0",
        id: "execution",
        type: "scheduler.notification.info",
        subject: "task",
        datacontenttype: "application/json"
      })
      assert.include(JSON.stringify(body), '"message":"hello"')
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )

  for (const [status, timeoutMs, words] of [
    [500, 10_000, "status 500"],
    [302, 10_000, "status 302"],
    [undefined, 500, "did not answer within 500 ms"]
  ] as const) {
    it.live(`tells of a webhook that failed (${words}), and is delivered to the others`, () =>
      Effect.gen(function* () {
        const hook = yield* webhook(status)
        const result = yield* notify({ message: "hello", channel: "webhook" }).pipe(configured(hook.url, timeoutMs))
        assert.deepInclude(result, { deliveredTo: ["nats"] })
        assert.include(JSON.stringify(result), words)
        assert.strictEqual(hook.heard.length, 1)
      }).pipe(Effect.provide(NotificationBus.layerMemory()))
    )
  }

  it.live("never shows the webhook's address, which may hold a secret", () =>
    Effect.gen(function* () {
      for (const url of ["http://127.0.0.1:1/hook?key=canary", "http://[canary", "canary://x"]) {
        const result = yield* notify({ message: "hello", channel: "webhook" }).pipe(configured(url))
        assert.include(JSON.stringify(result), "could not be reached")
        assert.notInclude(JSON.stringify(result), "canary")
      }
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )

  it.effect("without a configured webhook says where to set it", () =>
    Effect.gen(function* () {
      const result = yield* notify({ message: "hello", channel: "webhook" })
      assert.include(JSON.stringify(result), "set its URL in the worker's configuration")
    }).pipe(Effect.provide(NotificationBus.layerMemory(published)))
  )

  it.effect("fails, to be retried, only when nobody had it", () =>
    Effect.gen(function* () {
      const result = yield* Effect.result(notify({ message: "hello", channel: "webhook" }))
      if (Result.isSuccess(result) || result.failure._tag !== "TaskFailed") return assert.fail("did not fail")
      assert.isTrue(result.failure.retryable)
      assert.include(result.failure.message, "nats: no connection")
      const some = yield* notify({ message: "hello", channel: "log" }).pipe(Effect.provide(Logger.layer([])))
      assert.deepStrictEqual(some, { deliveredTo: ["log"], failed: [{ channel: "nats", message: "no connection" }] })
    }).pipe(Effect.provide(silentBus))
  )
})
