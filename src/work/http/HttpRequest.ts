/**
 * `http_request`: sends a request, and is done when the answer has one of the expected statuses.
 *
 * At least once: a request may have been carried out though its answer was lost. `Idempotency-Key` is the same in all
 * attempts of an execution, for servers that know it. Redirects are followed (five at most), each checked like the first;
 * what is secret in the headers is not told to another origin. An answer that will not change (4xx, but for 408, 425 and
 * 429) fails for good.
 */
import { request as httpRequest, type IncomingMessage } from "node:http"
import { request as httpsRequest } from "node:https"
import { isIPv6, type LookupFunction } from "node:net"
import { Effect, Predicate, Result, Schema } from "effect"
import { Output } from "../Output.ts"
import { type AttemptContext, implement, TaskFailed } from "../TaskType.ts"
import { addressesOf } from "./AllowedAddresses.ts"
import {
  addressOf,
  type HttpRequestArgs,
  HttpRequestDeclaration,
  type HttpRequestResult,
  statusRange
} from "./HttpRequestArgs.ts"

const MAX_REDIRECTS = 5

/** RFC 9110, 15.4 and 15.4.4: where to go from here. */
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** Statuses of the client's fault that may pass: timeout, too early, too many requests. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429])

/** Not for the eyes of another origin than the one they were given for. */
const SECRET: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization", "x-api-key"])

/** Methods whose requests have no body of their own. */
const SAYS_NOTHING: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS"])

interface Sent {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Output
}

/** An address as it may be told: without user, password and query. */
const shown = (url: URL): string => `${url.origin}${url.pathname}`

const failed = (code: string, message: string, retryable: boolean, detail?: Schema.Json) =>
  new TaskFailed({ error: { code, message, ...(detail === undefined ? {} : { detail }) }, retryable })

/** Connects to the addresses that were checked, whatever the name leads to by now. */
const pinned =
  (addresses: ReadonlyArray<string>): LookupFunction =>
  (_host, options, callback) => {
    const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }))
    const [first] = all
    if (options.all === true) callback(null, all)
    else callback(null, first?.address ?? "", first?.family ?? 4)
  }

const headersOf = (message: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(message.headers).flatMap(([name, value]) =>
      value === undefined || name === "set-cookie" ? [] : [[name, [value].flat().join(", ")]]
    )
  )

/** An error of a socket in words; those of several addresses tried have only a code. */
const reasonOf = (cause: Error): string => {
  const code = "code" in cause ? String(cause.code) : ""
  return cause.message === "" || code === "" || cause.message.includes(code)
    ? cause.message || code || "the connection failed"
    : `${cause.message} (${code})`
}

/** One request to checked addresses; of the body, no more is read than is kept. */
const exchange = (sent: Sent, addresses: ReadonlyArray<string>, maxBytes: number): Effect.Effect<Answer, TaskFailed> =>
  Effect.callback((resume) => {
    const secure = sent.url.protocol === "https:"
    const fail = (cause: Error) =>
      resume(Effect.fail(failed("unreachable", `${sent.method} ${shown(sent.url)}: ${reasonOf(cause)}`, true)))
    const request = (secure ? httpsRequest : httpRequest)(sent.url, {
      method: sent.method,
      headers: {
        ...sent.headers,
        ...(sent.body === undefined ? {} : { "content-length": String(sent.body.length) })
      },
      lookup: pinned(addresses),
      agent: false
    })
    request.on("error", fail)
    request.on("response", (message) => {
      const body = new Output(maxBytes)
      const answer = () =>
        resume(Effect.succeed({ status: message.statusCode ?? 0, headers: headersOf(message), body }))
      message.on("data", (chunk: Buffer) => {
        body.push(chunk)
        if (body.total <= maxBytes * 2) return
        answer()
        message.destroy()
      })
      message.on("end", answer)
      message.on("error", fail)
      message.on("aborted", () => fail(new Error("the answer broke off")))
    })
    request.end(sent.body)
    return Effect.sync(() => request.destroy())
  })

/** What the next request of a redirect is; undefined where the answer is the last. */
const redirected = (sent: Sent, { headers, status }: Answer): Result.Result<Sent, string> | undefined => {
  const location = headers["location"]
  if (!REDIRECTS.has(status) || location === undefined) return undefined
  if (!URL.canParse(location, sent.url.href))
    return Result.fail(`redirects to ${JSON.stringify(location)}, which is no address`)
  const url = new URL(location, sent.url)
  const fine = addressOf(url.href)
  if (Result.isFailure(fine)) return Result.fail(`redirects to ${shown(url)}, which ${fine.failure}`)
  const asGet = status === 303 ? sent.method !== "HEAD" : status < 303 && sent.method === "POST"
  const kept = Object.entries(sent.headers).filter(([name]) => {
    const lower = name.toLowerCase()
    if (url.origin !== sent.url.origin && SECRET.has(lower)) return false
    return !(asGet && lower.startsWith("content-"))
  })
  return Result.succeed({
    url,
    method: asGet ? "GET" : sent.method,
    headers: Object.fromEntries(kept),
    body: asGet ? undefined : sent.body
  })
}

