/**
 * The connection of one role to the server, and the way to ask on it.
 *
 * The client library silently drops what is published while it is disconnected, and lets those who wait run into their
 * timeouts. Here each request has a known end: a reply, or `Lost` (at once when the connection breaks), which means that
 * it may have arrived or not. Nothing is sent while there is no connection.
 */
import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream"
import {
  connect,
  type ConnectionOptions,
  createInbox,
  credsAuthenticator,
  type Msg,
  type MsgHdrs,
  type NatsConnection as Connection,
  nkeyAuthenticator,
  type Subscription
} from "@nats-io/transport-node"
import { Context, Deferred, Effect, Layer, PubSub, Schema, Stream } from "effect"
import { inboxPrefix, type Role } from "./Roles.ts"
import { type Subjects, subjectsOf } from "./Subjects.ts"

/** No server could be reached, or it refused the credentials. */
export class NatsUnreachable extends Schema.TaggedError<NatsUnreachable>()("NatsUnreachable", {
  servers: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `cannot reach NATS at ${this.servers}: ${this.reason}`
  }
}

/** No reply: the request may have arrived or not; unless it was not even `sent`. */
export class Lost {
  readonly _tag = "Lost"
  readonly reason: string
  readonly sent: boolean
  constructor(reason: string, sent = true) {
    this.reason = reason
    this.sent = sent
  }
}

export interface ConnectOptions {
  readonly servers: string
  readonly role: Role
  readonly namespace: string
  readonly user?: string
  readonly password?: string
  readonly token?: string
  /** Text of a credentials file (JWT and seed). */
  readonly credentials?: string
  /** Seed of an nkey. */
  readonly nkey?: string
  readonly tls?: TlsFiles
  /** Default: the role's own, which is the only one that a server with roles answers to. */
  readonly inboxPrefix?: string
  /** Shown in the server's list of connections. */
  readonly name: string
  /** After this a request without a reply is `Lost`; milliseconds. */
  readonly requestTimeoutMs: number
}

/** Paths of PEM files. */
export interface TlsFiles {
  /** Of those who have signed the server's certificate; default: those that Node knows. */
  readonly ca?: string
  /** With which this client shows who it is. */
  readonly cert?: string
  readonly key?: string
  /** Encrypted before the server has said a word; the server must be set to it. */
  readonly first?: boolean
}

export interface ListenOptions {
  /** Each message goes to one of those that listen with this name; without it to all. */
  readonly queue?: string
  /** Told when the server refuses the subscription. */
  refused?(reason: string): void
}

interface Waiting {
  readonly done: (reply: Msg | Lost) => void
  readonly deadline: number
}

/** How often overdue requests are looked for, milliseconds. */
const SWEEP_MS = 100

export class NatsConnection extends Context.Service<
  NatsConnection,
  {
    readonly connection: Connection
    readonly js: JetStreamClient
    /** Only core may use it. */
    readonly jsm: JetStreamManager
    readonly subjects: Subjects
    readonly servers: string
    readonly maxPayload: number
    /** Sends and calls `done` exactly once. */
    request(subject: string, payload: string, done: (reply: Msg | Lost) => void, hdrs?: MsgHdrs): void
    /** Sends without an answer; dropped where there is no connection. What is sent later arrives later. */
    send(subject: string, payload: string, hdrs: MsgHdrs): void
    /**
     * Hears what is published on a subject until it is unsubscribed. An exception of `heard` is logged and goes no
     * further: in the client library it would end the connection's reading for good.
     */
    listen(subject: string, heard: (message: Msg) => void, options?: ListenOptions): Subscription
    /** Whether there is a connection now: what is published without one is dropped. */
    readonly isConnected: () => boolean
    /** Waits for a connection. */
    readonly connected: Effect.Effect<void>
    /** Connections that were lost so far. */
    readonly lost: () => number
    /** Emits after each reconnect. */
    readonly reconnected: Stream.Stream<void>
  }
>()("nagatha/nats/NatsConnection") {
  static readonly layer = (options: ConnectOptions): Layer.Layer<NatsConnection, NatsUnreachable> =>
    Layer.effect(NatsConnection, make(options))
}

