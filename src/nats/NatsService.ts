/**
 * A NATS service (ADR-32): endpoints that take JSON and answer JSON, errors in the headers `Nats-Service-Error` and
 * `Nats-Service-Error-Code` with the details as JSON, and answers to `$SRV.PING`, `INFO` and `STATS`, so that
 * `nats micro ls` shows every node.
 */
import type { Msg } from "@nats-io/transport-node"
import { Context, Effect, Layer, type Scope } from "effect"
import { Refused } from "../actors/door/TaskRequest.ts"
import { errorJson, type Question } from "../service/Answered.ts"
import { statusOf } from "../service/Status.ts"
import { headersOf, NatsConnection, reasonOf } from "./NatsConnection.ts"
import { isInbox } from "./Roles.ts"

export interface NodeIdentity {
  /** Unique to this process. */
  readonly nodeId: string
  readonly host: string
  readonly pid: number
  readonly roles: ReadonlyArray<string>
  /** RFC 3339. */
  readonly startedAt: string
  readonly version: string
}

export const SERVICE = "nagatha"

const singleLine = (text: string): string => text.replace(/[\r\n]+/g, " ").slice(0, 500)

/** Requests that wait for their answer: to which endpoint, and since when. */
const asked = new WeakMap<Msg, { readonly endpoint: Endpoint; readonly at: number }>()

/** Counts an answer, once for each request. */
const answered = (message: Msg, refused?: Refused): void => {
  const one = asked.get(message)
  if (one === undefined) return
  asked.delete(message)
  const { at, endpoint } = one
  endpoint.answers += 1
  endpoint.processingMs += performance.now() - at
  if (refused === undefined) return
  endpoint.errors += 1
  endpoint.lastError = `${statusOf(refused)}:${singleLine(refused.message)}`
}

/**
 * Answers with JSON. Never throws: an answer that NATS cannot carry becomes an error, and one for which there is no
 * connection any more is dropped (the asker's outcome is then unknown).
 */
export const respond = (message: Msg, answer: unknown): void => {
  const text = JSON.stringify(answer)
  try {
    message.respond(text)
    answered(message)
  } catch (cause) {
    const bytes = Buffer.byteLength(text)
    const why = `the answer cannot be sent (${bytes} bytes): ${reasonOf(cause)}`
    respondError(message, new Refused({ code: "answerTooLarge", message: why, hint: "ask for less at a time (limit)" }))
  }
}

/** Answers with what went wrong. Never throws. */
export const respondError = (message: Msg, refused: Refused): void => {
  answered(message, refused)
  const { detail: _, ...short } = errorJson(refused)
  const headers = headersOf({
    "Nats-Service-Error": singleLine(refused.message),
    "Nats-Service-Error-Code": String(statusOf(refused))
  })
  for (const error of [errorJson(refused), { ...short, message: singleLine(short.message) }]) {
    try {
      message.respond(JSON.stringify({ error }), { headers })
      return
    } catch {
      // Too large with its details, or there is no connection any more.
    }
  }
}

/** The JSON of a request; an empty one is `{}`. */
export const readJson = (message: Msg): unknown => {
  const text = message.string()
  if (text.trim() === "") return {}
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Refused({ code: "invalidRequest", message: `the request is not JSON: ${String(cause)}` })
  }
}

/** What an endpoint could not foresee; the details are in the node's log only. */
export const asRefused = (cause: unknown): Refused =>
  cause instanceof Refused
    ? cause
    : new Refused({ code: "internal", message: "the service failed to answer; its log tells why" })

/** An endpoint that answers a question: with JSON, with its refusal, or that the node's log tells more. */
export const answering =
  (services: Context.Context<never>, name: string, answer: Question["answer"]) =>
  (message: Msg): void =>
    void Effect.runForkWith(services)(
      answer(readJson(message)).pipe(
        Effect.match({
          onSuccess: (given) => respond(message, given),
          onFailure: (refused) => respondError(message, refused)
        }),
        Effect.catchCause((cause) =>
          Effect.andThen(
            Effect.logError(`${name} failed`, cause),
            Effect.sync(() =>
              respondError(
                message,
                new Refused({ code: "internal", message: "the query failed; the node's log tells why" })
              )
            )
          )
        )
      )
    )

