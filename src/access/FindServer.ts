/**
 * Where the service is: said outright, by `NATS_URL` with what belongs to it, by a NATS context, or by the `nagatha up` that
 * runs on this machine; the first that there is. Commands and programs look in the same places.
 */
import { Effect, Option, Result, Schema } from "effect"
import * as Settings from "../Settings.ts"
import { type BadAccess, badVariable } from "./BadAccess.ts"
import { chosenContext, contextAccess } from "./NatsContext.ts"
import { accessFrom, type Said } from "./SaidAccess.ts"
import { sameForAll, type ServerAccess } from "./ServerAccess.ts"
import * as UpFile from "./UpFile.ts"
import { filled, type Variables } from "./Variables.ts"

/** Variables that belong to `NATS_URL`. */
const VARIABLES: Readonly<Record<Exclude<keyof Said, "tlsFirst">, string>> = {
  url: "NATS_URL",
  user: "NATS_USER",
  password: "NATS_PASSWORD",
  token: "NATS_TOKEN",
  creds: "NATS_CREDS",
  nkey: "NATS_NKEY",
  cert: "NATS_CERT",
  key: "NATS_KEY",
  ca: "NATS_CA",
  inboxPrefix: "NATS_INBOX_PREFIX"
}

/** The server that the environment names: `NATS_URL`, else a NATS context; undefined where it names none. */
export const givenServer = Effect.fnUntraced(function* (
  env: Variables,
  home: string
): Effect.fn.Return<ServerAccess | undefined, BadAccess> {
  const url = filled(env["NATS_URL"])
  if (url !== undefined) {
    const fields = Object.entries(VARIABLES).map(([field, variable]) => [field, env[variable]])
    return yield* accessFrom({ ...Object.fromEntries(fields), url }, "NATS_URL", home, (field, reason) =>
      badVariable(field === "tlsFirst" ? "NATS_URL" : VARIABLES[field], reason)
    )
  }
  const context = chosenContext(env, home)
  return context === undefined ? undefined : yield* contextAccess(context, env, home)
})

const isNamespace = Schema.is(Settings.Settings.fields.namespace)

/** The defaults with what the environment changes. */
export const settingsOf = (
  env: Variables,
  changes: Partial<Settings.Settings> = {}
): Result.Result<Settings.Settings, Settings.InvalidSettings | BadAccess> => {
  const namespace = filled(env["NAGATHA_NAMESPACE"])
  if (namespace === undefined) return Settings.make(changes)
  if (isNamespace(namespace)) return Settings.make({ namespace, ...changes })
  const reason = `${JSON.stringify(namespace)} must be a lower-case letter, then at most 30 lower-case letters, digits or "_"`
  return Result.fail(badVariable("NAGATHA_NAMESPACE", reason))
}

/** How to reach the service. */
export interface Access {
  readonly server: ServerAccess
  readonly settings: Settings.Settings
  /** Said by somebody, and not found on this machine. */
  readonly given: boolean
}

/** What `up` has written into a data directory. */
const runningUp = Effect.fnUntraced(function* (dataDir: string, settings: Settings.Settings) {
  const file = yield* UpFile.read(dataDir)
  if (Option.isNone(file)) return undefined
  const { namespace, nats } = file.value
  const { password, user } = nats
  const server: ServerAccess = {
    url: nats.url,
    source: `up.json in ${dataDir}`,
    ...(user === undefined || password === undefined ? {} : { users: sameForAll(user, password) })
  }
  return { server, settings: { ...settings, namespace }, given: false } satisfies Access
})

/** Undefined when no server is given and nothing runs with this data directory. */
export const findServer = Effect.fnUntraced(function* (
  env: Variables,
  home: string,
  dataDir: string
): Effect.fn.Return<Access | undefined, BadAccess | Settings.InvalidSettings> {
  const server = yield* givenServer(env, home)
  const settings = yield* Effect.fromResult(settingsOf(env))
  return server === undefined ? yield* runningUp(dataDir, settings) : { server, settings, given: true }
})
