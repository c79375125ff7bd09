/**
 * The front door of a running service, for programs. It connects again by itself for as long as it is not closed: a command
 * whose answer is lost with a connection is asked once more, with the same id, and after that its outcome is unknown.
 */
import { Context, Effect, Exit, Layer, Logger, Scope } from "effect"
import { homedir } from "node:os"
import { BadAccess } from "../access/BadAccess.ts"
import { dataDirectory } from "../access/DataDirectory.ts"
import { type Access, findServer, settingsOf } from "../access/FindServer.ts"
import { contextAccess } from "../access/NatsContext.ts"
import { accessFrom } from "../access/SaidAccess.ts"
import { connection } from "../access/ServerAccess.ts"
import type { Variables } from "../access/Variables.ts"
import * as NatsScheduler from "../nats/NatsScheduler.ts"
import { Scheduler, Unreachable } from "../Scheduler.ts"
import * as Settings from "../Settings.ts"
import { make as makeClient, type SchedulerClient } from "./SchedulerClient.ts"

/**
 * Where the service is. With none of `servers`, `context` and `dataDir` it is looked for: `NATS_URL` (with `NATS_USER`,
 * `NATS_PASSWORD`, `NATS_TOKEN`, `NATS_CREDS`, `NATS_NKEY`, `NATS_CA`, `NATS_CERT`, `NATS_KEY`, `NATS_INBOX_PREFIX`), a context of the `nats`
 * tool (`NATS_CONTEXT`, else the selected one; an empty `NATS_CONTEXT` means none), the `nagatha up` of this machine.
 */
export interface ConnectOptions {
  /** One URL of a NATS server, or several of one cluster. */
  readonly servers?: string | ReadonlyArray<string>
  readonly user?: string
  readonly password?: string
  readonly token?: string
  /** Path of a credentials file. */
  readonly creds?: string
  /** Path of a file with the seed of an nkey. */
  readonly nkey?: string
  /** Paths of PEM files. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  /** Default: `_INBOX_client`, which a server with roles wants; `_INBOX` is answered as well. */
  readonly inboxPrefix?: string
  /** Name of a context of the `nats` tool. */
  readonly context?: string
  /** Data directory of a running `nagatha up`. */
  readonly dataDir?: string
  /** Default: `NAGATHA_NAMESPACE`, else `nagatha`. */
  readonly namespace?: string
  /** Who sends the commands, where a request does not say; default `program`. */
  readonly actor?: string
  /** Shown in the server's list of connections; default `nagatha client`. */
  readonly name?: string
  /** After so many milliseconds without an answer a request is asked once more; default 5,000. */
  readonly requestTimeoutMs?: number
  /** In place of the environment of the process. */
  readonly env?: Variables
}

const said = (options: ConnectOptions, home: string, servers: string | ReadonlyArray<string>) => {
  const { ca, cert, creds, inboxPrefix, key, nkey, password, token, user } = options
  const url = typeof servers === "string" ? servers : servers.join(",")
  return accessFrom(
    { url, user, password, token, creds, nkey, ca, cert, key, inboxPrefix },
    "the option servers",
    home,
    (field, reason) =>
      new BadAccess({ name: `the option ${field === "url" ? "servers" : field}`, reason, remedy: "mend the option" })
  )
}

/** What the options say, else what is found; undefined where nothing runs. */
const accessOf = Effect.fnUntraced(function* (options: ConnectOptions) {
  const { context, env = process.env, namespace, requestTimeoutMs, servers } = options
  const home = homedir()
  const changes = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs })
  }
  const outright =
    servers !== undefined
      ? yield* said(options, home, servers)
      : context !== undefined
        ? yield* contextAccess({ name: context, by: "the option context" }, env, home)
        : undefined
  if (outright !== undefined) {
    const settings = yield* Effect.fromResult(settingsOf(env, changes))
    return { server: outright, settings, given: true } satisfies Access
  }
  const dataDir = options.dataDir ?? dataDirectory(env, home)
  // A directory that is named is meant, whatever else is chosen for other programs.
  const elsewhere = options.dataDir === undefined ? {} : { NATS_URL: "", NATS_CONTEXT: "" }
  const found = yield* findServer({ ...env, ...elsewhere }, home, dataDir)
  if (found === undefined) {
    return yield* new Unreachable({
      message: `nagatha is not running: there is no up.json in ${dataDir}`,
      hint: 'start it with "nagatha up", or say where it is with NATS_URL, NATS_CONTEXT or the options of connect'
    })
  }
  return { ...found, settings: yield* Effect.fromResult(Settings.make({ ...found.settings, ...changes })) }
})

const unreachable = (error: { readonly message: string }): Unreachable => {
  if (error instanceof Unreachable) return error
  if (error instanceof BadAccess) return new Unreachable({ message: error.message, hint: error.remedy })
  return new Unreachable({ message: error.message })
}

/** The service for programs of effects: connected for as long as the layer lives. */
export const layer = (options: ConnectOptions = {}): Layer.Layer<Scheduler, Unreachable> => {
  const { actor = "program", name = "nagatha client" } = options
  return Layer.fresh(
    Layer.effectContext(
      Effect.flatMap(accessOf(options), (access) =>
        Layer.build(NatsScheduler.layer({ actor }).pipe(Layer.provide(connection(access, "client", name))))
      ).pipe(Effect.mapError(unreachable))
    )
  )
}

/** The same for programs that know promises; connected until `close`. */
export const connect = async (options: ConnectOptions): Promise<SchedulerClient> => {
  const scope = Effect.runSync(Scope.make())
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  // What goes wrong on the way is told where errors are: the standard output is the program's.
  const quiet = Layer.succeed(Logger.LogToStderr, true)
  try {
    const services = await Effect.runPromise(Layer.buildWithScope(layer(options).pipe(Layer.provide(quiet)), scope))
    return makeClient({
      door: Context.get(services, Scheduler),
      run: (effect) => Effect.runPromise(effect),
      lookMs: 5000,
      end: close
    })
  } catch (error) {
    await close()
    throw error
  }
}
