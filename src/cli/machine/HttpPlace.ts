/**
 * Where the HTTP API of this machine listens, as flags and environment say it: on loopback, unless what is sent is
 * encrypted. Closed by default: there is always a token, in the data directory where nothing else gives one.
 */
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { filled, type Variables } from "../../access/Variables.ts"
import type { Place } from "../../http/Listening.ts"
import { isLoopback } from "../../http/Loopback.ts"
import { DeploymentFailed, type HttpAsked } from "./Deployment.ts"

export const DEFAULT_PORT = 5555
export const DEFAULT_HOST = "127.0.0.1"
/** Shortest token that is taken from the environment, in characters. */
const SHORTEST = 16

const wrong = (message: string, hint: string) => new DeploymentFailed({ message, hint, reason: "settings" })

const portOf = (text: string): number | undefined => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Infinity
  return port <= 65_535 ? port : undefined
}

const pem = (file: string, what: string) =>
  Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (cause) =>
      wrong(
        `the ${what} of the HTTP API cannot be read: ${String(cause)}`,
        `name a PEM file with --http-${what === "key" ? "key" : "cert"}`
      )
  })

/** Where to listen; undefined: nowhere. */
export const httpPlace = Effect.fnUntraced(function* (
  env: Variables,
  asked: HttpAsked | undefined
): Effect.fn.Return<Place | undefined, DeploymentFailed> {
  if (asked?.off === true) return undefined
  const said = filled(env["NAGATHA_HTTP_PORT"])
  const fromEnv = said === undefined ? DEFAULT_PORT : portOf(said)
  if (asked?.port === undefined && fromEnv === undefined) {
    return yield* wrong(
      `NAGATHA_HTTP_PORT: ${JSON.stringify(said)} is no port`,
      "a port is a whole number from 0 (any free one) to 65535"
    )
  }
  const host = asked?.host ?? filled(env["NAGATHA_HTTP_HOST"]) ?? DEFAULT_HOST
  const { cert, key } = asked ?? {}
  if ((cert === undefined) !== (key === undefined)) {
    return yield* wrong(
      `--http-${cert === undefined ? "key" : "cert"} is given without --http-${cert === undefined ? "cert" : "key"}`,
      "give both, or none"
    )
  }
  if (!isLoopback(host) && (cert === undefined || key === undefined)) {
    return yield* wrong(
      `the HTTP API is not opened on ${host} without encryption: the token, and all that is asked, could be read on the way`,
      "give --http-cert and --http-key, or leave it on 127.0.0.1 and come in by ssh -L or a proxy that encrypts"
    )
  }
  const tls =
    cert === undefined || key === undefined
      ? undefined
      : { cert: yield* pem(cert, "certificate"), key: yield* pem(key, "key") }
  return { host, port: asked?.port ?? fromEnv ?? DEFAULT_PORT, tls, names: asked?.names ?? [] }
})

export const tokenFile = (dataDir: string): string => join(dataDir, "token")

export const newSecret = (): string => randomBytes(32).toString("base64url")

/** The token: `NAGATHA_TOKEN`, else that of the file, which is made where it is missing, for its owner only. */
export const tokenOf = (env: Variables, dataDir: string): Effect.Effect<string, DeploymentFailed> =>
  Effect.suspend(() => {
    const given = filled(env["NAGATHA_TOKEN"])
    const file = tokenFile(dataDir)
    const from = given === undefined ? file : "NAGATHA_TOKEN"
    const usable = (token: string) =>
      token.length >= SHORTEST && /^[\x21-\x7e]+$/.test(token)
        ? Effect.succeed(token)
        : Effect.fail(
            wrong(
              `the token in ${from} cannot be used: it must have at least ${SHORTEST} visible characters, without blanks`,
              given === undefined ? "remove the file: a new one is made" : "openssl rand -base64 32 makes one"
            )
          )
    if (given !== undefined) return usable(given)
    let exposed = false
    const kept = Effect.flatMap(
      Effect.try({
        try: () => {
          try {
            const token = newSecret()
            writeFileSync(file, `${token}\n`, { mode: 0o600, flag: "wx" })
            return token
          } catch (cause) {
            if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
            // Whoever else could read it could do everything.
            exposed = (statSync(file).mode & 0o077) !== 0
            if (exposed) chmodSync(file, 0o600)
            return readFileSync(file, "utf8").trim()
          }
        },
        catch: (cause) => new DeploymentFailed({ message: `the token cannot be kept in ${file}: ${String(cause)}` })
      }),
      usable
    )
    return Effect.tap(kept, () =>
      exposed
        ? Effect.logWarning(
            `others on this machine could read the token in ${file}; it is for its owner alone now. Where somebody may have: remove the file, and start again with a new token`
          )
        : Effect.void
    )
  })
