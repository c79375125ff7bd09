/** What `--help` prints, and what is said where help is asked about a command that there is not. */
import { Option } from "effect"
import { CliOutput, type Command, type HelpDoc } from "effect/cli"
import { suggestion } from "../work/Suggestion.ts"
import { type CliFailure, usage } from "./Failure.ts"

/** The choices of this one would make all others twice as wide. */
const brief = (flag: HelpDoc.FlagDoc): HelpDoc.FlagDoc =>
  flag.name === "log-level"
    ? {
        ...flag,
        type: "LEVEL",
        description: Option.some("Least severe messages to log: all, trace, debug, info, warn, error, fatal or none")
      }
    : flag

/** The help of one command. */
export const helpText = (doc: HelpDoc.HelpDoc, colors: boolean): string => {
  const formatter = CliOutput.defaultFormatter({ colors, inheritedFlags: "full", globalFlags: "summary" })
  const { globalFlags, ...others } = doc
  const shown = globalFlags === undefined ? others : { ...others, globalFlags: globalFlags.map(brief) }
  return formatter.formatHelpDoc(shown).replace(/([^\n])\n(\S*EXAMPLES)/, "$1\n\n$2")
}

/** `nagatha help schedule` is what people type for `nagatha schedule --help`. */
export const helped = ([first, ...rest]: ReadonlyArray<string>): ReadonlyArray<string> =>
  first === undefined ? [] : first === "help" ? [...rest, "--help"] : [first, ...rest]

/** `did you mean …` for words that were meant perhaps. */
export const suggested = (words: ReadonlyArray<string>): string =>
  words.length === 0 ? "" : `; did you mean ${words.map((word) => JSON.stringify(word)).join(" or ")}?`

/** Why no help can be given: a word before the first flag that names no command. */
export const noSuchCommand = (tree: Command.Command.Any, args: ReadonlyArray<string>): CliFailure | undefined => {
  if (!args.includes("--help") && !args.includes("-h")) return undefined
  const path = ["nagatha"]
  let at: Command.Command.Any = tree
  for (const word of args) {
    const commands: ReadonlyArray<Command.Command.Any> = at.subcommands.flatMap((group) => group.commands)
    if (word.startsWith("-") || commands.length === 0) return undefined
    const next = commands.find(({ alias, name }) => name === word || alias === word)
    if (next === undefined) {
      const guess = suggestion(
        word,
        commands.map(({ name }) => name)
      )
      return usage(
        `the command ${JSON.stringify(word)} is not known${suggested(guess === undefined ? [] : [guess])}`,
        `${path.join(" ")} --help shows what there is`
      )
    }
    path.push(word)
    at = next
  }
  return undefined
}
