/** The operations as routes: a request in, the service asked, its answer out. */
import { Cause, Effect, Layer } from "effect"
import { HttpRouter, type HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder, type HttpApi, type HttpApiEndpoint, type HttpApiGroup } from "effect/http-api"
import type { FrontDoor, SchedulerError } from "../service/FrontDoor.ts"
import { type Asked, reader } from "./Asked.ts"
import { bearerOf } from "./Gate.ts"
import type { make as streams } from "./EventStream.ts"
import type { Group, Operation } from "./Operation.ts"
import { GROUPS } from "./Operation.ts"
import { OPERATIONS } from "./operations/Operations.ts"
import { answerOf, RequestRefused, unforeseen } from "./Problem.ts"
import { writeQuery } from "./QueryText.ts"
import type { make as sessions } from "./Sessions.ts"

export interface RoutesOptions {
  readonly door: FrontDoor
  readonly streams: ReturnType<typeof streams>
  readonly sessions: ReturnType<typeof sessions>
}

type Answer = HttpServerResponse.HttpServerResponse
type Json = Readonly<Record<string, unknown>>

/** Fields by which an answer says where the next page begins, and the field that asks for it. */
const NEXT: ReadonlyArray<readonly [said: string, asked: string]> = [
  ["nextCursor", "cursor"],
  ["nextBefore", "before"]
]

const linkOf = (http: HttpServerRequest.HttpServerRequest, answer: unknown): string | undefined => {
  if (typeof answer !== "object" || answer === null) return undefined
  const [path = "", ...query] = http.url.split("?")
  for (const [said, asked] of NEXT) {
    const next: unknown = Reflect.get(answer, said)
    if (next === null || next === undefined) continue
    const params = new URLSearchParams(query.join("?"))
    params.delete(asked)
    const more = writeQuery({ [asked]: next })
    const kept = params.toString()
    return `<${path}?${kept === "" ? "" : `${kept}&`}${more}>; rel="next"`
  }
  return undefined
}

/** What the service gave, with what HTTP says about it. */
const answered = (operation: Operation, http: HttpServerRequest.HttpServerRequest, answer: unknown): Answer => {
  const made = operation.creates?.(answer as never)
  const revision = operation.revision?.(answer as never)
  const link = linkOf(http, answer)
  return HttpServerResponse.text(JSON.stringify(answer ?? null), {
    status: made === undefined ? 200 : 201,
    contentType: "application/json",
    headers: {
      "cache-control": "no-store",
      ...(made === undefined ? {} : { location: made }),
      ...(revision === undefined ? {} : { etag: `"${revision}"` }),
      ...(link === undefined ? {} : { link })
    }
  })
}

type Handle = (
  http: HttpServerRequest.HttpServerRequest,
  asked: Asked
) => Effect.Effect<Answer, SchedulerError | RequestRefused, never>

const handlerOf = (operation: Operation, { door, sessions, streams }: RoutesOptions): Handle => {
  const { id } = operation
  switch (id) {
    case "streamEvents":
      return ((http, { request }) => streams.events(door, http, request)) as Handle
    case "streamLive":
      return ((http, { request }) => streams.live(door, http, request)) as Handle
    case "followOutput":
      return ((http, { request }) => streams.output(door, http, request as { readonly id: string })) as Handle
    case "login":
      return (_http, { request }) => sessions.login(String(request["secret"]))
    case "logout":
      return (http) => sessions.logout(http.headers["cookie"] ?? "")
    case "newLogin":
      return (http) => sessions.newLogin(bearerOf(http.headers) !== undefined)
    default:
      return (http, { request }) =>
        Effect.map(operation.ask(door, request as never), (answer) => answered(operation, http, answer))
  }
}

/** A route: every failure is a problem. */
const routeOf = (operation: Operation, options: RoutesOptions) => {
  const read = reader(operation)
  const handle = handlerOf(operation, options)
  return ({
    params = {},
    request
  }: {
    readonly params?: Json
    readonly request: HttpServerRequest.HttpServerRequest
  }) =>
    Effect.gen(function* () {
      const asked = yield* read(request, params as Record<string, string>)
      return yield* Effect.catch(handle(request, asked), (error) => Effect.succeed(answerOf(error, asked.conditional)))
    }).pipe(
      Effect.catch((error) => Effect.succeed(answerOf(error))),
      Effect.catchCause((cause) =>
        Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : unforeseen(operation.id)(Cause.squash(cause))
      )
    )
}

/** All routes of the API. */
export const layer = (api: HttpApi.HttpApi<"nagatha", HttpApiGroup.Top>, options: RoutesOptions) => {
  const groups = (Object.keys(GROUPS) as ReadonlyArray<Group>).map((group) =>
    HttpApiBuilder.group(
      api,
      group as never,
      ((handlers: HttpApiBuilder.Handlers<never>) => {
        const own = OPERATIONS.filter((one) => one.group === group)
        const all = handlers as unknown as {
          handleRaw(
            id: string,
            handle: ReturnType<typeof routeOf>
          ): HttpApiBuilder.Handlers<never, Record<string, HttpApiEndpoint.Top>>
        }
        for (const one of own) all.handleRaw(one.id, routeOf(one, options))
        return handlers
      }) as never
    )
  )
  return HttpApiBuilder.layer(api).pipe(
    Layer.provide(groups as unknown as [Layer.Layer<never>])
  ) as unknown as Layer.Layer<never, never, HttpRouter.HttpRouter>
}

/** Methods of each path of the API, as it stands in a URL. */
const PATHS: ReadonlyArray<readonly [path: RegExp, method: string]> = OPERATIONS.map(({ method, path }) => [
  new RegExp(`^${path.replaceAll(/[.]/g, "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  method
])

/** What may be done there; nothing: there is no such path. */
export const methodsOf = (path: string): ReadonlyArray<string> => {
  const methods = new Set(PATHS.filter(([pattern]) => pattern.test(path)).map(([, method]) => method))
  return methods.has("GET") ? ["HEAD", ...methods] : [...methods]
}
