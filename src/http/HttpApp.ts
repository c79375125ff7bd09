/**
 * All that is answered over HTTP, whatever carries it: the gate first, then pages, health, the document, and the operations.
 * Whatever comes, an answer goes: what is no page and no operation is a problem with its reason.
 */
import { Effect, Layer, type Scope } from "effect"
import { HttpPlatform, HttpRouter, HttpServerRequest, HttpServerResponse, Etag } from "effect/http"
import { FileSystem, Path } from "effect"
import type { FrontDoor } from "../service/FrontDoor.ts"
import * as Api from "./Api.ts"
import type { Credentials } from "./Credentials.ts"
import { docsPage } from "./DocsPage.ts"
import * as EventStream from "./EventStream.ts"
import { type Asked, bearerOf, type Door, judge, pathOf } from "./Gate.ts"
import * as Health from "./Health.ts"
import { streamOperations } from "./operations/Operations.ts"
import type { PageFile } from "./Pages.ts"
import { answerOf, RequestRefused, unforeseen } from "./Problem.ts"
import { layer as routes, methodsOf } from "./Routes.ts"
import * as Sessions from "./Sessions.ts"

export interface HttpAppOptions {
  readonly door: FrontDoor
  readonly credentials: Credentials
  /** Where it is reached, such as `http://127.0.0.1:5555`. */
  readonly url: string
  /** Names, with ports, by which it may be asked; see `Gate.ts`. */
  readonly hosts: ReadonlyArray<string>
  readonly pages: ReadonlyMap<string, PageFile>
  readonly version: string
  /** How many partitions there are. */
  readonly partitions: number
  readonly lines: Omit<EventStream.Lines, "mayStay">
  /** What the node measures, in Prometheus' text format; undefined where nothing is measured. */
  readonly metrics?: Effect.Effect<string>
  now(): number
}

const LIVE = "/health/live"
const READY = "/health/ready"
const DOCUMENT = "/openapi.json"
const DOCS = "/docs"
const METRICS = "/metrics"
const SESSION = "/api/v1/session"

