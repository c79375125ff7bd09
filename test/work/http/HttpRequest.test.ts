/** HTTP requests against a real server of this process. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { AllowedAddresses } from "../../../src/work/http/AllowedAddresses.ts"
import { HttpRequest } from "../../../src/work/http/HttpRequest.ts"
import { HttpRequestDeclaration } from "../../../src/work/http/HttpRequestArgs.ts"
import { attemptOf } from "../../support/attempt.ts"

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** A server that answers as told, and what it has seen. */
const serving = (answer: (seen: Seen, response: ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly server: Server; readonly url: string; readonly seen: Array<Seen> }>((resume) => {
      const seen: Array<Seen> = []
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const { headers, method = "", url = "" } = request
          const one = { method, url, headers, body: Buffer.concat(chunks).toString() }
          seen.push(one)
          answer(one, response)
        })
      }).listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ server, url: `http://127.0.0.1:${port}`, seen }))
      })
    }),
    ({ server }) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  )

const send = (
  args: Readonly<Record<string, unknown>>,
  allowed: ReadonlyArray<string> = ["127.0.0.1"],
  context = attemptOf()
) => {
  const checked = Result.getOrThrow(HttpRequestDeclaration.check(args))
  return HttpRequest.attempt(checked, context).pipe(Effect.provideService(AllowedAddresses, allowed))
}

const failure = (...call: Parameters<typeof send>) =>
  Effect.map(Effect.result(send(...call)), (result) => {
    if (Result.isSuccess(result) || result.failure._tag !== "TaskFailed") return assert.fail("did not fail")
    return result.failure
  })

const wrong = (args: Readonly<Record<string, unknown>>): string =>
  Result.match(HttpRequestDeclaration.check(args), { onSuccess: () => "fits", onFailure: ({ message }) => message })

