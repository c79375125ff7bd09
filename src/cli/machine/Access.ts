/** How a command of this user reaches the service: `NATS_URL`, else what `up` wrote into the data directory. */
import { Context, Effect, Layer, Option, type Scope } from "effect"
import type { NatsUnreachable } from "../../nats/NatsConnection.ts"
import * as NatsScheduler from "../../nats/NatsScheduler.ts"
import { Scheduler } from "../../Scheduler.ts"
import type * as Settings from "../../Settings.ts"
import type { ConfigurationFile } from "./Configuration.ts"
import { givenServer, settingsOf } from "./Environment.ts"
import * as NodeRoles from "./NodeRoles.ts"
import * as UpFile from "./UpFile.ts"
import type { Variables } from "./Variables.ts"

export interface LiveOptions {
  readonly env: Variables
  readonly version: string
  /** Zone of requests that name none. */
  readonly timezone: string
  readonly configuration: ConfigurationFile
  /** Where files of this machine's configuration are looked for: its directory, then the working directory. */
  readonly configDirectories: ReadonlyArray<string>
}

/** The settings of this machine: what a flag says, else the configuration file, and the environment. */
export const settingsHere = ({ configuration, env }: LiveOptions, concurrency: number | undefined) => {
  const wanted = concurrency ?? configuration.values.concurrency
  return settingsOf(env, wanted === undefined ? {} : { concurrency: wanted })
}

export interface Access {
  readonly server: NodeRoles.ServerAccess
  readonly settings: Settings.Settings
}

/** Undefined when no server is given and nothing runs with this data directory. */
export const accessOf = Effect.fnUntraced(function* (options: LiveOptions, dataDir: string) {
  const given = yield* givenServer(options.env)
  const settings = yield* Effect.fromResult(settingsOf(options.env))
  if (given !== undefined) return { server: given, settings } satisfies Access
  const file = yield* UpFile.read(dataDir)
  if (Option.isNone(file)) return undefined
  const { namespace, nats } = file.value
  const { password, user } = nats
  const client = user === undefined || password === undefined ? undefined : { user, password }
  const server: NodeRoles.ServerAccess = {
    url: nats.url,
    ...(client === undefined ? {} : { users: { core: client, worker: client, client, viewer: client } })
  }
  return { server, settings: { ...settings, namespace } } satisfies Access
})

/** The front door of what runs there; closed with the scope. */
export const connectTo = (
  access: Access,
  actor: string
): Effect.Effect<Scheduler["Service"], NatsUnreachable, Scope.Scope> =>
  Effect.map(
    Layer.build(
      Layer.fresh(
        NatsScheduler.layer({ actor }).pipe(Layer.provide(NodeRoles.connection(access, "client", "nagatha client")))
      )
    ),
    (services) => Context.get(services, Scheduler)
  )
