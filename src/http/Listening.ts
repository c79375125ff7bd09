/**
 * The app on a socket of this machine, with limits: what is sent slowly or too much is ended, streams are counted, and
 * whoever is answered when the service stops gets the whole answer.
 *
 * It stops in this order: streams end, no connection is taken any more, running requests finish (at most ten seconds).
 */
import { NodeHttpServer } from "@effect/platform-node"
import { Deferred, Effect, Schema, type Scope } from "effect"
import { createServer, type Server, STATUS_CODES } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { createServer as probe } from "node:net"
import type { Duplex } from "node:stream"
import { Credentials } from "./Credentials.ts"
import * as HttpApp from "./HttpApp.ts"
import type { FrontDoor } from "../service/FrontDoor.ts"
import { isLoopback } from "./Loopback.ts"
import { read } from "./Pages.ts"
import { PROBLEM_TYPE, TITLES } from "./Problem.ts"
import { loginLink } from "./Sessions.ts"

/** Head of a request: bytes, and how long it may take to come. */
const HEAD_BYTES = 16_384
const HEAD_MS = 10_000
/** A whole request. */
const REQUEST_MS = 30_000
/** A connection on which nothing is asked. */
const IDLE_MS = 10_000
const CONNECTIONS = 512
const STREAMS = 64
const STOP = "10 seconds"

export interface Place {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  /** PEM; undefined: not encrypted, which only loopback may be. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  /** Further names by which it may be asked, without port. */
  readonly names: ReadonlyArray<string>
}

export interface ListeningOptions {
  readonly place: Place
  readonly door: FrontDoor
  readonly token: string
  newSecret(): string
  now(): number
  readonly version: string
  readonly partitions: number
  /** Directory of the dashboard, where there is one. */
  readonly dashboard: string
  /** What the node measures, in Prometheus' text format. */
  readonly metrics: Effect.Effect<string>
}

/** The port cannot be had. */
export class PortTaken extends Schema.TaggedError<PortTaken>()("PortTaken", {
  host: Schema.String,
  port: Schema.Int,
  reason: Schema.String
}) {
  override get message() {
    return this.reason === "EADDRINUSE"
      ? `port ${this.port} of ${this.host}, for the HTTP API, is taken by another program`
      : `the HTTP API cannot listen on ${this.host}:${this.port}: ${this.reason}`
  }
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause)

/** Whether the port can be had, before anything is started. */
export const isFree = ({ host, port }: Pick<Place, "host" | "port">): Effect.Effect<void, PortTaken> =>
  Effect.callback((resume) => {
    const server = probe()
    server.once("error", (cause) => resume(Effect.fail(new PortTaken({ host, port, reason: reasonOf(cause) }))))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resume(Effect.void)))
  })

const bracketed = (host: string): string => (host.includes(":") ? `[${host}]` : host)

/** Names with ports by which the server may be asked. */
export const hostsOf = ({ host, names, tls }: Omit<Place, "port">, port: number): ReadonlyArray<string> => {
  const local = isLoopback(host) ? ["127.0.0.1", "localhost", "[::1]"] : []
  const all = [
    ...new Set([bracketed(host.toLowerCase()), ...local, ...names.map((name) => bracketed(name.toLowerCase()))])
  ]
  const usual = port === (tls === undefined ? 80 : 443)
  return all.flatMap((name) => (usual ? [name, `${name}:${port}`] : [`${name}:${port}`]))
}

const UNREADABLE: Readonly<Record<string, readonly [status: number, code: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "headersTooLarge"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "timeout"]
}

/** What cannot be read as HTTP is answered all the same. */
const unreadable = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy()
  const [status, code] = UNREADABLE[error.code ?? ""] ?? [400, "badRequest"]
  const title = TITLES[code] ?? ""
  const body = JSON.stringify({ type: `urn:nagatha:problem:${code}`, title, status, detail: title, code })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
}

const serverOf = ({ tls }: Place): Server => {
  const limits = {
    maxHeaderSize: HEAD_BYTES,
    headersTimeout: HEAD_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: 1000,
    // The gate says in its own words what is wrong with a name, or with none.
    requireHostHeader: false
  }
  const server =
    tls === undefined ? createServer(limits) : createSecureServer({ ...limits, ...tls, minVersion: "TLSv1.2" })
  server.maxConnections = CONNECTIONS
  server.on("clientError", unreadable)
  return server
}

export interface Listening {
  readonly url: string
  /** A link that opens a browser session: good once, and for ten minutes. */
  readonly login: string
}

/** Listens for as long as the scope is open. */
export const listen = Effect.fnUntraced(function* (
  options: ListeningOptions
): Effect.fn.Return<Listening, PortTaken, Scope.Scope> {
  const { dashboard, door, metrics, newSecret, now, partitions, place, token, version } = options
  const server = serverOf(place)
  const { host, port: asked } = place
  const { address, serve } = yield* NodeHttpServer.make(() => server, {
    host,
    port: asked,
    gracefulShutdownTimeout: STOP
  }).pipe(Effect.mapError(({ cause }) => new PortTaken({ host, port: asked, reason: reasonOf(cause) })))
  // Runs after the time for running requests, and before the end of all connections is waited for.
  yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
  const port = "port" in address ? Number(address.port) : asked
  const shown = host === "0.0.0.0" || host === "::" ? (place.names[0] ?? host) : host
  const url = `${place.tls === undefined ? "http" : "https"}://${bracketed(shown)}:${port}`
  const credentials = new Credentials({ token, newSecret, now, secure: place.tls !== undefined })
  const stopping = yield* Deferred.make<void>()
  const { app } = yield* HttpApp.make({
    door,
    credentials,
    url,
    hosts: hostsOf(place, port),
    pages: read(dashboard),
    version,
    partitions,
    lines: { most: STREAMS, stopping },
    metrics,
    now
  })
  yield* serve(app)
  yield* Effect.addFinalizer(() => Deferred.succeed(stopping, undefined))
  return { url, login: loginLink(url, credentials) }
})
