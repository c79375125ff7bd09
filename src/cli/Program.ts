/**
 * The command line as one effect: arguments in, exit code out.
 *
 * Every end is told once: help on standard output, what is wrong on standard error, without a stack where the error was
 * foreseen. Interruption is not an end of this effect; whoever interrupts it knows why.
 */
import { Cause, Console, Effect, Layer } from "effect"
import { CliConfig, CliError, CliOutput, Command, GlobalFlag } from "effect/cli"
import type { Backend } from "./Backend.ts"
import { elsewhere } from "./FlagsElsewhere.ts"
import { ExitCode, failureOf, toldFailure, usage } from "./Failure.ts"
import { helped, helpText, noSuchCommand, suggested } from "./Help.ts"
import { Presentation } from "./showing/Presentation.ts"
import { paint, visible } from "./showing/Text.ts"
import { treeFor } from "./Tree.ts"

/** `"a" | "b" | "c"` as people say it: `a, b or c`. */
const inWords = (expected: string): string =>
  /^"[^"]*"( \| "[^"]*")+$/.test(expected)
    ? expected
        .split(" | ")
        .map((word) => word.slice(1, -1))
        .join(", ")
        .replace(/, ([^,]*)$/, " or $1")
    : expected

/** A wrong word on the command line, in one line. */
const problem = (error: CliError.NonShowHelpErrors): string => {
  switch (error._tag) {
    case "UnrecognizedOption":
      return `the flag ${error.option} is not known${suggested(error.suggestions)}`
    case "UnknownSubcommand":
      return `the command ${JSON.stringify(error.subcommand)} is not known${suggested(error.suggestions)}`
    case "MissingOption":
      return `the flag --${error.option} is missing`
    case "MissingArgument":
      return `the argument ${error.argument} is missing`
    case "UnexpectedArgument":
      return `there is no place for ${error.arguments.map((word) => JSON.stringify(word)).join(" ")} (text with spaces is put in quotes)`
    case "InvalidValue": {
      const expected = inWords(error.expected.replace(/^Expected:? /, ""))
      const name = error.kind === "flag" ? `--${error.option}` : error.option
      const meant = /^Did you mean ("[^"]*")\?$/.exec(expected)?.[1]
      if (meant !== undefined) return `${name}: ${JSON.stringify(error.value)} is not right; did you mean ${meant}?`
      return error.value === ""
        ? `${name} has no value; expected: ${expected} (a value that begins with "-" is given as ${name}=VALUE)`
        : `${name}: ${JSON.stringify(error.value)} is not right; expected: ${expected}`
    }
    default:
      return error.message
  }
}

/** Which flags there are, and which arguments are missing, is not known of a command that there is not. */
const telling = (errors: ReadonlyArray<CliError.NonShowHelpErrors>) => {
  const unknown = errors.filter(({ _tag }) => _tag === "UnknownSubcommand")
  return unknown.length === 0 ? errors : unknown
}

/** Where the flags belong that a command has not, where nothing else is wrong. */
const misplaced = (command: string, errors: ReadonlyArray<CliError.NonShowHelpErrors>) => {
  const options = errors.flatMap((error) => (error._tag === "UnrecognizedOption" ? [error.option] : []))
  return options.length < errors.length ? undefined : elsewhere(command, [...new Set(options)])
}

const presenter = (presentation: Presentation): CliOutput.Presenter => {
  const colors = paint(presentation.errorColor)
  return {
    present: (event) => {
      switch (event._tag) {
        case "Help":
          return Console.log(helpText(event.helpDoc, presentation.color))
        case "Version":
          return Console.log(`${event.name} ${event.version}`)
        case "InvalidInvocation": {
          const errors = telling(event.errors)
          const { message, hint } = misplaced(event.commandPath.at(-1) ?? "", errors) ?? {
            message: [...new Set(errors.map(problem))].join("; "),
            hint: `${event.commandPath.join(" ")} --help shows what there is`
          }
          const failure = usage(message, hint)
          return Console.error(toldFailure(failure, presentation.json, colors))
        }
      }
    }
  }
}

const tell = Effect.fnUntraced(function* (error: unknown) {
  const { json, errorColor } = yield* Presentation
  const failure = failureOf(error)
  yield* Console.error(toldFailure(failure, json, paint(errorColor)))
  return failure
})

const ended = Effect.fnUntraced(function* (cause: Cause.Cause<unknown>) {
  if (Cause.hasInterruptsOnly(cause)) return ExitCode.interrupted
  const error = Cause.squash(cause)
  if (CliError.isCliError(error) && error._tag === "ShowHelp") return error.errors.length === 0 ? 0 : ExitCode.usage
  const failure = yield* tell(error)
  if (failure.code === "internal") yield* Effect.logDebug(visible(Cause.pretty(cause)))
  return failure.exitCode
})

/** Runs the command that the arguments name; never fails. */
export const runProgram = (
  args: ReadonlyArray<string>,
  version: string
): Effect.Effect<number, never, Backend | Command.Environment> =>
  Effect.gen(function* () {
    const presentation = yield* Presentation
    const words = helped(args)
    const tree = yield* treeFor(words)
    const stray = noSuchCommand(tree, words)
    if (stray !== undefined) return (yield* tell(stray)).exitCode
    return yield* Command.runWith(tree, { version })(words).pipe(
      Effect.as(0),
      Effect.catchCause(ended),
      Effect.provide(
        Layer.mergeAll(
          CliOutput.layerPresenter(presenter(presentation)),
          CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.LogLevel] })
        )
      )
    )
  })
