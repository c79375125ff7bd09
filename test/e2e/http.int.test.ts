/** The HTTP API of a real `nagatha up`, on real sockets: who may come in, what comes through a restart, and how it ends. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { readFileSync, statSync } from "node:fs"
import { request as httpRequest } from "node:http"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { OPERATIONS } from "../../src/http/operations/Operations.ts"
import { eventually, isAlive, Nagatha } from "../support/nagatha.ts"

const upFile = (nagatha: Nagatha) =>
  JSON.parse(readFileSync(join(nagatha.dataDir, "up.json"), "utf8")) as {
    readonly http?: { readonly url: string; readonly token: string }
  }
const urlOf = (nagatha: Nagatha): string => upFile(nagatha).http?.url ?? ""
const tokenOf = (nagatha: Nagatha): string => readFileSync(join(nagatha.dataDir, "token"), "utf8").trim()

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
}

/** Asks with exactly these headers and this path: nothing is put right on the way. */
const raw = (
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const asking = httpRequest({ hostname, port, method, path, headers, agent: false }, (answer) => {
      let text = ""
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()))
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    asking.once("error", reject)
    asking.end(body)
  })

/** Sends bytes, and gives all that comes back until the connection ends. */
const bytes = (url: string, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    let told = ""
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.on("data", (chunk: Buffer) => (told += chunk.toString()))
    socket.on("close", () => resolve(told))
    socket.on("error", reject)
  })

const authorized = (nagatha: Nagatha, more: Readonly<Record<string, string>> = {}) => ({
  authorization: `Bearer ${tokenOf(nagatha)}`,
  "content-type": "application/json",
  ...more
})

