/**
 * Ends a nats-server that still runs on a directory, left by a process that was killed: two servers on one store would
 * destroy it. A process counts only when its command line names this directory's configuration, so that a process id
 * used again by another program is never touched.
 */
import { Effect, Schedule } from "effect"
import { readFile } from "node:fs/promises"
import { run } from "./ProgramRun.ts"
import { filesOf } from "./ServerConfig.ts"

const commandLine = (pid: number) =>
  process.platform === "linux"
    ? Effect.promise(() => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""))
    : (process.platform === "win32"
        ? run(
            "powershell",
            ["-NoProfile", "-Command", `(Get-CimInstance Win32_Process -Filter 'ProcessId=${pid}').CommandLine`],
            {
              timeoutMs: 20_000
            }
          )
        : run("ps", ["-ww", "-o", "command=", "-p", String(pid)], { timeoutMs: 5000 })
      ).pipe(Effect.catch(() => Effect.succeed("")))

/** Process id of the server that runs on this directory, when one does. */
export const find = Effect.fnUntraced(function* (directory: string) {
  const { config, pid: pidFile } = filesOf(directory)
  const pid = Number.parseInt(yield* Effect.promise(() => readFile(pidFile, "utf8").catch(() => "")), 10)
  if (!Number.isInteger(pid) || pid <= 1) return undefined
  return (yield* commandLine(pid)).includes(config) ? pid : undefined
})

const signal = (pid: number, name: "SIGTERM" | "SIGKILL") =>
  Effect.sync(() => {
    try {
      process.kill(pid, name)
    } catch {
      // It has just ended by itself.
    }
  })

/** SIGTERM, and SIGKILL after 10 seconds; returns its process id when it is gone, undefined when there was none. */
export const stop = Effect.fn("LeftoverServer.stop")(function* (directory: string) {
  const pid = yield* find(directory)
  if (pid === undefined) return undefined
  const gone = find(directory).pipe(
    Effect.repeat({ until: (found) => found === undefined, schedule: Schedule.spaced(50) }),
    Effect.asVoid
  )
  yield* signal(pid, "SIGTERM")
  yield* Effect.timeoutOrElse(gone, {
    duration: 10_000,
    orElse: () => Effect.andThen(signal(pid, "SIGKILL"), gone)
  })
  return pid
})
