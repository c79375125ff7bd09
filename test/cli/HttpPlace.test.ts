/** Where the HTTP API listens, and the token that it asks for. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger, References } from "effect"
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { httpPlace, tokenFile, tokenOf } from "../../src/cli/machine/HttpPlace.ts"

const inDirectory = <A, E>(body: (directory: string) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-token-"))),
    body,
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )

/** The token, and what is logged meanwhile. */
const kept = (directory: string) => {
  const said: Array<string> = []
  const logger = Logger.make(({ message }) => void said.push(String(message)))
  return Effect.map(tokenOf({}, directory), (token) => ({ token, said })).pipe(
    Effect.provideService(Logger.CurrentLoggers, new Set([logger])),
    Effect.provideService(References.MinimumLogLevel, "Info")
  )
}

describe("the token", () => {
  it.effect("is made once, for its owner alone, and kept in silence", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        const first = yield* kept(directory)
        assert.strictEqual(statSync(tokenFile(directory)).mode & 0o777, 0o600)
        assert.deepStrictEqual(yield* kept(directory), { token: first.token, said: [] })
      })
    )
  )

  it.effect("that others could read is closed again, and whoever looks after it is told to make a new one", () =>
    inDirectory((directory) =>
      Effect.gen(function* () {
        yield* kept(directory)
        chmodSync(tokenFile(directory), 0o644)
        const { said, token } = yield* kept(directory)
        assert.strictEqual(statSync(tokenFile(directory)).mode & 0o777, 0o600)
        assert.match(said.join(), /others on this machine could read the token .* start again with a new token/)
        assert.notInclude(said.join(), token)
        assert.strictEqual(readFileSync(tokenFile(directory), "utf8").trim(), token)
      })
    )
  )
})

describe("a place", () => {
  it.effect("without encryption is this machine alone, however it is written", () =>
    Effect.gen(function* () {
      for (const host of ["127.0.0.1", "::1", "localhost", "LocalHost", "127.8.9.10"]) {
        assert.strictEqual((yield* httpPlace({}, { host }))?.host, host)
      }
      for (const host of ["0.0.0.0", "::", "box.local", "127.0.0.1.example.org"]) {
        assert.match((yield* Effect.flip(httpPlace({}, { host }))).message, /without encryption/)
      }
    })
  )
})
