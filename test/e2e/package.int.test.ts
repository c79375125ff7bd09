/**
 * What users install: packed as it is published, installed by npm into an empty project, used by programs in JavaScript and
 * in strict TypeScript, by `npx`, and by a worker with a plugin of the project.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { basename, delimiter, dirname, join } from "node:path"
import { eventually } from "../support/nagatha.ts"

const ROOT = new URL("../..", import.meta.url).pathname
const LEFT_OUT = new Set(["node_modules", "dist", ".git"])

const place = mkdtempSync(join(tmpdir(), "nagatha-package-"))
const project = join(place, "project")
const dataDir = join(place, "data")

const { NATS_URL: _url, NATS_CREDS: _creds, NODE_OPTIONS: _options, ...inherited } = process.env
const env = {
  ...inherited,
  PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
  NAGATHA_DATA_DIR: dataDir,
  NAGATHA_HTTP_PORT: "0",
  NATS_CONTEXT: "",
  npm_config_update_notifier: "false"
}

/** Runs a program to its end; gives what it has written, and fails with all of it when it does not end well. */
const run = (cwd: string, program: string, ...args: ReadonlyArray<string>): string => {
  const { status, stderr, stdout } = spawnSync(program, args, {
    cwd,
    env,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024
  })
  assert.strictEqual(status, 0, `${program} ${args.join(" ")}: ${stdout}\n${stderr}`)
  return stdout
}

const write = (name: string, content: string) => writeFileSync(join(project, name), content)

/** The checkout, packed from a copy: nothing of a half-built package is ever seen by others who use the checkout. */
const pack = (): string => {
  const copy = join(place, "checkout")
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) })
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"))
  run(copy, "npm", "pack", "--silent", "--pack-destination", place)
  return readdirSync(place).find((name) => name.endsWith(".tgz")) ?? "nothing was packed"
}

