/** Where this worker delivers notifications, besides the message bus. Secrets and addresses are the worker's, never the task's. */
import { Context, type Redacted } from "effect"
import type { NotificationChannel, NotificationType } from "./NotificationArgs.ts"

export interface ChannelSettings {
  readonly webhook?: {
    /** May hold a secret: never shown. */
    readonly url: Redacted.Redacted
    /** Key of the signature: `whsec_` and base64, or any text. Default: not signed. */
    readonly secret?: Redacted.Redacted | undefined
    /** How long one try may take, milliseconds. Default: 10 seconds. */
    readonly timeoutMs?: number | undefined
  }
  readonly email?: {
    /** `smtp://user:password@host:587`, or `smtps://` for TLS from the beginning; never shown. */
    readonly smtp: Redacted.Redacted
    readonly from: string
    readonly to: ReadonlyArray<string>
  }
  /** Whether the worker runs where somebody sits. Default: no. */
  readonly desktop?: boolean
  /** Channels of each type, besides those that the task names. */
  readonly routes?: Partial<Readonly<Record<NotificationType, ReadonlyArray<NotificationChannel>>>>
}

/** Default: the message bus and the log. */
export const Channels = Context.Reference<ChannelSettings>("nagatha/work/Channels", { defaultValue: () => ({}) })
