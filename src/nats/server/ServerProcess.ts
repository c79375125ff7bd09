/**
 * One running nats-server: ready when `start` returns, gone when `stop` returns, and never left behind. Where there is
 * `/bin/sh` a small shell stands between: it holds one end of a pipe whose other end only this process has, and ends the
 * server when the pipe closes, be it by `stop` or because this process was killed. On other platforms a killed parent
 * leaves the server to be found, and stopped, by the next start.
 */
import { Deferred, Effect, Schedule, Schema } from "effect"
import { spawn, type ChildProcess } from "node:child_process"
import { appendFile, open, readFile } from "node:fs/promises"
import { createServer } from "node:net"
import { environment, filesOf, write, type ServerSettings } from "./ServerConfig.ts"

/**
 * The server did not become ready. `portTaken`: choose another port; `directory`: the data directory cannot be written;
 * `ended`, `notReady`: `detail` holds the tail of its log.
 */
export class ServerNotStarted extends Schema.TaggedError<ServerNotStarted>()("ServerNotStarted", {
  reason: Schema.Literals(["portTaken", "directory", "ended", "notReady"]),
  detail: Schema.String,
  logFile: Schema.String
}) {
  override get message() {
    const words = {
      portTaken: "its port is taken by another program; give another one or 0",
      directory: "its directory cannot be written",
      ended: "it ended at once",
      notReady: "it was not ready in time"
    }
    return `nats-server did not start: ${words[this.reason]}\n${this.detail}\n(log file: ${this.logFile})`
  }
}

export interface ServerProcess {
  /** Process id of nats-server itself. */
  readonly pid: number
  /** How it ended, once it has: an exit code, or 128 plus the signal's number. */
  readonly ended: Effect.Effect<number>
  /** SIGTERM, and SIGKILL after 10 seconds; returns when it is gone. */
  readonly stop: Effect.Effect<void>
  /** SIGKILL; returns when it is gone. */
  readonly kill: Effect.Effect<void>
}

/** Seconds between SIGTERM and SIGKILL. */
const GRACE_S = 10

/**
 * Runs "$@" until it ends, or until a line or the end of standard input; writes its pid first. `read` is a part of the
 * shell, so that nothing but the shell holds the pipe.
 */
const GUARDIAN = `
trap '' INT HUP QUIT TERM
exec 3<&0 4>&1
(trap - INT HUP QUIT TERM; exec "$@") </dev/null >>"$NAGATHA_SERVER_LOG" 2>&1 3<&- 4>&- &
server=$!
echo "$server" >&4
exec 4>&- >/dev/null
(
  read -r _ <&3
  kill -TERM "$server" 2>/dev/null
  left=${GRACE_S}
  while [ "$left" -gt 0 ] && kill -0 "$server" 2>/dev/null; do sleep 1; left=$((left - 1)); done
  kill -KILL "$server" 2>/dev/null
) &
watcher=$!
wait "$server"
code=$?
kill -KILL "$watcher" 2>/dev/null
exit "$code"
`

/** A port of 127.0.0.1 that is free now. */
export const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** Whether nothing listens on this port of 127.0.0.1. */
export const isFree = (port: number) =>
  Effect.callback<boolean>((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(true))))
  })

const get = (url: string) => fetch(url, { signal: AbortSignal.timeout(2000) })

/** Name of the server that answers on a monitoring port, when one does. */
export const serverNameAt = (monitorPort: number) =>
  Effect.promise(async (): Promise<string | undefined> => {
    try {
      const answer: unknown = await (await get(`http://127.0.0.1:${monitorPort}/varz`)).json()
      if (typeof answer !== "object" || answer === null || !("server_name" in answer)) return undefined
      return typeof answer.server_name === "string" ? answer.server_name : undefined
    } catch {
      return undefined
    }
  })

const isHealthy = (monitorPort: number) =>
  Effect.promise(() =>
    get(`http://127.0.0.1:${monitorPort}/healthz`).then(
      ({ ok }) => ok,
      () => false
    )
  )

/** The last lines of a file, at most 4 kB. */
const tail = async (path: string): Promise<string> => {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return ""
  const { size } = await file.stat()
  const start = Math.max(0, size - 4096)
  const { buffer, bytesRead } = await file
    .read({ buffer: Buffer.alloc(4096), position: start })
    .finally(() => file.close())
  return buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n").slice(-12).join("\n")
}

