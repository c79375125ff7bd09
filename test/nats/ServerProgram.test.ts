import { Effect, References } from "effect"
import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { crc32, deflateRawSync, gzipSync } from "node:zlib"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"
import { mirrorsIn } from "../../src/nats/server/DebianPackage.ts"
import { archiveName, PINS } from "../../src/nats/server/ReleaseArchive.ts"
import { defaultCacheDir, find, type FindOptions } from "../../src/nats/server/ServerProgram.ts"
import { compare, notesOn, PINNED } from "../../src/nats/server/ServerVersion.ts"
import { fromTarGz, fromZip } from "../../src/nats/server/Unpack.ts"

const script = (version: string) => `#!/bin/sh\necho "nats-server: v${version}"\n`

/** A tar archive of one file in a folder, as releases are packed. */
const tarGz = (name: string, contents: Buffer) => {
  const header = Buffer.alloc(512)
  header.write(`nats-server-v${PINNED}-any/${name}`, 0, "latin1")
  header.write(contents.length.toString(8).padStart(11, "0"), 124, "latin1")
  header.write("0", 156, "latin1")
  const padding = Buffer.alloc((512 - (contents.length % 512)) % 512)
  return gzipSync(Buffer.concat([header, contents, padding, Buffer.alloc(1024)]))
}

const zip = (name: string, contents: Buffer) => {
  const path = Buffer.from(`folder/${name}`)
  const packed = deflateRawSync(contents)
  const local = Buffer.alloc(30)
  local.writeUInt32LE(0x04034b50, 0)
  local.writeUInt16LE(path.length, 26)
  const entry = Buffer.alloc(46)
  entry.writeUInt32LE(0x02014b50, 0)
  entry.writeUInt16LE(8, 10)
  entry.writeUInt32LE(crc32(contents), 16)
  entry.writeUInt32LE(packed.length, 20)
  entry.writeUInt32LE(contents.length, 24)
  entry.writeUInt16LE(path.length, 28)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(1, 10)
  end.writeUInt32LE(30 + path.length + packed.length, 16)
  return Buffer.concat([local, path, packed, entry, path, end])
}

let folder: string
let cacheDir: string
let site: Server
let baseUrl: string
/** What the local release site answers, by file name. */
const files = new Map<string, Buffer>()
const redirects = new Map<string, string>()
const asked: Array<string> = []
const archive = archiveName(process.platform, process.arch) ?? assert.fail("no release archive for this platform")
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex")