describe("the package, installed", () => {
  let up: ChildProcess | undefined
  beforeAll(() => {
    mkdirSync(project)
    const tarball = pack()
    write("package.json", JSON.stringify({ name: "a-project", private: true, type: "module" }))
    // A Node of its own is not needed here: the test's own is new enough.
    run(
      project,
      "npm",
      "install",
      join("..", tarball),
      "--omit=optional",
      "--prefer-offline",
      "--no-audit",
      "--no-fund"
    )
  }, 600_000)
  afterAll(async () => {
    if (up !== undefined && up.exitCode === null) {
      up.kill("SIGTERM")
      await once(up, "exit")
    }
    rmSync(place, { recursive: true, force: true })
  }, 60_000)

  it("brings JavaScript and types, and no sources of its own", () => {
    const there = readdirSync(join(project, "node_modules", "nagatha-scheduler"))
    assert.includeMembers(there, ["bin", "dist", "examples", "package.json", "README.md", "LICENSE"])
    assert.notIncludeMembers(there, ["src", "test", "bench", "scripts"])
  })

  it("shares the one copy of effect with the program", () => {
    assert.isTrue(existsSync(join(project, "node_modules", "effect")))
    assert.isFalse(existsSync(join(project, "node_modules", "nagatha-scheduler", "node_modules")))
  })

  it("is the command line, by npx", () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string }
    assert.strictEqual(run(project, "npx", "--no-install", "nagatha", "--version"), `nagatha ${version}\n`)
    assert.include(run(project, "npx", "--no-install", "nagatha", "next", "every day at 9", "--json"), '"understoodAs"')
  })

  it("loads for a command what that command needs", () => {
    write(
      "loaded.cjs",
      `process.on("exit", () => {
  const files = Object.keys(require.cache).map((path) => require("node:path").basename(path).replace(/(-.{8})?[.]cjs$/, ""))
  const builtins = process.moduleLoadList.filter((name) => name.startsWith("NativeModule "))
  require("node:fs").writeFileSync("loaded.json", JSON.stringify({ files, builtins: builtins.map((name) => name.slice(13)) }))
})
`
    )
    const loadedBy = (...args: ReadonlyArray<string>) => {
      const bin = join("node_modules", "nagatha-scheduler", "bin", "nagatha")
      run(project, process.execPath, "--require", "./loaded.cjs", bin, ...args)
      const loaded = JSON.parse(readFileSync(join(project, "loaded.json"), "utf8")) as {
        readonly files: ReadonlyArray<string>
        readonly builtins: ReadonlyArray<string>
      }
      // A few lines of the bundler's own, which it puts where it likes.
      return { ...loaded, files: loaded.files.filter((name) => name !== "rolldown-runtime") }
    }
    // The last two come with any module of Node whose names are looked through, as an import of it by an ES module does.
    const heavy = [
      "crypto",
      "sqlite",
      "readline",
      "http",
      "tls",
      "dns",
      "child_process",
      "internal/fs/promises",
      "worker_threads"
    ]
    for (const args of [["--version"], ["--help"]]) {
      const { builtins, files } = loadedBy(...args)
      assert.deepStrictEqual(files, ["loaded", "nagatha", "nagatha"], args.join(" "))
      for (const name of heavy) assert.notInclude(builtins, name, args.join(" "))
    }
    const { builtins, files } = loadedBy("next", "every day at 9")
    const ofNext = ["loaded", "nagatha", "nagatha", "next", "shared", "Moments", "Runs", "Preview", "words"]
    assert.sameMembers([...files], ofNext)
    for (const name of heavy) assert.notInclude(builtins, name)
  })

  it("is tested with by a program in plain JavaScript", () => {
    write("own.test.mjs", readFileSync(join(ROOT, "examples", "testing", "invoices.test.mjs"), "utf8"))
    assert.match(run(project, process.execPath, "--test", "own.test.mjs"), /pass 1/)
  })

  it("has types that a strict program can rely on", () => {
    write("program.ts", readFileSync(join(ROOT, "test", "sdk", "types", "program.ts"), "utf8"))
    const compilerOptions = {
      target: "es2024",
      lib: ["es2024", "esnext.disposable", "dom"],
      module: "nodenext",
      moduleResolution: "nodenext",
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      types: ["node"]
    }
    write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["program.ts"] }))
    run(project, process.execPath, join(ROOT, "node_modules", "typescript", "bin", "tsc"), "-p", ".")
  }, 300_000)

  it("in a checkout is run as it was built, until a source is newer", () => {
    const checkout = join(place, "checkout")
    const bin = join(checkout, "bin", "nagatha")
    writeFileSync(join(checkout, "dist", "bundle", "nagatha.cjs"), 'process.stdout.write("the bundle")\n')
    writeFileSync(join(checkout, "dist", "cli", "main.js"), 'process.stdout.write("the files")\n')
    assert.strictEqual(run(checkout, process.execPath, bin, "--version"), "the bundle")
    // What loads plugins shares its modules with them.
    assert.strictEqual(run(checkout, process.execPath, bin, "--log-level", "info", "up"), "the files")
    const soon = new Date(Date.now() + 60_000)
    utimesSync(join(checkout, "src", "cli", "commands", "next.ts"), soon, soon)
    assert.match(run(checkout, process.execPath, bin, "--version"), /^nagatha \d/)
  })

  it("runs a plugin of the project in its worker, for a program that connects", async () => {
    write(
      "tidy.mjs",
      `import { Effect, Schema } from "effect"
import { definePlugin, TaskFailed } from "nagatha-scheduler"
export default definePlugin({
  name: "tidy",
  commands: {
    up: {
      description: "Tidies up.",
      parameters: Schema.Struct({ days: Schema.Int }),
      run: ({ days }, { attempt }) =>
        days < 0
          ? Effect.fail(new TaskFailed({ error: { code: "past", message: "never" }, retryable: false }))
          : Effect.succeed({ tidied: days + attempt })
    }
  }
})
`
    )
    write(
      "program.mjs",
      `import { connect, Refused } from "nagatha-scheduler"
const scheduler = await connect()
const plugin = { pluginName: "tidy", commandName: "up", schedule: "now" }
const good = await scheduler.schedulePluginCommand({ ...plugin, arguments: { days: 41 } })
const bad = await scheduler.schedulePluginCommand({ ...plugin, arguments: { days: -1 } })
const refused = await scheduler.schedulePluginCommand({ ...plugin, arguments: { days: "many" } }).catch((error) => error)
console.log(JSON.stringify([
  (await scheduler.waitForTask(good.taskId)).result,
  (await scheduler.waitForTask(bad.taskId)).errorCode,
  refused instanceof Refused && refused.code
]))
await scheduler.close()
`
    )
    const bin = join(project, "node_modules", ".bin", "nagatha")
    const example = join("node_modules", "nagatha-scheduler", "examples", "plugins", "word-count.ts")
    up = spawn(bin, ["up", "--plugin", "tidy.mjs", "--plugin", example], { cwd: project, env, stdio: "ignore" })
    await eventually(
      "nagatha up is ready",
      () => existsSync(join(dataDir, "up.json")),
      (ready) => ready,
      120_000
    )
    assert.deepStrictEqual(JSON.parse(run(project, process.execPath, "program.mjs")), [
      { tidied: 42 },
      "past",
      "invalidArgs"
    ])
    // A plugin in TypeScript below node_modules, where Node itself strips no types.
    const counted = run(
      project,
      bin,
      "schedule",
      "word_count",
      "now",
      "--args",
      '{"text": "to be or not to be"}',
      "--wait"
    )
    assert.match(counted, /6/)
  }, 180_000)
})