const expects = (args: HttpRequestArgs, status: number): boolean =>
  [args.expectStatus].flat().some((wanted) => {
    if (Predicate.isNumber(wanted)) return wanted === status
    const [from = 0, to = 0] = statusRange(wanted) ?? []
    return from <= status && status <= to
  })

/** Without its percent signs, where they stand for characters. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** As a header can say it: what is no visible ASCII is percent-encoded. A subject may be any text. */
const visible = (text: string): string => text.replace(/[^\x21-\x7e]+/gu, encodeURIComponent)

const firstRequest = (args: HttpRequestArgs, context: AttemptContext): Sent => {
  const url = new URL(args.url)
  const { password, username } = url
  url.username = ""
  url.password = ""
  const credentials = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")
  // What changes something says what has happened, where the task does not say something else.
  const body = args.body ?? (SAYS_NOTHING.has(args.method) ? undefined : context.message?.data)
  const isText = Predicate.isString(body)
  const given = new Map(Object.entries(args.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    url,
    method: args.method,
    headers: {
      "user-agent": "nagatha-scheduler",
      accept: "*/*",
      ...(body === undefined ? {} : { "content-type": isText ? "text/plain; charset=utf-8" : "application/json" }),
      ...(username === "" ? {} : { authorization: `Basic ${credentials}` }),
      "idempotency-key": context.idempotencyKey,
      ...Object.fromEntries(given),
      "nagatha-task-id": context.taskId,
      "nagatha-execution-id": context.executionId,
      "nagatha-nominal-at": context.nominalAt,
      "nagatha-attempt": String(context.attempt),
      ...(context.chain === 0 ? {} : { "nagatha-chain": String(context.chain) }),
      ...(context.message === undefined
        ? {}
        : {
            "nagatha-message-id": visible(context.message.id),
            "nagatha-message-subject": visible(context.message.subject)
          })
    },
    body: body === undefined ? undefined : Buffer.from(isText ? body : JSON.stringify(body))
  }
}

const isJson = Schema.is(Schema.Json)

const parsed = (text: string): Schema.Json | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isJson(value) ? value : undefined
  } catch {
    return undefined
  }
}

const resultOf = ({ body, headers, status }: Answer): HttpRequestResult => {
  const { base64, text, truncated } = body.kept()
  const saysJson = /^application\/([^;]*\+)?json\b/i.test(headers["content-type"] ?? "")
  const value = saysJson && !truncated ? parsed(text) : undefined
  return { status, headers, body: value ?? text, ...(base64 === undefined ? {} : { bodyBase64: base64 }), truncated }
}

const send = Effect.fnUntraced(function* (args: HttpRequestArgs, context: AttemptContext) {
  let sent = firstRequest(args, context)
  for (let hops = 0; ; hops++) {
    const addresses = yield* addressesOf(sent.url.hostname).pipe(
      Effect.mapError((error) =>
        failed(
          error._tag === "AddressRefused" ? "addressRefused" : "unreachable",
          error.message,
          error._tag === "NoSuchHost"
        )
      )
    )
    const answer = yield* exchange(sent, addresses, context.limits.maxOutputBytes)
    const place = `${sent.method} ${shown(sent.url)}`
    const next = expects(args, answer.status) ? undefined : redirected(sent, answer)
    if (next === undefined) {
      const result = resultOf(answer)
      if (expects(args, answer.status)) return result
      const wanted = [args.expectStatus].flat().join(", ")
      const forGood = answer.status >= 400 && answer.status < 500 && !PASSING.has(answer.status)
      const message = `${place}: answered with status ${answer.status}; expected: ${wanted}`
      return yield* failed("status", message, !forGood, { ...result })
    }
    if (Result.isFailure(next)) return yield* failed("redirect", `${place}: ${next.failure}`, false)
    if (hops === MAX_REDIRECTS) {
      return yield* failed("redirect", `${place}: redirects more than ${MAX_REDIRECTS} times`, false)
    }
    sent = next.success
  }
})

const limited = (args: HttpRequestArgs, context: AttemptContext) => {
  const { timeoutMs } = args
  if (timeoutMs === undefined) return send(args, context)
  return Effect.timeoutOrElse(send(args, context), {
    duration: timeoutMs,
    orElse: () =>
      Effect.fail(
        failed("timeout", `${args.method} ${shown(new URL(args.url))}: no whole answer within ${timeoutMs} ms`, true)
      )
  })
}

export const HttpRequest = implement(HttpRequestDeclaration, limited)
