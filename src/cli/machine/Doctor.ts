/**
 * `doctor`: looks at the set-up from end to end and says what to do. It changes nothing, but for a note of how far the log was
 * found whole; its last check runs a real task, which stays in the history.
 */
import { Clock, Effect, Result, Schedule } from "effect"
import { accessSync, constants, existsSync, statSync } from "node:fs"
import { homedir } from "node:os"
import { dirname } from "node:path"
import { settingsOf } from "../../access/FindServer.ts"
import { filled } from "../../access/Variables.ts"
import { chosenContext } from "../../access/NatsContext.ts"
import { find } from "../../nats/server/ServerProgram.ts"
import type { Scheduler } from "../../Scheduler.ts"
import * as Settings from "../../Settings.ts"
import { readServers, serverOf } from "../../work/mcp/McpConfig.ts"
import { accessOf, connectTo, type LiveOptions } from "./Access.ts"
import * as UpFile from "../../access/UpFile.ts"
import type { Check, DeploymentFailed, SettingInForce } from "./Deployment.ts"
import { GIVEN_SERVER } from "./DeploymentProblem.ts"
import { DEFAULT_HOST, DEFAULT_PORT, httpPlace, tokenFile, tokenOf } from "./HttpPlace.ts"
import { logCheck } from "./LogWitness.ts"
import { pluginsHere } from "./PluginFiles.ts"
import { UPGRADE } from "../../events/History.ts"
import { parkedText } from "../showing/Parked.ts"
import { counted } from "../showing/Text.ts"
import { workerConfiguration } from "./WorkerConfiguration.ts"

const ok = (name: string, found: string): Check => ({ name, state: "ok", found })
const problem = (name: string, found: string, remedy: string): Check => ({ name, state: "problem", found, remedy })

/** How often, at a pause of a tenth of a second, the test task is looked at. */
const LOOKS = 150

/** A URL without the password in it. */
const withoutPassword = (urls: string): string => urls.replace(/:[^/@:]*@/g, ":…@")

/** Settings in force, and where each comes from; no secrets. */
export const settings = (options: LiveOptions, dataDir: string): ReadonlyArray<SettingInForce> => {
  const { env } = options
  const { file, values } = options.configuration
  const variable = (name: string, otherwise: string, shown = (value: string) => value): SettingInForce => {
    const value = env[name]
    return value === undefined || value === ""
      ? { name, value: otherwise, source: "default" }
      : { name, value: shown(value), source: name }
  }
  const configured = (name: keyof typeof values, value: unknown, otherwise: string): SettingInForce =>
    values[name] === undefined
      ? { name, value: String(value), source: otherwise }
      : { name, value: String(values[name]), source: file ?? "" }
  const knobs = Object.entries(Settings.defaults).map(([name, value]): SettingInForce => {
    if (name === "namespace") return { ...variable("NAGATHA_NAMESPACE", String(value)), name }
    if (name === "concurrency") return configured(name, value, "default")
    return { name, value: String(value), source: "default" }
  })
  return [
    variable("NAGATHA_DATA_DIR", dataDir, () => dataDir),
    variable("NATS_URL", "own server", withoutPassword),
    context(env),
    variable("NATS_CREDS", "none"),
    variable("NAGATHA_NATS_SERVER", "searched for"),
    variable("NAGATHA_HTTP_HOST", DEFAULT_HOST),
    variable("NAGATHA_HTTP_PORT", String(DEFAULT_PORT)),
    variable("NAGATHA_TOKEN", tokenFile(dataDir), () => "given, not shown"),
    { ...variable("NAGATHA_CONFIG_DIR", "", () => ""), name: "configuration", value: file ?? "no file" },
    env["NAGATHA_TIMEZONE"]
      ? { name: "timezone", value: options.timezone, source: "NAGATHA_TIMEZONE" }
      : configured("timezone", options.timezone, "system"),
    ...knobs
  ]
}

/** The NATS context that counts where `NATS_URL` is not set. */
const context = (env: LiveOptions["env"]): SettingInForce => {
  const chosen = chosenContext(env, homedir())
  return chosen === undefined
    ? { name: "NATS_CONTEXT", value: "none", source: env["NATS_CONTEXT"] === "" ? "NATS_CONTEXT" : "default" }
    : { name: "NATS_CONTEXT", value: chosen.name, source: chosen.by }
}

/**
 * Where the HTTP API is, else whether it could be; `url`: where it is served now. What runs was told by flags as well, which
 * are not known here: of the environment only what nothing has shown to work is judged.
 */
