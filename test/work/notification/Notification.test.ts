import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Redacted, Result, Schema } from "effect"
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SMTPServer } from "smtp-server"
import { Channels, type ChannelSettings } from "../../../src/work/notification/ChannelSettings.ts"
import { desktopCommand } from "../../../src/work/notification/DesktopChannel.ts"
import { Notification } from "../../../src/work/notification/Notification.ts"
import {
  NotDelivered,
  NotificationBus,
  type NotificationMessage
} from "../../../src/work/notification/NotificationMessage.ts"
import { signatureOf } from "../../../src/work/notification/WebhookChannel.ts"
import { attemptOf } from "../../support/attempt.ts"

interface Heard {
  readonly headers: IncomingHttpHeaders
  readonly body: Schema.Json
  /** The body as it came. */
  readonly text: string
}

/** A webhook on loopback that answers as told, also by how often it was called; `undefined`: not at all. */
const webhook = (answer: number | undefined | ((calls: number) => number)) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly heard: Array<Heard>; readonly close: () => void }>((resume) => {
      const heard: Array<Heard> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const text = Buffer.concat(chunks).toString()
          heard.push({ headers: request.headers, body: JSON.parse(text), text })
          const status = typeof answer === "function" ? answer(heard.length) : answer
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
  Effect.provideService(Channels, { webhook: { url: Redacted.make(url), timeoutMs } })

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

  for (const [status, timeoutMs, words, tries] of [
    [500, 10_000, "status 500", 3],
    [302, 10_000, "status 302", 1],
    [404, 10_000, "status 404", 1],
    [undefined, 200, "did not answer within 200 ms", 3]
  ] as const) {
    it.live(`tells of a webhook that failed (${words}), and is delivered to the others`, () =>
      Effect.gen(function* () {
        const hook = yield* webhook(status)
        const result = yield* notify({ message: "hello", channel: ["webhook", "log"] }).pipe(
          configured(hook.url, timeoutMs),
          Effect.provide(Logger.layer([]))
        )
        assert.deepInclude(result, { deliveredTo: ["nats", "log"] })
        assert.include(JSON.stringify(result), words)
        assert.strictEqual(hook.heard.length, tries)
      }).pipe(Effect.provide(NotificationBus.layerMemory()))
    )
  }

  it.live("never shows the webhook's address, which may hold a secret", () =>
    Effect.gen(function* () {
      for (const url of ["http://127.0.0.1:1/hook?key=canary", "http://[canary", "canary://x"]) {
        const result = yield* Effect.flip(notify({ message: "hello", channel: "webhook" }).pipe(configured(url)))
        assert.include(JSON.stringify(result), "could not be reached")
        assert.notInclude(JSON.stringify(result), "canary")
      }
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )

  it.effect("without a configured webhook says where to set it", () =>
    Effect.gen(function* () {
      const result = yield* Effect.flip(notify({ message: "hello", channel: "webhook" }))
      assert.include(result.message, "in its configuration file")
    }).pipe(Effect.provide(NotificationBus.layerMemory(published)))
  )

  it.effect("fails, to be retried, when no channel that was asked for had it: the bus alone is nobody", () =>
    Effect.gen(function* () {
      const seen: Array<NotificationMessage> = []
      const failed = yield* Effect.flip(notify({ message: "hello", channel: ["webhook", "email"] })).pipe(
        Effect.provide(NotificationBus.layerMemory(seen))
      )
      assert.deepInclude(failed, { _tag: "TaskFailed", retryable: true })
      assert.include(failed.message, "not delivered: webhook: ")
      assert.strictEqual(seen.length, 1)
    })
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

  it.live("is tried again on a webhook that answers later, under the same id", () =>
    Effect.gen(function* () {
      const hook = yield* webhook((calls) => (calls === 1 ? 503 : 204))
      const result = yield* notify({ message: "hello", channel: "webhook" }).pipe(configured(hook.url))
      assert.deepStrictEqual(result, { deliveredTo: ["nats", "webhook"] })
      assert.deepStrictEqual(
        hook.heard.map(({ headers }) => headers["webhook-id"]),
        ["execution", "execution"]
      )
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )

  it.live("is signed after Standard Webhooks where a secret is set", () =>
    Effect.gen(function* () {
      // The example of the specification's own verification page.
      const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
      assert.strictEqual(
        signatureOf(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}'),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
      )
      const hook = yield* webhook(204)
      yield* notify({ message: "hello", channel: "webhook" }).pipe(
        Effect.provideService(Channels, {
          webhook: { url: Redacted.make(hook.url), secret: Redacted.make(secret) }
        })
      )
      const [heard] = hook.heard
      const seconds = Number(heard?.headers["webhook-timestamp"])
      const signature = signatureOf(secret, "execution", seconds, heard?.text ?? "")
      assert.strictEqual(heard?.headers["webhook-signature"], signature)
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )

  it.effect("goes where the worker's configuration routes its type, besides what the task names", () =>
    Effect.gen(function* () {
      const routed: ChannelSettings = { routes: { error: ["log", "desktop"] } }
      const say = (notificationType: string) =>
        notify({ message: "hello", notificationType, channel: "log" }).pipe(
          Effect.provideService(Channels, routed),
          Effect.provide(Logger.layer([]))
        )
      assert.deepStrictEqual(yield* say("info"), { deliveredTo: ["nats", "log"] })
      const result = yield* say("error")
      assert.deepInclude(result, { deliveredTo: ["nats", "log"] })
      assert.include(JSON.stringify(result), '"channel":"desktop"')
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )
})

interface Letter {
  readonly from: string
  readonly to: ReadonlyArray<string>
  readonly text: string
}

/** A mail server on loopback that takes letters from who knows the password. */
const mailServer = Effect.acquireRelease(
  Effect.callback<{ readonly server: SMTPServer; readonly port: number; readonly letters: Array<Letter> }>((resume) => {
    const letters: Array<Letter> = []
    const server = new SMTPServer({
      disabledCommands: ["STARTTLS"],
      onAuth: ({ password, username }, _session, done) =>
        username === "me" && password === "canary" ? done(null, { user: "me" }) : done(new Error("who are you?")),
      onData: (stream, { envelope }, done) => {
        const chunks: Array<Buffer> = []
        stream.on("data", (chunk: Buffer) => chunks.push(chunk))
        stream.on("end", () => {
          const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address
          letters.push({
            from,
            to: envelope.rcptTo.map(({ address }) => address),
            text: Buffer.concat(chunks).toString()
          })
          done()
        })
      }
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      resume(Effect.succeed({ server, port, letters }))
    })
  }),
  ({ server }) => Effect.callback<void>((resume) => server.close(() => resume(Effect.void)))
)

const byEmail = (port: number, password: string) =>
  Effect.provideService(Channels, {
    email: {
      smtp: Redacted.make(`smtp://me:${password}@127.0.0.1:${port}`),
      from: "Nagatha <nagatha@example.org>",
      to: ["ops@example.org", "boss@example.org"]
    }
  })

describe("an e-mail", () => {
  it.live("is sent to those whom the configuration names", () =>
    Effect.gen(function* () {
      const { letters, port } = yield* mailServer
      const result = yield* notify({
        message: "disk is full\nBcc: all@example.org",
        notificationType: "error",
        channel: "email",
        target: "ops"
      }).pipe(byEmail(port, "canary"))
      assert.deepStrictEqual(result, { deliveredTo: ["nats", "email"] })
      assert.strictEqual(letters.length, 1)
      const [letter] = letters
      assert.deepInclude(letter, { from: "nagatha@example.org", to: ["ops@example.org", "boss@example.org"] })
      const [head = "", ...rest] = letter?.text.split("\r\n\r\n") ?? []
      const body = rest.join("\n")
      assert.include(head, "Subject: error: disk is full\r\n")
      assert.include(head, "Message-ID: <execution@127.0.0.1>")
      assert.notInclude(head, "Bcc")
      assert.include(body, "Bcc: all@example.org")
      assert.include(body, "for: ops")
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )

  it.live("that is not taken is told without the password", () =>
    Effect.gen(function* () {
      const { port } = yield* mailServer
      const told = JSON.stringify(
        yield* Effect.flip(notify({ message: "hello", channel: "email" }).pipe(byEmail(port, "secret99")))
      )
      assert.include(told, "the mail server did not take it: Invalid login")
      assert.notInclude(told, "secret99")
      const nobody = yield* Effect.flip(notify({ message: "hello", channel: "email" }).pipe(byEmail(1, "secret99")))
      assert.include(JSON.stringify(nobody), "ECONNREFUSED")
      assert.notInclude(JSON.stringify(nobody), "secret99")
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )
})

describe("a note on the desktop", () => {
  const message: NotificationMessage = {
    message: "<b>tea</b> & $(reboot)",
    notificationType: "error",
    taskId: "task",
    executionId: "execution",
    sentAt: "2026-03-08T14:30:00.000Z"
  }

  it("is given as arguments, never as code or markup", () => {
    assert.deepStrictEqual(desktopCommand(message, "linux"), [
      "notify-send",
      "--app-name=Nagatha",
      "--urgency=critical",
      "--",
      "Nagatha: error",
      "&lt;b&gt;tea&lt;/b&gt; &amp; $(reboot)"
    ])
    assert.deepStrictEqual(desktopCommand(message, "darwin")?.slice(-2), ["Nagatha: error", "<b>tea</b> & $(reboot)"])
    assert.isUndefined(desktopCommand(message, "aix"))
  })

  it.live.skipIf(process.platform !== "linux")("is shown by the program of the system, and its failure told", () =>
    Effect.gen(function* () {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-desktop-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const program = join(directory, "notify-send")
      const path = process.env["PATH"]
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          process.env["PATH"] = `${directory}:${path}`
        }),
        () =>
          Effect.sync(() => {
            process.env["PATH"] = path
          })
      )
      const say = notify({ message: "tea is ready", channel: "desktop" }).pipe(
        Effect.provideService(Channels, { desktop: true })
      )
      writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' "$@" > ${directory}/shown\n`)
      chmodSync(program, 0o755)
      assert.deepStrictEqual(yield* say, { deliveredTo: ["nats", "desktop"] })
      assert.strictEqual(
        readFileSync(join(directory, "shown"), "utf8"),
        "--app-name=Nagatha\n--urgency=low\n--\nNagatha\ntea is ready\n"
      )
      writeFileSync(program, "#!/bin/sh\necho no display >&2\nexit 1\n")
      assert.include((yield* Effect.flip(say)).message, "notify-send exited with 1: no display")
    }).pipe(Effect.provide(NotificationBus.layerMemory()))
  )
})
