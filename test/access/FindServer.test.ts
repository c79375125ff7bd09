/** Where the service is looked for, in which order, and what is said of what cannot be used. */
import { assert, beforeEach, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach } from "vitest"
import type { BadAccess } from "../../src/access/BadAccess.ts"
import { findServer } from "../../src/access/FindServer.ts"

let home = ""
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "nagatha-access-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const put = (path: string, content: unknown): string => {
  const file = join(home, path)
  mkdirSync(join(file, ".."), { recursive: true })
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content))
  return file
}
const context = (name: string, content: unknown) => put(`.config/nats/context/${name}.json`, content)
const select = (name: string) => put(".config/nats/context.txt", name)
const up = (more: object = {}) =>
  put("data/up.json", {
    pid: 1,
    namespace: "mine",
    startedAt: "2026-03-01T00:00:00.000Z",
    version: "1.0.0",
    nats: { url: "nats://127.0.0.1:5000", version: "2.15.1", managed: true, user: "client", password: "p" },
    ...more
  })
const find = (env: Readonly<Record<string, string>> = {}) =>
  Effect.runPromise(findServer(env, home, join(home, "data")))
const server = async (env: Readonly<Record<string, string>> = {}) => {
  const { source: _, ...rest } = (await find(env))?.server ?? { url: "nowhere" }
  return rest
}
const problem = async (env: Readonly<Record<string, string>>): Promise<BadAccess> => {
  const exit = await Effect.runPromiseExit(findServer(env, home, join(home, "data")))
  assert.isTrue(Exit.isFailure(exit), "it was found")
  return (Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined) as BadAccess
}
const all = (user: string, password: string) => ({
  core: { user, password },
  worker: { user, password },
  client: { user, password },
  viewer: { user, password }
})

describe("the service is found", () => {
  it("nowhere, where nothing says where it is", async () => assert.strictEqual(await find(), undefined))

  it("in the running up, with its rights and its namespace", async () => {
    up()
    const found = await find()
    assert.deepInclude(found?.server, { url: "nats://127.0.0.1:5000", users: all("client", "p") })
    assert.strictEqual(found?.settings.namespace, "mine")
    assert.isFalse(found?.given)
  })

  it("by the selected context of the nats tool before the running up, by a named one before that, by NATS_URL first", async () => {
    up()
    context("work", { url: "nats://work:4222" })
    context("home", { url: "nats://home:4222" })
    select("work\n")
    assert.strictEqual((await server()).url, "nats://work:4222")
    assert.strictEqual((await server({ NATS_CONTEXT: "home" })).url, "nats://home:4222")
    assert.strictEqual((await server({ NATS_CONTEXT: "home", NATS_URL: "nats://said:1" })).url, "nats://said:1")
    assert.isTrue((await find())?.given)
  })

  it("without contexts, where NATS_CONTEXT is empty", async () => {
    up()
    context("work", { url: "nats://work:4222" })
    select("work")
    assert.strictEqual((await server({ NATS_CONTEXT: "" })).url, "nats://127.0.0.1:5000")
  })

  it("by contexts in XDG_CONFIG_HOME", async () => {
    put("elsewhere/nats/context/work.json", { url: "nats://elsewhere:4222" })
    const env = { NATS_CONTEXT: "work", XDG_CONFIG_HOME: join(home, "elsewhere") }
    assert.strictEqual((await server(env)).url, "nats://elsewhere:4222")
  })
})

