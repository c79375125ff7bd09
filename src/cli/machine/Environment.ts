/** What the environment says of the server and the namespace, read once at the edge; flags are not its concern. */
import { Effect, Result, Schema } from "effect"
import { readFileSync } from "node:fs"
import { hostname } from "node:os"
import { randomBytes } from "node:crypto"
import type { NodeIdentity } from "../../nats/NatsService.ts"
import * as Settings from "../../Settings.ts"
import type { ServerAccess } from "./NodeRoles.ts"
import { filled, type Variables } from "./Variables.ts"

/** A variable of the environment has a value that cannot be used. */
export class BadEnvironment extends Schema.TaggedError<BadEnvironment>()("BadEnvironment", {
  name: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.name}: ${this.reason}`
  }
}

/** `NATS_URL` (user and password may stand in it) and `NATS_CREDS`; undefined where no server is given. */
export const givenServer = Effect.fnUntraced(function* (env: Variables) {
  const text = filled(env["NATS_URL"])
  if (text === undefined) return undefined
  const servers = yield* Effect.forEach(text.split(","), (one) =>
    Effect.try({
      try: () => new URL(one.includes("://") ? one.trim() : `nats://${one.trim()}`),
      catch: () =>
        new BadEnvironment({
          name: "NATS_URL",
          reason: `${JSON.stringify(one)} is not a URL such as nats://127.0.0.1:4222`
        })
    })
  )
  const [first] = servers
  const url = servers.map((server) => `${server.protocol}//${server.host}`).join(",")
  const file = filled(env["NATS_CREDS"])
  const credentials =
    file === undefined
      ? undefined
      : yield* Effect.try({
          try: () => readFileSync(file, "utf8"),
          catch: (cause) =>
            new BadEnvironment({ name: "NATS_CREDS", reason: cause instanceof Error ? cause.message : String(cause) })
        })
  const one = { user: decodeURIComponent(first?.username ?? ""), password: decodeURIComponent(first?.password ?? "") }
  const access: ServerAccess = {
    url,
    ...(one.user === "" ? {} : { users: { core: one, worker: one, client: one, viewer: one } }),
    ...(credentials === undefined ? {} : { credentials })
  }
  return access
})

const isNamespace = Schema.is(Settings.Settings.fields.namespace)

/** The defaults with what the environment changes. */
export const settingsOf = (
  env: Variables,
  changes: Partial<Settings.Settings> = {}
): Result.Result<Settings.Settings, Settings.InvalidSettings | BadEnvironment> => {
  const namespace = filled(env["NAGATHA_NAMESPACE"])
  if (namespace === undefined) return Settings.make(changes)
  if (isNamespace(namespace)) return Settings.make({ namespace, ...changes })
  const reason = `${JSON.stringify(namespace)} must be a lower-case letter, then at most 30 lower-case letters, digits or "_"`
  return Result.fail(new BadEnvironment({ name: "NAGATHA_NAMESPACE", reason }))
}

/** A name for this process that no other has. */
export const newIdentity = (roles: ReadonlyArray<string>, version: string, now: Date): NodeIdentity => ({
  nodeId: `n${randomBytes(6).toString("hex")}`,
  host: hostname().replace(/[^A-Za-z0-9_-]/g, "-"),
  pid: process.pid,
  roles,
  startedAt: now.toISOString(),
  version
})
