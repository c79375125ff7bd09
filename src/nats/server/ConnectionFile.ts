/**
 * `nats.json` in the data directory: how to reach the server that runs there, and as whom. Readable by this user only
 * (mode 0600); replaced as a whole, so a reader sees the old or the new one. Passwords and port stay the same over restarts.
 */
import { Effect, Option, Schema } from "effect"
import { randomBytes } from "node:crypto"
import { readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Role } from "../Roles.ts"

const User = Schema.Struct({ user: Schema.String, password: Schema.String })

export const Connection = Schema.Struct({
  url: Schema.String,
  port: Schema.Int,
  /** Health checks are answered on this port of 127.0.0.1. */
  monitorPort: Schema.Int,
  serverName: Schema.String,
  /** Process id of nats-server; null when it was stopped in good order. */
  pid: Schema.NullOr(Schema.Int),
  users: Schema.Struct({ core: User, worker: User, client: User, viewer: User }),
  program: Schema.String,
  version: Schema.String
})
export type Connection = typeof Connection.Type

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Connection))

export const pathIn = (dataDir: string): string => join(dataDir, "nats.json")

/** What is known of the server of a data directory; none when there is no file or it does not read. */
export const read = (dataDir: string): Effect.Effect<Option.Option<Connection>> =>
  Effect.promise(() => readFile(pathIn(dataDir), "utf8").catch(() => "")).pipe(Effect.map((text) => decode(text)))

/** Replaces the file. A failure is a defect: the directory was writable a moment ago. */
export const write = (dataDir: string, connection: Connection): Effect.Effect<void> =>
  Effect.promise(async () => {
    const draft = `${pathIn(dataDir)}.${process.pid}.new`
    await writeFile(draft, `${JSON.stringify(connection, undefined, 2)}\n`, { mode: 0o600 })
    await rename(draft, pathIn(dataDir))
  })

/** Users with passwords of 256 random bits; the letter in front keeps the server from reading a number. */
export const newUsers = (): Connection["users"] => {
  const user = (role: Role) => ({ user: role, password: `p${randomBytes(32).toString("hex")}` })
  return { core: user("core"), worker: user("worker"), client: user("client"), viewer: user("viewer") }
}

/** A name under which a server is known on its monitoring port. */
export const newServerName = (): string => `nagatha-${randomBytes(6).toString("hex")}`