/** Sent with every answer. */
const HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'"
}
/** Pages may have what comes from here, and nothing that stands in themselves. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** What a stream is, by its path. */
const STREAM_PATHS = streamOperations.map(({ path }) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`))

const json = (value: unknown, status = 200) =>
  HttpServerResponse.text(JSON.stringify(value), {
    status,
    contentType: "application/json",
    headers: { "cache-control": "no-store" }
  })

const metricsAnswer = (text: string) =>
  HttpServerResponse.text(text, {
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    headers: { "cache-control": "no-store" }
  })

const pageAnswer = ({ body, lasting, type }: PageFile) =>
  HttpServerResponse.uint8Array(body, {
    contentType: type,
    headers: {
      "content-security-policy": PAGE_POLICY,
      "cache-control": lasting ? "public, max-age=31536000, immutable" : "no-cache"
    }
  })

const methodNotAllowed = (method: string, path: string, allowed: ReadonlyArray<string>) =>
  new RequestRefused({
    status: 405,
    code: "methodNotAllowed",
    message: `${method} cannot be done at ${path}`,
    place: "method",
    value: method,
    remedy: `it can be asked with ${allowed.join(", ")}`,
    headers: { allow: allowed.join(", ") }
  })

const notFound = (path: string) =>
  new RequestRefused({
    status: 404,
    code: "notFound",
    message: `there is nothing at ${path.slice(0, 200)}`,
    place: "path",
    value: path.slice(0, 200),
    remedy: "/openapi.json lists all paths; they are case-sensitive, and end without a slash"
  })

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const unreadable = (path: string) =>
  new RequestRefused({
    status: 400,
    code: "badRequest",
    message: "a percent sign in the path or the query is not followed by the two digits of a byte of UTF-8",
    place: isDecodable(path) ? "query" : "path",
    value: path.slice(0, 200),
    remedy: "write a percent sign as %25"
  })

/** Longest part of a path, in characters: longer than every id. */
const LONGEST = 500

/** Paths are what they are: no slashes are added, dropped or doubled. */
const ROUTER = {
  ignoreDuplicateSlashes: false,
  ignoreTrailingSlash: false,
  caseSensitive: true,
  maxParamLength: LONGEST
}

export type App = Effect.Effect<
  HttpServerResponse.HttpServerResponse,
  never,
  HttpServerRequest.HttpServerRequest | Scope.Scope
>

/** The app: answers any request. */
export const make = Effect.fnUntraced(function* (options: HttpAppOptions) {
  const { credentials, door, hosts, lines, metrics, now, pages, partitions, url, version } = options
  const { api, document } = Api.make({ version, url, cookie: credentials.cookie })
  const scheme = url.startsWith("https:") ? "https" : "http"
  const gate: Door = {
    hosts: new Set(hosts),
    origins: new Set(hosts.map((host) => `${scheme}://${host}`)),
    isPublic: (method, path) =>
      pages.has(path) || path === LIVE || path === READY || (path === SESSION && method === "POST"),
    isStream: (path) => STREAM_PATHS.some((pattern) => pattern.test(path)),
    isToken: (presented) => credentials.isToken(presented),
    isSession: (cookies) => credentials.isSession(cookies)
  }
  const health = yield* Health.make(door, partitions)
  const docs: PageFile = {
    type: "text/html; charset=utf-8",
    body: new TextEncoder().encode(docsPage(document)),
    lasting: false
  }
  const routing = routes(api as never, {
    door,
    streams: EventStream.make({
      ...lines,
      mayStay: (headers) => gate.isToken(bearerOf(headers) ?? "") || gate.isSession(headers["cookie"] ?? "")
    }),
    sessions: Sessions.make({ credentials, url, now })
  })
  const platform = Layer.mergeAll(FileSystem.layerNoop({}), Path.layer, Etag.layer).pipe(
    Layer.provideMerge(HttpPlatformNone),
    Layer.provideMerge(Layer.succeed(HttpRouter.RouterConfig, ROUTER))
  )
  const router = yield* HttpRouter.toHttpEffect(routing as Layer.Layer<never, never, HttpRouter.HttpRouter>).pipe(
    Effect.provide(platform)
  )

  const fixed: Readonly<Record<string, Effect.Effect<HttpServerResponse.HttpServerResponse>>> = {
    [LIVE]: Effect.sync(() => json({ live: true })),
    [READY]: Effect.map(health, (checks) => {
      const ready = checks.every(({ ok }) => ok)
      return json({ ready, checks }, ready ? 200 : 503)
    }),
    [DOCUMENT]: Effect.sync(() => json(document)),
    [DOCS]: Effect.sync(() => pageAnswer(docs)),
    ...(metrics === undefined ? {} : { [METRICS]: Effect.map(metrics, metricsAnswer) })
  }

  const inside = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
    const { method } = request
    const path = pathOf(request.url)
    const found = pages.get(path)
    const answer =
      found !== undefined ? Effect.sync(() => pageAnswer(found)) : Object.hasOwn(fixed, path) ? fixed[path] : undefined
    if (answer !== undefined) {
      if (method === "GET" || method === "HEAD") return yield* answer
      return answerOf(methodNotAllowed(method, path, ["HEAD", "GET"]))
    }
    // Said here: what the router cannot read, it does not find, and it does not say why.
    if (!isDecodable(request.url)) return answerOf(unreadable(path))
    const allowed = methodsOf(path)
    if (allowed.length === 0 || path.split("/").some((part) => part.length > LONGEST)) return answerOf(notFound(path))
    if (!allowed.includes(method)) return answerOf(methodNotAllowed(method, path, allowed))
    return yield* router
  })

  const app: App = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const asked: Asked = { method: request.method, url: request.url, headers: request.headers }
    const way = judge(asked, gate)
    const told = unforeseen(`${asked.method} ${pathOf(asked.url)}`)
    const response =
      way instanceof RequestRefused
        ? answerOf(way)
        : yield* inside(request).pipe(Effect.catch(told), Effect.catchDefect(told))
    return HttpServerResponse.setHeaders(response, { ...HEADERS, ...response.headers })
  })
  return { app, document }
})

/** No file is served from where it lies. */
const HttpPlatformNone = Layer.succeed(HttpPlatform.HttpPlatform, {} as HttpPlatform.HttpPlatform["Service"])
