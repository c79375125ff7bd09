import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { resolve } from "node:path"
import { dataDirectory, dataDirectoryHere, upFile } from "../../src/access/DataDirectory.ts"
import { DeploymentFailed, type UpInfo, type UpOptions } from "../../src/cli/machine/Deployment.ts"
import { failureOf } from "../../src/cli/Failure.ts"
import { runCli, until } from "../support/cli.ts"
import { anExecution, aWorld, memoryScheduler } from "../support/scheduler.ts"

const upInfo: UpInfo = {
  pid: 4711,
  dataDir: "/data",
  nats: { url: "nats://127.0.0.1:4333", version: "2.15.1", managed: true },
  namespace: "nagatha",
  partitions: 16,
  concurrency: 64,
  plugins: []
}

describe("nagatha up", () => {
  it.effect("says what runs and what to try, and stops what it started when interrupted", () =>
    Effect.gen(function* () {
      const asked: Array<UpOptions> = []
      const said: Array<string> = []
      let stopped = false
      const up = (options: UpOptions) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            asked.push(options)
            return upInfo
          }),
          () => Effect.sync(() => void (stopped = true))
        )
      const fiber = yield* Effect.forkChild(
        runCli(["up", "--data", "/data", "--concurrency", "8", "--queues", "mail, reports"], {
          deployment: { up },
          said
        })
      )
      yield* until(() => asked.length > 0)
      assert.isFalse(stopped)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(stopped)
      assert.deepStrictEqual(asked, [{ dataDir: "/data", concurrency: 8, plugins: [], queues: ["mail", "reports"] }])
      assert.match(
        said.join("\n"),
        /NAGATHA_DATA_DIR=\/data.*\n.*nagatha schedule[^]*stopping; what runs is asked to stop/
      )
    })
  )

  it.effect("ends when a detached one is ready", () =>
    Effect.gen(function* () {
      const deployment = { upDetached: () => Effect.succeed({ ...upInfo, logFile: "/data/nagatha.log" }) }
      const ran = yield* runCli(["up", "--detach"], { deployment })
      assert.strictEqual(ran.code, 0)
      assert.match(ran.stdout, /^nagatha is up\n {2}NATS +nats:\/\/127\.0\.0\.1:4333 \(2\.15\.1, started by nagatha\)/)
      assert.match(ran.stdout, /log +\/data\/nagatha\.log/)
      assert.match(ran.stderr, /nagatha down stops it/)
      const json = yield* runCli(["up", "--detach", "--json"], { deployment })
      assert.strictEqual(json.stderr, "")
      assert.strictEqual(JSON.parse(json.stdout).nats.url, "nats://127.0.0.1:4333")
    })
  )

  it.effect("passes on where the HTTP API is to listen, and says nothing where nothing is said", () =>
    Effect.gen(function* () {
      const asked: Array<UpOptions["http"]> = []
      const upDetached = ({ http }: UpOptions) => Effect.sync(() => (asked.push(http), upInfo))
      const tls = ["--http-cert", "/c.pem", "--http-key", "k.pem"]
      for (const flags of [
        [],
        ["--http-port", "0"],
        ["--no-http"],
        ["--http-host", "0.0.0.0", "--http-name", "a.example", "--http-name", "b.example", ...tls]
      ]) {
        assert.strictEqual((yield* runCli(["up", "--detach", ...flags], { deployment: { upDetached } })).code, 0)
      }
      assert.deepStrictEqual(asked, [
        undefined,
        { port: 0 },
        { off: true },
        { host: "0.0.0.0", names: ["a.example", "b.example"], cert: "/c.pem", key: resolve("k.pem") }
      ])
      for (const port of ["65536", "-1", "many", "1.5"]) {
        const ran = yield* runCli(["up", "--http-port", port], { deployment: { upDetached } })
        assert.strictEqual(ran.code, 2, port)
        assert.match(ran.stderr, /http-port/, port)
      }
    })
  )

  it.effect("says where the HTTP API is, with a link that lets in only where a person reads it", () =>
    Effect.gen(function* () {
      const http = { url: "http://127.0.0.1:5555", login: "http://127.0.0.1:5555/login#secret", token: "/data/token" }
      const info = { ...upInfo, http }
      const said = Effect.fnUntraced(function* (columns: number | undefined) {
        let up = false
        const lines: Array<string> = []
        const deployment = { up: () => Effect.sync(() => ((up = true), info)) }
        const setting = { deployment, printed: lines, ...(columns === undefined ? {} : { columns }) }
        const fiber = yield* Effect.forkChild(runCli(["up"], setting))
        yield* until(() => up)
        yield* Fiber.interrupt(fiber)
        return lines.join("\n")
      })
      assert.match(yield* said(80), /HTTP +http:\/\/127\.0\.0\.1:5555 .*\/data\/token[^]*\/login#secret/)
      const inLog = yield* said(undefined)
      assert.match(inLog, /browser +http:\/\/127\.0\.0\.1:5555\/login \(takes the token\)/)
      assert.notInclude(inLog, "secret")
      const upDetached = () => Effect.succeed({ ...info, logFile: "/data/nagatha.log" })
      assert.include((yield* runCli(["up", "--detach"], { deployment: { upDetached } })).stdout, "/login#secret")
    })
  )

  it.effect("exits with 3 where no server answers, and with 2 where a setting is wrong", () =>
    Effect.gen(function* () {
      for (const [reason, code, exitCode] of [
        ["unreachable", "unreachable", 3],
        ["settings", "usage", 2]
      ] as const) {
        const up = () => Effect.fail(new DeploymentFailed({ message: "so it is", reason }))
        const ran = yield* runCli(["up", "--json"], { deployment: { up } })
        assert.strictEqual(ran.code, exitCode)
        assert.strictEqual(JSON.parse(ran.stderr).error.code, code)
      }
    })
  )

  it.effect("exits with 1 and the remedy where it cannot", () =>
    Effect.gen(function* () {
      const up = () => Effect.fail(new DeploymentFailed({ message: "the port is taken", hint: "choose another" }))
      const ran = yield* runCli(["up"], { deployment: { up } })
      assert.deepStrictEqual(ran, { code: 1, stdout: "", stderr: "error: the port is taken\nhint: choose another\n" })
    })
  )
})