beforeAll(async () => {
  site = createServer((request, response) => {
    const name = (request.url ?? "").replace(`/v${PINNED}/`, "")
    asked.push(name)
    const bytes = files.get(name)
    const elsewhere = redirects.get(name)
    if (elsewhere !== undefined) return void response.writeHead(302, { location: elsewhere }).end()
    if (bytes === undefined) return void response.writeHead(404).end("no such file")
    response.writeHead(200, { "content-length": bytes.length })
    response.end(bytes)
  })
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve))
  const address = site.address()
  baseUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
})
afterAll(() => {
  site.closeAllConnections()
  site.close()
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nagatha-program-"))
  cacheDir = join(folder, "cache")
  files.clear()
  redirects.clear()
  asked.length = 0
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const program = async (directory: string, text: string, name = "nats-server") => {
  await mkdir(join(folder, directory), { recursive: true })
  await writeFile(join(folder, directory, name), text)
  await chmod(join(folder, directory, name), 0o755)
  return join(folder, directory, name)
}
const options = (more: FindOptions = {}): FindOptions => ({
  searchPath: "",
  cacheDir,
  fetchWith: ["release"],
  release: { baseUrl },
  ...more
})
const quiet = Effect.provideService(References.MinimumLogLevel, "None")
const found = (more?: FindOptions) => Effect.runPromise(quiet(find(options(more))))
const refused = (more?: FindOptions) => Effect.runPromise(quiet(Effect.flip(find(options(more)))))
const publish = (bytes: Buffer, listed = sha256(bytes)) => {
  files.set(archive, bytes)
  files.set("SHA256SUMS", Buffer.from(`${"0".repeat(64)}  other-${archive}\n${listed}  ${archive}\n`))
}

describe("the setting", () => {
  it("is used before anything else", async () => {
    const path = await program("mine", script("2.14.3"))
    await program("path", script("2.15.1"))
    const { source, version, notes } = await found({ setting: path, searchPath: join(folder, "path") })
    assert.deepStrictEqual({ source, version, notes }, { source: "setting", version: "2.14.3", notes: [] })
  })

  it("is refused, never passed over, when the program does not work", async () => {
    await program("path", script("2.15.1"))
    const searchPath = join(folder, "path")
    const missing = await refused({ setting: join(folder, "nothing"), searchPath })
    assert.strictEqual(missing._tag, "NotAServer")
    assert.match(missing.message, /nothing does not work as nats-server: ENOENT; NAGATHA_NATS_SERVER must be/)
    const other = await refused({ setting: await program("other", "#!/bin/sh\necho hello\n"), searchPath })
    assert.match(other.message, /--version answered "hello"/)
  })

  it("is refused with the version found, the one needed and the way to get it when it is too old", async () => {
    const error = await refused({ setting: await program("old", script("2.9.10")) })
    assert.strictEqual(error._tag, "UnsupportedServer")
    assert.match(
      error.message,
      /nats-server 2\.9\.10 at \S+ is too old: 2\.12\.0 or newer is needed, 2\.14\.3 .*install/
    )
  })
})

describe("looking", () => {
  it("takes the first program of PATH that is new enough, with a note when a newer one is recommended", async () => {
    await program("a", script("2.9.10"))
    await program("b", script("2.12.4"))
    const { path, source, notes } = await found({ searchPath: `${join(folder, "a")}:${join(folder, "b")}` })
    assert.deepStrictEqual([path, source], [join(folder, "b", "nats-server"), "PATH"])
    assert.match(notes.join(), /2\.12\.4 works, but 2\.14\.3 or newer is recommended/)
  })

  it("takes the newest of the cache, without asking anybody", async () => {
    await program("cache/nats-server/2.9.9", script("2.9.9"))
    await program("cache/nats-server/2.14.10", script("2.14.10"))
    await program("cache/nats-server/2.14.9", script("2.14.9"))
    const { version, source } = await found()
    assert.deepStrictEqual([version, source, asked], ["2.14.10", "cache", []])
  })

  it("uses XDG_CACHE_HOME, or .cache in the home directory", () => {
    vi.stubEnv("XDG_CACHE_HOME", "/somewhere")
    assert.strictEqual(defaultCacheDir(), join("/somewhere", "nagatha"))
    vi.stubEnv("XDG_CACHE_HOME", "")
    assert.match(defaultCacheDir(), /\.cache[/\\]nagatha$/)
  })

  it("tells each way that failed in one line, and at the end what to do", async () => {
    await program("a", script("2.9.10"))
    const error = await refused({ searchPath: join(folder, "a") })
    const lines = error.message.split("\n")
    assert.strictEqual(lines.length, 5)
    assert.match(lines[1] ?? "", /PATH: \S+ is 2\.9\.10, 2\.12\.0 or newer is needed/)
    assert.match(lines[2] ?? "", /cache: no nats-server/)
    assert.match(lines[3] ?? "", /release: http\S+SHA256SUMS: status 404/)
    assert.match(lines[4] ?? "", /install nats-server .* PATH .*NAGATHA_NATS_SERVER.*NATS_URL/)
  })
})

describe("the release archive", () => {
  it("is fetched once, checked, and found in the cache from then on", async () => {
    publish(tarGz("nats-server", Buffer.from(script(PINNED))))
    const first = await found()
    assert.deepStrictEqual(
      [first.source, first.path],
      ["release", join(cacheDir, "nats-server", PINNED, "nats-server")]
    )
    asked.length = 0
    assert.strictEqual((await found()).source, "cache")
    assert.deepStrictEqual(asked, [])
  })

  it("is not used when its SHA-256 is another than the one listed", async () => {
    publish(tarGz("nats-server", Buffer.from(script(PINNED))), "a".repeat(64))
    assert.match((await refused()).message, /has SHA-256 [0-9a-f]{64}, expected a{64}: not used/)
    assert.deepStrictEqual(await readdir(join(cacheDir, "nats-server")), [])
  })

  it("is held against the pinned SHA-256, whatever the site lists", async () => {
    const bytes = tarGz("nats-server", Buffer.from(script(PINNED)))
    publish(bytes, "a".repeat(64))
    const pinned = { baseUrl, pins: { [archive]: sha256(bytes) } }
    assert.strictEqual((await found({ release: pinned })).source, "release")
    assert.deepStrictEqual(asked, [archive])
    publish(bytes)
    const error = await refused({
      release: { baseUrl, pins: { [archive]: "b".repeat(64) } },
      cacheDir: join(folder, "2")
    })
    assert.match(error.message, /expected b{64}/)
  })

  it("is refused when it is cut short, holds no program, or holds one that does not run", async () => {
    const whole = tarGz("nats-server", Buffer.from(script(PINNED)))
    publish(whole.subarray(0, whole.length - 20))
    assert.match((await refused()).message, /release: nats-server-v\S+: unexpected end of file/)
    publish(tarGz("README.md", Buffer.from("words")))
    assert.match((await refused()).message, /holds no nats-server/)
    publish(tarGz("nats-server", Buffer.from("#!/bin/sh\nexit 3\n")))
    assert.match((await refused()).message, /does not work as nats-server: ended with 3/)
    assert.deepStrictEqual(await readdir(join(cacheDir, "nats-server")), [])
  })

  it("is not taken from a place, to which the site sends us, that is neither HTTPS nor loopback", async () => {
    publish(tarGz("nats-server", Buffer.from(script(PINNED))))
    redirects.set("SHA256SUMS", `${baseUrl.replace("127.0.0.1", "0.0.0.0")}/v${PINNED}/${archive}`)
    assert.match((await refused()).message, /SHA256SUMS: redirected to http:\/\/0\.0\.0\.0\S+, which is neither/)
  })

  it("is refused when the list does not name it, and over plain HTTP from elsewhere", async () => {
    files.set("SHA256SUMS", Buffer.from(`${"0".repeat(64)}  other-${archive}\n`))
    assert.match((await refused()).message, new RegExp(`SHA256SUMS does not list ${archive}`))
    const error = await refused({ release: { baseUrl: "http://releases.example" } })
    assert.match(error.message, /is neither HTTPS nor loopback/)
  })

  it("is given up when nobody answers", async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve))
    const address = silent.address()
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
    const error = await refused({ release: { baseUrl: url, connectTimeoutMs: 50 } })
    silent.closeAllConnections()
    silent.close()
    assert.match(error.message, /no answer in 0\.05 s/)
  })

  it("may be fetched by several processes at once", async () => {
    publish(tarGz("nats-server", Buffer.from(script(PINNED))))
    const source = new URL("../../src/nats/server/ServerProgram.ts", import.meta.url).href
    const code = `
      import { Effect, References } from "effect"
      const { find } = await import(${JSON.stringify(source)})
      const { path } = await Effect.runPromise(find(${JSON.stringify(options())}).pipe(Effect.provideService(References.MinimumLogLevel, "None")))
      process.stdout.write(path)`
    const runs = await Promise.all(
      [1, 2, 3].map(() => promisify(execFile)(process.execPath, ["--input-type=module", "-e", code]))
    )
    const path = join(cacheDir, "nats-server", PINNED, "nats-server")
    assert.deepStrictEqual(
      runs.map(({ stdout }) => stdout),
      [path, path, path]
    )
    assert.deepStrictEqual(await readdir(join(cacheDir, "nats-server")), [PINNED])
  })

  it("has the name of the platform's archive, and each pinned one has a whole SHA-256", () => {
    assert.strictEqual(archiveName("linux", "x64"), `nats-server-v${PINNED}-linux-amd64.tar.gz`)
    assert.strictEqual(archiveName("darwin", "arm64"), `nats-server-v${PINNED}-darwin-arm64.tar.gz`)
    assert.strictEqual(archiveName("win32", "x64"), `nats-server-v${PINNED}-windows-amd64.zip`)
    assert.strictEqual(archiveName("aix", "ppc64"), undefined)
    for (const [name, sum] of Object.entries(PINS)) assert.match(`${name} ${sum}`, /^nats-server-v\S+ [0-9a-f]{64}$/)
  })
})

