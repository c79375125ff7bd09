/**
 * Who may come in. Closed by default: everything needs a token or a session but the few paths that are named as public.
 * Pure; asked before anything else is looked at, so that no route can forget it.
 *
 * - The name in `Host` must be one that this server answers to, letter by letter: a foreign name that leads here (DNS
 *   rebinding) gets nothing, not even a public page.
 * - Where a browser says on whose behalf it asks (`Origin`, `Sec-Fetch-Site`), changes, streams, and whatever comes with a
 *   session, are for pages of this server only. Programs say neither, and need the token.
 */
import { RequestRefused } from "./Problem.ts"

export interface Asked {
  readonly method: string
  /** As it came: path and query, undecoded. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

export interface Door {
  /** Names with ports, such as `127.0.0.1:5555`, in lower case. */
  readonly hosts: ReadonlySet<string>
  /** Such as `http://127.0.0.1:5555`. */
  readonly origins: ReadonlySet<string>
  /** What needs no token: method and path, letter by letter. */
  isPublic(method: string, path: string): boolean
  /** Streams are opened by GET, and are not for other sites all the same. */
  isStream(path: string): boolean
  isToken(presented: string): boolean
  /** Whether one of these cookies belongs to a session. */
  isSession(cookies: string): boolean
}

/** How somebody came in. */
export type Way = "public" | "token" | "session"

const refuse = (
  status: number,
  code: string,
  message: string,
  place: string,
  value: string,
  remedy: string,
  headers?: Readonly<Record<string, string>>
) => new RequestRefused({ status, code, message, place, value, remedy, ...(headers === undefined ? {} : { headers }) })

const SAFE = ["GET", "HEAD", "OPTIONS"]
const BEARER = /^bearer +(\S+)$/i
/** Longest foreign value that is repeated in an answer. */
const SHOWN = 100

/** The token that a request shows. */
export const bearerOf = (headers: Asked["headers"]): string | undefined =>
  BEARER.exec(headers["authorization"] ?? "")?.[1]

export const pathOf = (url: string): string => url.split(/[?#]/, 1)[0] ?? ""

/** How the request may come in, or why not. */
export const judge = (asked: Asked, door: Door): Way | RequestRefused => {
  const { headers, method, url } = asked
  const host = headers["host"] ?? ""
  if (!door.hosts.has(host.toLowerCase())) {
    return refuse(
      421,
      "foreignHost",
      `this server does not answer to ${JSON.stringify(host.slice(0, SHOWN))}`,
      "header Host",
      host.slice(0, SHOWN),
      `ask one of ${[...door.hosts].join(", ")}; other names are given with --http-name`
    )
  }
  if (!url.startsWith("/")) {
    return refuse(
      400,
      "badRequest",
      "the target of the request must be a path",
      "target",
      url.slice(0, SHOWN),
      "ask for a path such as /api/v1/tasks"
    )
  }
  const path = pathOf(url)
  const isPublic = door.isPublic(method, path)
  const changes = !SAFE.includes(method)
  if (isPublic && !changes) return "public"
  const bearer = bearerOf(headers)
  const session = bearer === undefined && door.isSession(headers["cookie"] ?? "")
  const foreign = changes || session || door.isStream(path) ? fromElsewhere(asked, door) : undefined
  if (foreign !== undefined) return foreign
  if (isPublic) return "public"
  if (bearer !== undefined && door.isToken(bearer)) return "token"
  if (session) return "session"
  return refuse(
    401,
    "unauthorized",
    bearer === undefined ? "this needs a token, or a session" : "this is not the token of this service",
    bearer === undefined ? "header Authorization" : "header Authorization (Bearer)",
    bearer === undefined ? (headers["authorization"] === undefined ? "" : "not a bearer token") : "…",
    'send "Authorization: Bearer TOKEN"; the token is in the file "token" of the data directory, or in NAGATHA_TOKEN. A browser opens the link that nagatha up has printed, or /login',
    { "www-authenticate": 'Bearer realm="nagatha"' }
  )
}

/** Why a request that a browser sends for another site is refused; undefined where it is not one. */
const fromElsewhere = ({ headers }: Asked, { origins }: Door): RequestRefused | undefined => {
  const origin = headers["origin"]
  const site = headers["sec-fetch-site"]
  const remedy = "ask from a page of this server, or from a program that is no browser"
  if (origin !== undefined && !origins.has(origin)) {
    const shown = origin.slice(0, SHOWN)
    return refuse(403, "foreignOrigin", `pages of ${shown} may not ask this`, "header Origin", shown, remedy)
  }
  if (site !== undefined && site !== "same-origin" && site !== "none") {
    const shown = site.slice(0, SHOWN)
    return refuse(
      403,
      "foreignOrigin",
      `a page of another site (${shown}) may not ask this`,
      "header Sec-Fetch-Site",
      shown,
      remedy
    )
  }
  return undefined
}