const reasonIn = (log: string): ServerNotStarted["reason"] =>
  /address already in use|Only one usage of each socket/.test(log)
    ? "portTaken"
    : /permission denied|read-only file system|not a directory|no space left/i.test(log)
      ? "directory"
      : "ended"

const launch = (program: string, config: string, settings: ServerSettings): ChildProcess => {
  const env = { ...process.env, ...environment(settings), NAGATHA_SERVER_LOG: filesOf(settings.directory).log }
  return process.platform === "win32"
    ? spawn(program, ["-c", config], { env, stdio: ["ignore", "ignore", "ignore"], windowsHide: true })
    : spawn("/bin/sh", ["-c", GUARDIAN, "nagatha-nats", program, "-c", config], {
        env,
        stdio: ["pipe", "pipe", "ignore"],
        detached: true
      })
}

const pidOf = (child: ChildProcess) =>
  Effect.callback<number | undefined>((resume) => {
    child.once("error", () => resume(Effect.succeed(undefined)))
    if (child.stdout === null) return resume(Effect.succeed(child.pid))
    child.stdout.once("data", (line: Buffer) => resume(Effect.succeed(Number.parseInt(line.toString(), 10))))
    child.stdout.once("end", () => resume(Effect.succeed(undefined)))
  })

/**
 * Starts `program` and waits until it is healthy and is the one asked for, at most `readyMs` (default 120,000: it reads
 * its streams first). When this fails or is interrupted, nothing is left running.
 */
export const start = Effect.fn("ServerProcess.start")(function* (
  program: string,
  settings: ServerSettings,
  readyMs = 120_000
) {
  const { log } = filesOf(settings.directory)
  const notStarted = (reason: ServerNotStarted["reason"], detail: string) =>
    new ServerNotStarted({ reason, detail, logFile: log })
  const config = yield* Effect.tryPromise({
    try: () => write(settings).then((path) => appendFile(log, "", { mode: 0o600 }).then(() => path)),
    catch: (error) => notStarted("directory", error instanceof Error ? error.message : String(error))
  })
  const before = yield* Effect.promise(() => readFile(log).then(({ length }) => length))
  const exit = yield* Deferred.make<number>()

  const begun = yield* Effect.uninterruptible(
    Effect.gen(function* () {
      const child = launch(program, config, settings)
      child.once("exit", (code, signal) =>
        Deferred.doneUnsafe(exit, Effect.succeed(code ?? (signal === null ? 1 : 137)))
      )
      child.once("error", () => Deferred.doneUnsafe(exit, Effect.succeed(127)))
      child.stdin?.on("error", () => undefined)
      const pid = yield* pidOf(child)
      return { child, pid }
    })
  )
  const signal = (name: "SIGTERM" | "SIGKILL") =>
    Effect.sync(() => {
      try {
        if (begun.pid !== undefined && !Deferred.isDoneUnsafe(exit)) process.kill(begun.pid, name)
      } catch {
        // It is gone already.
      }
    })
  const ended = Deferred.await(exit)
  const kill = Effect.andThen(signal("SIGKILL"), Effect.asVoid(ended))
  const askToEnd = Effect.suspend(() => {
    if (begun.child.stdin === null) return signal("SIGTERM")
    begun.child.stdin.end()
    return Effect.void
  })
  const stop = askToEnd.pipe(
    Effect.andThen(ended),
    Effect.timeoutOrElse({ duration: (GRACE_S + 2) * 1000, orElse: () => kill }),
    Effect.asVoid,
    Effect.uninterruptible
  )

  const ready = Effect.gen(function* () {
    return (
      (yield* isHealthy(settings.monitorPort)) && (yield* serverNameAt(settings.monitorPort)) === settings.serverName
    )
  }).pipe(Effect.repeat({ until: (is) => is, schedule: Schedule.spaced(25) }))
  const said = Effect.promise(() => tail(log))
  const failure = Effect.gen(function* () {
    yield* ended
    const fresh = yield* Effect.promise(() => readFile(log).then((bytes) => bytes.subarray(before).toString("utf8")))
    return yield* notStarted(reasonIn(fresh), yield* said)
  })
  yield* Effect.raceFirst(ready, failure).pipe(
    Effect.timeoutOrElse({
      duration: readyMs,
      orElse: () => Effect.flatMap(said, (lines) => Effect.fail(notStarted("notReady", lines)))
    }),
    Effect.onExit((result) => (result._tag === "Success" ? Effect.void : stop))
  )
  if (begun.pid === undefined) return yield* notStarted("ended", `${program} cannot be run`)
  return { pid: begun.pid, ended, stop, kill } satisfies ServerProcess
})
