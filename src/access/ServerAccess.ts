/** How to reach a NATS server, as whom, and who has said so. */
import { NatsConnection, type TlsFiles } from "../nats/NatsConnection.ts"
import type { Role } from "../nats/Roles.ts"
import type * as Settings from "../Settings.ts"

export interface ServerAccess {
  /** One URL, or several with commas between them; no password in it. */
  readonly url: string
  /** Where this is from, in words: `NATS_URL`, `the NATS context "work"`. */
  readonly source?: string
  /** Missing where the server asks for nothing, or for something else. */
  readonly users?: Readonly<Record<Role, { readonly user: string; readonly password: string }>>
  readonly token?: string
  /** Text of a credentials file, for all roles. */
  readonly credentials?: string
  /** Seed of an nkey, for all roles. */
  readonly nkey?: string
  readonly tls?: TlsFiles
  /** In place of each role's own. */
  readonly inboxPrefix?: string
}

/** One user for all roles. */
export const sameForAll = (user: string, password: string): NonNullable<ServerAccess["users"]> => {
  const one = { user, password }
  return { core: one, worker: one, client: one, viewer: one }
}

/** A connection of one role. */
export const connection = (
  { server, settings }: { readonly server: ServerAccess; readonly settings: Settings.Settings },
  role: Role,
  name: string
) => {
  const { source: _, url, users, ...rest } = server
  return NatsConnection.layer({
    servers: url,
    role,
    namespace: settings.namespace,
    name,
    requestTimeoutMs: settings.requestTimeoutMs,
    ...(users === undefined ? {} : users[role]),
    ...rest
  })
}
