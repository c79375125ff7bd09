/**
 * A command and its descendants as one process group, which ends as a whole: with its leader, when it is stopped, and
 * when this process dies, however it dies (`kill -9` included).
 *
 * The leader starts a guardian in its group and then becomes the command. The guardian waits on a pipe whose other end
 * only this process holds; when that end closes, by intent or by death, it kills the group. It is not a child of the
 * command (a command that waits for its children does not see it), and as a member it keeps the group's number from
 * being used again. Needs nothing but a POSIX shell.
 *
 * Not covered: a descendant that leaves the group (`setsid`, a daemon) and outlives it, and a command that kills the
 * guardian with `kill -9`. The standard streams are sockets: scripts must say `>&2`, not `> /dev/stderr`.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { stat } from "node:fs/promises"
import type { Readable, Writable } from "node:stream"
import { Deferred, Effect, Schema } from "effect"
import type { KeptText, Output } from "../Output.ts"

export interface GroupCommand {
  readonly argv: readonly [string, ...ReadonlyArray<string>]
  readonly workingDir: string | undefined
  /** The whole environment: nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly stdin: string | undefined
  readonly stdout: Output
  readonly stderr: Output
}

export interface GroupEnd {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stdout: KeptText
  readonly stderr: KeptText
}

/** The command did not begin. `retryable`: for want of processes, files or memory; otherwise it never will. */
export class CannotStart extends Schema.TaggedError<CannotStart>()("CannotStart", {
  code: Schema.Literals(["workingDir", "cannotStart"]),
  message: Schema.String,
  retryable: Schema.Boolean
}) {}

const GUARD =
  '( ( trap "" HUP INT QUIT TERM USR1 USR2 ALRM TSTP TTIN TTOU; read -r end; kill -KILL 0 ) <&3 3<&- >/dev/null 2>&1 & )\n' +
  'exec 3<&-\nexec "$@"'

/** How long output may still arrive once the group is dead: only an escaped descendant can hold a stream open. */
const DRAIN_MS = 500

const SCARCE: ReadonlySet<string> = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM"])

const cannotStart = (cause: unknown): CannotStart => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : ""
  const message = code === "E2BIG" ? "the command or its environment is too long" : String(cause)
  return new CannotStart({ code: "cannotStart", message: `cannot start: ${message}`, retryable: SCARCE.has(code) })
}

const checkDirectory = (path: string) =>
  Effect.tryPromise({
    try: () => stat(path),
    catch: (cause) =>
      new CannotStart({
        code: "workingDir",
        message: `the working directory ${JSON.stringify(path)} cannot be used on this worker: ${String(cause)}`,
        retryable: false
      })
  }).pipe(
    Effect.filterOrFail(
      (found) => found.isDirectory(),
      () =>
        new CannotStart({
          code: "workingDir",
          message: `the working directory ${JSON.stringify(path)} is not a directory on this worker`,
          retryable: false
        })
    )
  )

type Exited = { readonly exitCode: number | null; readonly signal: string | null }

export interface GroupProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>
  /** To every process of the group; nothing is left to be told once it was killed. */
  signal(name: "SIGTERM" | "SIGCONT" | "SIGKILL"): void
  /** Lets the guardian end; it kills what is left of the group. */
  letGo(): void
}

/** Starts a command as the leader of a guarded group of its own; throws where no process can be started. */
export const spawnGroup = (command: Pick<GroupCommand, "argv" | "workingDir" | "env">, name: string): GroupProcess => {
  const child = spawn("/bin/sh", ["-c", GUARD, name, ...command.argv], {
    cwd: command.workingDir,
    env: command.env,
    detached: true,
    stdio: ["pipe", "pipe", "pipe", "pipe"]
  })
  const lifeline = child.stdio[3]
  lifeline?.on("error", () => {})
  let killed = false
  return {
    child,
    signal: (signal) => {
      if (killed) return
      killed = signal === "SIGKILL"
      try {
        if (child.pid !== undefined) process.kill(-child.pid, signal)
      } catch {
        // Nobody is left in the group.
      }
    },
    letGo: () => void lifeline?.destroy()
  }
}

const begin = (command: GroupCommand) => {
  const group = spawnGroup(command, "shell_command")
  const { child } = group
  const exited = Deferred.makeUnsafe<Exited, CannotStart>()
  const closed = Deferred.makeUnsafe<void>()
  const { stderr, stdout } = command
  const ignore = () => {}
  child.on("error", (cause) => Deferred.doneUnsafe(exited, Effect.fail(cannotStart(cause))))
  child.on("exit", (exitCode, signal) => Deferred.doneUnsafe(exited, Effect.succeed({ exitCode, signal })))
  child.on("close", () => Deferred.doneUnsafe(closed, Effect.void))
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk)).on("error", ignore)
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk)).on("error", ignore)
  child.stdin.on("error", ignore).end(command.stdin ?? "")

  const signal = (name: "SIGTERM" | "SIGCONT" | "SIGKILL") => Effect.sync(() => group.signal(name))
  const settled = Effect.exit(Deferred.await(exited))
  return {
    exited: Deferred.await(exited),
    /** TERM to all, and KILL to all when `mustEnd` completes first; returns once the leader is gone. */
    stop: (mustEnd: Effect.Effect<void>) =>
      signal("SIGTERM").pipe(
        Effect.andThen(signal("SIGCONT")),
        Effect.andThen(Effect.raceFirst(settled, mustEnd)),
        Effect.andThen(signal("SIGKILL")),
        Effect.andThen(settled)
      ),
    /** Kills what is left of the group and lets go of its streams. */
    finish: signal("SIGKILL").pipe(
      Effect.andThen(Effect.sync(group.letGo)),
      Effect.andThen(Effect.timeoutOption(Deferred.await(closed), DRAIN_MS)),
      Effect.andThen(
        Effect.sync(() => {
          for (const stream of child.stdio) stream?.destroy()
        })
      )
    ),
    output: () => ({ stdout: stdout.kept(), stderr: stderr.kept() })
  }
}

/**
 * Runs a command to its end. Interruption asks the group to stop (TERM), kills it when `mustEnd` completes, and hands
 * what it had written to `stopped`; returns only when the leader and its group are gone.
 */
export const runGroup = (
  command: GroupCommand,
  stopping: { readonly mustEnd: Effect.Effect<void>; stopped(end: GroupEnd): void }
): Effect.Effect<GroupEnd, CannotStart> =>
  Effect.gen(function* () {
    if (command.workingDir !== undefined) yield* checkDirectory(command.workingDir)
    return yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        const group = yield* Effect.try({ try: () => begin(command), catch: cannotStart })
        const exited = yield* restore(group.exited).pipe(
          Effect.onInterrupt(() =>
            Effect.gen(function* () {
              const exit = yield* group.stop(stopping.mustEnd)
              yield* group.finish
              if (exit._tag === "Success") stopping.stopped({ ...exit.value, ...group.output() })
            })
          ),
          Effect.tapError(() => group.finish)
        )
        yield* group.finish
        return { ...exited, ...group.output() }
      })
    )
  })
