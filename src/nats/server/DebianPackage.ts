/**
 * nats-server from Debian's unstable suite, on machines that use Debian's packages: lists and cache are private, the
 * mirror is the machine's own, the archive's signature is checked with Debian's own keyring, the package is unpacked and
 * not installed. Works without root and takes seconds.
 */
import { Effect } from "effect"
import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { FetchFailed } from "./FetchFailed.ts"
import { run } from "./ProgramRun.ts"

const KEYRINGS = ["gpg", "pgp"].map((ending) => `/usr/share/keyrings/debian-archive-keyring.${ending}`)
const ALIASES = ["stable", "testing", "unstable", "sid"]

interface Source {
  readonly uri: string
  readonly suites: ReadonlyArray<string>
  readonly components: ReadonlyArray<string>
}

/** Sources in one-line form: `deb [options] uri suite component…`. */
const oneLine = (text: string): ReadonlyArray<Source> =>
  text.split("\n").flatMap((line) => {
    const [, uri, suite, components] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line) ?? []
    if (uri === undefined || suite === undefined || components === undefined) return []
    return [{ uri, suites: [suite], components: components.trim().split(/\s+/) }]
  })

/** Sources in paragraphs of `Field: value` (deb822). */
const paragraphs = (text: string): ReadonlyArray<Source> =>
  text
    .replaceAll(/^#.*\n?/gm, "")
    .split(/\n\s*\n/)
    .flatMap((paragraph) => {
      const field = (name: string): ReadonlyArray<string> =>
        (new RegExp(`^${name}:((?:.*)(?:\\n[ \\t].*)*)`, "im").exec(paragraph)?.[1] ?? "")
          .split(/\s+/)
          .filter((word) => word.length > 0)
      if (!field("Types").includes("deb") || field("Enabled")[0]?.toLowerCase() === "no") return []
      return field("URIs").map((uri) => ({ uri, suites: field("Suites"), components: field("Components") }))
    })

/** Mirrors of Debian's main archive among apt's source files; `codename` is that of the machine's own release. */
export const mirrorsIn = (
  files: ReadonlyArray<{ readonly name: string; readonly text: string }>,
  codename: string | undefined
): ReadonlyArray<string> => {
  const known = new Set([...ALIASES, ...(codename === undefined ? [] : [codename])])
  const sources = files.flatMap(({ name, text }) => (name.endsWith(".sources") ? paragraphs(text) : oneLine(text)))
  const mirrors = sources
    .filter(({ suites, components }) => components.includes("main") && suites.some((suite) => known.has(suite)))
    .map(({ uri }) => uri)
  return [...new Set(mirrors)]
}

const readSources = async (): Promise<ReadonlyArray<{ name: string; text: string }>> => {
  const folder = "/etc/apt/sources.list.d"
  const parts = (await readdir(folder).catch(() => [])).filter((name) => /\.(list|sources)$/.test(name)).sort()
  const names = ["/etc/apt/sources.list", ...parts.map((name) => join(folder, name))]
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(name, "utf8").catch(() => "") })))
}

const firstThere = async (paths: ReadonlyArray<string>): Promise<string | undefined> => {
  for (const path of paths)
    if (
      await access(path).then(
        () => true,
        () => false
      )
    )
      return path
  return undefined
}

/** apt reads the machine's own configuration (a company's proxy counts), but runs none of its hooks. */
const CONFIGURATION = `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
`

const prepare = async (folder: string, source: string): Promise<ReadonlyArray<string>> => {
  for (const name of ["lists/partial", "cache/archives/partial", "unpacked"]) {
    await mkdir(join(folder, name), { recursive: true })
  }
  await writeFile(join(folder, "source.list"), source)
  await writeFile(join(folder, "status"), "")
  await writeFile(join(folder, "apt.conf"), CONFIGURATION)
  const options = {
    "Dir::Etc::SourceList": join(folder, "source.list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Sandbox::User": "",
    "APT::Get::AllowUnauthenticated": "false",
    "Acquire::AllowInsecureRepositories": "false",
    "Acquire::Languages": "none",
    "Acquire::Retries": "1",
    "Acquire::http::Timeout": "10",
    "Acquire::https::Timeout": "10"
  }
  return [
    "-c",
    join(folder, "apt.conf"),
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])
  ]
}

/** Path of the program of the package unpacked into `folder`. */
export const fetchDebianPackage = Effect.fnUntraced(function* (folder: string) {
  const keyring = yield* Effect.promise(() => firstThere(KEYRINGS))
  if (keyring === undefined)
    return yield* new FetchFailed({ reason: "not a Debian system (no Debian archive keyring)" })
  const release = yield* Effect.promise(() => readFile("/etc/os-release", "utf8").catch(() => ""))
  const codename = /^VERSION_CODENAME="?([a-z]+)/m.exec(release)?.[1]
  const mirror = mirrorsIn(yield* Effect.promise(readSources), codename)[0]
  if (mirror === undefined)
    return yield* new FetchFailed({ reason: "apt's sources name no mirror of Debian's main archive" })
  const apt = yield* Effect.tryPromise({
    try: () => prepare(folder, `deb [signed-by=${keyring}] ${mirror} unstable main\n`),
    catch: (error) => new FetchFailed({ reason: error instanceof Error ? error.message : String(error) })
  })
  yield* run("apt-get", [...apt, "-qq", "update"], { timeoutMs: 120_000 })
  yield* run("apt-get", [...apt, "-qq", "download", "nats-server"], { timeoutMs: 120_000, cwd: folder })
  const file = (yield* Effect.promise(() => readdir(folder))).find((name) => name.endsWith(".deb"))
  if (file === undefined) return yield* new FetchFailed({ reason: "apt-get downloaded no package" })
  yield* run("dpkg", ["-x", join(folder, file), join(folder, "unpacked")], { timeoutMs: 60_000 })
  const path = yield* Effect.promise(() =>
    firstThere(["usr/bin", "usr/sbin"].map((directory) => join(folder, "unpacked", directory, "nats-server")))
  )
  return path ?? (yield* new FetchFailed({ reason: `${file} holds no nats-server program` }))
})
