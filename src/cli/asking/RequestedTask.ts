/**
 * The request that the words of `schedule` ask for. Flags beat the file; the flags of a task type beat `--args`.
 *
 * What the command line can know to be wrong is refused here in the words of its flags; the service checks everything.
 */
import { Effect, Option, Predicate, Schema } from "effect"
import type { ScheduleRequest } from "../../actors/door/TaskRequest.ts"
import { TaskId } from "../../events/TaskDefinition.ts"
import type { ParseProblem } from "../../recurrence/ParseProblem.ts"
import { suggestion } from "../../work/Suggestion.ts"
import { type CliFailure, usage } from "../Failure.ts"
import { isArgs, jsonArgs } from "./JsonArgs.ts"
import { defined, zoneOf } from "./Flags.ts"
import { boundOf } from "./Moments.ts"
import type { ScheduleInput } from "./ScheduleFlags.ts"
import { readTaskFile, type TaskFile } from "./TaskFile.ts"

/** Flags that make arguments of one task type, by that type. */
const typeFlags: Readonly<Record<string, ReadonlyArray<readonly [flag: string, argument: keyof ScheduleInput]>>> = {
  notification: [
    ["message", "message"],
    ["notification-type", "notificationType"],
    ["target", "target"],
    ["channel", "channel"]
  ],
  http_request: [
    ["url", "url"],
    ["method", "method"]
  ],
  shell_command: [
    ["command", "command"],
    ["working-dir", "workingDir"],
    ["env", "env"]
  ],
  mcp_tool: [
    ["server-name", "serverName"],
    ["tool-name", "toolName"]
  ],
  plugin_command: [
    ["plugin-name", "pluginName"],
    ["command-name", "commandName"]
  ]
}

/** The flags without which a task of the type has nothing to do. */
const needed: Readonly<Record<string, ReadonlyArray<readonly [flag: string, argument: string, example: string]>>> = {
  notification: [["message", "message", '--message "Tea is ready"']],
  shell_command: [["command", "command", '--command "date >> /tmp/dates"']],
  http_request: [["url", "url", "--url https://example.org/health"]],
  mcp_tool: [
    ["server-name", "serverName", "--server-name time (nagatha mcp-servers list shows them)"],
    ["tool-name", "toolName", "--tool-name get_current_time (nagatha mcp-servers tools SERVER shows them)"]
  ],
  plugin_command: [
    ["plugin-name", "pluginName", "--plugin-name my_plugin (nagatha plugins list shows them)"],
    ["command-name", "commandName", "--command-name daily_cleanup (nagatha plugins list shows them)"]
  ]
}

/** Types whose `--args` are the arguments of something inside: of a tool, or of a command. */
const passesArgs: ReadonlySet<string> = new Set(["mcp_tool", "plugin_command"])

/** What was given for a flag; undefined where it was not. */
const given = (value: unknown): unknown => {
  if (Option.isOption(value)) return Option.getOrUndefined(value)
  return Array.isArray(value) && value.length === 0 ? undefined : value
}

/** What to give in place of a flag that is another type's. */
const instead = (taskType: string, flagType: string): string => {
  const own = typeFlags[taskType]?.map(([flag]) => `--${flag}`).join(", ")
  if (own !== undefined) return `the flags of ${taskType} are ${own}`
  const guess = suggestion(taskType, Object.keys(typeFlags))
  return guess === undefined
    ? `did you mean the task type ${flagType}? arguments of other types are given with --args`
    : `did you mean the task type ${guess}?`
}

const misplaced = (input: ScheduleInput, taskType: string): CliFailure | undefined => {
  for (const [type, flags] of Object.entries(typeFlags)) {
    const wrong = type === taskType ? undefined : flags.find(([, key]) => given(input[key]) !== undefined)
    if (wrong === undefined) continue
    return usage(`--${wrong[0]} is for ${type}, not for ${taskType}`, instead(taskType, type))
  }
  return undefined
}

const environment = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const env: Record<string, string> = {}
  for (const word of words) {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([^]*)$/.exec(word) ?? []
    if (name === undefined || value === undefined) {
      return yield* usage(`--env ${JSON.stringify(word)} is not of the form K=V`, "such as --env LEVEL=3")
    }
    env[name] = value
  }
  return env
})

