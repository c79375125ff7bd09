/**
 * The API as Effect's `HttpApi`, made from the list of operations, and its OpenAPI 3.1 document: requests, answers and
 * parameters are the JSON Schemas of the catalogue, so that the document says what the service reads and writes.
 */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Preview } from "../actors/door/PreviewRequest.ts"
import { QueueView } from "../actors/door/QueueRequest.ts"
import { Run } from "../actors/door/TaskRequest.ts"
import { ScheduledTask } from "../projections/ScheduledTask.ts"
import { TaskExecution } from "../projections/TaskExecution.ts"
import { Subscription } from "../service/Cursors.ts"
import { ServiceStatus } from "../service/FrontDoor.ts"
import { describedField } from "./FieldWords.ts"
import { type Group, GROUPS, type Operation, pathParameters } from "./Operation.ts"
import { Problem, PROBLEM_TYPE, TITLES } from "./Problem.ts"
import { OPERATIONS } from "./operations/Operations.ts"

type Json = Record<string, unknown>

/** Parts of the document that are referred to by name. */
const MODELS: Readonly<Record<string, Schema.Constraint>> = {
  ScheduledTask,
  TaskExecution,
  QueueView,
  Subscription,
  ServiceStatus,
  Preview,
  Run,
  Problem
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

class Components {
  readonly schemas: Json = {}
  readonly #named: ReadonlyMap<string, string>

  constructor() {
    const named = Object.entries(MODELS).map(([name, schema]) => {
      const made = this.#made(schema, false)
      return [name, made] as const
    })
    this.#named = new Map(named.map(([name, made]) => [JSON.stringify(made), name]))
    for (const [name, made] of named) this.schemas[name] = this.#referring(described(made), name)
  }

  /** A schema for the document: what has a name is referred to by it. */
  of(schema: Schema.Constraint, closed: boolean): unknown {
    return described(this.#referring(this.#made(schema, closed)))
  }

  #made(schema: Schema.Constraint, closed: boolean): unknown {
    const made = Schema.toJsonSchemaDocument(schema, { onExcessProperty: closed ? "error" : "ignore" })
    for (const [name, one] of Object.entries(made.definitions)) this.schemas[name] ??= moved(one)
    return moved(made.schema)
  }

  #referring(value: unknown, itself?: string): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#referring(one))
    if (!isObject(value)) return value
    const name = this.#named?.get(JSON.stringify(value))
    if (name !== undefined && name !== itself) return { $ref: `#/components/schemas/${name}` }
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#referring(one)]))
  }
}

/** References of JSON Schema lead into the document; anything or something else is anything. */
const moved = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(moved)
  if (!isObject(value)) return value
  const { anyOf, ...others } = value
  if (Array.isArray(anyOf) && anyOf.some((one) => isObject(one) && Object.keys(one).length === 0)) return moved(others)
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === "$ref" && typeof one === "string" ? one.replace("#/$defs/", "#/components/schemas/") : moved(one)
    ])
  )
}

/** With the words of fields that are known by their names. */
const described = (schema: unknown): unknown => {
  if (!isObject(schema) || !isObject(schema["properties"])) return schema
  const properties = Object.entries(schema["properties"]).map(([name, one]) => [name, withWords(name, one)])
  return { ...schema, properties: Object.fromEntries(properties) as Json }
}
const withWords = (name: string, schema: unknown): unknown => {
  const words = describedField(name)
  if (words === undefined || !isObject(schema) || "$ref" in schema || "description" in schema) return schema
  return { ...schema, description: words }
}

const problem = (description: string, code: string, status: number, detail: string) => ({
  description,
  content: {
    [PROBLEM_TYPE]: {
      schema: { $ref: "#/components/schemas/Problem" },
      example: { type: `urn:nagatha:problem:${code}`, title: TITLES[code], status, detail, code }
    }
  }
})

