/**
 * `up` as a process of its own: started and waited for until it is ready, and stopped.
 *
 * Which process runs on a data directory is what the holder of its lock says, never what a file that a killed process has
 * left says: no other process is ever stopped. Whoever stops waiting for a start stops what was started.
 */
import { Effect, References, Schedule } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import * as DirectoryLock from "../../nats/server/DirectoryLock.ts"
import { makeDirectory } from "../../nats/server/MakeDirectory.ts"
import { find } from "../../nats/server/ServerProgram.ts"
import { type LiveOptions, settingsHere } from "./Access.ts"
import { upFile } from "../../access/DataDirectory.ts"
import { chosenContext } from "../../access/NatsContext.ts"
import { DeploymentFailed, type UpInfo, type UpOptions } from "./Deployment.ts"
import { packageFile } from "./PackageFiles.ts"
import { deploymentFailed } from "./DeploymentProblem.ts"
import { ExitCode } from "../Failure.ts"
import * as UpFile from "../../access/UpFile.ts"
import { filled, type Variables } from "../../access/Variables.ts"

/** How long a start may take, and a stop, in seconds. */
const START_SECONDS = 180
const STOP_SECONDS = 60
/** How often, at a pause of 10 ms, the end of a process is looked for that has let go of everything. */
const LAST_LOOKS = 300
/** Lines of the log that are shown of a start that failed. */
const SHOWN_LINES = 12

/** Fetches the server's program where there is none yet, and says so: that can take a minute. */
export const fetchedServer = (env: Variables) =>
  filled(env["NATS_URL"]) !== undefined || chosenContext(env, homedir()) !== undefined
    ? Effect.void
    : find({ setting: filled(env["NAGATHA_NATS_SERVER"]) }).pipe(
        Effect.provideService(References.MinimumLogLevel, "Info"),
        Effect.asVoid
      )

/** The process that runs on a data directory; undefined: none does, 0: one that has not said which it is. */
const holderOf = Effect.fnUntraced(function* (dataDir: string) {
  if (!existsSync(join(dataDir, "lock"))) return undefined
  return yield* Effect.scoped(DirectoryLock.acquire(dataDir)).pipe(
    Effect.as(undefined),
    Effect.catchTag("DataDirectoryBusy", ({ pid }) => Effect.succeed(pid))
  )
})

const start = (
  options: LiveOptions,
  { concurrency, dataDir, http = {}, plugins, queues }: UpOptions,
  logFile: string
): ChildProcess => {
  const log = openSync(logFile, "a", 0o600)
  const program = packageFile("bin", "nagatha")
  const more = [
    ...(concurrency === undefined ? [] : ["--concurrency", String(concurrency)]),
    ...plugins.flatMap((file) => ["--plugin", file]),
    ...(queues.length === 0 ? [] : ["--queues", queues.join(",")]),
    ...(http.off === true ? ["--no-http"] : []),
    ...(http.port === undefined ? [] : ["--http-port", String(http.port)]),
    ...(http.host === undefined ? [] : ["--http-host", http.host]),
    ...(http.cert === undefined ? [] : ["--http-cert", http.cert]),
    ...(http.key === undefined ? [] : ["--http-key", http.key]),
    ...(http.names ?? []).flatMap((name) => ["--http-name", name])
  ]
  const child = spawn(process.execPath, [program, "up", "--data", dataDir, ...more], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...options.env, LOG_LEVEL: options.env["LOG_LEVEL"] ?? "info", NO_COLOR: "1" }
  })
  closeSync(log)
  child.unref()
  return child
}

/** What has been written into the log since it had so many bytes, the last lines of it. */
const lastLines = (logFile: string, from: number): string =>
  readFileSync(logFile).subarray(from).toString("utf8").trimEnd().split("\n").slice(-SHOWN_LINES).join("\n")

/** What the started process says of itself when it is ready. */
const ready = Effect.fnUntraced(function* (child: ChildProcess, dataDir: string, logFile: string, from: number) {
  const file = yield* UpFile.read(dataDir).pipe(
    Effect.map((found) => (found._tag === "Some" && found.value.pid === child.pid ? found.value : undefined)),
    Effect.repeat({
      until: (found) => found !== undefined || child.exitCode !== null || child.signalCode !== null,
      schedule: Schedule.spaced("50 millis").pipe(Schedule.upTo({ times: START_SECONDS * 20 }))
    })
  )
  if (file !== undefined) return file
  return yield* child.exitCode !== null || child.signalCode !== null
    ? new DeploymentFailed({
        message: `it ended before it was ready:\n${lastLines(logFile, from)}`,
        hint: `the whole log is in ${logFile}`,
        ...(child.exitCode === ExitCode.unreachable ? { reason: "unreachable" } : {})
      })
    : new DeploymentFailed({
        message: `it is not ready after ${START_SECONDS} seconds (process ${child.pid ?? 0})`,
        hint: `see ${logFile}; nagatha down stops it`
      })
})

