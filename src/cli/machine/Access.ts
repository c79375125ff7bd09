/** How a command of this user reaches the service. */
import { Context, Effect, Layer, type Scope } from "effect"
import { homedir } from "node:os"
import { type Access, findServer, settingsOf } from "../../access/FindServer.ts"
import { connection } from "../../access/ServerAccess.ts"
import type { Variables } from "../../access/Variables.ts"
import type { NatsUnreachable } from "../../nats/NatsConnection.ts"
import * as NatsScheduler from "../../nats/NatsScheduler.ts"
import { Scheduler } from "../../Scheduler.ts"
import type { ConfigurationFile } from "./ConfigurationFile.ts"

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

/** Undefined when no server is given and nothing runs with this data directory. */
export const accessOf = ({ env }: LiveOptions, dataDir: string) => findServer(env, homedir(), dataDir)

/** The front door of what runs there; closed with the scope. */
export const connectTo = (
  access: Pick<Access, "server" | "settings">,
  actor: string
): Effect.Effect<Scheduler["Service"], NatsUnreachable, Scope.Scope> =>
  Effect.map(
    Layer.build(
      Layer.fresh(NatsScheduler.layer({ actor }).pipe(Layer.provide(connection(access, "client", "nagatha client"))))
    ),
    (services) => Context.get(services, Scheduler)
  )
