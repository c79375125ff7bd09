/**
 * Contexts of the `nats` tool (ADR-21): `<configuration>/nats/context/<name>.json`, and `context.txt` beside the folder,
 * which names the selected one. A person who has told that tool how to reach a server need not say it again.
 */
import { Effect, Schema } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { BadAccess } from "./BadAccess.ts"
import { accessFrom, type Said } from "./SaidAccess.ts"
import type { ServerAccess } from "./ServerAccess.ts"
import { configHome, filled, type Variables } from "./Variables.ts"

/** What is read of a context; fields that say nothing about reaching the server are left alone. */
const Text = Schema.optionalKey(Schema.String)
const Context = Schema.Struct({
  url: Text,
  user: Text,
  password: Text,
  token: Text,
  creds: Text,
  nkey: Text,
  nsc: Text,
  user_jwt: Text,
  socks_proxy: Text,
  cert: Text,
  key: Text,
  ca: Text,
  tls_first: Schema.optionalKey(Schema.Boolean),
  inbox_prefix: Text
})
const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Context))

/** Where the tool connects when a context names no server. */
const DEFAULT_URL = "nats://127.0.0.1:4222"

const NAME = /^[^/\\\0]{1,200}$/

const textOf = (file: string): string | undefined => {
  if (!existsSync(file)) return undefined
  return filled(readFileSync(file, "utf8").trim())
}

/** The context that counts: `NATS_CONTEXT`, else the selected one. An empty `NATS_CONTEXT` means none. */
export const chosenContext = (
  env: Variables,
  home: string
): { readonly name: string; readonly by: string } | undefined => {
  const named = env["NATS_CONTEXT"]
  if (named === "") return undefined
  if (named !== undefined) return { name: named, by: "NATS_CONTEXT" }
  const file = join(configHome(env, home), "nats", "context.txt")
  const selected = textOf(file)
  return selected === undefined ? undefined : { name: selected, by: `selected in ${file}` }
}

/** What a context says. */
export const contextAccess = Effect.fnUntraced(function* (
  { by, name }: { readonly name: string; readonly by: string },
  env: Variables,
  home: string
): Effect.fn.Return<ServerAccess, BadAccess> {
  const file = join(configHome(env, home), "nats", "context", `${name}.json`)
  const bad = (reason: string) =>
    new BadAccess({
      name: `the NATS context ${JSON.stringify(name)} (${by})`,
      reason,
      remedy: "mend it (nats context edit), name another one in NATS_CONTEXT, or leave NATS_CONTEXT empty"
    })
  if (!NAME.test(name) || name.startsWith(".")) return yield* bad("this cannot be the name of a context")
  const text = yield* Effect.try({ try: () => textOf(file), catch: (cause) => bad(String(cause)) })
  if (text === undefined) return yield* bad(`there is no file ${file}`)
  const read = decode(text)
  if (read._tag === "Failure") return yield* bad(`${file} cannot be read: ${read.failure.message}`)
  const {
    ca,
    cert,
    creds,
    inbox_prefix,
    key,
    nkey,
    nsc,
    password,
    socks_proxy,
    tls_first,
    token,
    url,
    user,
    user_jwt
  } = read.success
  for (const [field, value] of Object.entries({ nsc, user_jwt, socks_proxy })) {
    if (filled(value) !== undefined) return yield* bad(`${field} is not supported here`)
  }
  const said: Said = {
    url: filled(url) ?? DEFAULT_URL,
    user,
    password,
    token,
    creds,
    nkey,
    cert,
    key,
    ca,
    tlsFirst: tls_first,
    inboxPrefix: inbox_prefix
  }
  return yield* accessFrom(said, `the NATS context ${JSON.stringify(name)}`, home, (_, reason) => bad(reason))
})
