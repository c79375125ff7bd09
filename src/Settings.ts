/**
 * Every knob of a node: meaning, unit, default, and what turning it costs. Bounds are checked against each other here,
 * once, when settings are made.
 */
import { Context, Result, Schema } from "effect"

const Positive = Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))

export const Settings = Schema.Struct({
  /** First token of every subject, and (upper case) prefix of every stream. Two namespaces never see each other. */
  namespace: Schema.String.check(Schema.isPattern(/^[a-z][a-z0-9_]{0,30}$/)),
  /** Shares of all tasks. Fixed for the life of a log. More spread better over nodes; fewer commit in larger groups. */
  partitions: Positive,
  /** How long a worker keeps an attempt without a word, in milliseconds. Shorter finds dead workers sooner, and takes work from slow ones. */
  leaseMs: Positive,
  /** `started` is recorded only for attempts that run longer than this, in milliseconds. 0 records every start and costs one more event each. */
  startedGraceMs: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  /** Longest uninterrupted sleep of a timer, in milliseconds: the most that a step of the wall clock can delay a task. */
  sliceMs: Positive,
  /**
   * How often an owner that stores nothing looks whether another has, in milliseconds: the most that it can be unaware of it,
   * twice over. Shorter costs a request a partition each time that the log has grown.
   */
  lookMs: Positive,
  /** Most messages that one turn of an actor takes from its mailbox. */
  maxTurn: Positive,
  /** Attempts that may be lost with their workers before an execution fails. */
  maxLost: Positive,
  /** Largest arguments of a task, in bytes of JSON. */
  maxArgsBytes: Positive,
  /** Output kept of each stream of a command, in bytes; the rest is cut, and said to be. */
  maxOutputBytes: Positive,
  /** Executions that one worker process runs at the same time. */
  concurrency: Positive,
  /** How long a request to another process may take before its outcome is unknown, in milliseconds. */
  requestTimeoutMs: Positive
})
export type Settings = typeof Settings.Type

export const defaults: Settings = {
  namespace: "nagatha",
  partitions: 16,
  leaseMs: 10_000,
  startedGraceMs: 100,
  sliceMs: 1000,
  lookMs: 2000,
  maxTurn: 1024,
  maxLost: 5,
  maxArgsBytes: 256 * 1024,
  maxOutputBytes: 64 * 1024,
  concurrency: 64,
  requestTimeoutMs: 5000
}

export class InvalidSettings extends Schema.TaggedError<InvalidSettings>()("InvalidSettings", {
  reason: Schema.String
}) {
  override get message() {
    return `invalid settings: ${this.reason}`
  }
}

const decode = Schema.decodeUnknownResult(Settings)

/** Defaults with changes, checked. */
export const make = (changes: Partial<Settings> = {}): Result.Result<Settings, InvalidSettings> => {
  const decoded = decode({ ...defaults, ...changes })
  if (Result.isFailure(decoded)) return Result.fail(new InvalidSettings({ reason: String(decoded.failure.message) }))
  const settings = decoded.success
  if (settings.startedGraceMs >= settings.leaseMs) {
    return Result.fail(
      new InvalidSettings({
        reason: `startedGraceMs (${settings.startedGraceMs}) must be less than leaseMs (${settings.leaseMs}), or no start is ever recorded`
      })
    )
  }
  return Result.succeed(settings)
}

/** The settings in force; the defaults where nothing else is provided. */
export const Current = Context.Reference<Settings>("nagatha/Settings", { defaultValue: () => defaults })