const taskArgs = Effect.fnUntraced(function* (input: ScheduleInput, taskType: string, file: TaskFile) {
  const wrong = misplaced(input, taskType)
  if (wrong !== undefined) return yield* wrong
  const inner = Option.isSome(input.args) ? yield* jsonArgs(input.args.value) : {}
  const args: Record<string, Schema.Json> = passesArgs.has(taskType)
    ? { ...file.taskArgs, ...(Option.isSome(input.args) ? { arguments: inner } : {}) }
    : { ...file.taskArgs, ...inner }
  for (const [, key] of typeFlags[taskType] ?? []) {
    const value = given(input[key])
    if (Predicate.isString(value)) args[key] = key === "method" ? value.toUpperCase() : value
  }
  if (input.channel.length > 0) args["channel"] = input.channel
  if (input.env.length > 0) {
    const before = args["env"]
    args["env"] = {
      ...(Predicate.isObject(before) && isArgs(before) ? before : {}),
      ...(yield* environment(input.env))
    }
  }
  for (const [flag, argument, example] of needed[taskType] ?? []) {
    // A file may say it wrongly spelt: the service says so then.
    if (args[argument] === undefined && file.taskArgs === undefined)
      return yield* usage(`${taskType} needs --${flag}`, `such as ${example}`)
  }
  return args
})

const isId = Schema.is(TaskId)

const checkedId = Effect.fnUntraced(function* (flag: string, value: Option.Option<string>) {
  if (Option.isSome(value) && !isId(value.value)) {
    return yield* usage(
      `--${flag} ${JSON.stringify(value.value)}: must be 1 to 64 letters, digits, "-" or "_", beginning with a letter or a digit`
    )
  }
})

/** The request that the words ask for. */
export const requestOf = Effect.fnUntraced(function* (
  input: ScheduleInput
): Effect.fn.Return<ScheduleRequest, CliFailure | ParseProblem> {
  const file: TaskFile = Option.isSome(input.file) ? yield* readTaskFile(input.file.value) : {}
  const taskType = Option.getOrElse(input.type, () => file.taskType)
  if (Option.isSome(input.after) && (Option.isSome(input.when) || file.schedule !== undefined)) {
    return yield* usage("--after says when, and so does WHEN: leave one out", 'such as: "after backup, report fails"')
  }
  const after = Option.map(input.after, (ids) => `after ${ids}`)
  const schedule = Option.getOrElse(
    Option.orElse(input.when, () => after),
    () => file.schedule
  )
  if (taskType === undefined || schedule === undefined) {
    const missing = taskType === undefined ? "TYPE" : "WHEN"
    return yield* usage(
      `the argument ${missing} is missing`,
      'such as: nagatha schedule notification "in 5 minutes" --message "Tea is ready"'
    )
  }
  yield* checkedId("id", input.id)
  yield* checkedId("command-id", input.commandId)
  yield* checkedId("queue", input.queue)
  if (Option.getOrElse(input.hardTimeout, () => Infinity) < Option.getOrElse(input.timeout, () => 0)) {
    return yield* usage(
      "--hard-timeout is shorter than --timeout",
      "it kills what --timeout has asked to stop: give a longer one, or leave it out"
    )
  }
  const args = yield* taskArgs(input, taskType, file)
  const timezone = (Option.isNone(input.timezone) ? file.timezone : undefined) ?? (yield* zoneOf(input.timezone))
  const startAt = Option.isSome(input.startAt) ? yield* boundOf(input.startAt.value, "begin", timezone) : undefined
  const endAt = Option.isSome(input.endAt) ? yield* boundOf(input.endAt.value, "end", timezone) : undefined
  return {
    ...file,
    taskType,
    schedule,
    timezone,
    ...(Object.keys(args).length === 0 ? {} : { taskArgs: args }),
    ...defined({
      commandId: input.commandId,
      taskId: input.id,
      taskName: input.name,
      description: input.description,
      queue: input.queue,
      priority: input.priority,
      key: input.key,
      maxRetries: input.retries,
      backoffMs: input.backoff,
      backoffFactor: input.backoffFactor,
      maxBackoffMs: input.maxBackoff,
      jitter: input.jitter,
      timeoutMs: input.timeout,
      hardTimeoutMs: input.hardTimeout,
      overlap: input.overlap,
      catchUp: input.catchUp,
      catchUpWindowMs: input.catchUpWindow,
      catchUpMax: input.catchUpMax,
      catchUpRate: input.catchUpRate,
      maxRuns: input.maxRuns,
      spreadMs: input.spread,
      expiresMs: input.expires,
      pauseAfterFailures: input.pauseAfter,
      dstGap: input.dstGap,
      dstOverlap: input.dstOverlap
    }),
    ...(startAt === undefined ? {} : { startAt }),
    ...(endAt === undefined ? {} : { endAt }),
    ...(input.exclude.length === 0 ? {} : { exclude: input.exclude }),
    ...(input.noRetryOn.length === 0 ? {} : { noRetryOn: input.noRetryOn }),
    ...(input.tag.length === 0 ? {} : { tags: input.tag }),
    ...(input.allowPast ? { allowPast: true } : {}),
    ...(input.dryRun ? { dryRun: true } : {})
  }
})
