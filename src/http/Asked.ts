/**
 * What a request asks for: path, query, body and headers as the one request that the service takes.
 *
 * It is read by the service's own schema, in the service's own words; what is refused here has done nothing.
 */
import { ByteSize, Effect, Predicate, Schema } from "effect"
import { HttpIncomingMessage, type HttpServerRequest } from "effect/http"
import type { Refused } from "../actors/door/TaskRequest.ts"
import { decodeWith } from "../service/Answered.ts"
import { keyedId, keyedTaskId, type Keyed } from "./CommandId.ts"
import { pathOf } from "./Gate.ts"
import { type Operation, pathParameters } from "./Operation.ts"
import { RequestRefused } from "./Problem.ts"
import { fieldKinds, readQuery } from "./QueryText.ts"

/** Largest body, in bytes: no message to the service is larger. */
export const MOST_BYTES = 1_048_576

export interface Asked {
  readonly request: Readonly<Record<string, unknown>>
  /** Whether it is to be carried out on a certain revision only. */
  readonly conditional: boolean
}

type Json = Readonly<Record<string, unknown>>

const refuse = (status: number, code: string, message: string, more: Partial<RequestRefused> = {}) =>
  new RequestRefused({ status, code, message, ...more })

const isJsonType = (type: string): boolean =>
  /^application\/(?:[a-z0-9.+-]+\+)?json *(?:; *charset="?utf-8"? *)?$/i.test(type.trim())

