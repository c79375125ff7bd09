/**
 * Runs a program to its end without a shell and hands back what it wrote. It is killed when it takes too long and when
 * the caller is interrupted, so nothing is left running.
 */
import { Effect, Schema } from "effect"
import { execFile } from "node:child_process"

/** The program did not start, did not end in time, or ended with another code than 0; `reason` is one line. */
export class RunFailed extends Schema.TaggedError<RunFailed>()("RunFailed", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

export interface RunOptions {
  /** Longest run in milliseconds, after which it gets SIGKILL. */
  readonly timeoutMs: number
  readonly cwd?: string
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
}

const lastLine = (text: string): string | undefined =>
  text
    .split("\n")
    .map((line) => line.trim())
    .findLast((line) => line.length > 0)

/** Standard output of the program, at most 1 MB. */
export const run = (program: string, args: ReadonlyArray<string>, options: RunOptions) =>
  Effect.callback<string, RunFailed>((resume) => {
    const child = execFile(
      program,
      [...args],
      {
        timeout: options.timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: 1024 * 1024,
        env: { ...process.env, ...options.env },
        ...(options.cwd === undefined ? {} : { cwd: options.cwd })
      },
      (error, stdout, stderr) => {
        if (error === null) return resume(Effect.succeed(stdout))
        const why = error.killed
          ? `took longer than ${options.timeoutMs / 1000} s`
          : (lastLine(stderr) ??
            (typeof error.code === "string" ? error.code : `ended with ${error.code ?? error.signal}`))
        resume(Effect.fail(new RunFailed({ reason: why })))
      }
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })
