import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll } from "vitest"

const ROOT = resolve(import.meta.dirname, "../..")
const BIN = join(ROOT, "bin/nagatha")
const directory = realpathSync(mkdtempSync(join(tmpdir(), "nagatha-bin-")))
afterAll(() => rmSync(directory, { recursive: true }))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; `onOutput` sees all of its standard output and error so far, and may send a signal. */
const run = (
  argv: ReadonlyArray<string>,
  options: {
    readonly env?: Record<string, string>
    readonly onOutput?: (sofar: string, kill: (signal: NodeJS.Signals) => void) => unknown
    readonly openInput?: boolean
  } = {}
): Promise<Ended> =>
  new Promise((done, failed) => {
    const [program = "", ...args] = argv
    const child = spawn(program, args, { env: { ...process.env, NAGATHA_DATA_DIR: directory, ...options.env } })
    let stdout = ""
    let stderr = ""
    const seen = () => options.onOutput?.(stdout + stderr, (signal) => child.kill(signal))
    child.stdout.on("data", (chunk) => ((stdout += String(chunk)), seen()))
    child.stderr.on("data", (chunk) => ((stderr += String(chunk)), seen()))
    if (options.openInput !== true) child.stdin.end()
    child.on("error", failed)
    child.on("close", (code, signal) => done({ code, signal, stdout, stderr }))
  })

/** The program on the Node that runs this test, which can run it as it is. */
const nagatha = (...args: ReadonlyArray<string>) => run([process.execPath, BIN, ...args])

describe("bin/nagatha", () => {
  it("prints its version, and nothing else", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))
    assert.deepStrictEqual(await nagatha("--version"), {
      code: 0,
      signal: null,
      stdout: `nagatha ${version}\n`,
      stderr: ""
    })
  })

  it("tells wrong words on standard error and exits with 2", async () => {
    const ran = await nagatha("lst")
    assert.strictEqual(ran.code, 2)
    assert.strictEqual(ran.stdout, "")
    assert.strictEqual(
      ran.stderr,
      'error: the command "lst" is not known; did you mean "list" or "ls"?\nhint: nagatha --help shows what there is\n'
    )
  })

  it("is run through a symbolic link, by whatever Node is asked for first", async () => {
    const link = join(directory, "nagatha")
    symlinkSync(BIN, link)
    const ran = await run([link, "--version"])
    assert.strictEqual(ran.code, 0, ran.stderr)
    assert.match(ran.stdout, /^nagatha \d/)
  })

  it("is quiet when its output is closed early", async () => {
    const ran = await run(["/bin/sh", "-c", `"${process.execPath}" "${BIN}" completions bash | head -n 1`])
    assert.strictEqual(ran.stderr, "")
    assert.strictEqual(ran.stdout.split("\n").length, 2)
  })
})

describe("the process", () => {
  const up = (signals: (sofar: string, kill: (signal: NodeJS.Signals) => void) => unknown, env = {}) =>
    run([process.execPath, join(ROOT, "test/support/upProcess.ts"), "up"], { onOutput: signals, env })

  it("finalises and exits with 130 on SIGINT, 143 on SIGTERM", async () => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143]
    ] as const) {
      const ended = await up((sofar, kill) => sofar.includes("Ctrl-C stops it") && kill(signal))
      assert.strictEqual(ended.code, code, ended.stderr)
      assert.match(ended.stdout, /^nagatha is up\n/)
      assert.match(ended.stderr, /stopping; what runs is asked to stop\n[^]*finalising\n/)
    }
  })

  it("writes its log to standard error, as JSON where asked, and no colour where there is no terminal", async () => {
    const stop = (sofar: string, kill: (signal: NodeJS.Signals) => void) =>
      sofar.includes("Ctrl-C stops it") && kill("SIGINT")
    const pretty = await up(stop)
    assert.match(pretty.stderr, /INFO.*starting/)
    assert.notInclude(pretty.stderr + pretty.stdout, "\u001b")
    const json = await up(stop, { LOG_FORMAT: "json" })
    assert.strictEqual(JSON.parse(json.stderr.split("\n")[0] ?? "").message, "starting")
    const own = await up(stop, { NAGATHA_LOG_FORMAT: "json", LOG_FORMAT: "pretty" })
    assert.deepInclude(JSON.parse(own.stderr.split("\n")[0] ?? ""), {
      message: "starting",
      level: "INFO",
      annotations: { nodeId: "n1" }
    })
    const wrong = await up(stop, { NAGATHA_LOG_FORMAT: "xml" })
    assert.strictEqual(wrong.code, 2)
    assert.strictEqual(
      wrong.stderr,
      'error: NAGATHA_LOG_FORMAT: "xml" is no format of the log\nhint: set it to pretty or json\n'
    )
    const quiet = await up(stop, { LOG_LEVEL: "error" })
    assert.notInclude(quiet.stderr, "starting")
  })

  it("ends at once on a second signal, when finalising does not come to an end", async () => {
    let asking: NodeJS.Timeout | undefined
    const ended = await up(
      (sofar, kill) => {
        if (sofar.includes("finalising")) asking ??= setInterval(() => kill("SIGINT"), 100)
        else if (sofar.includes("Ctrl-C stops it")) kill("SIGINT")
      },
      { HANG: "1" }
    )
    clearInterval(asking)
    assert.strictEqual(ended.code, 130)
  })
})

