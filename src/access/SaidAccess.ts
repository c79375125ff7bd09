/** The parts of an access as people say them (URLs with passwords in them, paths of files) to what a connection needs. */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { isInbox } from "../nats/Roles.ts"
import type { BadAccess } from "./BadAccess.ts"
import { sameForAll, type ServerAccess } from "./ServerAccess.ts"
import { filled } from "./Variables.ts"

/** Empty values count as none. */
export interface Said {
  /** One or several, with commas between them. */
  readonly url: string
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly token?: string | undefined
  /** Paths of files; `~` is the home of this user. */
  readonly creds?: string | undefined
  readonly nkey?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly ca?: string | undefined
  readonly tlsFirst?: boolean | undefined
  readonly inboxPrefix?: string | undefined
}

/** `~` and what begins with `~/`, in the home of this user. */
export const expanded = (path: string, home: string): string =>
  path === "~" ? home : path.startsWith("~/") ? join(home, path.slice(2)) : path

const parsed = (one: string): URL | undefined => {
  const text = one.includes("://") ? one.trim() : `nats://${one.trim()}`
  return URL.canParse(text) ? new URL(text) : undefined
}

/** `bad` makes an error of a field of `Said` and what is wrong with it. */
export const accessFrom = Effect.fnUntraced(function* (
  said: Said,
  source: string,
  home: string,
  bad: (field: keyof Said, reason: string) => BadAccess
): Effect.fn.Return<ServerAccess, BadAccess> {
  const urls: Array<URL> = []
  for (const one of said.url.split(",")) {
    const url = parsed(one)
    if (url === undefined) return yield* bad("url", `${JSON.stringify(one)} is not a URL such as nats://127.0.0.1:4222`)
    urls.push(url)
  }
  const path = (value: string | undefined) => {
    const given = filled(value)
    return given === undefined ? undefined : expanded(given, home)
  }
  const text = (field: "creds" | "nkey") => {
    const file = path(said[field])
    if (file === undefined) return Effect.undefined
    return Effect.try({
      try: () => readFileSync(file, "utf8"),
      catch: (cause) => bad(field, cause instanceof Error ? cause.message : String(cause))
    })
  }
  const [credentials, seed] = [yield* text("creds"), yield* text("nkey")]
  const inboxPrefix = filled(said.inboxPrefix)
  if (inboxPrefix !== undefined && !isInbox(`${inboxPrefix}.`)) {
    return yield* bad(
      "inboxPrefix",
      `the service answers to no inbox prefix ${JSON.stringify(inboxPrefix)}: only to _INBOX, and to those of its roles (_INBOX_client)`
    )
  }
  const [first] = urls
  const user = filled(said.user) ?? decodeURIComponent(first?.username ?? "")
  const password = filled(said.password) ?? decodeURIComponent(first?.password ?? "")
  // A name without a password in a URL is a token.
  const token = filled(said.token) ?? (user !== "" && password === "" ? user : undefined)
  const [ca, cert, key] = [path(said.ca), path(said.cert), path(said.key)]
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(said.tlsFirst === true ? { first: true } : {})
  }
  return {
    url: urls.map(({ host, protocol }) => `${protocol}//${host}`).join(","),
    source,
    ...(token !== undefined || user === "" ? {} : { users: sameForAll(user, password) }),
    ...(token === undefined ? {} : { token }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(seed === undefined ? {} : { nkey: seed.trim() }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix })
  }
})
