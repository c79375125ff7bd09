/** How this run may speak: decided once at the start from the arguments, the environment and the terminal. */
import { Context, type LogLevel } from "effect"

export interface Presentation {
  /** Errors are told as JSON. */
  readonly json: boolean
  readonly color: boolean
  /** Colour on standard error. */
  readonly errorColor: boolean
  /** Width of the terminal in columns; undefined where standard output is not a terminal, and nothing is ever cut. */
  readonly columns: number | undefined
  /** Zone of this person: `NAGATHA_TIMEZONE`, else the system's; not checked yet. */
  readonly zone: string
  /** Where `zone` comes from, for the message about a wrong one. */
  readonly zoneSource: string
  /** Of `LOG_LEVEL`; undefined where it says nothing that is known. */
  readonly logLevel: LogLevel.LogLevel | undefined
}

/** Default: plain, not a terminal, UTC. */
export const Presentation = Context.Reference<Presentation>("nagatha/cli/Presentation", {
  defaultValue: () => ({
    json: false,
    color: false,
    errorColor: false,
    columns: undefined,
    zone: "UTC",
    zoneSource: "the default",
    logLevel: undefined
  })
})

/** What comes behind `--` is no flag. */
const flagsOf = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  return end === -1 ? args : args.slice(0, end)
}

/** Whether these arguments ask for JSON, also where they are wrong otherwise. */
export const asksForJson = (args: ReadonlyArray<string>): boolean =>
  flagsOf(args).some(
    (flag, index) =>
      flag === "--json" ||
      /^--format=(nd)?json$/.test(flag) ||
      (flag === "--format" && /^(nd)?json$/.test(args[index + 1] ?? ""))
  )

/** Whether these arguments ask only for words about the program: those are told whatever else is wrong. */
export const asksForHelp = (args: ReadonlyArray<string>): boolean =>
  args[0] === "help" ||
  args[0] === "completions" ||
  flagsOf(args).some((flag) => ["--help", "-h", "--version"].includes(flag))

/** Whether these arguments forbid colour, also where they are wrong otherwise. */
export const forbidsColor = (args: ReadonlyArray<string>): boolean => flagsOf(args).includes("--no-color")
