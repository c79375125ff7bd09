/** Closed by default: every route, tried by those who may not come in. */
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Credentials, SECRET_MS, SESSION_MS } from "../../src/http/Credentials.ts"
import { hostsOf } from "../../src/http/Listening.ts"
import { OPERATIONS } from "../../src/http/operations/Operations.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import { anApi, URL_BASE } from "../support/http.ts"

const paths = OPERATIONS.map(({ id, method, path }) => ({ id, method, path: path.replaceAll(/\{\w+\}/g, "x") }))
const OTHERS = [
  { id: "document", method: "GET", path: "/openapi.json" },
  { id: "docs", method: "GET", path: "/docs" },
  { id: "metrics", method: "GET", path: "/metrics" },
  { id: "nothing", method: "GET", path: "/api/v1/nothing" },
  { id: "above", method: "GET", path: "/api/v1/..%2f..%2ftoken" },
  { id: "doubled", method: "GET", path: "//health/live" },
  { id: "case", method: "GET", path: "/Health/live" },
  { id: "slash", method: "GET", path: "/health/live/" },
  { id: "semicolon", method: "GET", path: "/health/live;/../../api/v1/tasks" },
  { id: "file", method: "GET", path: "/..%5c..%5cpackage.json" }
]

layer(Scheduler.layerMemory(), { excludeTestServices: true })("the gate", (it) => {
  it.effect("lets nobody in without the token, with a wrong one, or with a session that there is not", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      for (const { id, method, path } of [...paths, ...OTHERS]) {
        if (id === "login") continue
        for (const headers of [
          {},
          { authorization: "Bearer wrong" },
          { authorization: "Basic dGhlLXRva2VuLW9mLXRoaXMtdGVzdA==" },
          { authorization: "Bearer" },
          { cookie: "nagatha_session=made-up" },
          { cookie: "nagatha_session=" }
        ]) {
          const answer = yield* ask(method, path, { bare: true, headers })
          const where = `${method} ${path} ${JSON.stringify(headers)}`
          assert.deepStrictEqual([answer.status, answer.body?.code], [401, "unauthorized"], where)
          assert.strictEqual(answer.headers.get("www-authenticate"), 'Bearer realm="nagatha"', where)
        }
        const asParameter = yield* ask(method, `${path}?token=the-token-of-this-test`, { bare: true })
        assert.strictEqual(asParameter.status, 401)
      }
    })
  )

  it.effect("answers to its own names only, also for public pages", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      for (const host of [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost.:5555",
        "127.0.0.1.:5555",
        "user@127.0.0.1:5555",
        ""
      ]) {
        for (const path of ["/", "/health/live", "/api/v1/tasks"]) {
          const answer = yield* ask("GET", path, { headers: { host } })
          assert.deepStrictEqual([answer.status, answer.body?.code], [421, "foreignHost"], `${host} ${path}`)
        }
      }
      assert.strictEqual((yield* ask("GET", "/health/live", { headers: { host: "LOCALHOST:5555" } })).status, 200)
    })
  )

  it.effect("takes no change and opens no stream for pages of other sites, even with the token", () =>
    Effect.gen(function* () {
      const { ask, credentials } = yield* anApi()
      const cookie = credentials.login(credentials.newLogin())?.split(";")[0] ?? ""
      for (const foreign of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: "http://127.0.0.1:8080" },
        { origin: "https://127.0.0.1:5555" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" }
      ]) {
        for (const { id, method, path } of paths) {
          if (method === "GET" && !["streamEvents", "streamLive", "followOutput"].includes(id)) continue
          const answer = yield* ask(method, path, { headers: foreign })
          assert.deepStrictEqual([answer.status, answer.body?.code], [403, "foreignOrigin"], `${method} ${path}`)
        }
        const reading = yield* ask("GET", "/api/v1/tasks", { bare: true, headers: { ...foreign, cookie } })
        assert.strictEqual(reading.status, 403)
      }
      const own = { origin: URL_BASE, "sec-fetch-site": "same-origin", cookie }
      assert.strictEqual((yield* ask("GET", "/api/v1/tasks", { bare: true, headers: own })).status, 200)
      const change = yield* ask("POST", "/api/v1/tasks/nothing/pause", { bare: true, headers: own })
      assert.strictEqual(change.status, 404)
    })
  )

  it.effect("a login link is good once, a session ends, and makes no further links", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      const link = yield* ask("POST", "/api/v1/login-links")
      const secret = String(link.body.url).split("#")[1] ?? ""
      assert.strictEqual(link.body.url, `${URL_BASE}/login#${secret}`)
      const login = yield* ask("POST", "/api/v1/session", { bare: true, body: { secret } })
      assert.strictEqual(login.status, 200, login.text)
      const cookies = login.headers.get("set-cookie") ?? ""
      assert.match(cookies, /^nagatha_session=[^;]+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/)
      const cookie = cookies.split(";")[0] ?? ""
      assert.strictEqual((yield* ask("POST", "/api/v1/session", { bare: true, body: { secret } })).status, 401)
      assert.strictEqual((yield* ask("GET", "/docs", { bare: true, headers: { cookie } })).status, 200)
      for (const headers of [{ cookie }, { cookie, authorization: "Basic eA==" }]) {
        assert.strictEqual((yield* ask("POST", "/api/v1/login-links", { bare: true, headers })).status, 403)
      }
      assert.strictEqual((yield* ask("DELETE", "/api/v1/session", { bare: true, headers: { cookie } })).status, 200)
      assert.strictEqual((yield* ask("GET", "/docs", { bare: true, headers: { cookie } })).status, 401)
      const byToken = yield* ask("POST", "/api/v1/session", { bare: true, body: { secret: "the-token-of-this-test" } })
      assert.strictEqual(byToken.status, 200)
    })
  )

  it.effect("every answer says that it is no frame, no guess, and no script's", () =>
    Effect.gen(function* () {
      const { ask } = yield* anApi()
      for (const path of ["/", "/login", "/login.js", "/docs", "/openapi.json", "/api/v1/tasks", "/api/v1/nothing"]) {
        const { headers, text } = yield* ask("GET", path)
        assert.strictEqual(headers.get("x-content-type-options"), "nosniff", path)
        assert.strictEqual(headers.get("referrer-policy"), "no-referrer", path)
        assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancestors 'none'/, path)
        assert.notMatch(headers.get("content-security-policy") ?? "", /unsafe/, path)
        assert.isNull(headers.get("access-control-allow-origin"), path)
        if (!/html/.test(headers.get("content-type") ?? "")) continue
        // Nothing inline, and nothing from elsewhere.
        assert.notMatch(text, /<script(?![^>]* src="\/)|<style|style="|\son\w+="|(?:src|href)="(?!\/|#)/, path)
      }
    })
  )
})

