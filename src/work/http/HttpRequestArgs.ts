/** The arguments and the result of `http_request`, without the code that sends. */
import { Effect, Result, Schema } from "effect"
import { declareTaskType } from "../TaskType.ts"

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const

/** Statuses as people write them: `204`, `2xx`, `200-299`. */
const STATUS = /^([1-5])xx$|^([1-5]\d\d)(?:-([1-5]\d\d))?$/i

/** What a text stands for, from the first to the last; undefined where it stands for nothing. */
export const statusRange = (text: string): readonly [from: number, to: number] | undefined => {
  const [, hundred, from, to] = STATUS.exec(text.trim()) ?? []
  if (hundred !== undefined) return [Number(hundred) * 100, Number(hundred) * 100 + 99]
  if (from === undefined) return undefined
  return Number(to ?? from) < Number(from) ? undefined : [Number(from), Number(to ?? from)]
}

const Status = Schema.Union([
  Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 599 })),
  Schema.String.check(
    Schema.makeFilter((text: string) =>
      statusRange(text) === undefined ? "must be such as 204, 2xx or 200-299" : undefined
    )
  )
])

/** A header's name by RFC 9110, 5.1. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Set by the request itself. */
const OWN: ReadonlySet<string> = new Set(["host", "content-length", "transfer-encoding", "connection", "upgrade"])

const wrongHeader = (headers: Readonly<Record<string, string>>): string | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name)) return `has a name that no header can have: ${JSON.stringify(name)}`
    if (OWN.has(name.toLowerCase())) return `must not have ${JSON.stringify(name)}: it follows from the rest`
    if (/[\r\n]/.test(value)) return `has a line end in ${JSON.stringify(name)}`
    // RFC 9110, 5.5: printable ASCII, spaces, tabs, and bytes of no meaning.
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      return `has a character in ${JSON.stringify(name)} that no header can have`
  }
  return undefined
}

/** Why a text is no address to call, or the address. */
export const addressOf = (text: string): Result.Result<URL, string> => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url === undefined || !/^https?:$/.test(url.protocol)
    ? Result.fail("must be a whole address that begins with http:// or https://")
    : Result.succeed(url)
}

export const HttpRequestArgs = Schema.Struct({
  url: Schema.String.check(
    Schema.makeFilter((text: string) => {
      const address = addressOf(text)
      return Result.isFailure(address) ? address.failure : undefined
    })
  ).annotate({ description: "what to call, such as https://example.org/hooks/nightly" }),
  method: Schema.Literals(METHODS).pipe(Schema.withDecodingDefaultKey(Effect.succeed("GET" as const))),
  headers: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.String)
      .check(Schema.makeFilter(wrongHeader))
      .annotate({ description: 'headers, such as {"Authorization": "Bearer …"}' })
  ),
  body: Schema.optionalKey(
    Schema.Json.annotate({ description: "text, sent as it is, or any other JSON, sent as application/json" })
  ),
  expectStatus: Schema.Union([Status, Schema.Array(Status)])
    .annotate({ description: 'what counts as done: 204, "2xx", "200-299", or a list of these' })
    .pipe(Schema.withDecodingDefaultKey(Effect.succeed("2xx"))),
  timeoutMs: Schema.optionalKey(
    Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)).annotate({
      description: "how long the whole answer may take, milliseconds; default: the attempt's own limit"
    })
  )
})
export type HttpRequestArgs = typeof HttpRequestArgs.Type

export const HttpRequestResult = Schema.Struct({
  status: Schema.Int,
  /** Names in lower case; `set-cookie` is left out. */
  headers: Schema.Record(Schema.String, Schema.String),
  /** JSON where the answer says that it is and could be kept whole, else text. */
  body: Schema.Json,
  /** All bytes of the body, where they are no text. */
  bodyBase64: Schema.optionalKey(Schema.String),
  /** Whether the body was cut; the place is marked in it. */
  truncated: Schema.Boolean
})
export type HttpRequestResult = typeof HttpRequestResult.Type

export const HttpRequestDeclaration = declareTaskType({
  name: "http_request",
  description: "Sends an HTTP request and checks the status of the answer.",
  args: HttpRequestArgs,
  result: HttpRequestResult
})
