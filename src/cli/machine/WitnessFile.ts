/**
 * How far a node saw the log of each partition reach, in a file of its data directory: written a moment after it has
 * changed and on a good stop, so that after a kill it tells of a moment before. A file that cannot be read tells nothing.
 */
import { Effect, Layer } from "effect"
import { readFileSync, renameSync, writeFileSync } from "node:fs"
import { isRecord } from "../../events/Understood.ts"
import { LogWitness, type Seen } from "../../events/LogWitness.ts"

/** How often it is written while the log grows. */
const EVERY = "1 second"

const isSeen = (value: unknown): value is Seen =>
  typeof value === "object" &&
  value !== null &&
  "sequence" in value &&
  typeof value.sequence === "number" &&
  "hash" in value &&
  typeof value.hash === "string" &&
  "at" in value &&
  typeof value.at === "string"

type Deployments = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const readAll = (file: string): Deployments => {
  try {
    const all: unknown = JSON.parse(readFileSync(file, "utf8"))
    return isRecord(all) ? (all as Deployments) : {}
  } catch {
    return {}
  }
}

/** `deployment` tells one log from another. */
export const layer = (file: string, deployment: string): Layer.Layer<LogWitness> =>
  Layer.effect(
    LogWitness,
    Effect.gen(function* () {
      const others = readAll(file)
      const seen = new Map<number, Seen>()
      for (const [partition, one] of Object.entries(others[deployment] ?? {})) {
        if (isSeen(one)) seen.set(Number(partition), one)
      }
      let changed = false
      const write = Effect.suspend(() => {
        if (!changed) return Effect.void
        changed = false
        return Effect.try({
          try: () => {
            const all = { ...others, [deployment]: Object.fromEntries(seen) }
            writeFileSync(`${file}.new`, `${JSON.stringify(all, null, 2)}\n`, { mode: 0o600 })
            renameSync(`${file}.new`, file)
          },
          catch: String
        }).pipe(
          Effect.catch((reason) =>
            Effect.logWarning(
              `how far the log reaches cannot be noted: ${reason}; a log that is cut off is then not known`
            )
          )
        )
      })
      yield* Effect.addFinalizer(() => write)
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(EVERY), write)))
      return LogWitness.of({
        seen: (partition) => seen.get(partition),
        note: (partition, one) => {
          seen.set(partition, one)
          changed = true
        }
      })
    })
  )
