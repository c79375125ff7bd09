/**
 * The MCP servers of this machine, each connected when it is first needed and shared by all calls: one connection a
 * server, closed when nobody has used it for `IDLE_MS`. A server that has changed in `mcp.json` is another server.
 *
 * A server that cannot be reached, or is lost, is left alone for a while that doubles each time (`REST_MS` to
 * `MAX_REST_MS`); who comes within it is told how long to wait.
 */
import { Clock, Context, Effect, Layer, RcMap } from "effect"
import { type McpServer, readServers, serverOf, stampOf } from "./McpConfig.ts"
import * as McpConfig from "./McpConfig.ts"
import { connect, type McpConnection } from "./McpConnection.ts"
import { McpProblem } from "./McpProblem.ts"

/** How long a connection is kept that nobody uses, milliseconds. */
export const IDLE_MS = 60_000

/** How long a server is left alone after its first failure, and at most; milliseconds. */
export const REST_MS = 500
export const MAX_REST_MS = 30_000

interface Trouble {
  readonly failures: number
  readonly until: number
}

export class McpServers extends Context.Service<
  McpServers,
  {
    /** What `mcp.json` says, as it is written. */
    readonly configured: Effect.Effect<McpConfig.McpServers, McpProblem>
    /** Uses the connection of a server, which is made where there is none. */
    use<A>(
      serverName: string,
      use: (connection: McpConnection) => Effect.Effect<A, McpProblem>
    ): Effect.Effect<A, McpProblem>
  }
>()("nagatha/work/McpServers") {
  /** `directories`: where `mcp.json` is looked for, in this order; `variables`: what it may refer to. */
  static readonly layer = (options: {
    readonly directories: ReadonlyArray<string>
    readonly variables: Readonly<Record<string, string | undefined>>
  }): Layer.Layer<McpServers> => Layer.effect(McpServers, make(options))
}

/** What the files say; read again only when they have changed. */
const unchanged = (directories: ReadonlyArray<string>): Effect.Effect<McpConfig.McpServers, McpProblem> => {
  let known: { readonly stamp: string; readonly servers: McpConfig.McpServers } | undefined
  return Effect.gen(function* () {
    const stamp = stampOf(directories)
    if (known?.stamp === stamp) return known.servers
    const servers = yield* readServers(directories)
    known = { stamp, servers }
    return servers
  })
}

const make = Effect.fnUntraced(function* (options: {
  readonly directories: ReadonlyArray<string>
  readonly variables: Readonly<Record<string, string | undefined>>
}) {
  /** By name and all that is said of the server: what a connection belongs to. */
  const byKey = new Map<string, McpServer>()
  const troubles = new Map<string, Trouble>()
  /** The newest connection of each server: who finds another one lost finds old news. */
  const newest = new Map<string, McpConnection>()
  const connections = yield* RcMap.make({
    lookup: (key: string) =>
      Effect.suspend(() => connect(byKey.get(key) as McpServer)).pipe(
        Effect.tap((made) => Effect.sync(() => newest.set(key, made)))
      ),
    idleTimeToLive: IDLE_MS
  })
  const configured = unchanged(options.directories)

  const failed = (key: string) =>
    Effect.clockWith((clock) =>
      Effect.sync(() => {
        const failures = (troubles.get(key)?.failures ?? 0) + 1
        const rest = Math.min(MAX_REST_MS, REST_MS * 2 ** (failures - 1))
        troubles.set(key, { failures, until: clock.currentTimeMillisUnsafe() + rest })
      })
    )

  /** Many calls may find one connection lost: it is given up once. */
  const givenUp = Effect.fnUntraced(function* (key: string, lost: McpConnection) {
    if (newest.get(key) !== lost) return
    newest.delete(key)
    yield* RcMap.invalidate(connections, key)
    yield* failed(key)
  })

  const rested = Effect.fnUntraced(function* (key: string, name: string) {
    const trouble = troubles.get(key)
    const delayMs = (trouble?.until ?? 0) - (yield* Clock.currentTimeMillis)
    if (trouble === undefined || delayMs <= 0) return
    return yield* new McpProblem({
      code: "serverResting",
      message: `the MCP server ${JSON.stringify(name)} has failed ${trouble.failures} times in a row; it is left alone for ${delayMs} ms`,
      retryable: true,
      delayMs
    })
  })

  const connection = Effect.fnUntraced(function* (key: string, name: string) {
    const known = yield* RcMap.has(connections, key)
    if (!known) yield* rested(key, name)
    const found = yield* RcMap.get(connections, key).pipe(
      Effect.tapError(() => Effect.andThen(RcMap.invalidate(connections, key), known ? Effect.void : failed(key)))
    )
    if (!found.isLost()) return found
    // Lost while nobody used it: the server may have ended for its own reasons, and is started at once.
    if (newest.get(key) === found) {
      newest.delete(key)
      yield* RcMap.invalidate(connections, key)
    }
    yield* rested(key, name)
    return yield* RcMap.get(connections, key).pipe(
      Effect.tapError(() => Effect.andThen(RcMap.invalidate(connections, key), failed(key)))
    )
  })

  return McpServers.of({
    configured,
    use: (serverName, use) =>
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* Effect.fromResult(serverOf(yield* configured, serverName, options.variables))
          const key = JSON.stringify([server.name, server.protocol, server.reach])
          byKey.set(key, server)
          const found = yield* connection(key, serverName)
          return yield* use(found).pipe(
            Effect.tap(() => Effect.sync(() => troubles.delete(key))),
            Effect.tapError(() => (found.isLost() ? givenUp(key, found) : Effect.void))
          )
        })
      )
  })
})