/** The JSON object in the body; nothing in it is `{}`. */
export const bodyOf = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
  const { headers } = request
  const type = headers["content-type"] ?? ""
  if (!isJsonType(type)) {
    return yield* refuse(
      415,
      "unsupportedMediaType",
      `the body must be JSON, not ${JSON.stringify(type.slice(0, 100))}`,
      {
        place: "header Content-Type",
        value: type.slice(0, 100),
        remedy: 'send "Content-Type: application/json", also without a body',
        headers: { "accept-post": "application/json" }
      }
    )
  }
  const encoding = headers["content-encoding"]
  if (encoding !== undefined && encoding !== "identity") {
    return yield* refuse(415, "unsupportedMediaType", `a body that is encoded as ${encoding} is not taken`, {
      place: "header Content-Encoding",
      value: encoding,
      remedy: "send it as it is",
      headers: { "accept-encoding": "identity" }
    })
  }
  const tooLarge = (bytes: number | undefined) =>
    refuse(
      413,
      "tooLarge",
      `the body has ${bytes ?? `more than ${MOST_BYTES}`} bytes; at most ${MOST_BYTES} are taken`,
      {
        place: "body",
        ...(bytes === undefined ? {} : { value: bytes }),
        remedy: "pass a reference (a path, a URL) in place of the data, or send many tasks in several requests",
        headers: { connection: "close" }
      }
    )
  const length = Number(headers["content-length"] ?? 0)
  if (length > MOST_BYTES) return yield* tooLarge(length)
  const text = yield* request.text.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(MOST_BYTES)),
    Effect.mapError(({ reason }) => {
      const over = reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"
      return over
        ? tooLarge(undefined)
        : refuse(400, "badRequest", "the body did not come as a whole", { place: "body", remedy: "send it again" })
    })
  )
  if (text.trim() === "") return {}
  const value = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (cause) =>
      refuse(400, "invalidRequest", `the body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
        place: "body",
        value: text.slice(0, 60),
        remedy: "send one JSON object"
      })
  })
  if (Predicate.isObject(value)) return value as Json
  return yield* refuse(400, "invalidRequest", "the body must be a JSON object", {
    place: "body",
    value: text.slice(0, 60),
    remedy: "send one JSON object"
  })
})

/** Longest value that is repeated in an answer, in characters. */
const SHOWN = 200

const KEY = /^[\x21-\x7e]{1,255}$/
const ETAG = /^"(\d{1,15})"$/

const keyOf = (headers: Readonly<Record<string, string | undefined>>): string | undefined | RequestRefused => {
  const key = headers["idempotency-key"]
  if (key === undefined || KEY.test(key)) return key
  return refuse(400, "invalidRequest", "an Idempotency-Key has 1 to 255 visible characters, without blanks", {
    place: "header Idempotency-Key",
    value: key.slice(0, 100),
    remedy: "send a new UUID with each new request, and the same with the same request"
  })
}

const revisionOf = (
  headers: Readonly<Record<string, string | undefined>>,
  { fields }: Operation
): number | undefined | RequestRefused => {
  const given = headers["if-match"]
  if (given === undefined || (given === "*" && "ifRevision" in fields)) return undefined
  const about = { place: "header If-Match", value: given.slice(0, 100) }
  if (!("ifRevision" in fields)) {
    return refuse(400, "invalidRequest", "this is not bound to a revision", { ...about, remedy: "leave If-Match out" })
  }
  const revision = ETAG.exec(given)?.[1]
  if (revision !== undefined) return Number(revision)
  return refuse(400, "invalidRequest", "If-Match must be one ETag that this service has given", {
    ...about,
    remedy: 'send the ETag of GET /api/v1/tasks/ID as it came, such as "3"'
  })
}

/** Reads requests of an operation. */
export const reader = (operation: Operation) => {
  const { fields, kind, method } = operation
  const inPath = pathParameters(operation)
  const kinds = fieldKinds(fields)
  const check = decodeWith(
    Schema.Struct(fields as Schema.Struct.Fields) as unknown as Schema.ConstraintDecoder<unknown>
  )

  /** The service's own refusal, with the place and the value where it names a field. */
  const placed = ({ code, hint, message }: Refused, request: Json): RequestRefused => {
    const field = /"([A-Za-z]+)[".[]/.exec(message)?.[1]
    const where = kind === "query" ? "query" : "body"
    const value = field === undefined ? undefined : request[field]
    return refuse(400, code, message, {
      ...(field === undefined ? { place: where } : { place: `${where} ${field}` }),
      ...(value === undefined || JSON.stringify(value).length > SHOWN ? {} : { value: value as Schema.Json }),
      remedy: hint ?? `/docs#${operation.id} says what is taken`
    })
  }

  const checked = (request: Json): Effect.Effect<Json, RequestRefused> =>
    Effect.suspend(() => {
      check(request)
      return Effect.succeed(request)
    }).pipe(
      Effect.catchDefect((defect) =>
        Predicate.isTagged(defect, "Refused")
          ? Effect.fail(placed(defect as unknown as Refused, request))
          : Effect.die(defect)
      )
    )

  /** With ids that follow from the key: of the command, and of a task that has none. */
  const keyed = (request: Json, key: Keyed): Json => {
    const { commandId: _, ...meant } = request
    const { requests } = meant
    if (Array.isArray(requests)) {
      return {
        requests: requests.map((one: unknown, index) =>
          Predicate.isObject(one) ? keyed(one as Json, { ...key, key: `${key.key} ${index}` }) : one
        )
      }
    }
    const isNew = "taskType" in meant && meant["taskId"] === undefined && meant["dryRun"] !== true
    return { ...meant, ...(isNew ? { taskId: keyedTaskId(key) } : {}), commandId: keyedId(key, meant) }
  }

  return Effect.fnUntraced(function* (
    http: HttpServerRequest.HttpServerRequest,
    params: Readonly<Record<string, string | undefined>>
  ): Effect.fn.Return<Asked, RequestRefused> {
    const given = Object.fromEntries([...inPath].map(([name, field]) => [field, params[name] ?? ""]))
    const query = new URLSearchParams(http.url.split("?").slice(1).join("?"))
    if (kind === "query") {
      const condition = revisionOf(http.headers, operation)
      if (condition instanceof RequestRefused) return yield* condition
      return { request: yield* checked({ ...readQuery(query, kinds), ...given }), conditional: false }
    }
    const [passedOver] = query
    if (passedOver !== undefined) {
      const [name, value] = passedOver
      return yield* refuse(
        400,
        "invalidRequest",
        `a command has no query, and this one has ${JSON.stringify(name.slice(0, 100))}`,
        {
          place: `query ${name.slice(0, 100)}`,
          value: value.slice(0, 100),
          remedy: "send its fields in the body"
        }
      )
    }
    const body = method === "DELETE" && http.headers["content-type"] === undefined ? {} : yield* bodyOf(http)
    const twice = [...inPath.values()].find((field) => Object.hasOwn(body, field) && body[field] !== given[field])
    if (twice !== undefined) {
      return yield* refuse(400, "invalidRequest", `${twice} stands in the path, and is another one in the body`, {
        place: `body ${twice}`,
        value: String(body[twice]).slice(0, 100),
        remedy: "leave it out of the body"
      })
    }
    const key = keyOf(http.headers)
    if (key instanceof RequestRefused) return yield* key
    if (key !== undefined && body["commandId"] !== undefined) {
      return yield* refuse(400, "invalidRequest", "there is an Idempotency-Key, and a commandId in the body", {
        place: "body commandId",
        remedy: "send one of them: they mean the same"
      })
    }
    const revision = revisionOf(http.headers, operation)
    if (revision instanceof RequestRefused) return yield* revision
    if (revision !== undefined && body["ifRevision"] !== undefined && body["ifRevision"] !== revision) {
      return yield* refuse(
        400,
        "invalidRequest",
        `If-Match names revision ${revision}, and ifRevision in the body another one`,
        {
          place: "body ifRevision",
          value: String(body["ifRevision"]).slice(0, 100),
          remedy: "send one of them: they mean the same"
        }
      )
    }
    const whole = yield* checked({
      ...body,
      ...given,
      ...(revision === undefined ? {} : { ifRevision: revision })
    })
    const request = key === undefined ? whole : keyed(whole, { method, path: pathOf(http.url), key })
    return { request, conditional: revision !== undefined }
  })
}