describe("a request", () => {
  it.live("is sent as asked for, with who asks and an idempotency key, and its answer is kept", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* serving((_, response) => {
        response.writeHead(201, {
          "content-type": "application/json; charset=utf-8",
          "set-cookie": "session=1",
          "x-a": "b"
        })
        response.end('{"id": 7}')
      })
      const result = yield* send(
        { url: `${url}/orders?x=1`, method: "POST", headers: { "X-Key": "k" }, body: { tea: true } },
        undefined,
        attemptOf({ attempt: 2 })
      )
      assert.deepInclude(result, { status: 201, body: { id: 7 }, truncated: false })
      const { headers } = result as { readonly headers: Record<string, string> }
      assert.strictEqual(headers["x-a"], "b")
      assert.notProperty(headers, "set-cookie")
      const [one] = seen
      assert.deepInclude(one, { method: "POST", url: "/orders?x=1", body: '{"tea":true}' })
      assert.deepInclude(one?.headers, {
        "content-type": "application/json",
        "x-key": "k",
        "idempotency-key": "execution",
        "nagatha-task-id": "task",
        "nagatha-execution-id": "execution",
        "nagatha-nominal-at": "2026-03-08T14:30:00.000Z",
        "nagatha-attempt": "2"
      })
    })
  )

  it.live("sends text as it is, and user and password of an address as a header", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* serving((_, response) => response.end("thanks"))
      const { body } = (yield* send({
        url: url.replace("//", "//me:p%40ss@"),
        method: "PUT",
        body: "tea"
      })) as { readonly body: string }
      assert.strictEqual(body, "thanks")
      assert.strictEqual(seen[0]?.body, "tea")
      assert.strictEqual(seen[0]?.headers.authorization, `Basic ${Buffer.from("me:p@ss").toString("base64")}`)
    })
  )

  it.live("names the message that started it, whatever its subject is written in", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* serving((_, response) => response.end("ok"))
      const place = { stream: "ORDERS", sequence: 7 }
      const message = {
        id: "ORDERS.7",
        subject: "orders.東京",
        at: "2026-03-08T14:30:00.000Z",
        place,
        data: { tea: 1 }
      }
      yield* send({ url, method: "POST" }, undefined, attemptOf({ message }))
      assert.strictEqual(seen[0]?.headers["nagatha-message-subject"], "orders.%E6%9D%B1%E4%BA%AC")
      assert.strictEqual(seen[0]?.headers["nagatha-message-id"], "ORDERS.7")
      assert.strictEqual(seen[0]?.body, '{"tea":1}')
    })
  )

  it.live("takes a password with a percent sign that stands for itself", () =>
    Effect.gen(function* () {
      const { seen, url } = yield* serving((_, response) => response.end("ok"))
      yield* send({ url: url.replace("//", "//me:100%@") })
      assert.strictEqual(seen[0]?.headers.authorization, `Basic ${Buffer.from("me:100%").toString("base64")}`)
    })
  )

  it.live("fails by its status: for good where trying again is of no use", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((seen, response) => {
        response.statusCode = Number(seen.url.slice(1))
        response.end("no tea")
      })
      const outcomes = yield* Effect.forEach([404, 400, 408, 429, 500, 503], (status) =>
        Effect.map(failure({ url: `${url}/${status}` }), ({ retryable }) => [status, retryable] as const)
      )
      assert.deepStrictEqual(outcomes, [
        [404, false],
        [400, false],
        [408, true],
        [429, true],
        [500, true],
        [503, true]
      ])
      const { error } = yield* failure({ url: `${url}/404`, expectStatus: [200, "3xx"] })
      assert.strictEqual(error.message, `GET ${url}/404: answered with status 404; expected: 200, 3xx`)
      assert.deepInclude(error.detail, { status: 404, body: "no tea" })
      assert.deepInclude(yield* send({ url: `${url}/404`, expectStatus: "400-410" }), { status: 404 })
    })
  )

  it.live("fails where nobody answers, the answer breaks off, or comes too late; it may be tried again", () =>
    Effect.gen(function* () {
      const { server, url } = yield* serving((seen, response) => {
        if (seen.url === "/breaks") {
          response.writeHead(200, { "content-length": "100" })
          response.write("half", () => response.socket?.destroy())
        }
      })
      const broken = yield* failure({ url: `${url}/breaks` })
      assert.deepInclude(broken, { retryable: true })
      const late = yield* failure({ url: `${url}/late`, timeoutMs: 50 })
      assert.deepInclude(late, { retryable: true })
      assert.strictEqual(late.message, `GET ${url}/late: no whole answer within 50 ms`)
      yield* Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
      const refused = yield* failure({ url })
      assert.deepInclude(refused, { retryable: true })
      assert.include(refused.message, "ECONNREFUSED")
    })
  )

  it.live("keeps of a large answer what fits, and the bytes of one that is no text", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((seen, response) => {
        if (seen.url === "/binary") return response.end(Buffer.from([0xff, 0xfe, 0x00, 0x80]))
        response.writeHead(200, { "content-type": "application/json" })
        response.end(JSON.stringify({ text: "x".repeat(500_000) }))
      })
      const large = (yield* send({ url })) as typeof Schema.Json.Type & { body: string }
      assert.deepInclude(large, { truncated: true })
      assert.include(large.body, "bytes left out")
      assert.isBelow(large.body.length, 70_000)
      assert.deepInclude(yield* send({ url: `${url}/binary` }), { bodyBase64: "//4AgA==" })
    })
  )
})