describe("nagatha down", () => {
  it.effect("says what it stopped, or that there was nothing", () =>
    Effect.gen(function* () {
      const stopped = yield* runCli(["down"], { deployment: { down: () => Effect.succeed({ pid: 5 }) } })
      assert.deepStrictEqual(stopped, { code: 0, stdout: "stopped process 5\n", stderr: "" })
      const deployment = { down: () => Effect.succeed({ pid: null }) }
      const nothing = yield* runCli(["down", "--data", "/data"], { deployment })
      assert.deepStrictEqual(nothing, { code: 0, stdout: "", stderr: "nothing runs with the data in /data\n" })
      const json = yield* runCli(["down", "--data", "/data", "--json"], { deployment })
      assert.deepStrictEqual(JSON.parse(json.stdout), { stopped: false, pid: null, dataDir: "/data" })
    })
  )
})

describe("nagatha doctor", () => {
  const doctor = (state: "ok" | "problem") => () =>
    Effect.succeed({
      settings: [{ name: "namespace", value: "nagatha", source: "default" }],
      checks: [
        { name: "Node", state: "ok" as const, found: "24.0.0" },
        { name: "server", state, found: "nobody answers", remedy: "nagatha up" }
      ]
    })

  it.effect("prints settings with their source and checks with their remedy", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["doctor"], { deployment: { doctor: doctor("problem") } })
      assert.strictEqual(ran.code, 1)
      assert.strictEqual(
        ran.stdout,
        [
          "settings",
          "  namespace  nagatha  (default)",
          "",
          "checks",
          "  ok       Node: 24.0.0",
          "  problem  server: nobody answers",
          "           do: nagatha up",
          ""
        ].join("\n")
      )
      assert.strictEqual(ran.stderr, "error: there is a problem\n")
      const fine = yield* runCli(["doctor", "--json"], { deployment: { doctor: doctor("ok") } })
      assert.strictEqual(fine.code, 0)
      assert.isTrue(JSON.parse(fine.stdout).ok)
    })
  )
})

describe("nagatha completions", () => {
  it.effect("prints a script for each shell that knows the commands", () =>
    Effect.gen(function* () {
      for (const shell of ["bash", "zsh", "fish"]) {
        const ran = yield* runCli(["completions", shell])
        assert.strictEqual(ran.code, 0)
        assert.include(ran.stdout, "schedule")
        assert.include(ran.stdout, "notification-type")
      }
      assert.strictEqual((yield* runCli(["completions", "tcsh"])).code, 2)
    })
  )
})

describe("the data directory", () => {
  it("is NAGATHA_DATA_DIR, else below XDG_DATA_HOME, else below the home", () => {
    assert.strictEqual(dataDirectory({ NAGATHA_DATA_DIR: "/x", XDG_DATA_HOME: "/y" }, "/home/ann"), "/x")
    assert.strictEqual(dataDirectory({ NAGATHA_DATA_DIR: "", XDG_DATA_HOME: "/y" }, "/home/ann"), "/y/nagatha")
    assert.strictEqual(dataDirectory({ XDG_DATA_HOME: "relative" }, "/home/ann"), "/home/ann/.local/share/nagatha")
    assert.strictEqual(dataDirectory({}, "/home/ann"), "/home/ann/.local/share/nagatha")
    assert.strictEqual(dataDirectoryHere("/given"), "/given")
    assert.strictEqual(upFile("/x"), "/x/up.json")
  })
})

