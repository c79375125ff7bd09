/** What `doctor` finds of the HTTP API, without a process: its settings, and what keeps it from being opened. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { httpChecks, settings } from "../../src/cli/machine/Doctor.ts"

const shown = (env: Readonly<Record<string, string>>) =>
  settings(
    { env, version: "1.2.3", timezone: "UTC", configuration: { file: null, values: {} }, configDirectories: [] },
    "/data"
  ).filter(({ name }) => /HTTP|TOKEN/.test(name))

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-doctor-"))),
  (made) => Effect.sync(() => rmSync(made, { recursive: true }))
)

describe("doctor and the HTTP API", () => {
  it("lists where it listens and where its token is, never the token", () => {
    assert.deepStrictEqual(shown({}), [
      { name: "NAGATHA_HTTP_HOST", value: "127.0.0.1", source: "default" },
      { name: "NAGATHA_HTTP_PORT", value: "5555", source: "default" },
      { name: "NAGATHA_TOKEN", value: "/data/token", source: "default" }
    ])
    const given = shown({ NAGATHA_HTTP_HOST: "::1", NAGATHA_HTTP_PORT: "0", NAGATHA_TOKEN: "canary-canary-canary" })
    assert.deepStrictEqual(
      given.map(({ source, value }) => [source, value]),
      [
        ["NAGATHA_HTTP_HOST", "::1"],
        ["NAGATHA_HTTP_PORT", "0"],
        ["NAGATHA_TOKEN", "given, not shown"]
      ]
    )
  })

  it.effect("says what keeps it from being opened, where nothing runs that was told otherwise", () =>
    Effect.gen(function* () {
      for (const [env, found, remedy] of [
        [{ NAGATHA_HTTP_PORT: "many" }, /NAGATHA_HTTP_PORT: "many"/, /0 .*65535/],
        [{ NAGATHA_HTTP_HOST: "0.0.0.0" }, /0\.0\.0\.0 without encryption/, /--http-cert/],
        [{ NAGATHA_TOKEN: "short" }, /NAGATHA_TOKEN.*at least 16/, /openssl/]
      ] as const) {
        const [check, ...more] = yield* httpChecks(env, "/nowhere")
        assert.deepStrictEqual([check?.name, check?.state, more.length], ["HTTP API", "problem", 0])
        assert.match(check?.found ?? "", found)
        assert.match(check?.remedy ?? "", remedy)
        const running = yield* httpChecks(env, "/nowhere", "http://127.0.0.1:5555")
        assert.deepStrictEqual(running, [{ name: "HTTP API", state: "ok", found: "http://127.0.0.1:5555" }])
      }
      assert.deepStrictEqual(yield* httpChecks({}, "/nowhere"), [])
    })
  )

  it.effect("finds a token that others can read, and leaves it as it is", () =>
    Effect.gen(function* () {
      const dataDir = yield* directory
      const file = join(dataDir, "token")
      writeFileSync(file, "a-token-that-is-long-enough\n", { mode: 0o600 })
      assert.deepStrictEqual(yield* httpChecks({}, dataDir), [])
      chmodSync(file, 0o644)
      const [check] = yield* httpChecks({}, dataDir)
      assert.deepStrictEqual([check?.state, check?.remedy], ["problem", `chmod 600 ${file}`])
      assert.strictEqual(statSync(file).mode & 0o777, 0o644)
      assert.deepStrictEqual(yield* httpChecks({ NAGATHA_TOKEN: "another-one-that-is-given" }, dataDir), [])
    })
  )
})