describe("unpacking", () => {
  const contents = Buffer.from("the program ".repeat(1000))

  it("takes one file out of a tar.gz and out of a zip", () => {
    assert.deepStrictEqual(fromTarGz(tarGz("nats-server", contents), "nats-server"), contents)
    assert.deepStrictEqual(fromZip(zip("nats-server.exe", contents), "nats-server.exe"), contents)
    assert.strictEqual(fromTarGz(tarGz("nats-server", contents), "other"), undefined)
    assert.strictEqual(fromZip(zip("nats-server.exe", contents), "other"), undefined)
  })

  it("refuses a zip that is cut short or damaged", () => {
    const whole = zip("nats-server.exe", contents)
    assert.throws(() => fromZip(whole.subarray(0, whole.length - 30), "nats-server.exe"), /damaged or cut short/)
    const flipped = Buffer.from(zip("nats-server.exe", contents))
    flipped.writeUInt32LE(1, flipped.length - 22 - "folder/nats-server.exe".length - 46 + 16)
    assert.throws(() => fromZip(flipped, "nats-server.exe"), /damaged/)
  })
})

describe("the Go tool chain", () => {
  it("builds the pinned version into the cache where it is on PATH", async () => {
    const body = `[ "$*" = "install github.com/nats-io/nats-server/v2@v${PINNED}" ] || exit 9
printf '#!/bin/sh\\necho "nats-server: v${PINNED}"\\n' > "$GOBIN/nats-server"`
    await program("tools", `#!/bin/sh\n${body}\n`, "go")
    vi.stubEnv("PATH", join(folder, "tools"))
    const { source, path } = await found({ fetchWith: ["go"] })
    assert.deepStrictEqual([source, path], ["go", join(cacheDir, "nats-server", PINNED, "nats-server")])
  })

  it("is told in one line where it is missing", async () => {
    vi.stubEnv("PATH", folder)
    assert.match((await refused({ fetchWith: ["go"] })).message, /\n {2}go: no go on PATH\n/)
  })
})

