/**
 * Which nats-server is new enough. Older than 2.12 is refused (no key with its own expiry, no `persist_mode`, known
 * holes); from 2.14.3 on there is nothing to say.
 */
import { Effect, Schema } from "effect"
import { run } from "./ProgramRun.ts"

/** Oldest server that is accepted. */
export const REQUIRED = "2.12.0"
/** Oldest server without a note. */
export const RECOMMENDED = "2.14.3"
/** The server that is fetched where none is found. */
export const PINNED = "2.15.1"

/** The program is a nats-server, but too old; install a newer one or let it be fetched. */
export class UnsupportedServer extends Schema.TaggedError<UnsupportedServer>()("UnsupportedServer", {
  path: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return (
      `nats-server ${this.found} at ${this.path} is too old: ${REQUIRED} or newer is needed, ${RECOMMENDED} or newer ` +
      `recommended; install ${PINNED} from https://github.com/nats-io/nats-server/releases, or leave out the setting ` +
      `and take it off PATH, and a newer one is fetched`
    )
  }
}

/** The file cannot be run, or is no nats-server. */
export class NotAServer extends Schema.TaggedError<NotAServer>()("NotAServer", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.path} does not work as nats-server: ${this.reason}; NAGATHA_NATS_SERVER must be the path of the program`
  }
}

const numbers = (version: string): ReadonlyArray<number> => version.split(".").map((part) => Number.parseInt(part, 10))

/** Negative when `a` is older than `b`, 0 when same, positive when newer; what follows the three numbers is ignored. */
export const compare = (a: string, b: string): number => {
  const [left, right] = [numbers(a), numbers(b)]
  for (const index of [0, 1, 2]) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Remarks on an accepted version; empty from 2.14.3 on. */
export const notesOn = (version: string): ReadonlyArray<string> =>
  compare(version, RECOMMENDED) < 0
    ? [
        `nats-server ${version} works, but ${RECOMMENDED} or newer is recommended: it fixes losses in replicated streams`
      ]
    : []

/** Runs `path --version`, at most 10 seconds. */
export const read = Effect.fnUntraced(function* (path: string) {
  const answer = yield* run(path, ["--version"], { timeoutMs: 10_000 }).pipe(
    Effect.mapError((failure) => new NotAServer({ path, reason: failure.reason }))
  )
  const found = /nats-server: v(\d+\.\d+\.\d+\S*)/.exec(answer)?.[1]
  if (found === undefined) {
    return yield* new NotAServer({ path, reason: `--version answered ${JSON.stringify(answer.trim().slice(0, 100))}` })
  }
  if (compare(found, REQUIRED) < 0) return yield* new UnsupportedServer({ path, found })
  return found
})