const RESPONSES: Readonly<Record<string, unknown>> = {
  BadRequest: problem(
    "The request cannot be read, or says what cannot be.",
    "invalidRequest",
    400,
    'the request cannot be read: "limit" must be at most 1000, not 5000'
  ),
  Unauthorized: problem(
    "A token is needed, or is another one.",
    "unauthorized",
    401,
    "this needs a token, or a session"
  ),
  Forbidden: problem(
    "A browser asks for another site.",
    "foreignOrigin",
    403,
    "pages of https://example.org may not ask this"
  ),
  NotFound: problem(
    "There is no such thing.",
    "notFound",
    404,
    'no task has the id "clock", or an id that begins with it'
  ),
  Conflict: problem("It conflicts with what is there.", "alreadyCancelled", 409, "task clock is cancelled already"),
  PreconditionFailed: problem(
    "Somebody else has changed it (If-Match).",
    "revisionConflict",
    412,
    "task clock has revision 4 by now, not 3"
  ),
  TooLarge: problem("The body is too large.", "tooLarge", 413, "the body has 2000000 bytes; at most 1048576 are taken"),
  NotJson: problem("The body must be JSON.", "unsupportedMediaType", 415, 'the body must be JSON, not "text/plain"'),
  KeyReused: problem(
    "The Idempotency-Key was used for another request.",
    "keyReused",
    422,
    "this key was used for another request; nothing was done"
  ),
  Unavailable: problem(
    "Ask again in a moment (Retry-After).",
    "busy",
    503,
    "64 questions of this kind are being answered just now"
  ),
  Unknown: problem(
    "It is not known whether it was done: send it again with the same key.",
    "outcomeUnknown",
    504,
    "no answer to the command; it may have been carried out"
  )
}

const ref = (name: string) => ({ $ref: `#/components/responses/${name}` })

const header = (name: string, description: string, pattern?: string) => ({
  name,
  in: "header",
  required: false,
  description,
  schema: { type: "string", ...(pattern === undefined ? {} : { pattern }) }
})

const STREAMS = ["streamEvents", "streamLive", "followOutput"]

const responsesOf = (operation: Operation, components: Components): Json => {
  const { answer, creates, example: _, id, kind, revision } = operation
  const schema = components.of(answer, false)
  const isPaged = isObject(schema) && isObject(schema["properties"]) && "nextCursor" in schema["properties"]
  const headers = {
    ...(revision === undefined
      ? {}
      : { etag: { description: "The revision, for If-Match", schema: { type: "string" } } }),
    ...(isPaged ? { link: { description: 'The next page: <…>; rel="next"', schema: { type: "string" } } } : {}),
    ...(creates === undefined ? {} : { location: { description: "Where it is", schema: { type: "string" } } })
  }
  const stream = {
    "text/event-stream": { schema: { type: "string", description: "Server-sent events, JSON in each data field" } },
    "application/x-ndjson": { schema: { type: "string", description: "A JSON value a line" } }
  }
  const content = STREAMS.includes(id)
    ? { ...stream, ...(id === "streamEvents" ? { "application/json": { schema } } : {}) }
    : { "application/json": { schema } }
  const ok = { description: "Done, or found.", ...(Object.keys(headers).length === 0 ? {} : { headers }), content }
  const common = {
    "400": ref("BadRequest"),
    "401": ref("Unauthorized"),
    "403": ref("Forbidden"),
    "404": ref("NotFound"),
    "503": ref("Unavailable")
  }
  const command = {
    "409": ref("Conflict"),
    ...("ifRevision" in operation.fields ? { "412": ref("PreconditionFailed") } : {}),
    "413": ref("TooLarge"),
    "415": ref("NotJson"),
    "422": ref("KeyReused"),
    "504": ref("Unknown")
  }
  return {
    "200": ok,
    ...(creates === undefined ? {} : { "201": { ...ok, description: "Made." } }),
    ...common,
    ...(kind === "command" ? command : {})
  }
}

const parametersOf = (operation: Operation, components: Components): ReadonlyArray<unknown> => {
  const { example, fields, id, kind, method, path } = operation
  const inPath = pathParameters(operation)
  const filled = [...inPath.values()]
  const schema = components.of(Schema.Struct(fields as Schema.Struct.Fields), true)
  const properties = isObject(schema) && isObject(schema["properties"]) ? schema["properties"] : {}
  const required = isObject(schema) && Array.isArray(schema["required"]) ? schema["required"] : []
  const one = (name: string, where: "path" | "query", field = name) => {
    const { description, ...rest } = (properties[field] ?? { type: "string" }) as Json
    return {
      name,
      in: where,
      required: where === "path" || required.includes(name),
      description: description ?? describedField(name) ?? name,
      schema: rest,
      ...(example[field] === undefined ? {} : { example: example[field] })
    }
  }
  return [
    ...[...inPath].map(([name, field]) => one(name, "path", field)),
    ...(kind === "query"
      ? Object.keys(properties)
          .filter((name) => !filled.includes(name))
          .map((name) => one(name, "query"))
      : []),
    ...(kind === "command" &&
    !path.endsWith("/session") &&
    (method === "POST" || method === "PATCH" || method === "PUT")
      ? [header("Idempotency-Key", "One key for one request: sent again, it is carried out at most once.")]
      : []),
    ...("ifRevision" in fields
      ? [header("If-Match", "Carried out on this revision only: an ETag.", '^("\\d+"|\\*)$')]
      : []),
    ...(id === "streamEvents" ? [header("Last-Event-ID", "Go on behind this event.", "^\\d+\\.\\d+$")] : [])
  ]
}