export const httpChecks = Effect.fnUntraced(function* (env: LiveOptions["env"], dataDir: string, url?: string) {
  const file = tokenFile(dataDir)
  const open = !filled(env["NAGATHA_TOKEN"]) && ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0
  const token = open ? [problem("HTTP API", `others on this machine can read ${file}`, `chmod 600 ${file}`)] : []
  if (url !== undefined) return [ok("HTTP API", url), ...token]
  const place = yield* Effect.result(httpPlace(env, undefined))
  const given =
    filled(env["NAGATHA_TOKEN"]) === undefined ? Result.succeed("") : yield* Effect.result(tokenOf(env, dataDir))
  const wrong = [place, given].flatMap((one: Result.Result<unknown, DeploymentFailed>) =>
    Result.isFailure(one) ? [problem("HTTP API", one.failure.message, one.failure.hint ?? "mend the environment")] : []
  )
  return [...wrong, ...token]
})

const node = Effect.sync((): Check => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  return major > 22 || (major === 22 && minor >= 19)
    ? ok("Node", process.version)
    : problem("Node", process.version, "use Node 22.19 or newer")
})

const directory = (dataDir: string) =>
  Effect.sync((): Check => {
    let at = dataDir
    while (!existsSync(at) && dirname(at) !== at) at = dirname(at)
    const unusable = (reason: string) =>
      problem("data directory", `${at} ${reason}`, "choose another one with --data or NAGATHA_DATA_DIR")
    try {
      if (!statSync(at).isDirectory()) return unusable("is not a directory")
      accessSync(at, constants.W_OK)
      return ok("data directory", at === dataDir ? dataDir : `${dataDir} (not there yet)`)
    } catch {
      return unusable("cannot be written")
    }
  })

const program = (options: LiveOptions) =>
  find({ setting: options.env["NAGATHA_NATS_SERVER"] || undefined, fetchWith: [] }).pipe(
    Effect.match({
      onSuccess: ({ notes, path, version }): Check =>
        notes.length === 0
          ? ok("nats-server", `${version} (${path})`)
          : { name: "nats-server", state: "warning", found: `${version} (${path})`, remedy: notes.join("; ") },
      onFailure: (error): Check =>
        error._tag === "NoServerProgram"
          ? {
              name: "nats-server",
              state: "warning",
              found: "none yet",
              remedy: "nagatha up fetches one into its cache"
            }
          : problem("nats-server", error.message, "mend or leave out NAGATHA_NATS_SERVER")
    })
  )

/** What a worker of this machine would find: its configuration, MCP servers, plugins. */
const forWorkers = Effect.fnUntraced(function* (options: LiveOptions) {
  const { configDirectories, configuration, env } = options
  const configured = yield* Effect.match(workerConfiguration(configuration, env), {
    onFailure: ({ message }) => [problem("configuration", message, "mend the file, or set the variable")],
    onSuccess: () => (configuration.file === null ? [] : [ok("configuration", configuration.file)])
  })
  const servers = yield* Effect.match(readServers(configDirectories), {
    onFailure: ({ message }) => [problem("MCP servers", message, "mend the file")],
    onSuccess: (found) => {
      if (found.file === null) return []
      const names = [...found.entries.keys(), ...found.broken.keys()]
      const wrong = names.flatMap((name) => {
        const server = serverOf(found, name, env)
        return Result.isFailure(server) ? [problem("MCP server", server.failure.message, "mend the entry")] : []
      })
      const said = `${names.join(", ") || "none"} (${found.file}); nagatha mcp-servers check connects to them`
      return [ok("MCP servers", said), ...wrong]
    }
  })
  const { broken, loaded } = yield* pluginsHere(options, [])
  const names = loaded.map(({ plugin }) => plugin.name).join(", ")
  const plugins = [
    ...(loaded.length === 0 ? [] : [ok("plugins", names)]),
    ...broken.map(({ file, reason }) => problem("plugin", `${file}: ${reason}`, "mend the file, or take it away"))
  ]
  return [...configured, ...servers, ...plugins]
})

const status = (scheduler: Scheduler["Service"]) =>
  scheduler.status.pipe(
    Effect.match({
      onFailure: (error): Check => problem("service", error.message, "start it: nagatha up"),
      onSuccess: ({ nodes, partitions, projection, server }): Check => {
        const owned = new Set(partitions.map(({ partition }) => partition)).size
        const found = `${counted(nodes.length, "node")}, ${counted(owned, "partition")}, NATS ${server.version} at ${server.url}`
        if (owned === 0) return problem("service", found, "no node owns partitions: start one with the role scheduler")
        return projection.lag > 10_000
          ? {
              name: "service",
              state: "warning",
              found: `${found}; read models are ${counted(projection.lag, "commit")} behind`,
              remedy: "wait, or look into the node's log"
            }
          : ok("service", found)
      }
    })
  )

