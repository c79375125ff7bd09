/**
 * A connection to one MCP server: what it offers, and calls of its tools. One serves any number of calls at a time.
 *
 * An interrupted call tells the server so (`notifications/cancelled`) and leaves the connection as it is. A connection
 * that is lost stays lost; calls under way fail as `connectionLost`, for whether the tool has run is not known.
 */
import { Effect, Predicate, type Schema, type Scope } from "effect"
import type { CallToolResult, Client, Tool as McpToolOffer, Transport } from "@modelcontextprotocol/client"
import { inheritedEnv } from "../shell/InheritedEnv.ts"
import type { McpServer } from "./McpConfig.ts"
import { McpProblem, otherwise } from "./McpProblem.ts"
import { StdioTransport } from "./StdioTransport.ts"

/** How long the first question, by which the newest revision of MCP is found, may go unanswered by an older server. */
const PROBE_MS = 3000

/** Longer than any attempt: limits are the task's. */
const NO_LIMIT_MS = 2 ** 31 - 1

/** The package is large; it is loaded when a server is first reached. */
const library = Effect.promise(() => import("@modelcontextprotocol/client"))

/** A tool as its server describes it. */
export type { McpToolOffer }

export interface McpCall {
  readonly toolName: string
  readonly arguments: Readonly<Record<string, Schema.Json>>
  /** Told to the server beside the arguments. */
  readonly meta: Readonly<Record<string, string>>
  /** `total` is missing where the server does not know it. */
  progressed(progress: number, total: number | undefined, message: string | undefined): void
}

export interface McpConnection {
  /** What the server calls itself, and the revision of MCP agreed upon. */
  readonly about: { readonly name: string; readonly version: string; readonly protocol: string }
  /** Whether it can still be used. */
  isLost(): boolean
  readonly tools: Effect.Effect<ReadonlyArray<McpToolOffer>, McpProblem>
  call(call: McpCall): Effect.Effect<CallToolResult, McpProblem>
}

const messageOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  // The reason stands at the end of the chain, often only as a code; what says the same again is left out.
  let innermost: Error = cause
  while (innermost.cause instanceof Error) innermost = innermost.cause
  const code = "code" in innermost && Predicate.isString(innermost.code) ? innermost.code : ""
  const reason =
    innermost.message === "" || innermost.message.includes(code)
      ? innermost.message || code
      : `${innermost.message} (${code})`
  return innermost === cause || cause.message.includes(reason) ? cause.message : `${cause.message}: ${reason}`
}

const transportOf = Effect.fnUntraced(function* ({ reach }: McpServer) {
  if (reach.kind === "stdio") {
    return new StdioTransport({ ...reach, env: { ...inheritedEnv(process.env), ...reach.env } })
  }
  const { SSEClientTransport, StreamableHTTPClientTransport } = yield* library
  const requestInit = { headers: reach.headers }
  const transport: Transport =
    reach.kind === "sse"
      ? new SSEClientTransport(reach.url, { requestInit })
      : new StreamableHTTPClientTransport(reach.url, { requestInit })
  return transport
})

/** What a lost or never made connection to a server says of its end. */
const endOf = (transport: Transport | undefined): string => {
  if (!(transport instanceof StdioTransport)) return ""
  const { ended, program, said } = transport
  if (ended === "exited with 127" && said.includes(`${program}: not found`)) {
    return `; the program ${JSON.stringify(program)} was not found`
  }
  const how = ended === undefined ? "" : `; it ${ended}`
  return said === "" ? how : `${how}; it wrote: ${said}`
}

type Negotiation = "auto" | "legacy" | { readonly pin: string }

/** From this revision on servers are asked by `server/discover`; older ones by `initialize`. */
const FIRST_MODERN = "2026-07-28"

const negotiationOf = (protocol: string): Negotiation =>
  protocol === "auto" ? "auto" : protocol >= FIRST_MODERN ? { pin: protocol } : "legacy"

const httpRemedy = (server: McpServer, cause: unknown): string => {
  const status =
    Predicate.isObject(cause) && "data" in cause && Predicate.isObject(cause.data) ? cause.data["status"] : undefined
  return status === 401 || status === 403 || /\b40[13]\b|Unauthorized|Forbidden/.test(messageOf(cause))
    ? `; set "headers" of ${JSON.stringify(server.name)} in mcp.json, such as {"Authorization": "Bearer \${TOKEN}"}`
    : ""
}

interface Reached {
  readonly client: Client
  readonly transport: Transport
}

/** `ended`: the server was started, and has ended by itself. */
interface NotReached {
  readonly problem: McpProblem
  readonly ended: boolean
}

