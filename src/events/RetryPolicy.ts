/** How the attempts of an execution follow one another; a task says it, and a step of a sequence may say it for itself. */
import { Schema } from "effect"

/** Code of an error, as it stands in `error.code`. */
export const ErrorCode = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(100))

/** What an absent field means: a cap of ten minutes, each delay twice the one before, and a tenth more or less. */
export const DEFAULT_RETRY = { maxBackoffMs: 600_000, backoffFactor: 2, jitter: 0.1 } as const

/** Fields beside the number of retries and the first delay; an absent one means the default. */
export const retryFields = {
  /** Longest delay between two attempts, before the jitter; milliseconds, default 600,000 (10 minutes), at most 7 days. */
  maxBackoffMs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 604_800_000 }))),
  /** By how much each delay is longer than the one before; default 2, 1: always the same. */
  backoffFactor: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 100 }))),
  /** Share by which a delay is lengthened or shortened, decided by the execution's id; 0 to 1, default 0.1. */
  jitter: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
  /** Errors with one of these codes fail for good: trying again is of no use. */
  noRetryOn: Schema.optionalKey(Schema.Array(ErrorCode).check(Schema.isMaxLength(50)))
}

const Fields = Schema.Struct(retryFields)
export type RetryFields = typeof Fields.Type

/** The fields of a policy that are there, from the first that says each. */
export const retryOf = (...said: ReadonlyArray<RetryFields>): RetryFields => {
  const first = <Key extends keyof RetryFields>(key: Key): Pick<RetryFields, Key> | object => {
    const one = said.find((policy) => policy[key] !== undefined)
    return one === undefined ? {} : { [key]: one[key] }
  }
  return { ...first("maxBackoffMs"), ...first("backoffFactor"), ...first("jitter"), ...first("noRetryOn") }
}