interface Endpoint {
  readonly name: string
  readonly subject: string
  readonly group: string | null
  /** What the request and the answer look like, by the names of their schemas. */
  readonly metadata: Readonly<Record<string, string>>
  requests: number
  answers: number
  errors: number
  lastError: string
  processingMs: number
}

const nanos = (ms: number): number => Math.round(ms * 1_000_000)

/** Names of the schemas of an endpoint that takes commands or questions; `nagatha schema NAME` prints them. */
const schemasOf = (name: string): Readonly<Record<string, string>> => {
  const [kind, verb] = name.split("-")
  return (kind === "command" || kind === "query") && verb !== "partitions"
    ? { request: `${kind}.${verb ?? ""}`, answer: `${kind}.${verb ?? ""}.answer`, error: "error" }
    : {}
}

export class NatsService extends Context.Service<
  NatsService,
  {
    readonly identity: NodeIdentity
    /**
     * Answers requests on a subject for as long as the scope is open. With a `group` the nodes share the requests, with
     * null every node gets each. An exception of `handle` is answered as an error.
     */
    endpoint(
      name: string,
      subject: string,
      group: string | null,
      handle: (message: Msg) => void
    ): Effect.Effect<void, never, Scope.Scope>
  }
>()("nagatha/nats/NatsService") {
  static readonly layer = (identity: NodeIdentity): Layer.Layer<NatsService, never, NatsConnection> =>
    Layer.effect(NatsService, make(identity))
}

const make = Effect.fnUntraced(function* (identity: NodeIdentity) {
  const { connection, listen } = yield* NatsConnection
  const services = yield* Effect.context<never>()
  const endpoints: Array<Endpoint> = []

  const subscribe = (subject: string, group: string | null, callback: (message: Msg) => void) =>
    Effect.acquireRelease(
      Effect.sync(() =>
        listen(
          subject,
          (message) => {
            // An answer goes where the asker says: only ever into an inbox, or it could be written into the log.
            if (isInbox(message.reply)) callback(message)
          },
          group === null ? {} : { queue: group }
        )
      ),
      (subscription) =>
        Effect.sync(() => {
          if (!connection.isClosed()) subscription.unsubscribe()
        })
    )

  const base = {
    name: SERVICE,
    id: identity.nodeId,
    version: identity.version,
    metadata: {
      host: identity.host,
      pid: String(identity.pid),
      roles: identity.roles.join(","),
      startedAt: identity.startedAt
    }
  }
  const shown = ({ group, name, subject }: Endpoint) => ({ name, subject, queue_group: group ?? "" })
  const monitors: Readonly<Record<string, () => unknown>> = {
    PING: () => ({ type: "io.nats.micro.v1.ping_response", ...base }),
    INFO: () => ({
      type: "io.nats.micro.v1.info_response",
      ...base,
      description: "Nagatha Scheduler",
      endpoints: endpoints.map((one) => ({ ...shown(one), metadata: one.metadata }))
    }),
    STATS: () => ({
      type: "io.nats.micro.v1.stats_response",
      ...base,
      started: identity.startedAt,
      endpoints: endpoints.map((one) => ({
        ...shown(one),
        num_requests: one.requests,
        num_errors: one.errors,
        last_error: one.lastError,
        processing_time: nanos(one.processingMs),
        average_processing_time: one.answers === 0 ? 0 : nanos(one.processingMs / one.answers)
      }))
    })
  }
  for (const [verb, answer] of Object.entries(monitors)) {
    for (const subject of [`$SRV.${verb}`, `$SRV.${verb}.${SERVICE}`, `$SRV.${verb}.${SERVICE}.${identity.nodeId}`]) {
      yield* subscribe(subject, null, (message) => respond(message, answer()))
    }
  }

  return NatsService.of({
    identity,
    endpoint: (name, subject, group, handle) => {
      const metadata = schemasOf(name)
      const counters: Endpoint = {
        name,
        subject,
        group,
        metadata,
        requests: 0,
        answers: 0,
        errors: 0,
        lastError: "",
        processingMs: 0
      }
      endpoints.push(counters)
      return Effect.asVoid(
        subscribe(subject, group, (message) => {
          counters.requests += 1
          asked.set(message, { endpoint: counters, at: performance.now() })
          try {
            handle(message)
          } catch (cause) {
            if (!(cause instanceof Refused)) Effect.runForkWith(services)(Effect.logError(`${name} failed`, cause))
            respondError(message, asRefused(cause))
          }
        })
      )
    }
  })
})