describe("help and what is wrong with words", () => {
  it.effect("is on standard output, with an example for every command", () =>
    Effect.gen(function* () {
      const verbs =
        "schedule list info cancel history logs events next calendar up down node status doctor demo completions".split(
          " "
        )
      for (const verb of verbs) {
        const ran = yield* runCli([verb, "--help"])
        assert.strictEqual(ran.code, 0)
        assert.strictEqual(ran.stderr, "")
        assert.match(ran.stdout, new RegExp(`EXAMPLES\\n[^]*nagatha ${verb}`), verb)
        assert.deepStrictEqual(yield* runCli(["help", verb]), ran)
        assert.strictEqual((yield* runCli(["scheduler", verb, "--help"])).code, 0)
      }
      for (const group of [["scheduler"], ["node"], ["node", "start"], ["calendar"], ["calendar", "set"], []]) {
        const { stdout } = yield* runCli([...group, "--help"])
        assert.match(stdout, /\n\nEXAMPLES\n/, group.join(" "))
        for (const line of stdout.split("\n")) assert.isAtMost(line.length, 160, line)
      }
      const bare = yield* runCli([])
      assert.strictEqual(bare.code, 0)
      for (const verb of verbs) assert.match(bare.stdout, new RegExp(`\\n  ${verb}\\b`))
      assert.deepStrictEqual(yield* runCli(["--version"]), { code: 0, stdout: "nagatha 1.2.3\n", stderr: "" })
    })
  )

  it.effect("gets a suggestion and exit code 2", () =>
    Effect.gen(function* () {
      const ran = yield* runCli(["shedule", "notification", "now"])
      assert.strictEqual(ran.code, 2)
      assert.strictEqual(ran.stdout, "")
      assert.match(ran.stderr, /the command "shedule" is not known; did you mean "schedule"\?\nhint: nagatha --help/)
      const json = yield* runCli(["shedule", "notification", "--message", "x", "--json"])
      assert.strictEqual(
        JSON.parse(json.stderr).error.message,
        'the command "shedule" is not known; did you mean "schedule"?'
      )
      const flag = yield* runCli(["scheduler", "list", "--stats", "failed"])
      assert.match(flag.stderr, /--stats is not known; did you mean "--status"\?\nhint: nagatha scheduler list --help/)
    })
  )

  it.effect("is no help about a command that there is not", () =>
    Effect.gen(function* () {
      for (const words of [
        ["help", "lst"],
        ["lst", "--help"],
        ["scheduler", "lst", "-h"]
      ]) {
        const ran = yield* runCli(words)
        assert.deepStrictEqual([ran.code, ran.stdout], [2, ""])
        assert.match(ran.stderr, /the command "lst" is not known; did you mean "list"\?\nhint: nagatha .*--help/)
      }
      assert.strictEqual((yield* runCli(["cancel", "lst", "--help"])).code, 0)
    })
  )

  it.effect("shows a foreseen error without a stack, and a defect as one", () =>
    Effect.gen(function* () {
      const defect = yield* runCli(["down"], { deployment: { down: () => Effect.die(new Error("boom")) } })
      assert.strictEqual(defect.code, 1)
      assert.match(defect.stderr, /^error: internal error: boom\nhint: this is a defect of nagatha.*\n$/)
      assert.strictEqual(failureOf("thrown text").code, "internal")
    })
  )
})

describe("nagatha demo", () => {
  it.effect("follows every task to its end, and cancels the recurring one", () =>
    Effect.gen(function* () {
      const time = "2026-03-08T12:00:00.000Z"
      const world = aWorld({
        events: [{ id: "1.0", type: "scheduler.task.success", time, taskId: "task0", taskName: "tea" }],
        onScheduled: (task, at) =>
          at.executions.unshift(
            anExecution({
              executionId: `run-${task.taskId}`,
              taskId: task.taskId,
              status: JSON.stringify(task.taskArgs).includes("exit 3") ? "failed" : "completed"
            })
          )
      })
      const ran = yield* runCli(["demo"], { deployment: { borrowed: Effect.succeed(memoryScheduler(world)) } })
      assert.strictEqual(ran.code, 0, ran.stderr)
      assert.strictEqual(world.scheduled.length, 9)
      assert.strictEqual(world.cancelled.length, 1)
      assert.match(ran.stdout, /How words are understood[^]*fails for good[^]*That was the demo/)
      assert.match(ran.stdout, /event {2}.*success +task0 +tea\n/)
      assert.deepStrictEqual(
        new Set(world.scheduled.map(({ taskType }) => taskType)),
        new Set([
          "notification",
          "shell_command",
          "mcp_tool",
          "http_request",
          "plugin_command",
          "word_count",
          "sequence"
        ])
      )
    })
  )

  it.effect("fails where a task does not end as it should", () =>
    Effect.gen(function* () {
      const world = aWorld({
        onScheduled: ({ taskId }, at) => at.executions.push(anExecution({ taskId, status: "failed" }))
      })
      const ran = yield* runCli(["demo"], { deployment: { borrowed: Effect.succeed(memoryScheduler(world)) } })
      assert.strictEqual(ran.code, 1)
      assert.match(ran.stderr, /should have completed, but has failed/)
    })
  )
})
