/**
 * `mcp.json`: which MCP servers this machine may start or call, in the form that other MCP clients read
 * (`mcpServers`, or VS Code's `servers`). The first of the directories that has the file counts. It is looked at
 * for every call, so that a change counts at once.
 *
 * `${VAR}`, `${VAR:-default}` and `${env:VAR}` in `command`, `args`, `env`, `cwd`, `url` and `headers` stand for
 * variables of this machine's environment; `$${` is a `${` as it stands. A variable that is not set is an error. A server
 * whose name begins with `_`, or that says `"disabled": true`, is off. Keys that are not known are ignored, and named in `notes`.
 */
import { Effect, Predicate, Result, Schema } from "effect"
import { statSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { shownIssue } from "../ArgsProblem.ts"
import { expanded, type Variables } from "../Expansion.ts"
import { suggestion } from "../Suggestion.ts"
import { McpProblem, otherwise } from "./McpProblem.ts"

export const MCP_FILE = "mcp.json"

/** How long a server may take to start and to introduce itself where its entry does not say, milliseconds. */
const CONNECT_MS = 15_000

const Texts = Schema.Record(Schema.String, Schema.String)

const Entry = Schema.Struct({
  type: Schema.optionalKey(Schema.Literals(["stdio", "http", "streamable-http", "streamableHttp", "sse"])),
  command: Schema.optionalKey(Schema.String),
  args: Schema.optionalKey(Schema.Array(Schema.String)),
  env: Schema.optionalKey(Texts),
  /** Default: the directory of the file; a relative one begins there. */
  cwd: Schema.optionalKey(Schema.String),
  url: Schema.optionalKey(Schema.String),
  headers: Schema.optionalKey(Texts),
  disabled: Schema.optionalKey(Schema.Boolean),
  /** Revision of MCP to speak, such as `2025-11-25`, without asking the server first. Default: `auto`. */
  protocol: Schema.optionalKey(Schema.String),
  /** How long it may take to start and to introduce itself, milliseconds. Default: 15 seconds. */
  connectTimeoutMs: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))
})
type Entry = typeof Entry.Type

/** A server as it is to be reached: everything filled in. May hold secrets: never shown, never stored. */
export interface McpServer {
  readonly name: string
  readonly protocol: string
  /** Milliseconds. */
  readonly connectTimeoutMs: number
  readonly reach:
    | {
        readonly kind: "stdio"
        readonly argv: readonly [string, ...ReadonlyArray<string>]
        readonly env: Readonly<Record<string, string>>
        readonly cwd: string
      }
    | {
        readonly kind: "http" | "sse"
        readonly url: URL
        readonly headers: Readonly<Record<string, string>>
      }
}

export interface McpServers {
  /** Null where no directory has one. */
  readonly file: string | null
  /** Where it was looked for. */
  readonly searched: ReadonlyArray<string>
  /** As they are written: not filled in. */
  readonly entries: ReadonlyMap<string, Entry>
  readonly off: ReadonlyArray<string>
  /** Entries that cannot be used, and why. */
  readonly broken: ReadonlyMap<string, string>
  readonly notes: ReadonlyArray<string>
}

const problem = (message: string) => new McpProblem({ code: "mcpConfig", message, retryable: false })

const decodeEntry = Schema.decodeUnknownResult(Entry, { errors: "all" })
const KNOWN: ReadonlyArray<string> = Object.keys(Entry.fields)

const textOf = (file: string): Effect.Effect<string | undefined, McpProblem> =>
  Effect.tryPromise({ try: () => readFile(file, "utf8"), catch: (cause) => cause }).pipe(
    Effect.catch((cause) =>
      Predicate.isObject(cause) && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")
        ? Effect.succeed(undefined)
        : Effect.fail(problem(`${file} cannot be read: ${String(cause)}`))
    )
  )

const parsed = (file: string, text: string): Result.Result<Readonly<Record<string, unknown>>, McpProblem> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    return Result.fail(problem(`${file} is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`))
  }
  const servers = Predicate.isObject(value)
    ? (Reflect.get(value, "mcpServers") ?? Reflect.get(value, "servers"))
    : undefined
  if (Predicate.isObject(servers)) return Result.succeed(servers as Readonly<Record<string, unknown>>)
  return Result.fail(
    problem(`${file} has no "mcpServers": write { "mcpServers": { "time": { "command": "…", "args": ["…"] } } }`)
  )
}

/** What tells one state of the files from another, without reading them. */
export const stampOf = (directories: ReadonlyArray<string>): string =>
  directories
    .map((directory) => {
      const found = statSync(join(directory, MCP_FILE), { bigint: true, throwIfNoEntry: false })
      return found === undefined ? "" : `${found.ino}.${found.mtimeNs}.${found.ctimeNs}.${found.size}`
    })
    .join(" ")

