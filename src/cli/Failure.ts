/** Every way in which a command can end badly, as a person and a program are told, with the exit code that CONTRACT promises. */
import { Predicate, Schema } from "effect"
import { type Paint, safeJson, visible } from "./showing/Text.ts"

/** A command ends with this exit code, and says why. */
export class CliFailure extends Schema.TaggedError<CliFailure>()("CliFailure", {
  code: Schema.String,
  message: Schema.String,
  detail: Schema.optionalKey(Schema.Json),
  hint: Schema.optionalKey(Schema.String),
  exitCode: Schema.Int
}) {}

export const ExitCode = {
  failed: 1,
  usage: 2,
  unreachable: 3,
  notFound: 4,
  conflict: 5,
  executionFailed: 6,
  /** `apply --dry-run --exit-code`: tasks are not as the files say. */
  pending: 7,
  outcomeUnknown: 124,
  interrupted: 130
} as const

/** The words on the command line are wrong: mend them. */
export const usage = (message: string, hint?: string): CliFailure =>
  new CliFailure({ code: "usage", message, exitCode: ExitCode.usage, ...(hint === undefined ? {} : { hint }) })

const refusals: Readonly<Record<string, number>> = {
  invalidRequest: ExitCode.usage,
  invalidSchedule: ExitCode.usage,
  unknownTaskType: ExitCode.usage,
  invalidArgs: ExitCode.usage,
  tooLarge: ExitCode.usage,
  notFound: ExitCode.notFound,
  ambiguousId: ExitCode.conflict,
  idInUse: ExitCode.conflict,
  alreadyCancelled: ExitCode.conflict,
  ended: ExitCode.conflict,
  notEnded: ExitCode.conflict,
  notOver: ExitCode.conflict,
  notPaused: ExitCode.conflict,
  succeeded: ExitCode.conflict,
  alreadyRetried: ExitCode.conflict,
  nothingFailed: ExitCode.conflict,
  nothingToRevert: ExitCode.conflict,
  nothingWaits: ExitCode.conflict,
  revisionConflict: ExitCode.conflict,
  tooMany: ExitCode.conflict,
  partitionHalted: ExitCode.conflict,
  notAcceptable: ExitCode.conflict,
  notHalted: ExitCode.conflict,
  keyReused: ExitCode.conflict
}

/** Why a deployment failed, as code and exit code. */
const deployment: Readonly<Record<string, readonly [code: string, exitCode: number]>> = {
  unreachable: ["unreachable", ExitCode.unreachable],
  settings: ["usage", ExitCode.usage]
}

/** What may be wrong with an MCP server, as exit code; all else is a failure. */
const mcpProblems: Readonly<Record<string, number>> = {
  mcpConfig: ExitCode.usage,
  invalidArguments: ExitCode.usage,
  unknownServer: ExitCode.notFound,
  unknownTool: ExitCode.notFound,
  cannotConnect: ExitCode.unreachable
}

const textOf = (error: object, key: string): string | undefined => {
  const value: unknown = Reflect.get(error, key)
  return Predicate.isString(value) && value !== "" ? value : undefined
}

const isJson = Schema.is(Schema.Json)

/** Any error as what is told of it. What nobody foresaw is an `internal` failure. */
export const failureOf = (error: unknown): CliFailure => {
  if (error instanceof CliFailure) return error
  if (!Predicate.isObject(error)) return new CliFailure({ code: "internal", message: String(error), exitCode: 1 })
  const message = textOf(error, "message") ?? String(error)
  const detail: unknown = Reflect.get(error, "detail")
  const hint = textOf(error, "hint")
  const more = {
    ...(detail !== undefined && isJson(detail) ? { detail } : {}),
    ...(hint === undefined ? {} : { hint })
  }
  switch (textOf(error, "_tag")) {
    case "Refused": {
      const code = textOf(error, "code") ?? "refused"
      return new CliFailure({ code, message, exitCode: refusals[code] ?? ExitCode.failed, ...more })
    }
    case "Unreachable":
      return new CliFailure({
        code: "unreachable",
        message,
        exitCode: ExitCode.unreachable,
        hint: hint ?? 'start it with "nagatha up", or say where it is with NATS_URL'
      })
    case "OutcomeUnknown": {
      const commandId = textOf(error, "commandId") ?? ""
      return new CliFailure({
        code: "outcomeUnknown",
        message,
        detail: { commandId },
        exitCode: ExitCode.outcomeUnknown,
        hint: `it may have been carried out; run the same command with --command-id ${commandId}: it is carried out at most once`
      })
    }
    case "ParseProblem": {
      const words = Reflect.get(error, "place")
      const told = isJson(words) ? { detail: words } : {}
      return new CliFailure({ code: "invalidSchedule", message, exitCode: ExitCode.usage, ...told })
    }
    case "DeploymentFailed": {
      const [code, exitCode] = deployment[textOf(error, "reason") ?? ""] ?? ["deploymentFailed", ExitCode.failed]
      return new CliFailure({ code, message, exitCode, ...more })
    }
    case "McpProblem": {
      const code = textOf(error, "code") ?? "mcpServers"
      return new CliFailure({ code, message, exitCode: mcpProblems[code] ?? ExitCode.failed, ...more })
    }
    default:
      return new CliFailure({
        code: "internal",
        message: `internal error: ${message}`,
        exitCode: ExitCode.failed,
        hint: "this is a defect of nagatha; LOG_LEVEL=debug shows where it happened"
      })
  }
}

/** The failure as it stands on standard error: for programs one line of JSON, for people its words. */
export const toldFailure = (failure: CliFailure, json: boolean, paint: Paint): string => {
  const { code, message, detail, hint } = failure
  if (json) {
    const error = {
      code,
      message,
      ...(detail === undefined ? {} : { detail }),
      ...(hint === undefined ? {} : { hint })
    }
    return safeJson({ error })
  }
  const shown = visible(message)
  const first = shown.includes("\n") ? shown : `${paint.red("error:")} ${shown}`
  return hint === undefined ? first : `${first}\n${paint.dim("hint:")} ${visible(hint)}`
}
