/** A task as a file (`--file`): the fields of a schedule request as JSON or YAML; unknown ones are refused by name. */
import { Effect, Predicate, Result, Schema } from "effect"
import { readFile } from "node:fs/promises"
import { text as readAll } from "node:stream/consumers"
import { ScheduleRequest } from "../../actors/door/TaskRequest.ts"
import { shownIssue } from "../../work/ArgsProblem.ts"
import { suggestion } from "../../work/Suggestion.ts"
import { type CliFailure, usage } from "../Failure.ts"

const { commandId: _sent, dryRun: _asked, taskType, schedule, ...fields } = ScheduleRequest.fields

/** All fields may be missing here: words on the command line complete or replace them. */
export const TaskFile = Schema.Struct({
  ...fields,
  taskType: Schema.optionalKey(taskType),
  schedule: Schema.optionalKey(schedule)
})
export type TaskFile = typeof TaskFile.Type

/** Names of its fields. */
export const known = Object.keys(TaskFile.fields)
const decode = Schema.decodeUnknownResult(TaskFile, { errors: "all", onExcessProperty: "error" })

/** Why a file cannot be read; of what the system says without its code and its call. */
export const whyUnread = (reason: unknown): string =>
  reason instanceof Error ? reason.message.replace(/^E[A-Z]+: ([^,]+), \w+.*$/, "$1") : String(reason)

const unread = (path: string, reason: unknown) =>
  usage(`--file ${JSON.stringify(path)} cannot be read: ${whyUnread(reason)}`)

const contents = (path: string): Effect.Effect<string, CliFailure> =>
  Effect.tryPromise({
    try: () => (path === "-" ? readAll(process.stdin) : readFile(path, "utf8")),
    catch: (reason) => unread(path, reason)
  })

const document = Effect.fnUntraced(function* (path: string, text: string) {
  if (path.endsWith(".json")) {
    return yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: (reason) => unread(path, reason)
    })
  }
  const { parse } = yield* Effect.promise(() => import("yaml"))
  return yield* Effect.try({ try: (): unknown => parse(text), catch: (reason) => unread(path, reason) })
})

/** The fields in a file (`.json`, else YAML, of which JSON is a part); `-`: standard input. */
export const readTaskFile = Effect.fnUntraced(function* (path: string): Effect.fn.Return<TaskFile, CliFailure> {
  const value = yield* document(path, yield* contents(path))
  const name = path === "-" ? "standard input" : path
  if (!Predicate.isObject(value) || Array.isArray(value)) {
    return yield* usage(`${name}: a task is one object with fields such as taskType and schedule`)
  }
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue
    const guess = suggestion(key, known)
    return yield* usage(
      `${name}: the field ${JSON.stringify(key)} is not known`,
      guess === undefined ? `known are ${known.join(", ")}` : `did you mean "${guess}"?`
    )
  }
  const decoded = decode(value)
  if (Result.isFailure(decoded)) return yield* usage(`${name}: ${shownIssue(decoded.failure.issue)}`)
  return decoded.success
})