describe("secrets", () => {
  it("end: a login after ten minutes, a session after twelve hours", () => {
    let now = 0
    let made = 0
    const credentials = new Credentials({
      token: "t",
      newSecret: () => `s${(made += 1)}`,
      now: () => now,
      secure: true
    })
    const late = credentials.newLogin()
    now = SECRET_MS
    assert.isUndefined(credentials.login(late))
    const cookie = credentials.login(credentials.newLogin())
    assert.match(cookie ?? "", /^__Host-nagatha_session=.*; Secure$/)
    const session = cookie?.split(";")[0] ?? ""
    assert.isTrue(credentials.isSession(`other=1; ${session}`))
    now += SESSION_MS
    assert.isFalse(credentials.isSession(session))
  })

  it("names are those of loopback, and those that are given", () => {
    assert.deepStrictEqual(hostsOf({ host: "127.0.0.1", names: [], tls: undefined }, 5555), [
      "127.0.0.1:5555",
      "localhost:5555",
      "[::1]:5555"
    ])
    const tls = { cert: "", key: "" }
    assert.deepStrictEqual(hostsOf({ host: "Box.Local", names: [], tls }, 5555), ["box.local:5555"])
    assert.deepStrictEqual(hostsOf({ host: "0.0.0.0", names: ["Nagatha.example"], tls }, 443), [
      "0.0.0.0",
      "0.0.0.0:443",
      "nagatha.example",
      "nagatha.example:443"
    ])
  })
})
