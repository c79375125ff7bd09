/** The metrics of a node of the service, as a client of it may ask for them. */
import { Effect } from "effect"
import { connection } from "../../access/ServerAccess.ts"
import type { Access } from "../../access/FindServer.ts"
import { ask } from "../../nats/NatsMetrics.ts"

export const askMetrics = (access: Pick<Access, "server" | "settings">, nodeId: string | undefined) =>
  Effect.provide(ask(nodeId), connection(access, "client", "nagatha metrics"), { local: true })
