/** Browsers come in by a link whose secret is good once, and stay by a cookie that scripts cannot read. */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { type Credentials, SECRET_MS, SESSION_MS } from "./Credentials.ts"
import { RequestRefused } from "./Problem.ts"

export interface SessionsOptions {
  readonly credentials: Credentials
  /** Where the server is. */
  readonly url: string
  now(): number
}

/** A link that opens a session; the secret stands behind `#`, which browsers send to nobody. */
export const loginLink = (url: string, credentials: Credentials): string => `${url}/login#${credentials.newLogin()}`

export const make = ({ credentials, now, url }: SessionsOptions) => {
  const json = (value: object, headers: Readonly<Record<string, string>> = {}) =>
    HttpServerResponse.text(JSON.stringify(value), {
      contentType: "application/json",
      headers: { "cache-control": "no-store", ...headers }
    })
  const until = (ms: number): string => new Date(now() + ms).toISOString()

  return {
    login: (secret: string) =>
      Effect.suspend(() => {
        const cookie = credentials.login(secret)
        if (cookie !== undefined)
          return Effect.succeed(json({ expiresAt: until(SESSION_MS) }, { "set-cookie": cookie }))
        return Effect.fail(
          new RequestRefused({
            status: 401,
            code: "unauthorized",
            message: "this secret is not known any more: a link is good once, and for ten minutes",
            place: "body secret",
            remedy: 'give the token in its place: it is in the file "token" of the data directory',
            headers: { "www-authenticate": 'Bearer realm="nagatha"' }
          })
        )
      }),
    logout: (cookies: string) =>
      Effect.sync(() => json({}, { "set-cookie": credentials.logout(cookies), "clear-site-data": '"cache"' })),
    /** Sessions make no others: whoever has one for a while would have one for ever. */
    newLogin: (byToken: boolean) =>
      Effect.suspend(() =>
        byToken
          ? Effect.succeed(json({ url: loginLink(url, credentials), expiresAt: until(SECRET_MS) }))
          : Effect.fail(
              new RequestRefused({
                status: 403,
                code: "unauthorized",
                message: "a session makes no login links",
                place: "header Cookie",
                remedy: "send the token itself: Authorization: Bearer TOKEN"
              })
            )
      )
  }
}