/** Partitions in which nothing is decided, and what the read models leave out; nothing where all goes on. */
export const haltedParts = (scheduler: Scheduler["Service"]) =>
  scheduler.status.pipe(
    Effect.map(({ partitions, projection: { parked } }): ReadonlyArray<Check> => [
      ...partitions.flatMap(({ partition, troubles = [] }) =>
        troubles.map(({ found, remedy }) => problem(`partition ${partition}`, `halted: ${found}`, remedy))
      ),
      ...(parked === undefined ? [] : [problem("read models", parkedText(parked), UPGRADE)])
    ]),
    Effect.orElseSucceed(() => [])
  )

/** Schedules a task that runs `true` now, and waits until it has. */
const endToEnd = (scheduler: Scheduler["Service"]) =>
  Effect.gen(function* () {
    const { logSequence, taskId } = yield* scheduler.schedule({
      taskType: "shell_command",
      taskName: "doctor",
      taskArgs: { command: "true" },
      schedule: "now",
      maxRetries: 0
    })
    const ended = yield* scheduler.executions({ taskId, after: logSequence ?? 0 }).pipe(
      Effect.map(({ items }) => items.find(({ status }) => status === "completed" || status === "failed")),
      Effect.repeat({
        until: (found) => found !== undefined,
        schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo({ times: LOOKS }))
      })
    )
    if (ended?.status === "completed")
      return ok("a task, end to end", `ran ${ended.latenessMs ?? 0} ms after it was due`)
    return ended === undefined
      ? problem(
          "a task, end to end",
          `task ${taskId} did not end within 15 seconds`,
          "is a worker running? see nagatha status"
        )
      : problem(
          "a task, end to end",
          `task ${taskId} failed: ${ended.errorMessage ?? ""}`,
          `see nagatha info ${taskId}`
        )
  }).pipe(Effect.catch((error) => Effect.succeed(problem("a task, end to end", error.message, "see the node's log"))))

const service = (options: LiveOptions, dataDir: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const access = yield* Effect.result(accessOf(options, dataDir))
      if (Result.isFailure(access)) {
        const { failure } = access
        const remedy = "remedy" in failure ? failure.remedy : "mend the variable"
        return [problem("environment", failure.message, remedy)]
      }
      if (access.success === undefined) {
        return [problem("service", `nothing runs with the data directory ${dataDir}`, "start it: nagatha up")]
      }
      const scheduler = yield* Effect.result(connectTo(access.success, "doctor"))
      if (Result.isFailure(scheduler)) {
        const remedy = access.success.given ? GIVEN_SERVER : "start it: nagatha up"
        return [problem("service", scheduler.failure.message, remedy)]
      }
      const answered = yield* status(scheduler.success)
      if (answered.state === "problem") return [answered]
      const halted = yield* haltedParts(scheduler.success)
      const deployment = options.env["NATS_URL"] || "own server"
      const now = yield* Clock.currentTimeMillis
      const log = yield* logCheck(scheduler.success, dataDir, deployment, now).pipe(
        Effect.catch((error) => Effect.succeed(problem("log", error.message, "see the node's log")))
      )
      return [answered, ...halted, log, yield* endToEnd(scheduler.success)]
    })
  )

const httpHere = ({ env }: LiveOptions, dataDir: string) =>
  UpFile.read(dataDir).pipe(
    Effect.map((up) => (up._tag === "Some" ? up.value.http?.url : undefined)),
    Effect.orElseSucceed(() => undefined),
    Effect.flatMap((url) => httpChecks(env, dataDir, url))
  )

/** Everything that was looked at. */
export const examine = Effect.fn("doctor")(function* (options: LiveOptions, dataDir: string) {
  const valid = settingsOf(options.env)
  const checks = yield* Effect.all([
    node,
    directory(dataDir),
    program(options),
    forWorkers(options),
    httpHere(options, dataDir),
    service(options, dataDir)
  ])
  const own = Result.isFailure(valid) ? [problem("settings", valid.failure.message, "mend the environment")] : []
  return { settings: settings(options, dataDir), checks: [...own, ...checks.flat()] }
})