const post = (nagatha: Nagatha, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  raw(urlOf(nagatha), "POST", path, authorized(nagatha, headers), JSON.stringify(body))

/** A stream of events that is read until it is closed. */
class Reader {
  text = ""
  ended = false
  #close: () => void = () => {}
  constructor(nagatha: Nagatha, path: string, headers: Readonly<Record<string, string>> = {}) {
    const { hostname, port } = new URL(urlOf(nagatha))
    const asking = httpRequest(
      { hostname, port, path, headers: authorized(nagatha, headers), agent: false },
      (answer) => {
        answer.on("data", (chunk: Buffer) => (this.text += chunk.toString()))
        answer.on("close", () => (this.ended = true))
      }
    )
    asking.on("error", () => (this.ended = true))
    this.#close = () => void asking.destroy()
    asking.end()
  }
  get ids(): ReadonlyArray<string> {
    return [...this.text.matchAll(/^id: (.+)\ndata: /gm)].map(([, id]) => id ?? "")
  }
  /** The last place that was said, with an event or without one. */
  get place(): string {
    return [...this.text.matchAll(/^id: (.+)\n/gm)].at(-1)?.[1] ?? ""
  }
  close(): void {
    this.#close()
  }
}

describe("the HTTP API", () => {
  const nagatha = new Nagatha()
  beforeAll(() => nagatha.up(), 90_000)
  afterAll(() => nagatha.end(), 90_000)

  it("keeps its token for its owner only", () => {
    assert.strictEqual(statSync(join(nagatha.dataDir, "token")).mode & 0o777, 0o600)
    assert.match(tokenOf(nagatha), /^[A-Za-z0-9_-]{43}$/)
    assert.notInclude(readFileSync(join(nagatha.dataDir, "up.json"), "utf8"), tokenOf(nagatha))
  })

  it("lets nobody in without the token, by another name, for another site, or by a trick with the path", async () => {
    const url = urlOf(nagatha)
    const { host } = new URL(url)
    const routes = OPERATIONS.filter(({ id }) => id !== "login").map(
      ({ method, path }) => [method, path.replaceAll(/\{\w+\}/g, "x")] as const
    )
    const token = { authorization: `Bearer ${tokenOf(nagatha)}` }
    for (const [method, path] of [...routes, ["GET", "/docs"], ["GET", "/openapi.json"]] as const) {
      const json = { host, "content-type": "application/json" }
      assert.strictEqual((await raw(url, method, path, json)).status, 401, `${method} ${path}`)
      assert.strictEqual((await raw(url, method, path, { ...json, authorization: "Bearer x" })).status, 401)
      for (const name of ["evil.example", `${host.replace(":", ".:")}`, `evil.example:${new URL(url).port}`]) {
        assert.strictEqual((await raw(url, method, path, { ...json, ...token, host: name })).status, 421, name)
      }
      if (method === "GET") continue
      for (const site of [{ origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }] as const) {
        assert.strictEqual((await raw(url, method, path, { ...json, ...token, ...site })).status, 403)
      }
    }
    for (const path of [
      "//api/v1/tasks",
      "/api/v1/..%2f..%2ftoken",
      "/../token",
      "/%2e%2e/token",
      "/HEALTH/live",
      "/health/live/",
      "/health/live/..%2f..%2fapi/v1/tasks",
      "/health/live%00",
      "/login/../api/v1/tasks",
      `${url}/api/v1/tasks`
    ]) {
      const answer = await raw(url, "GET", path, { host })
      assert.include([400, 401], answer.status, path)
      assert.strictEqual(answer.headers["content-type"], "application/problem+json", path)
    }
    for (const path of ["/", "/login", "/login.js", "/nagatha.css", "/health/live", "/health/ready"]) {
      assert.strictEqual((await raw(url, "GET", path, { host })).status, 200, path)
    }
    const nameless = await bytes(url, "GET /api/v1/tasks HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert.match(nameless, /^HTTP\/1\.1 421 /)
  })

  it("answers with a problem also what is no HTTP, too long a head, and too large a body", async () => {
    const url = urlOf(nagatha)
    const { host } = new URL(url)
    assert.match(await bytes(url, "HELLO\r\n\r\n"), /^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*"badRequest"/)
    const long = `GET / HTTP/1.1\r\nHost: ${host}\r\nX: ${"x".repeat(20_000)}\r\n\r\n`
    assert.match(await bytes(url, long), /^HTTP\/1\.1 431 [^]*"headersTooLarge"/)
    const large = await post(nagatha, "/api/v1/tasks", { taskArgs: "x".repeat(2_000_000) })
    assert.deepStrictEqual([large.status, JSON.parse(large.text).code], [413, "tooLarge"])
    const chunked = await raw(
      url,
      "POST",
      "/api/v1/tasks",
      authorized(nagatha, { "transfer-encoding": "chunked" }),
      `"${"x".repeat(2_000_000)}"`
    )
    assert.strictEqual(chunked.status, 413)
  })

  it("does what the command line does, on the same tasks", async () => {
    const made = await post(
      nagatha,
      "/api/v1/tasks",
      { taskType: "shell_command", taskArgs: { command: "echo over HTTP" }, schedule: "now", taskId: "greet" },
      { "idempotency-key": "greet-1" }
    )
    assert.strictEqual(made.status, 201, made.text)
    const ran = await eventually(
      "it has run",
      async () =>
        JSON.parse((await raw(urlOf(nagatha), "GET", "/api/v1/executions?taskId=greet", authorized(nagatha))).text) as {
          readonly items: ReadonlyArray<{
            readonly status: string
            readonly output: string
            readonly executionId: string
          }>
        },
      ({ items }) => items[0]?.status === "completed"
    )
    assert.strictEqual(ran.items[0]?.output, "over HTTP\n")
    const { task } = await nagatha.json<{ readonly task: { readonly createdBy: string } }>("info", "greet")
    assert.strictEqual(task.createdBy, "http")
    const id = encodeURIComponent(ran.items[0]?.executionId ?? "")
    const output = await raw(urlOf(nagatha), "GET", `/api/v1/executions/${id}/output`, authorized(nagatha))
    assert.match(output.text, /event: end\ndata: .*"completed"/)
  })

  it("opens a session for a browser by the link that is printed, once", async () => {
    const link = await post(nagatha, "/api/v1/login-links", {})
    const { url } = JSON.parse(link.text) as { readonly url: string }
    const secret = new URL(url).hash.slice(1)
    const origin = { origin: urlOf(nagatha), "sec-fetch-site": "same-origin", "content-type": "application/json" }
    const asked = () => raw(urlOf(nagatha), "POST", "/api/v1/session", origin, JSON.stringify({ secret }))
    const login = await asked()
    assert.strictEqual(login.status, 200, login.text)
    const cookie = String(login.headers["set-cookie"]).split(";")[0] ?? ""
    assert.match(String(login.headers["set-cookie"]), /HttpOnly; SameSite=Strict/)
    assert.strictEqual((await raw(urlOf(nagatha), "GET", "/api/v1/tasks", { cookie })).status, 200)
    assert.strictEqual((await asked()).status, 401)
  })
})

describe("a stream of events", () => {
  const nagatha = new Nagatha()
  afterAll(() => nagatha.end(), 90_000)

  it("goes on behind the last event that was seen, through a restart: none missing, none twice", async () => {
    await nagatha.up()
    await post(nagatha, "/api/v1/tasks", {
      taskType: "notification",
      taskArgs: { message: "tick" },
      schedule: "every 1 second",
      taskId: "tick"
    })
    const reader = new Reader(nagatha, "/api/v1/events?since=2000-01-01T00:00:00Z")
    await eventually(
      "it has run twice",
      () => reader.ids,
      (ids) => ids.length >= 5
    )
    const pid = nagatha.upPid() ?? 0
    process.kill(pid, "SIGTERM")
    // The stream is ended, not cut, and nothing holds the process.
    await eventually(
      "it has stopped",
      () => isAlive(pid),
      (alive) => !alive
    )
    assert.isTrue(reader.ended)
    await nagatha.up()
    const again = new Reader(nagatha, "/api/v1/events", { "last-event-id": reader.place })
    await eventually(
      "it goes on",
      () => again.ids,
      (ids) => ids.length >= 5
    )
    again.close()
    await nagatha.killAll()
    await nagatha.up()
    const third = new Reader(nagatha, "/api/v1/events", { "last-event-id": again.place })
    await eventually(
      "it goes on after a crash",
      () => third.ids,
      (ids) => ids.length >= 3
    )
    third.close()
    const heard = [...reader.ids, ...again.ids, ...third.ids]
    const last = third.ids.at(-1) ?? ""
    const all: Array<string> = []
    for (let cursor = "0.0"; !all.includes(last);) {
      const page = JSON.parse(
        (
          await raw(
            urlOf(nagatha),
            "GET",
            `/api/v1/events?cursor=${cursor}&limit=100`,
            authorized(nagatha, { accept: "application/json" })
          )
        ).text
      ) as { readonly items: ReadonlyArray<{ readonly id: string }>; readonly cursor: string }
      all.push(...page.items.map(({ id }) => id))
      cursor = page.cursor
    }
    assert.deepStrictEqual(heard, all.slice(0, all.indexOf(last) + 1))
  }, 180_000)
})

describe("docs/http.md", () => {
  const nagatha = new Nagatha()
  afterAll(() => nagatha.end(), 90_000)

  it("can be tried as it stands", async () => {
    const page = readFileSync(new URL("../../docs/http.md", import.meta.url), "utf8")
    const block = /```sh\n([^]*?)```/.exec(page)?.[1] ?? ""
    const bin = new URL("../../bin/", import.meta.url).pathname
    const env = {
      ...process.env,
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      NAGATHA_DATA_DIR: nagatha.dataDir,
      NAGATHA_HTTP_PORT: "0",
      NAGATHA_TIMEZONE: "UTC",
      NATS_CONTEXT: ""
    }
    // Each answer on a line of its own, and a failure of any is one of all.
    const script = `set -eu\n${block.replaceAll("curl -sS", "curl -sS --fail-with-body -w '\\n'")}`
    const told = execFileSync("sh", ["-c", script], { env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
    const answers = told
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.strictEqual(answers.length, 8)
    assert.strictEqual(answers[0]?.["taskId"], "clock")
    assert.strictEqual(answers[6]?.["status"], "cancelled")
    assert.strictEqual(answers[7]?.["ready"], true)
  }, 120_000)
})

describe("nagatha up", () => {
  const nagatha = new Nagatha()
  afterAll(() => nagatha.end(), 90_000)

  it("says that the port is taken, and what to do, before anything is started", async () => {
    const other = createServer().listen(0, "127.0.0.1")
    await eventually(
      "it listens",
      () => other.listening,
      (listening) => listening
    )
    const { port } = other.address() as { readonly port: number }
    const ran = await nagatha.run(["up", "--http-port", String(port)])
    other.close()
    assert.strictEqual(ran.code, 1)
    assert.match(
      ran.stderr,
      new RegExp(`port ${port} of 127\\.0\\.0\\.1, for the HTTP API, is taken.*\\n.*--http-port.*--no-http`)
    )
    assert.notInclude(ran.stderr, "made stream")
  })

  it("is not opened to the network without encryption, nor with a token that is none", async () => {
    const open = await nagatha.run(["up", "--http-host", "0.0.0.0"])
    assert.strictEqual(open.code, 2)
    assert.match(open.stderr, /0\.0\.0\.0 without encryption.*\n.*--http-cert/)
    const short = await nagatha.run(["up"], { env: { NAGATHA_TOKEN: "short" } })
    assert.strictEqual(short.code, 2)
    assert.match(short.stderr, /NAGATHA_TOKEN.*at least 16/)
    const port = await nagatha.run(["up"], { env: { NAGATHA_HTTP_PORT: "many" } })
    assert.strictEqual(port.code, 2)
    assert.match(port.stderr, /NAGATHA_HTTP_PORT: "many"/)
  }, 90_000)

  it("serves none with --no-http, and is told by --detach where it is otherwise", async () => {
    await nagatha.up("--no-http")
    assert.isUndefined(upFile(nagatha).http)
    assert.strictEqual((await nagatha.run(["down"])).code, 0)
    const token = "a-token-of-my-own-choice"
    const detached = await nagatha.run(["up", "--detach", "--json"], { env: { NAGATHA_TOKEN: token } })
    assert.strictEqual(detached.code, 0, detached.stderr)
    const { http } = JSON.parse(detached.stdout) as { readonly http: { readonly url: string; readonly login: string } }
    assert.match(http.login, /\/login#[A-Za-z0-9_-]{43}$/)
    const answer = await raw(http.url, "GET", "/api/v1/status", { authorization: `Bearer ${token}` })
    assert.strictEqual(answer.status, 200)
    assert.strictEqual((await nagatha.run(["down"])).code, 0)
  }, 120_000)

  it("speaks TLS with a certificate", async () => {
    const tls = new URL("../sdk/tls/", import.meta.url).pathname
    await nagatha.up(
      "--http-host",
      "0.0.0.0",
      "--http-name",
      "localhost",
      "--http-cert",
      `${tls}cert.pem`,
      "--http-key",
      `${tls}key.pem`
    )
    const { port, protocol } = new URL(urlOf(nagatha))
    assert.strictEqual(protocol, "https:")
    const answer = execFileSync("curl", ["-sk", `https://localhost:${port}/health/live`], { encoding: "utf8" })
    assert.strictEqual(answer, '{"live":true}')
    const foreign = execFileSync(
      "curl",
      ["-sk", "-o", "/dev/null", "-w", "%{http_code}", `https://127.0.0.1:${port}/health/live`],
      {
        encoding: "utf8"
      }
    )
    assert.strictEqual(foreign, "421")
  }, 90_000)
})