const bodyFields = (operation: Operation): Schema.Struct.Fields => {
  const filled = [...pathParameters(operation).values()]
  return Object.fromEntries(
    Object.entries(operation.fields).filter(([name]) => !filled.includes(name))
  ) as Schema.Struct.Fields
}

const bodyOf = (operation: Operation, components: Components): Json | undefined => {
  if (operation.kind !== "command" || operation.method === "DELETE") return undefined
  const fields = bodyFields(operation)
  const filled = [...pathParameters(operation).values()]
  const example = Object.fromEntries(Object.entries(operation.example).filter(([name]) => !filled.includes(name)))
  return {
    required: Object.keys(example).length > 0,
    content: { "application/json": { schema: components.of(Schema.Struct(fields), true), example } }
  }
}

/** The endpoint of an operation; it reads nothing itself, for the service does. */
const endpointOf = (operation: Operation, components: Components) => {
  const { description, id, method, path, summary } = operation
  const inPath = [...pathParameters(operation).keys()]
  const at = path.replaceAll(/\{(\w+)\}/g, ":$1") as `/${string}`
  const body = bodyOf(operation, components)
  const params = Object.fromEntries(inPath.map((name) => [name, Schema.String]))
  return HttpApiEndpoint.make(method)(id, at, {
    ...(inPath.length === 0 ? {} : { params }),
    success: Schema.Json
  }).annotateMerge(
    OpenApi.annotations({
      identifier: id,
      summary: summary.replace(/\.$/, ""),
      ...(description === undefined ? {} : { description }),
      transform: (made) => ({
        ...made,
        parameters: parametersOf(operation, components),
        responses: responsesOf(operation, components),
        ...(body === undefined ? {} : { requestBody: body }),
        security: id === "login" ? [] : [{ token: [] }, { session: [] }]
      })
    })
  )
}

export interface ApiOptions {
  readonly version: string
  /** Where it is served. */
  readonly url: string
  /** Name of the session's cookie. */
  readonly cookie: string
}

const whole =
  ({ cookie, url }: ApiOptions, components: Components) =>
  (document: Json): Json => ({
    ...document,
    servers: [{ url, description: "This service" }],
    security: [{ token: [] }, { session: [] }],
    components: {
      schemas: components.schemas,
      responses: RESPONSES,
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: 'The file "token" of the data directory, or NAGATHA_TOKEN'
        },
        session: { type: "apiKey", in: "cookie", name: cookie, description: "A browser that has opened a login link" }
      }
    }
  })

/** The API, and its document. */
export const make = (options: ApiOptions) => {
  const components = new Components()
  const groups = (Object.keys(GROUPS) as ReadonlyArray<Group>).map((group) =>
    HttpApiGroup.make(group)
      .add(
        ...(OPERATIONS.filter((one) => one.group === group).map((one) => endpointOf(one, components)) as unknown as [
          HttpApiEndpoint.Top
        ])
      )
      .annotateMerge(OpenApi.annotations({ description: GROUPS[group] }))
  )
  const api = HttpApi.make("nagatha")
    .add(...(groups as unknown as [HttpApiGroup.Top]))
    .annotateMerge(
      OpenApi.annotations({
        title: "Nagatha Scheduler",
        version: options.version,
        license: { name: "MIT", url: "https://opensource.org/license/mit" },
        description:
          "Do this at that time. The same commands and questions as on the command line, with the same words and the same codes of errors. Fields of answers may become more: pass over what you do not know.",
        transform: whole(options, components)
      })
    )
  return { api, document: OpenApi.fromApi(api) as unknown as Json }
}