describe("NATS_URL", () => {
  it("may have user and password in it, or a token, and several servers", async () => {
    assert.deepStrictEqual(await server({ NATS_URL: "nats://ann:s%40crt@one:4222, two:4223" }), {
      url: "nats://one:4222,nats://two:4223",
      users: all("ann", "s@crt")
    })
    assert.deepStrictEqual(await server({ NATS_URL: "nats://letmein@one:4222" }), {
      url: "nats://one:4222",
      token: "letmein"
    })
  })

  it("goes with what the environment says beside it", async () => {
    const creds = put("a.creds", "JWT and seed")
    put("a.nk", "SUAKEY\n")
    assert.deepStrictEqual(
      await server({
        NATS_URL: "tls://one:4222",
        NATS_CREDS: creds,
        NATS_NKEY: "~/a.nk",
        NATS_CA: "/ca.pem",
        NATS_CERT: "~/cert.pem",
        NATS_KEY: "~/key.pem",
        NATS_INBOX_PREFIX: "_INBOX"
      }),
      {
        url: "tls://one:4222",
        credentials: "JWT and seed",
        nkey: "SUAKEY",
        tls: { ca: "/ca.pem", cert: join(home, "cert.pem"), key: join(home, "key.pem") },
        inboxPrefix: "_INBOX"
      }
    )
    assert.deepStrictEqual(
      (await server({ NATS_URL: "one", NATS_USER: "ann", NATS_PASSWORD: "b" })).users,
      all("ann", "b")
    )
    assert.strictEqual((await server({ NATS_URL: "one", NATS_TOKEN: "t" })).token, "t")
  })

  it("is refused by the variable that is wrong", async () => {
    assert.match((await problem({ NATS_URL: "nats://:::" })).message, /^NATS_URL: .*not a URL such as/)
    assert.match((await problem({ NATS_URL: "one", NATS_CREDS: "/nowhere" })).message, /^NATS_CREDS: ENOENT/)
    assert.match(
      (await problem({ NATS_URL: "one", NATS_INBOX_PREFIX: "mine" })).message,
      /^NATS_INBOX_PREFIX: .*_INBOX_client/
    )
    assert.match((await problem({ NATS_URL: "one", NAGATHA_NAMESPACE: "No" })).message, /^NAGATHA_NAMESPACE: /)
  })
})

describe("a context of the nats tool", () => {
  it("is read with all that it says of reaching the server, and the rest left alone", async () => {
    put("seeds/user.nk", "SUAKEY")
    context("work", {
      description: "the cluster at work",
      url: "nats://a:4222,nats://b:4222",
      socks_proxy: "",
      token: "",
      user: "ann",
      password: "secret",
      creds: "",
      nkey: "~/seeds/user.nk",
      nsc: "",
      cert: "~/cert.pem",
      key: "/key.pem",
      ca: "",
      tls_first: true,
      jetstream_domain: "hub",
      inbox_prefix: "_INBOX_client",
      user_jwt: "",
      color_scheme: ""
    })
    assert.deepStrictEqual(await server({ NATS_CONTEXT: "work" }), {
      url: "nats://a:4222,nats://b:4222",
      users: all("ann", "secret"),
      nkey: "SUAKEY",
      tls: { cert: join(home, "cert.pem"), key: "/key.pem", first: true },
      inboxPrefix: "_INBOX_client"
    })
  })

  it("that names no server is the one of this machine", async () => {
    context("local", {})
    assert.deepStrictEqual(await server({ NATS_CONTEXT: "local" }), { url: "nats://127.0.0.1:4222" })
  })

  it("is refused by name, file and field, with what to do", async () => {
    context("broken", "{")
    context("far", { url: "nats://a", nsc: "nsc://operator/account/user" })
    context("boxed", { url: "nats://a", inbox_prefix: "ann.inbox" })
    select("gone")
    const gone = await problem({})
    assert.match(gone.message, /^the NATS context "gone" \(selected in .*context.txt\): there is no file .*gone\.json$/)
    assert.match(gone.remedy, /NATS_CONTEXT/)
    assert.match((await problem({ NATS_CONTEXT: "../up" })).message, /cannot be the name/)
    assert.match((await problem({ NATS_CONTEXT: "broken" })).message, /broken\.json cannot be read/)
    assert.match((await problem({ NATS_CONTEXT: "far" })).message, /nsc is not supported/)
    assert.match((await problem({ NATS_CONTEXT: "boxed" })).message, /"ann\.inbox"/)
  })
})
