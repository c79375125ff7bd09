/**
 * `shell_command`: runs a command as a process group of its own and keeps its exit code and output.
 *
 * A list of words runs without a shell; text runs by `/bin/sh -c`. The environment is scrubbed: a few named variables
 * of the worker, then the task's own, then those of the attempt. When the command ends, so do all processes of its
 * group; see `ProcessGroup.ts` for what that covers. Output is kept whatever the outcome.
 */
import { Effect, Predicate } from "effect"
import type { ExecutionError } from "../../events/TaskEvent.ts"
import { inheritedEnv } from "./InheritedEnv.ts"
import { type GroupEnd, runGroup } from "./ProcessGroup.ts"
import { ShellCommandDeclaration, type ShellCommandArgs, type ShellCommandResult } from "./ShellCommandArgs.ts"
import { type AttemptContext, implement, TaskFailed } from "../TaskType.ts"

const resultOf = (end: GroupEnd): ShellCommandResult => ({
  exitCode: end.exitCode,
  signal: end.signal,
  stdout: end.stdout.text,
  stderr: end.stderr.text,
  truncated: end.stdout.truncated || end.stderr.truncated,
  ...(end.stdout.base64 === undefined ? {} : { stdoutBase64: end.stdout.base64 }),
  ...(end.stderr.base64 === undefined ? {} : { stderrBase64: end.stderr.base64 })
})

const argvOf = (command: ShellCommandArgs["command"]): readonly [string, ...ReadonlyArray<string>] => {
  if (Predicate.isString(command)) return ["/bin/sh", "-c", command]
  // Numbers come from what an earlier step of a sequence gave.
  const [program, ...words] = command
  return [program, ...words.map(String)]
}

const wordsFor = (command: ShellCommandArgs["command"], result: ShellCommandResult): string => {
  if (result.exitCode === null) return `ended by ${result.signal ?? "a signal"}`
  const exited = `exited with ${result.exitCode}`
  const program = typeof command === "string" ? "a command in it" : JSON.stringify(command[0])
  if (result.exitCode === 127) return `${exited}: ${program} was not found on this worker`
  if (result.exitCode === 126) return `${exited}: ${program} could not be executed on this worker`
  return exited
}

const failure = (command: ShellCommandArgs["command"], result: ShellCommandResult): ExecutionError => ({
  code: result.exitCode === null ? "signal" : "exitCode",
  message: wordsFor(command, result),
  detail: { ...result }
})

/** What the message says: its text, or its JSON. A text cannot hold a zero byte in the environment. */
const messageEnv = ({ message }: AttemptContext): Readonly<Record<string, string>> => {
  if (message === undefined) return {}
  const { data } = message
  return { NAGATHA_MESSAGE: Predicate.isString(data) ? data.replaceAll("\0", "") : JSON.stringify(data) }
}

export const ShellCommand = implement(ShellCommandDeclaration, (args, context) =>
  runGroup(
    {
      argv: argvOf(args.command),
      workingDir: args.workingDir,
      env: { ...inheritedEnv(process.env), ...args.env, ...context.attemptEnv, ...messageEnv(context) },
      stdin: args.stdin,
      stdout: context.output("stdout"),
      stderr: context.output("stderr")
    },
    { mustEnd: context.mustEnd, stopped: (end) => context.lastWords({ ...resultOf(end) }) }
  ).pipe(
    Effect.mapError(({ code, message, retryable }) => new TaskFailed({ error: { code, message }, retryable })),
    Effect.flatMap((end) => {
      const result = resultOf(end)
      return result.exitCode === 0
        ? Effect.succeed(result)
        : Effect.fail(new TaskFailed({ error: failure(args.command, result), retryable: true }))
    })
  )
)
