/** The HTTP API in memory: the real app over the real rules, without a socket. */
import { Deferred, Effect, type Scope } from "effect"
import { HttpEffect } from "effect/http"
import { Credentials } from "../../src/http/Credentials.ts"
import * as HttpApp from "../../src/http/HttpApp.ts"
import { read } from "../../src/http/Pages.ts"
import { Scheduler } from "../../src/Scheduler.ts"

export const URL_BASE = "http://127.0.0.1:5555"
export const TOKEN = "the-token-of-this-test"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The JSON of the answer. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests say what they find
  readonly body: any
}

export interface TestApi {
  /** Asks with the token, and as a program does. */
  readonly ask: (
    method: string,
    path: string,
    more?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>>; readonly bare?: boolean }
  ) => Effect.Effect<Answer>
  /** The answer as it comes. */
  readonly open: (
    path: string,
    headers?: Readonly<Record<string, string>>,
    signal?: AbortSignal
  ) => Effect.Effect<Response>
  readonly credentials: Credentials
  readonly stopping: Deferred.Deferred<void>
  readonly document: Readonly<Record<string, unknown>>
}

export const anApi = (
  options: { readonly most?: number; readonly metrics?: Effect.Effect<string> } = {}
): Effect.Effect<TestApi, never, Scope.Scope | Scheduler> =>
  Effect.gen(function* () {
    const door = yield* Scheduler
    const stopping = yield* Deferred.make<void>()
    let secrets = 0
    const credentials = new Credentials({
      token: TOKEN,
      newSecret: () => `secret-${(secrets += 1)}`,
      now: () => 0,
      secure: false
    })
    const { app, document } = yield* HttpApp.make({
      door,
      credentials,
      url: URL_BASE,
      hosts: ["127.0.0.1:5555", "localhost:5555"],
      pages: read("/nowhere"),
      version: "1.2.3",
      partitions: 1,
      lines: { most: options.most ?? 8, stopping },
      metrics: options.metrics ?? Effect.succeed("nagatha_tasks 3\n"),
      now: () => 0
    })
    const handle = HttpEffect.toWebHandler(app)
    const ask: TestApi["ask"] = (method, path, { bare = false, body, headers = {} } = {}) =>
      Effect.promise(async () => {
        const changes = method !== "GET" && method !== "HEAD"
        const request = new Request(`${URL_BASE}${path}`, {
          method,
          headers: {
            host: "127.0.0.1:5555",
            ...(bare ? {} : { authorization: `Bearer ${TOKEN}` }),
            ...(changes && method !== "DELETE" ? { "content-type": "application/json" } : {}),
            ...headers
          },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
        })
        const response = await handle(request)
        const text = await response.text()
        const isJson = /json/.test(response.headers.get("content-type") ?? "")
        return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined }
      })
    const open: TestApi["open"] = (path, headers = {}, signal) =>
      Effect.promise(() =>
        handle(
          new Request(`${URL_BASE}${path}`, {
            headers: { host: "127.0.0.1:5555", authorization: `Bearer ${TOKEN}`, ...headers },
            ...(signal === undefined ? {} : { signal })
          })
        )
      )
    return { ask, open, credentials, stopping, document }
  })
