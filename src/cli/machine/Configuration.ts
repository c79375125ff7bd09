/**
 * What the configuration file may say. A key that is not known is an error, with the one that was meant. What a worker needs
 * of it is filled in when a worker starts (`WorkerConfiguration.ts`).
 */
import { Effect, Result, Schema } from "effect"
import { shownIssue } from "../../work/ArgsProblem.ts"
import { NotificationChannel } from "../../work/notification/NotificationArgs.ts"
import { suggestion } from "../../work/Suggestion.ts"
import { BadConfiguration } from "./BadConfiguration.ts"

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

const KEYS = Object.keys(Configuration.fields)

const decode = Schema.decodeUnknownResult(Configuration, { errors: "all", onExcessProperty: "error" })

const bad = (file: string, reason: string) => new BadConfiguration({ file, reason })

/** What the text of this file says. */
export const configurationOf = Effect.fnUntraced(function* (file: string, text: string) {
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
