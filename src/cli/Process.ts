/**
 * The command line as a process: arguments, environment, terminal and signals in; exit code out.
 *
 * A signal interrupts the command, whose finalisers run before the process ends: 130 after SIGINT, 143 after SIGTERM. A
 * second one, a second or more later, ends it at once. A closed standard output ends it quietly.
 */
import { Console, Effect, Exit, Layer, Logger, type LogLevel, References, Result } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { Backend } from "./Backend.ts"
import { configDirectory, type ConfigurationFile, nothing, readConfiguration } from "./machine/ConfigurationFile.ts"
import * as NodePlatform from "./machine/NodePlatform.ts"
import { packageFile } from "./machine/PackageFiles.ts"
import { ExitCode, toldFailure, usage } from "./Failure.ts"
import { asksForHelp, asksForJson, forbidsColor, Presentation } from "./showing/Presentation.ts"
import { runProgram } from "./Program.ts"
import { paint } from "./showing/Text.ts"

const levels: Readonly<Record<string, LogLevel.LogLevel>> = {
  all: "All",
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  warning: "Warn",
  error: "Error",
  fatal: "Fatal",
  none: "None"
}

const FORMATS = ["pretty", "json"] as const

const { env, stdout, stderr } = process

/**
 * How the log is written: `NAGATHA_LOG_FORMAT`, which must be one of the two; else `LOG_FORMAT`, which other programs read as
 * well and may say anything; undefined where the first says something that there is not.
 */
const logFormat = (): (typeof FORMATS)[number] | undefined => {
  const own = env["NAGATHA_LOG_FORMAT"] ?? ""
  return own === "" ? (env["LOG_FORMAT"] === "json" ? "json" : "pretty") : FORMATS.find((format) => format === own)
}

const version = (): string => {
  const manifest: unknown = JSON.parse(readFileSync(packageFile("package.json"), "utf8"))
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown"
}

/** A clock in UTC says so by itself; for all others it is asked what Node knows of zones, which takes long to load. */
const systemZone = (): string =>
  String(new Date()).endsWith("(Coordinated Universal Time)")
    ? "UTC"
    : (Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC")

const presentationOf = (
  args: ReadonlyArray<string>,
  canColor: boolean,
  { file, values }: ConfigurationFile
): Presentation => {
  const own = env["NAGATHA_TIMEZONE"]
  const fromEnvironment = own !== undefined && own !== ""
  const color = canColor && !forbidsColor(args)
  return {
    json: asksForJson(args),
    color,
    // Where standard output is no terminal, colour has been asked for by name.
    errorColor: color && (stderr.isTTY || !stdout.isTTY),
    columns: stdout.isTTY ? stdout.columns : undefined,
    get zone() {
      return fromEnvironment ? own : (values.timezone ?? systemZone())
    },
    zoneSource: fromEnvironment
      ? "NAGATHA_TIMEZONE"
      : values.timezone === undefined
        ? "the system's zone"
        : `timezone in ${file ?? "the configuration"}`,
    logLevel: levels[env["LOG_LEVEL"]?.toLowerCase() ?? ""]
  }
}

/** Ends the process when what has been written is out. */
const exit = (code: number): void => {
  stdout.write("", () => stderr.write("", () => process.exit(code)))
}

export interface Started {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  /** Zone of this person, not checked yet. */
  readonly timezone: () => string
  readonly configuration: ConfigurationFile
  readonly configDirectories: ReadonlyArray<string>
}

/** Runs the command line of this process, with what commands may need. */
export const launch = (args: ReadonlyArray<string>, backendOf: (started: Started) => Backend["Service"]): void => {
  const program = Effect.gen(function* () {
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const directory = configDirectory(env, homedir())
    const read = yield* Effect.result(readConfiguration(directory))
    const configuration = Result.getOrElse(read, () => nothing)
    const presentation = presentationOf(args, canColor, configuration)
    if (Result.isFailure(read) && !asksForHelp(args)) {
      const failure = usage(read.failure.message, "mend the file, or take it away")
      yield* Console.error(toldFailure(failure, presentation.json, paint(presentation.errorColor)))
      return failure.exitCode
    }
    if (logFormat() === undefined && !asksForHelp(args)) {
      const given = JSON.stringify(env["NAGATHA_LOG_FORMAT"])
      const failure = usage(`NAGATHA_LOG_FORMAT: ${given} is no format of the log`, "set it to pretty or json")
      yield* Console.error(toldFailure(failure, presentation.json, paint(presentation.errorColor)))
      return failure.exitCode
    }
    const started = {
      env,
      version: version(),
      timezone: () => presentation.zone,
      configuration,
      configDirectories: [directory, process.cwd()]
    }
    return yield* runProgram(args, started.version).pipe(
      Effect.provideService(Presentation, presentation),
      Effect.provideService(Backend, backendOf(started)),
      Effect.provideService(References.MinimumLogLevel, presentation.logLevel ?? "Warn")
    )
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        NodePlatform.layer,
        Logger.layer([logFormat() === "json" ? Logger.withConsoleError(Logger.formatJson) : Logger.consolePretty()]),
        Layer.succeed(Logger.LogToStderr, true)
      )
    )
  )
  const stop = new AbortController()
  let interruptedWith: number | undefined
  let firstSignalAt = 0
  const interrupt = (code: number) => () => {
    const at = performance.now()
    if (interruptedWith !== undefined) {
      if (at - firstSignalAt >= 1000) process.exit(code)
      return
    }
    interruptedWith = code
    firstSignalAt = at
    stop.abort()
  }
  // Before the command runs: from its first word on, whoever starts it may send a signal.
  process.on("SIGINT", interrupt(ExitCode.interrupted))
  process.on("SIGTERM", interrupt(143))
  process.on("SIGHUP", interrupt(129))
  stdout.on("error", interrupt(0))
  stderr.on("error", () => undefined)
  const keepAlive = setInterval(() => undefined, 2 ** 31 - 1)
  Effect.runFork(program, { signal: stop.signal }).addObserver((result) => {
    clearInterval(keepAlive)
    exit(interruptedWith ?? (Exit.isSuccess(result) ? result.value : ExitCode.failed))
  })
}