/** Headers that are encoded in one go: the client's own map costs several microseconds a message. Values are of one line. */
class PlainHeaders {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  encode(): Uint8Array {
    return Buffer.from(this.#text)
  }
}

/** Headers from pairs, for publishing only. Line breaks in values become spaces. */
export const headersOf = (pairs: Readonly<Record<string, string>>): MsgHdrs => {
  let text = "NATS/1.0\r\n"
  for (const name in pairs) {
    const value = pairs[name] ?? ""
    text += `${name}: ${/[\r\n]/.test(value) ? value.replace(/[\r\n]+/g, " ") : value}\r\n`
  }
  // The client only ever calls `encode` on what it publishes.
  const plain: unknown = new PlainHeaders(`${text}\r\n`)
  return plain as MsgHdrs
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const authenticator = ({ credentials, nkey }: ConnectOptions): Pick<ConnectionOptions, "authenticator"> => {
  if (credentials !== undefined) return { authenticator: credsAuthenticator(bytes(credentials)) }
  return nkey === undefined ? {} : { authenticator: nkeyAuthenticator(bytes(nkey)) }
}

const tlsOptions = ({ tls }: ConnectOptions): Pick<ConnectionOptions, "tls"> => {
  if (tls === undefined) return {}
  const { ca, cert, first, key } = tls
  return {
    tls: {
      ...(ca === undefined ? {} : { caFile: ca }),
      ...(cert === undefined ? {} : { certFile: cert }),
      ...(key === undefined ? {} : { keyFile: key }),
      ...(first === undefined ? {} : { handshakeFirst: first })
    }
  }
}

const inboxPrefixOf = (options: ConnectOptions): string => options.inboxPrefix ?? inboxPrefix(options.role)

const connectionOptions = (options: ConnectOptions): ConnectionOptions => ({
  servers: options.servers.split(","),
  name: options.name,
  inboxPrefix: inboxPrefixOf(options),
  ...(options.user === undefined ? {} : { user: options.user }),
  ...(options.password === undefined ? {} : { pass: options.password }),
  ...(options.token === undefined ? {} : { token: options.token }),
  ...authenticator(options),
  ...tlsOptions(options),
  maxReconnectAttempts: -1,
  reconnectTimeWait: 200,
  reconnectJitter: 100,
  pingInterval: 2000,
  maxPingOut: 2,
  timeout: 2000,
  noAsyncTraces: true,
  // A server that refuses us for a while (its users are being changed) must not end the connection for good.
  ignoreAuthErrorAbort: true
})

const make = Effect.fnUntraced(function* (options: ConnectOptions) {
  const connection = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: () => connect(connectionOptions(options)),
      catch: (cause) => new NatsUnreachable({ servers: options.servers, reason: reasonOf(cause) })
    }),
    (open) =>
      Effect.tryPromise(() => (open.isClosed() ? Promise.resolve() : open.drain())).pipe(
        Effect.timeout("2 seconds"),
        Effect.catch(() => Effect.promise(() => open.close())),
        Effect.ignore
      )
  )
  const js = jetstream(connection, { timeout: options.requestTimeoutMs })
  const jsm = yield* Effect.promise(() =>
    jetstreamManager(connection, { checkAPI: false, timeout: options.requestTimeoutMs })
  )
  const reconnects = yield* PubSub.unbounded<void>()
  const waiting = new Map<string, Waiting>()
  const inbox = createInbox(inboxPrefixOf(options))
  let counter = 0
  let up = true
  let lost = 0
  let whenUp = yield* Deferred.make<void>()
  yield* Deferred.succeed(whenUp, undefined)

  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const guarded = (what: string, act: () => void) => {
    try {
      act()
    } catch (cause) {
      fork(Effect.logError(`${what} could not be dealt with`, cause))
    }
  }
  const listen = (subject: string, heard: (message: Msg) => void, { queue, refused }: ListenOptions = {}) =>
    connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) =>
        guarded(`what came on ${subject}`, () => (error === null ? heard(message) : refused?.(reasonOf(error))))
    })

  const settle = (id: string, reply: Msg | Lost) => {
    const one = waiting.get(id)
    if (one === undefined) return
    waiting.delete(id)
    guarded("the answer to a request", () => one.done(reply))
  }
  const loseAll = (reason: string) => {
    for (const id of waiting.keys()) settle(id, new Lost(reason))
  }
  listen(`${inbox}.*`, (message) => settle(message.subject.slice(inbox.length + 1), message))
  const sweep = setInterval(() => {
    const now = performance.now()
    for (const [id, one] of waiting) {
      if (one.deadline > now) break
      settle(id, new Lost(`no answer within ${options.requestTimeoutMs} ms`))
    }
  }, SWEEP_MS)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      clearInterval(sweep)
      loseAll("the connection was closed")
    })
  )

  const watch = async () => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect" && up) {
        up = false
        lost += 1
        whenUp = Deferred.makeUnsafe<void>()
        loseAll("the connection was lost")
      } else if (status.type === "reconnect" && !up) {
        up = true
        Deferred.doneUnsafe(whenUp, Effect.void)
        PubSub.publishUnsafe(reconnects, undefined)
      }
    }
  }
  yield* Effect.forkScoped(Effect.promise(watch))

  return NatsConnection.of({
    connection,
    js,
    jsm,
    subjects: subjectsOf(options.namespace),
    servers: options.servers,
    maxPayload: connection.info?.max_payload ?? 1_048_576,
    request: (subject, payload, done, hdrs) => {
      if (!up || connection.isClosed()) return done(new Lost("there is no connection", false))
      const id = (counter++).toString(36)
      waiting.set(id, { done, deadline: performance.now() + options.requestTimeoutMs })
      try {
        connection.publish(subject, payload, {
          reply: `${inbox}.${id}`,
          ...(hdrs === undefined ? {} : { headers: hdrs })
        })
      } catch (cause) {
        settle(id, new Lost(reasonOf(cause), false))
      }
    },
    send: (subject, payload, hdrs) => {
      if (up && !connection.isClosed()) connection.publish(subject, payload, { headers: hdrs })
    },
    listen,
    isConnected: () => up && !connection.isClosed(),
    connected: Effect.suspend(() => Deferred.await(whenUp)),
    lost: () => lost,
    reconnected: Stream.fromPubSub(reconnects)
  })
})

/** An exception of the client library in words. */
export const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** True for the server's "nobody listens there". */
export const isNoResponders = (reply: Msg): boolean => reply.headers?.code === 503 && reply.data.length === 0