const reached = Effect.fnUntraced(function* (
  server: McpServer,
  mode: Negotiation
): Effect.fn.Return<Reached, NotReached, Scope.Scope> {
  const { Client } = yield* library
  const { connectTimeoutMs, name } = server
  const transport = yield* Effect.acquireRelease(transportOf(server), (made) =>
    Effect.promise(() => made.close().catch(() => {}))
  )
  const client = new Client(
    { name: "nagatha-scheduler", version: "1" },
    { versionNegotiation: { mode, probe: { timeoutMs: Math.min(PROBE_MS, connectTimeoutMs / 2) } } }
  )
  // What a server sends amiss is passed over; what it means for a call, the call tells.
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the client has no such method
  client.onerror = () => {}
  const failed = (told: string): NotReached => ({
    problem: new McpProblem({ code: "cannotConnect", message: `${told}${endOf(transport)}`, retryable: true }),
    ended: transport instanceof StdioTransport && transport.ended !== undefined
  })
  yield* Effect.tryPromise({
    try: () => client.connect(transport, { timeout: connectTimeoutMs }),
    catch: (cause) =>
      failed(
        `cannot connect to the MCP server ${JSON.stringify(name)}: ${messageOf(cause)}${httpRemedy(server, cause)}`
      )
  }).pipe(
    Effect.timeoutOrElse({
      duration: connectTimeoutMs,
      orElse: () =>
        Effect.fail(
          failed(`the MCP server ${JSON.stringify(name)} did not introduce itself within ${connectTimeoutMs} ms`)
        )
    })
  )
  return { client, transport }
})

/** Some older servers end at the first question that they do not know: they are started again and asked in their way. */
const reachedEither = (server: McpServer) => {
  const mode = negotiationOf(server.protocol)
  return reached(server, mode).pipe(
    Effect.catch((first) => (mode === "auto" && first.ended ? reached(server, "legacy") : Effect.fail(first))),
    Effect.mapError(({ problem }) => problem)
  )
}

const callProblem =
  (server: McpServer, call: McpCall, { transport }: Reached, isLost: () => boolean) =>
  (cause: unknown): McpProblem => {
    const place = `${server.name}/${call.toolName}`
    const code = Predicate.isObject(cause) && "code" in cause ? cause.code : undefined
    if (isLost() || code === "CONNECTION_CLOSED" || code === "NOT_CONNECTED") {
      return new McpProblem({
        code: "connectionLost",
        message: `the connection to the MCP server ${JSON.stringify(server.name)} was lost during the call of ${JSON.stringify(call.toolName)}${endOf(transport)}; whether the tool has run is not known`,
        retryable: true
      })
    }
    // -32602 and -32601 of JSON-RPC 2.0: invalid params, method not found.
    if (code === -32602 || code === -32601) {
      return new McpProblem({ code: "invalidArguments", message: `${place}: ${messageOf(cause)}`, retryable: false })
    }
    return new McpProblem({ code: "serverError", message: `${place}: ${messageOf(cause)}`, retryable: true })
  }

/** Connects; the server is let go (and ended, where it was started) with the scope. */
export const connect = Effect.fnUntraced(function* (
  server: McpServer
): Effect.fn.Return<McpConnection, McpProblem, Scope.Scope> {
  const found = yield* reachedEither(server)
  const { client } = found
  let lost = false
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the client has no such method
  client.onclose = () => {
    lost = true
  }
  const isLost = () => lost
  let known: ReadonlyArray<McpToolOffer> | undefined
  client.setNotificationHandler("notifications/tools/list_changed", () => {
    known = undefined
  })

  const tools = Effect.tryPromise({
    try: async (signal) => {
      const listed = await client.listTools(undefined, {
        signal,
        timeout: server.connectTimeoutMs,
        cacheMode: "refresh"
      })
      known = listed.tools
      return listed.tools
    },
    catch: (cause) =>
      new McpProblem({
        code: isLost() ? "connectionLost" : "serverError",
        message: `the MCP server ${JSON.stringify(server.name)} does not say which tools it has: ${messageOf(cause)}${endOf(found.transport)}`,
        retryable: true
      })
  })

  const has = (toolName: string) => (known ?? []).some(({ name }) => name === toolName)

  const call = Effect.fnUntraced(function* (wanted: McpCall) {
    const { toolName } = wanted
    if (!has(toolName)) {
      // What is known may be old.
      const listed = yield* tools
      if (!listed.some(({ name }) => name === toolName)) {
        const names = listed.map(({ name }) => name)
        return yield* new McpProblem({
          code: "unknownTool",
          message: `the MCP server ${JSON.stringify(server.name)} has no tool ${JSON.stringify(toolName)}; ${otherwise(toolName, names, "it has none")}`,
          retryable: false
        })
      }
    }
    return yield* Effect.tryPromise({
      try: (signal) =>
        client.callTool(
          { name: toolName, arguments: { ...wanted.arguments }, _meta: { ...wanted.meta } },
          {
            signal,
            timeout: NO_LIMIT_MS,
            onprogress: ({ message, progress, total }) => wanted.progressed(progress, total, message)
          }
        ),
      catch: callProblem(server, wanted, found, isLost)
    })
  })

  const { name = server.name, version = "" } = client.getServerVersion() ?? {}
  return { about: { name, version, protocol: client.getNegotiatedProtocolVersion() ?? "" }, isLost, tools, call }
})
