/**
 * The task types that a node knows: all of them by declaration (to check what is scheduled), and those that it can run.
 *
 * Checking is pure and never runs or loads a task's code. A worker is given the code; a node that only schedules is not.
 */
import { Context, Effect, Layer, Result, Schema } from "effect"
import { TaskId, type TaskArgs } from "../events/TaskDefinition.ts"
import type { ArgsProblem } from "./ArgsProblem.ts"
import { HttpRequestDeclaration } from "./http/HttpRequestArgs.ts"
import { McpToolDeclaration } from "./mcp/McpToolArgs.ts"
import { NotificationDeclaration } from "./notification/NotificationArgs.ts"
import { SequenceDeclaration } from "./sequence/SequenceArgs.ts"
import { pluginCommandDeclaration } from "./plugins/PluginCommandArgs.ts"
import { ShellCommandDeclaration } from "./shell/ShellCommandArgs.ts"
import { suggestion } from "./Suggestion.ts"
import type { TaskDeclaration, TaskType } from "./TaskType.ts"

/** No task type has this name here; mend the name, or register the type. */
export class UnknownTaskType extends Schema.TaggedError<UnknownTaskType>()("UnknownTaskType", {
  name: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    const guess = suggestion(this.name, this.known)
    const remedy = guess === undefined ? `known are ${this.known.join(", ")}` : `did you mean ${JSON.stringify(guess)}?`
    return `the task type ${JSON.stringify(this.name)} is not known; ${remedy}`
  }
}

/** The given task types cannot be registered together, or one has a name that cannot be a queue. */
export class InvalidTaskTypes extends Schema.TaggedError<InvalidTaskTypes>()("InvalidTaskTypes", {
  reason: Schema.String
}) {
  override get message() {
    return `cannot register the task types: ${this.reason}`
  }
}

/** What this project brings, without the code: enough for a node that only schedules. */
export const builtInDeclarations: ReadonlyArray<TaskDeclaration> = [
  ShellCommandDeclaration,
  NotificationDeclaration,
  McpToolDeclaration,
  HttpRequestDeclaration,
  pluginCommandDeclaration()
]

const isName = Schema.is(TaskId)

const reasonAgainst = (types: ReadonlyArray<TaskDeclaration>): string | undefined => {
  const seen = new Set<string>()
  for (const { name, queue } of types) {
    for (const word of [name, queue]) {
      if (!isName(word)) {
        return `${JSON.stringify(word)} must be 1 to 64 letters, digits, "-" or "_", beginning with a letter or a digit`
      }
    }
    if (seen.has(name)) return `${JSON.stringify(name)} is defined twice; rename one`
    seen.add(name)
  }
  return undefined
}

const make = (
  given: ReadonlyArray<TaskDeclaration>,
  runnable: ReadonlyMap<string, TaskType>
): Result.Result<TaskTypes["Service"], InvalidTaskTypes> => {
  // Sequences are everywhere: their owner decides about them, and no worker has code for them.
  const types = [...given, SequenceDeclaration]
  const reason = reasonAgainst(types)
  if (reason !== undefined) return Result.fail(new InvalidTaskTypes({ reason }))
  const byName = new Map(types.map((type) => [type.name, type]))
  const names = [...byName.keys()].sort()
  return Result.succeed(
    TaskTypes.of({
      names,
      get: (name) => byName.get(name),
      runner: (name) => runnable.get(name),
      checkArgs: (name, args) => {
        const type = byName.get(name)
        return type === undefined ? Result.fail(new UnknownTaskType({ name, known: names })) : type.check(args)
      }
    })
  )
}

export class TaskTypes extends Context.Service<
  TaskTypes,
  {
    /** All known names, sorted. */
    readonly names: ReadonlyArray<string>
    /** The declaration of a task type, where it is known. */
    get(name: string): TaskDeclaration | undefined
    /** The task type with its code, where this node can run it. */
    runner(name: string): TaskType | undefined
    /** Arguments as they are to be stored, or what is wrong with them and how to mend it. Pure. */
    checkArgs(name: string, args: unknown): Result.Result<TaskArgs, UnknownTaskType | ArgsProblem>
  }
>()("nagatha/work/TaskTypes") {
  /** Task types to check by, none to run; default: those that this project brings. */
  static readonly layerDeclared = (
    types: ReadonlyArray<TaskDeclaration> = builtInDeclarations
  ): Layer.Layer<TaskTypes, InvalidTaskTypes> =>
    Layer.effect(
      TaskTypes,
      Effect.suspend(() => Effect.fromResult(make(types, new Map())))
    )

  /** Task types to check by and to run; the services that their code needs are taken here, once. */
  static readonly layer = <Services = never>(
    types: ReadonlyArray<TaskType<Services>>
  ): Layer.Layer<TaskTypes, InvalidTaskTypes, Services> =>
    Layer.effect(
      TaskTypes,
      Effect.contextWith((services: Context.Context<Services>) => {
        const closed = types.map((type): TaskType => ({
          ...type,
          attempt: (args, context) => Effect.provideContext(type.attempt(args, context), services)
        }))
        return Effect.fromResult(make(types, new Map(closed.map((type) => [type.name, type]))))
      })
    )
}