describe("a redirect", () => {
  it.live("is followed, as the RFC says, and what is secret stays with its origin", () =>
    Effect.gen(function* () {
      const other = yield* serving((_, response) => response.end("there"))
      const { seen, url } = yield* serving((one, response) => {
        const to: Record<string, readonly [number, string]> = {
          "/away": [307, `${other.url}/x`],
          "/see": [303, "/here"],
          "/keep": [308, "/here"]
        }
        const found = to[one.url]
        if (found === undefined) return response.end("here")
        response.writeHead(found[0], { location: found[1] }).end()
      })
      const headers = { Authorization: "Bearer t", "X-Other": "1" }
      assert.deepInclude(yield* send({ url: `${url}/see`, method: "POST", body: "tea" }), { body: "here" })
      assert.deepInclude(seen.at(-1), { method: "GET", body: "" })
      yield* send({ url: `${url}/keep`, method: "POST", body: "tea", headers })
      assert.deepInclude(seen.at(-1), { method: "POST", body: "tea" })
      assert.strictEqual(seen.at(-1)?.headers.authorization, "Bearer t")
      yield* send({ url: `${url}/away`, headers })
      assert.notProperty(other.seen[0]?.headers, "authorization")
      assert.strictEqual(other.seen[0]?.headers["x-other"], "1")
    })
  )

  it.live(
    "that is expected is the answer; one without end, or to a place that must not be called, fails for good",
    () =>
      Effect.gen(function* () {
        const { url } = yield* serving((seen, response) =>
          response
            .writeHead(302, { location: seen.url === "/inside" ? "http://169.254.169.254/latest/meta-data" : "/again" })
            .end()
        )
        assert.deepInclude(yield* send({ url, expectStatus: 302 }), { status: 302 })
        const endless = yield* failure({ url })
        assert.deepInclude(endless, { retryable: false })
        assert.include(endless.message, "redirects more than 5 times")
        const inside = yield* failure({ url: `${url}/inside` })
        assert.strictEqual(inside.error.code, "addressRefused")
        assert.deepInclude(inside, { retryable: false })
      })
  )
})

describe("an address", () => {
  const forbidden = [
    "http://127.0.0.1/",
    "http://localhost:4222/",
    "http://LOCALHOST./",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://10.1.2.3/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://100.64.0.1/",
    "http://0.0.0.0/",
    "http://255.255.255.255/",
    "http://224.0.0.1/"
  ]
  it.live.each(forbidden)("that is not public is refused for good: %s", (url) =>
    Effect.gen(function* () {
      const { error, retryable } = yield* failure({ url }, [])
      assert.strictEqual(error.code, "addressRefused")
      assert.isFalse(retryable)
      assert.include(error.message, '"http": { "allow": ["')
    })
  )

  it.live("is called where the configuration allows it, by address, network or name", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => response.end("hello"))
      const byName = url.replace("127.0.0.1", "localhost")
      for (const allowed of ["127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1"]) {
        assert.deepInclude(yield* send({ url }, [allowed]), { body: "hello" }, allowed)
      }
      assert.deepInclude(yield* send({ url: byName }, ["localhost"]), { body: "hello" })
      assert.strictEqual((yield* failure({ url }, ["localhost", "10.0.0.0/8", "*.0.0.1"])).error.code, "addressRefused")
    })
  )
})

describe("what is wrong with the arguments of a request is told when it is scheduled:", () => {
  const cases: ReadonlyArray<readonly [args: Readonly<Record<string, unknown>>, told: string]> = [
    [{}, 'argument "url" is missing'],
    [{ url: "example.org" }, 'argument "url": must be a whole address that begins with http:// or https://'],
    [{ url: "file:///etc/passwd" }, "must be a whole address"],
    [{ url: "http://x", method: "FETCH" }, 'argument "method"'],
    [{ url: "http://x", headers: { Host: "y" } }, 'must not have "Host"'],
    [{ url: "http://x", headers: { "X-A": "b\r\nX-C: d" } }, 'has a line end in "X-A"'],
    [{ url: "http://x", headers: { "X-A": "日本" } }, 'has a character in "X-A" that no header can have'],
    [{ url: "http://x", headers: { "a b": "c" } }, "has a name that no header can have"],
    [{ url: "http://x", expectStatus: "299-200" }, "must be such as 204, 2xx or 200-299"]
  ]
  it.each(cases)("%j", (args, told) => {
    assert.include(wrong(args), told)
  })
})
