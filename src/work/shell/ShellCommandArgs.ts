/** The arguments and the result of `shell_command`, without the code that runs commands. */
import { Schema } from "effect"
import { declareTaskType } from "../TaskType.ts"

const Text = Schema.String.check(
  Schema.makeFilter((text: string) => (text.includes("\0") ? "must not contain a NUL character" : undefined))
)
const Word = Text.check(Schema.isNonEmpty({ message: "must not be empty" }))

export const ShellCommandArgs = Schema.Struct({
  command: Schema.Union([
    Text.check(Schema.makeFilter((text: string) => (text.trim() === "" ? "must not be empty" : undefined))),
    Schema.TupleWithRest(Schema.Tuple([Word]), [Schema.Union([Text, Schema.Finite, Schema.Boolean])])
  ]).annotate({
    description:
      'text for /bin/sh, such as "date > now.txt", or a list of words run without a shell, such as ["date", "-u"]'
  }),
  workingDir: Schema.optionalKey(Word.annotate({ description: "directory on the worker in which the command runs" })),
  env: Schema.optionalKey(
    Schema.Record(Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_]*$/)), Text).annotate({
      description: 'environment variables, such as {"LEVEL": "3"}: names of letters, digits and _, values are text'
    })
  ),
  stdin: Schema.optionalKey(Schema.String.annotate({ description: "text given to the command's standard input" }))
})
export type ShellCommandArgs = typeof ShellCommandArgs.Type

export const ShellCommandResult = Schema.Struct({
  /** Null when a signal ended the command. */
  exitCode: Schema.NullOr(Schema.Int),
  /** Such as `SIGKILL`; null when the command exited. */
  signal: Schema.NullOr(Schema.String),
  stdout: Schema.String,
  stderr: Schema.String,
  /** Whether output was left out of `stdout` or `stderr`; the place is marked in the text. */
  truncated: Schema.Boolean,
  /** All bytes of the stream, where they are not UTF-8 (and U+FFFD stands in the text) and nothing was left out. */
  stdoutBase64: Schema.optionalKey(Schema.String),
  stderrBase64: Schema.optionalKey(Schema.String)
})
export type ShellCommandResult = typeof ShellCommandResult.Type

export const ShellCommandDeclaration = declareTaskType({
  name: "shell_command",
  description: "Runs a command on a worker and keeps its exit code and output.",
  args: ShellCommandArgs,
  result: ShellCommandResult
})