describe("a Node that is too old", () => {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`

  /** The starter as it would be on an old Node: it asks for a version that there is not. */
  const oldStarter = (folder: string): string => {
    const bin = join(directory, folder, "bin")
    mkdirSync(bin, { recursive: true })
    writeFileSync(join(directory, folder, "package.json"), '{ "type": "module" }')
    const text = readFileSync(BIN, "utf8")
    const changed = text.replace(/const NEEDED = \[.*\]/, "const NEEDED = [99, 0]")
    assert.notStrictEqual(changed, text)
    writeFileSync(join(bin, "nagatha"), changed)
    cpSync(join(ROOT, "bin/package.json"), join(bin, "package.json"))
    return join(bin, "nagatha")
  }

  const pinned = (folder: string, version: string, script: string): void => {
    const place = join(directory, folder, "node_modules", name)
    mkdirSync(join(place, "bin"), { recursive: true })
    writeFileSync(join(place, "package.json"), JSON.stringify({ name, version }))
    writeFileSync(join(place, "bin/node"), `#!/bin/sh\n${script}\n`)
    chmodSync(join(place, "bin/node"), 0o755)
  }

  it("hands over to the one that comes with the package, and passes the exit code on", async () => {
    const starter = oldStarter("handover")
    pinned("handover", "99.1.0", 'printf "%s|" "$@"; exit 7')
    const ran = await run([process.execPath, starter, "next", "every day at 9"])
    assert.deepStrictEqual(ran, { code: 7, signal: null, stdout: `${starter}|next|every day at 9|`, stderr: "" })
  })

  it("passes signals down, and the death by a signal up", async () => {
    const starter = oldStarter("signals")
    const waiting = 'process.on("SIGTERM", () => process.exit(9)); setInterval(() => {}, 1000); console.log("ready")'
    pinned("signals", "99.1.0", `exec "${process.execPath}" -e '${waiting}'`)
    const down = await run([process.execPath, starter], {
      openInput: true,
      onOutput: (_, kill) => kill("SIGTERM")
    })
    assert.strictEqual(down.code, 9)
    pinned("signals", "99.1.0", "kill -KILL $$")
    assert.strictEqual((await run([process.execPath, starter])).signal, "SIGKILL")
  })

  it("says what it needs where there is none, or only an old one", async () => {
    const starter = oldStarter("alone")
    for (const prepare of [() => undefined, () => pinned("alone", "18.0.0", "exit 0")]) {
      prepare()
      const ran = await run([process.execPath, starter, "list"])
      assert.strictEqual(ran.code, 1)
      assert.strictEqual(ran.stdout, "")
      assert.match(ran.stderr, /^nagatha: this is Node \d+.*too old[^]*needs Node 99\.0 or newer[^]*npm install/)
    }
  })
})

describe("the configuration file", () => {
  const configured = (name: string, text: string, ...args: ReadonlyArray<string>) => {
    const config = mkdtempSync(join(directory, "config-"))
    writeFileSync(join(config, name), text)
    return run([process.execPath, BIN, ...args], { env: { NAGATHA_CONFIG_DIR: config, NAGATHA_TIMEZONE: "" } })
  }
  const zoneOf = (ended: Ended): string => JSON.parse(ended.stdout).timezone

  it("says the zone where neither a flag nor the environment does, in JSON or YAML", async () => {
    const next = ["next", "every day at 9", "--json"]
    assert.strictEqual(
      zoneOf(await configured("nagatha.config.json", '{"timezone": "Asia/Tokyo"}', ...next)),
      "Asia/Tokyo"
    )
    assert.strictEqual(zoneOf(await configured("nagatha.config.yaml", "timezone: Asia/Tokyo\n", ...next)), "Asia/Tokyo")
    const asked = [...next, "--timezone", "Europe/Berlin"]
    assert.strictEqual(
      zoneOf(await configured("nagatha.config.json", '{"timezone": "Asia/Tokyo"}', ...asked)),
      "Europe/Berlin"
    )
  })
  it("is refused with the key that was meant, the place and exit code 2; help is given all the same", async () => {
    const misspelt = await configured("nagatha.config.json", '{"timzone": "Asia/Tokyo"}', "list")
    assert.deepStrictEqual([misspelt.code, misspelt.stdout], [2, ""])
    assert.match(misspelt.stderr, /nagatha\.config\.json: "timzone" is not known; did you mean "timezone"\?/)
    const broken = await configured("nagatha.config.json", "{", "list", "--json")
    assert.strictEqual(broken.code, 2)
    assert.include(JSON.parse(broken.stderr).error.message, "this is no JSON")
    const wrong = await configured("nagatha.config.yaml", "concurrency: many\n", "list")
    assert.match(wrong.stderr, /"concurrency" /)
    const nowhere = await configured("nagatha.config.yaml", "timezone: Mars/Olympus\n", "next", "noon")
    assert.strictEqual(nowhere.code, 2)
    assert.match(nowhere.stderr, /timezone in .*nagatha\.config\.yaml: "Mars\/Olympus" is not an IANA time zone/)
    assert.strictEqual((await configured("nagatha.config.json", "{", "--help")).code, 0)
  })
})
