/**
 * nats-server from its official release archive. The archive is unpacked only when its SHA-256 is the expected one: the
 * one pinned here for the platform, or, where none is pinned, the one in the release's own `SHA256SUMS`, fetched over
 * HTTPS. The latter guards against damage in transit and by mirrors, but not against a changed release.
 */
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { FetchFailed } from "./FetchFailed.ts"
import { PINNED } from "./ServerVersion.ts"
import { fromTarGz, fromZip } from "./Unpack.ts"

export interface ReleaseOptions {
  /** Where the releases are (default: the project's releases at GitHub); HTTPS, or loopback. */
  readonly baseUrl?: string
  /** SHA-256 in hex by archive name; what is listed here wins over `SHA256SUMS` (default: `PINS`). */
  readonly pins?: Readonly<Record<string, string>>
  /** How long the first byte of an answer may take, in milliseconds (default 5000). */
  readonly connectTimeoutMs?: number
}

/**
 * Pinned SHA-256 of release archives by name. Empty for this version: an entry is written here only from the release's
 * own list, read by a person, and then wins over whatever the site lists.
 */
export const PINS: Readonly<Record<string, string>> = {}

const RELEASES = "https://github.com/nats-io/nats-server/releases/download"
/** Longest download in milliseconds. */
const DOWNLOAD_MS = 300_000

const PLATFORMS: Readonly<Record<string, string>> = {
  linux: "linux",
  darwin: "darwin",
  win32: "windows",
  freebsd: "freebsd"
}
const MACHINES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  arm: "arm7",
  ia32: "386",
  s390x: "s390x"
}

/** File name of the release archive for a platform as Node names it; undefined where none is published. */
export const archiveName = (platform: string, machine: string): string | undefined => {
  const [system, processor] = [PLATFORMS[platform], MACHINES[machine]]
  if (system === undefined || processor === undefined) return undefined
  return `nats-server-v${PINNED}-${system}-${processor}.${system === "windows" ? "zip" : "tar.gz"}`
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

const download = (url: string, connectTimeoutMs: number) =>
  Effect.tryPromise({
    try: async (interrupted) => {
      const first = new AbortController()
      const timer = setTimeout(
        () => first.abort(new Error(`no answer in ${connectTimeoutMs / 1000} s`)),
        connectTimeoutMs
      )
      const signal = AbortSignal.any([interrupted, first.signal, AbortSignal.timeout(DOWNLOAD_MS)])
      try {
        const answer = await fetch(url, { signal })
        clearTimeout(timer)
        if (!isTrusted(answer.url)) throw new Error(`redirected to ${answer.url}, which is neither HTTPS nor loopback`)
        if (!answer.ok) throw new Error(`status ${answer.status}`)
        return Buffer.from(await answer.arrayBuffer())
      } finally {
        clearTimeout(timer)
      }
    },
    catch: (error) => new FetchFailed({ reason: `${url}: ${reasonOf(error)}` })
  })

const isTrusted = (url: string): boolean => {
  const { protocol, hostname } = new URL(url)
  return protocol === "https:" || ["127.0.0.1", "[::1]", "localhost"].includes(hostname)
}

/** Path of the program unpacked into `folder`. */
export const fetchRelease = Effect.fnUntraced(function* (folder: string, options: ReleaseOptions = {}) {
  const name = archiveName(process.platform, process.arch)
  if (name === undefined)
    return yield* new FetchFailed({ reason: `no archive for ${process.platform} ${process.arch}` })
  const base = `${options.baseUrl ?? RELEASES}/v${PINNED}`
  if (!isTrusted(base)) return yield* new FetchFailed({ reason: `${base} is neither HTTPS nor loopback` })
  const timeout = options.connectTimeoutMs ?? 5000
  const pinned = (options.pins ?? PINS)[name]
  const published = pinned === undefined ? yield* download(`${base}/SHA256SUMS`, timeout) : undefined
  const listed = published?.toString("utf8").match(/^[0-9a-f]{64} +\*?\S+$/gm) ?? []
  const expected =
    pinned ?? listed.find((line) => line.endsWith(name) && /[ *]/.test(line.at(-name.length - 1) ?? ""))?.slice(0, 64)
  if (expected === undefined) return yield* new FetchFailed({ reason: `${base}/SHA256SUMS does not list ${name}` })
  const archive = yield* download(`${base}/${name}`, timeout)
  const actual = createHash("sha256").update(archive).digest("hex")
  if (actual !== expected) {
    return yield* new FetchFailed({ reason: `${name} has SHA-256 ${actual}, expected ${expected}: not used` })
  }
  const program = process.platform === "win32" ? "nats-server.exe" : "nats-server"
  return yield* Effect.tryPromise({
    try: async () => {
      const contents = name.endsWith(".zip") ? fromZip(archive, program) : fromTarGz(archive, program)
      if (contents === undefined) throw new Error(`${name} holds no ${program}`)
      await writeFile(join(folder, program), contents, { mode: 0o755 })
      return join(folder, program)
    },
    catch: (error) => new FetchFailed({ reason: `${name}: ${reasonOf(error)}` })
  })
})