/** A login link of what was started; undefined where it cannot be asked for one from here. */
const loginOf = ({ env }: LiveOptions, { token, url }: { readonly token: string; readonly url: string }) =>
  Effect.tryPromise(async () => {
    const secret = filled(env["NAGATHA_TOKEN"]) ?? readFileSync(token, "utf8").trim()
    const answer = await fetch(`${url}/api/v1/login-links`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      signal: AbortSignal.timeout(5000)
    })
    const told = (await answer.json()) as { readonly url?: string }
    return told.url
  }).pipe(Effect.orElseSucceed(() => undefined))

/** Starts `nagatha up` as a process of its own, and waits until it says that it is ready. */
export const upDetached = (options: LiveOptions) =>
  Effect.fn("upDetached")(function* (asked: UpOptions) {
    const { concurrency, dataDir } = asked
    const settings = yield* Effect.fromResult(settingsHere(options, concurrency))
    const pid = yield* holderOf(dataDir)
    if (pid !== undefined) {
      return yield* new DeploymentFailed({
        message: `nagatha is up already, with the data directory ${dataDir} (process ${pid})`,
        hint: "use it as it is, stop it with nagatha down, or choose another data directory (--data)"
      })
    }
    yield* fetchedServer(options.env)
    const logFile = join(dataDir, "nagatha.log")
    const [child, from] = yield* Effect.try({
      try: () => {
        makeDirectory(dataDir)
        const before = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
        return [start(options, asked, logFile), before] as const
      },
      catch: (cause) =>
        new DirectoryLock.DataDirectoryUnusable({
          dataDir,
          reason: cause instanceof Error ? cause.message : String(cause)
        })
    })
    const file = yield* Effect.onInterrupt(ready(child, dataDir, logFile, from), () =>
      Effect.sync(() => child.kill("SIGTERM"))
    )
    const { managed, url, version } = file.nats
    const http = file.http === undefined ? undefined : { ...file.http, login: yield* loginOf(options, file.http) }
    const info: UpInfo = {
      pid: file.pid,
      dataDir,
      nats: { url, version, managed },
      namespace: file.namespace,
      partitions: settings.partitions,
      concurrency: settings.concurrency,
      plugins: file.plugins,
      logFile,
      ...(http === undefined ? {} : { http })
    }
    return info
  }, Effect.mapError(deploymentFailed))

const runs = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Asks the process that runs on a data directory to stop, and waits until it has. */
export const down = Effect.fn("down")(function* (dataDir: string) {
  const pid = yield* holderOf(dataDir)
  if (pid === undefined) {
    if (existsSync(upFile(dataDir))) rmSync(upFile(dataDir), { force: true })
    return { pid: null }
  }
  if (pid === 0) {
    return yield* new DeploymentFailed({ message: `the process that holds ${dataDir} has not said its id` })
  }
  yield* Effect.try({
    try: () => process.kill(pid, "SIGTERM"),
    catch: (cause) => new DeploymentFailed({ message: `cannot stop process ${pid}: ${String(cause)}` })
  })
  const holder = yield* holderOf(dataDir).pipe(
    Effect.repeat({
      until: (held) => held !== pid,
      schedule: Schedule.spaced("100 millis").pipe(Schedule.upTo({ times: STOP_SECONDS * 10 }))
    })
  )
  if (holder === pid) {
    return yield* new DeploymentFailed({
      message: `process ${pid} has not stopped within ${STOP_SECONDS} seconds`,
      hint: `it may wait for a task; kill -9 ${pid} ends it (nothing acknowledged is lost)`
    })
  }
  // The directory is free; the process has only its own end before it.
  yield* Effect.sync(() => runs(pid)).pipe(
    Effect.repeat({
      while: (goesOn) => goesOn,
      schedule: Schedule.spaced("10 millis").pipe(Schedule.upTo({ times: LAST_LOOKS }))
    })
  )
  return { pid }
}, Effect.mapError(deploymentFailed))
