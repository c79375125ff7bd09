/**
 * Finds a nats-server that is new enough, or fetches one into the cache: setting, PATH, cache, official release archive,
 * `go install`, Debian package. Nothing is installed and no root is needed.
 *
 * A program named by the setting is used or refused, never passed over. What is fetched is whole or not there: it is made
 * under a name of its own and moved into place, so that any number of processes may fetch at the same time, and one that
 * is killed leaves only a `fetch-…` folder in the cache.
 */
import { Effect, Schema } from "effect"
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises"
import { homedir } from "node:os"
import { delimiter, join } from "node:path"
import { FetchFailed } from "./FetchFailed.ts"
import { fetchDebianPackage } from "./DebianPackage.ts"
import { fetchWithGo } from "./GoInstall.ts"
import type { RunFailed } from "./ProgramRun.ts"
import { fetchRelease, type ReleaseOptions } from "./ReleaseArchive.ts"
import * as Version from "./ServerVersion.ts"

export interface Program {
  readonly path: string
  readonly version: string
  readonly source: "setting" | "PATH" | "cache" | "release" | "go" | "debian"
  /** Remarks for the user: a version older than recommended. */
  readonly notes: ReadonlyArray<string>
}

export interface FindOptions {
  /** `NAGATHA_NATS_SERVER`: path of the program; nothing else is looked at. */
  readonly setting?: string | undefined
  /** Directories to look into, in the form of `PATH` (default: this process's). */
  readonly searchPath?: string
  /** Where fetched programs are kept (default: `nagatha` in `XDG_CACHE_HOME`, else in `~/.cache`). */
  readonly cacheDir?: string
  /** Ways of fetching, in order (default: release, go, debian); none only looks. */
  readonly fetchWith?: ReadonlyArray<FetchWay>
  readonly release?: ReleaseOptions
}
export type FetchWay = "release" | "go" | "debian"

/** No way led to a program; `tried` has one line for each. */
export class NoServerProgram extends Schema.TaggedError<NoServerProgram>()("NoServerProgram", {
  tried: Schema.Array(Schema.String)
}) {
  override get message() {
    return [
      `no nats-server ${Version.REQUIRED} or newer was found or could be fetched:`,
      ...this.tried.map((line) => `  ${line}`),
      `install nats-server ${Version.PINNED} (https://github.com/nats-io/nats-server/releases) and put it on PATH or ` +
        `name it in NAGATHA_NATS_SERVER; or give a running server with NATS_URL`
    ].join("\n")
  }
}

export const PROGRAM = process.platform === "win32" ? "nats-server.exe" : "nats-server"

/** `XDG_CACHE_HOME`/nagatha, else `~/.cache/nagatha`. */
export const defaultCacheDir = (): string => join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "nagatha")

const check = (path: string, source: Program["source"]) =>
  Effect.map(Version.read(path), (version): Program => ({ path, version, source, notes: Version.notesOn(version) }))

const listing = (directory: string) => Effect.promise(() => readdir(directory).catch((): Array<string> => []))

/** Candidates in the order in which they are tried; the first that works is taken. */
const firstOf = Effect.fnUntraced(function* (
  source: "PATH" | "cache",
  candidates: ReadonlyArray<string>,
  tried: Array<string>
) {
  for (const path of candidates) {
    const outcome = yield* Effect.result(check(path, source))
    if (outcome._tag === "Success") return outcome.success
    tried.push(
      outcome.failure._tag === "UnsupportedServer"
        ? `${source}: ${path} is ${outcome.failure.found}, ${Version.REQUIRED} or newer is needed`
        : `${source}: ${path} does not work: ${outcome.failure.reason}`
    )
  }
  if (candidates.length === 0) tried.push(`${source}: no ${PROGRAM}`)
  return undefined
})

const onPath = Effect.fnUntraced(function* (searchPath: string) {
  const found: Array<string> = []
  for (const directory of new Set(searchPath.split(delimiter).filter((entry) => entry.length > 0))) {
    if ((yield* listing(directory)).includes(PROGRAM)) found.push(join(directory, PROGRAM))
  }
  return found
})

const inCache = Effect.fnUntraced(function* (root: string) {
  const versions = (yield* listing(root)).filter((name) => /^\d/.test(name)).sort((a, b) => Version.compare(b, a))
  return versions.map((version) => join(root, version, PROGRAM))
})

const WORDS: Record<FetchWay, string> = {
  release: `release archive ${Version.PINNED}`,
  go: "built with Go, which takes a minute or some",
  debian: "Debian package, unpacked without being installed"
}

const makeProgram: Record<
  FetchWay,
  (into: string, options: ReleaseOptions) => Effect.Effect<string, FetchFailed | RunFailed>
> = { release: fetchRelease, go: fetchWithGo, debian: fetchDebianPackage }

/** Fetches into a private folder, checks that it runs, and moves it to `<root>/<version>/`. */
const fetchInto = (root: string, way: FetchWay, options: ReleaseOptions) =>
  Effect.acquireUseRelease(
    Effect.tryPromise({
      try: () => mkdir(root, { recursive: true }).then(() => mkdtemp(join(root, "fetch-"))),
      catch: (error) =>
        new FetchFailed({ reason: `the cache cannot be written: ${error instanceof Error ? error.message : error}` })
    }),
    Effect.fnUntraced(function* (folder) {
      const made = yield* makeProgram[way](folder, options)
      yield* Effect.promise(() => chmod(made, 0o755))
      const { version } = yield* Effect.mapError(
        check(made, way),
        (failure) => new FetchFailed({ reason: failure.message })
      )
      const path = join(root, version, PROGRAM)
      const moved = yield* Effect.result(
        Effect.tryPromise(() => mkdir(join(root, version), { recursive: true }).then(() => rename(made, path)))
      )
      // Another process was first, and its program is running (Windows refuses to replace it): that one is as good.
      return yield* Effect.mapError(
        check(path, way),
        ({ message }) => new FetchFailed({ reason: moved._tag === "Failure" ? `cannot move it to ${path}` : message })
      )
    }),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  )

/**
 * A program that runs. Fails with `NotAServer` or `UnsupportedServer` only for the one named by the setting, otherwise
 * with `NoServerProgram`, whose message lists what was tried and says what to do.
 */
export const find = Effect.fn("ServerProgram.find")(function* (options: FindOptions = {}) {
  if (options.setting !== undefined && options.setting !== "") return yield* check(options.setting, "setting")
  const root = join(options.cacheDir ?? defaultCacheDir(), "nats-server")
  const tried: Array<string> = []
  const installed = yield* firstOf("PATH", yield* onPath(options.searchPath ?? process.env["PATH"] ?? ""), tried)
  if (installed !== undefined) return installed
  const cached = yield* firstOf("cache", yield* inCache(root), tried)
  if (cached !== undefined) return cached
  for (const way of options.fetchWith ?? (["release", "go", "debian"] as const)) {
    yield* Effect.logInfo(`no nats-server here, fetching one: ${WORDS[way]}`)
    const outcome = yield* Effect.result(fetchInto(root, way, options.release ?? {}))
    if (outcome._tag === "Success") return outcome.success
    tried.push(`${way}: ${outcome.failure.reason}`)
  }
  return yield* new NoServerProgram({ tried })
})