describe("apt's sources", () => {
  const text = `# The archive
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
`
  it("name the mirror of Debian's main archive, not other archives", () => {
    const other = "deb [arch=amd64 signed-by=/k] https://other.example/apt tools-bookworm main\n"
    const component = "deb https://third.example/debian bookworm stable\n"
    const old = "# deb http://commented.example/debian stable main\ndeb-src http://s.example/debian stable main\n"
    const line = "deb [ arch=amd64 ] http://second.example/debian stable main non-free # ours\n"
    const sources = [
      { name: "a.list", text: other + component + old + line },
      { name: "debian.sources", text }
    ]
    const mirrors = ["http://second.example/debian", "http://mirror.example/debian"]
    assert.deepStrictEqual(mirrorsIn(sources, "bookworm"), mirrors)
    assert.deepStrictEqual(mirrorsIn(sources, undefined), mirrors.slice(0, 1))
  })
})

describe("versions", () => {
  it("are compared by number, and noted below the recommended one", () => {
    assert.isBelow(compare("2.9.10", "2.12.0"), 0)
    assert.isAbove(compare("2.14.10", "2.14.9"), 0)
    assert.strictEqual(compare("2.15.1", "2.15.1-RC.2"), 0)
    assert.deepStrictEqual([notesOn("2.14.3"), notesOn("2.14.2").length], [[], 1])
  })
})
