/**
 * The configuration file of this machine: `nagatha.config.json`, `.yaml` or `.yml` in the configuration directory. Flags beat the
 * environment, the environment beats the file, the file beats the defaults. A key that is not known is an error, with
 * the one that was meant. What a worker needs of it is filled in when a worker starts (`WorkerConfiguration.ts`).
 */
import { Effect, Result, Schema } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { shownIssue } from "../../work/ArgsProblem.ts"
import { NotificationChannel } from "../../work/notification/NotificationArgs.ts"
import { suggestion } from "../../work/Suggestion.ts"
import { configHome, filled, type Variables } from "../../access/Variables.ts"

const Routes = Schema.Array(NotificationChannel)

const Notifications = Schema.Struct({
  webhook: Schema.optionalKey(
    Schema.Struct({
      url: Schema.String,
      /** Key by which what is sent is signed. */
      secret: Schema.optionalKey(Schema.String),
      timeoutMs: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))
    })
  ),
  email: Schema.optionalKey(
    Schema.Struct({
      smtp: Schema.String,
      from: Schema.String,
      to: Schema.Union([Schema.String, Schema.Array(Schema.String)])
    })
  ),
  desktop: Schema.optionalKey(Schema.Boolean),
  /** Channels of each type of notification, besides those that a task names. */
  routes: Schema.optionalKey(
    Schema.Struct({
      info: Schema.optionalKey(Routes),
      success: Schema.optionalKey(Routes),
      warning: Schema.optionalKey(Routes),
      error: Schema.optionalKey(Routes)
    })
  )
})

export const Configuration = Schema.Struct({
  /** IANA zone of words and answers where nothing else names one. */
  timezone: Schema.optionalKey(Schema.String),
  /** Executions at the same time in this machine's worker. */
  concurrency: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 }))),
  /** Plugin files, besides those in the folder `plugins` beside this file; relative ones begin here. */
  plugins: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Where this machine's worker delivers notifications. */
  notifications: Schema.optionalKey(Notifications),
  /** Addresses that tasks may call although they are not public. */
  http: Schema.optionalKey(Schema.Struct({ allow: Schema.Array(Schema.String) }))
})
export type Configuration = typeof Configuration.Type

/** The file cannot be used as it is. */
export class BadConfiguration extends Schema.TaggedError<BadConfiguration>()("BadConfiguration", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file}: ${this.reason}`
  }
}

/** What the file says; `file` is null where there is none. */
export interface ConfigurationFile {
  readonly file: string | null
  readonly values: Configuration
}

export const nothing: ConfigurationFile = { file: null, values: {} }

/** `NAGATHA_CONFIG_DIR`, else `nagatha` in `XDG_CONFIG_HOME` (ignored unless absolute), else `~/.config/nagatha`. */
export const configDirectory = (env: Variables, home: string): string => {
  const own = filled(env["NAGATHA_CONFIG_DIR"])
  if (own !== undefined) return resolve(own)
  return join(configHome(env, home), "nagatha")
}

const NAMES = ["nagatha.config.json", "nagatha.config.yaml", "nagatha.config.yml"]

const KEYS = Object.keys(Configuration.fields)

const decode = Schema.decodeUnknownResult(Configuration, { errors: "all", onExcessProperty: "error" })

const bad = (file: string, reason: string) => new BadConfiguration({ file, reason })

const ofText = Effect.fnUntraced(function* (file: string, text: string) {
  const isJson = file.endsWith(".json")
  const parse: (text: string) => unknown = isJson ? JSON.parse : (yield* Effect.promise(() => import("yaml"))).parse
  const value = yield* Effect.try({
    try: (): unknown => parse(text) ?? {},
    catch: (cause) =>
      bad(file, `this is no ${isJson ? "JSON" : "YAML"}: ${cause instanceof Error ? cause.message : String(cause)}`)
  })
  const decoded = decode(value)
  if (Result.isSuccess(decoded)) return decoded.success
  const unknown =
    typeof value === "object" && value !== null ? Object.keys(value).find((key) => !KEYS.includes(key)) : undefined
  const meant = unknown === undefined ? undefined : suggestion(unknown, KEYS)
  const guess = meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`
  return yield* bad(file, `${shownIssue(decoded.failure.issue)}${guess}`)
})

/** What the file says, and which file that is; nothing where there is none. Two files are one too many. */
export const readConfiguration = Effect.fnUntraced(function* (
  directory: string
): Effect.fn.Return<ConfigurationFile, BadConfiguration> {
  const [file, other] = NAMES.map((name) => join(directory, name)).filter((name) => existsSync(name))
  if (file === undefined) return nothing
  if (other !== undefined) return yield* bad(file, `there is ${other} as well; keep one of them`)
  const text = yield* Effect.try({
    try: () => readFileSync(file, "utf8"),
    catch: (cause) => bad(file, `cannot be read: ${String(cause)}`)
  })
  return { file, values: yield* ofText(file, text) }
})
