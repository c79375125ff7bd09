/** What the configuration file says to a worker, with the variables of the environment filled in. */
import { Effect, Layer, Redacted, Result } from "effect"
import { expanded } from "../../work/Expansion.ts"
import { AllowedAddresses, wrongAllowed } from "../../work/http/AllowedAddresses.ts"
import { Channels, type ChannelSettings } from "../../work/notification/ChannelSettings.ts"
import { BadConfiguration } from "./BadConfiguration.ts"
import type { ConfigurationFile } from "./ConfigurationFile.ts"
import type { Variables } from "../../access/Variables.ts"

export interface WorkerConfiguration {
  /** Addresses that tasks may call although they are not public. */
  readonly allowedAddresses: ReadonlyArray<string>
  readonly channels: ChannelSettings
}

/** Channels that go nowhere where the file does not say where. */
const NEEDS_SETTING: ReadonlySet<string> = new Set(["webhook", "email", "desktop"])

export const nothing: WorkerConfiguration = { allowedAddresses: [], channels: {} }

/** Fails with the field whose variable is not set. */
export const workerConfiguration = Effect.fnUntraced(function* (
  { file, values }: ConfigurationFile,
  env: Variables
): Effect.fn.Return<WorkerConfiguration, BadConfiguration> {
  const fill = (field: string, text: string) =>
    Result.match(expanded(text, env), {
      onSuccess: (filled) => Effect.succeed(filled),
      onFailure: (reason) => Effect.fail(new BadConfiguration({ file: file ?? "", reason: `${field}: ${reason}` }))
    })
  const { desktop, email, routes, webhook } = values.notifications ?? {}
  const secret = webhook?.secret === undefined ? undefined : yield* fill("notifications.webhook.secret", webhook.secret)
  const channels: ChannelSettings = {
    ...(webhook === undefined
      ? {}
      : {
          webhook: {
            url: Redacted.make(yield* fill("notifications.webhook.url", webhook.url)),
            secret: secret === undefined ? undefined : Redacted.make(secret),
            timeoutMs: webhook.timeoutMs
          }
        }),
    ...(email === undefined
      ? {}
      : {
          email: {
            smtp: Redacted.make(yield* fill("notifications.email.smtp", email.smtp)),
            from: yield* fill("notifications.email.from", email.from),
            to: yield* Effect.forEach([email.to].flat(), (one) => fill("notifications.email.to", one))
          }
        }),
    ...(desktop === undefined ? {} : { desktop }),
    ...(routes === undefined ? {} : { routes })
  }
  for (const [type, named] of Object.entries(routes ?? {})) {
    const missing = named.find((channel) => NEEDS_SETTING.has(channel) && channels[channel as "email"] === undefined)
    if (missing !== undefined) {
      const reason = `notifications.routes.${type}: the channel ${JSON.stringify(missing)} is not configured; set notifications.${missing}`
      return yield* new BadConfiguration({ file: file ?? "", reason })
    }
  }
  const allowedAddresses = values.http?.allow ?? []
  const wrong = allowedAddresses.map(wrongAllowed).find((reason) => reason !== undefined)
  if (wrong !== undefined) return yield* new BadConfiguration({ file: file ?? "", reason: `http.allow: ${wrong}` })
  return { allowedAddresses, channels }
})

/** For the code that does the work. */
export const layer = ({ allowedAddresses, channels }: WorkerConfiguration) =>
  Layer.mergeAll(Layer.succeed(AllowedAddresses, allowedAddresses), Layer.succeed(Channels, channels))