/** What the file says, as it is written. */
export const readServers = Effect.fnUntraced(function* (
  directories: ReadonlyArray<string>
): Effect.fn.Return<McpServers, McpProblem> {
  const searched = [...new Set(directories.map((directory) => join(directory, MCP_FILE)))]
  for (const file of searched) {
    const text = yield* textOf(file)
    if (text === undefined) continue
    const entries = new Map<string, Entry>()
    const off: Array<string> = []
    const broken = new Map<string, string>()
    const notes: Array<string> = []
    for (const [name, value] of Object.entries(yield* Effect.fromResult(parsed(file, text)))) {
      const decoded = decodeEntry(value)
      if (name.startsWith("_") || (Predicate.isObject(value) && Reflect.get(value, "disabled") === true)) {
        off.push(name)
        continue
      }
      const strange = Predicate.isObject(value) ? Object.keys(value).filter((key) => !KNOWN.includes(key)) : []
      for (const key of strange) {
        const meant = suggestion(key, KNOWN)
        const guess = meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`
        notes.push(`server ${JSON.stringify(name)}: ${JSON.stringify(key)} is not known and ignored${guess}`)
      }
      if (Result.isFailure(decoded)) {
        broken.set(name, shownIssue(decoded.failure.issue))
        continue
      }
      entries.set(name, decoded.success)
    }
    return { file, searched, entries, off, broken, notes }
  }
  return { file: null, searched, entries: new Map(), off: [], broken: new Map(), notes: [] }
})

const reachOf = (
  entry: Entry,
  file: string,
  fill: (field: string, text: string) => string
): Result.Result<McpServer["reach"], string> => {
  const fillAll = (field: string, texts: Readonly<Record<string, string>> = {}) =>
    Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, fill(`${field}.${key}`, text)]))
  if (entry.command !== undefined && entry.url !== undefined) {
    return Result.fail('has both a "command" and a "url"; keep one of them')
  }
  if (entry.url !== undefined) {
    const text = fill("url", entry.url)
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      return Result.fail(
        `url: must begin with http:// or https://, and be a whole address, as ${JSON.stringify(entry.url)} is not`
      )
    }
    const kind = entry.type === "sse" ? "sse" : "http"
    return Result.succeed({ kind, url, headers: fillAll("headers", entry.headers) })
  }
  if (entry.command === undefined || entry.command.trim() === "") {
    return Result.fail('has neither a "command" (to start it) nor a "url" (to call it)')
  }
  const here = dirname(file)
  return Result.succeed({
    kind: "stdio",
    argv: [fill("command", entry.command), ...(entry.args ?? []).map((text, index) => fill(`args[${index}]`, text))],
    env: fillAll("env", entry.env),
    cwd: entry.cwd === undefined ? here : resolve(here, fill("cwd", entry.cwd))
  })
}

/** One server, filled in, or what to mend. */
export const serverOf = (
  { broken, entries, file, off, searched }: McpServers,
  name: string,
  variables: Variables
): Result.Result<McpServer, McpProblem> => {
  const unknown = (message: string) => Result.fail(new McpProblem({ code: "unknownServer", message, retryable: false }))
  if (file === null) {
    return unknown(
      `there is no MCP server ${JSON.stringify(name)}: no ${MCP_FILE} was found (looked for ${searched.join(", ")})`
    )
  }
  if (off.includes(name)) {
    return unknown(`the MCP server ${JSON.stringify(name)} is off in ${file}: take away the "_" or the "disabled"`)
  }
  const reason = broken.get(name)
  if (reason !== undefined) return Result.fail(problem(`${file}: server ${JSON.stringify(name)}: ${reason}`))
  const entry = entries.get(name)
  if (entry === undefined) {
    const rest = otherwise(name, [...entries.keys()], "it names none")
    return unknown(`there is no MCP server ${JSON.stringify(name)} in ${file}; ${rest}`)
  }
  let wrong: string | undefined
  const reach = reachOf(entry, file, (field, text) => {
    const filled = expanded(text, variables)
    if (Result.isFailure(filled)) wrong ??= `${field}: ${filled.failure}`
    return Result.getOrElse(filled, () => "")
  })
  const told = wrong ?? (Result.isFailure(reach) ? reach.failure : undefined)
  if (told !== undefined || Result.isFailure(reach)) {
    return Result.fail(problem(`${file}: server ${JSON.stringify(name)}: ${told}`))
  }
  return Result.succeed({
    name,
    protocol: entry.protocol ?? "auto",
    connectTimeoutMs: entry.connectTimeoutMs ?? CONNECT_MS,
    reach: reach.success
  })
}
