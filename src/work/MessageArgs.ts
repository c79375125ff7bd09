/**
 * Arguments of a task that messages start. What takes something from the message (`{{ message.id }}`) is known only with
 * the message: a worker checks it then.
 */
import { Predicate, Result, Schema } from "effect"
import { TaskArgs } from "../events/TaskDefinition.ts"
import { ArgsProblem } from "./ArgsProblem.ts"
import { SEQUENCE } from "./sequence/SequenceArgs.ts"
import { takesFromMessage } from "./sequence/Template.ts"
import { ShellCommandDeclaration } from "./shell/ShellCommandArgs.ts"
import type { TaskTypes, UnknownTaskType } from "./TaskTypes.ts"

const isArgs = Schema.is(TaskArgs)

const SHELL = /(?:^|\/)(?:sh|ash|bash|csh|dash|fish|ksh|tcsh|zsh)$/

/** Text that a shell reads: the whole command, or what `sh -c` is given, also where another program (`env`, `timeout`) starts it. */
const isShellText = (command: unknown): boolean => {
  if (Predicate.isString(command)) return takesFromMessage(command)
  if (!Array.isArray(command)) return false
  const words = command.map((word: unknown) => (Predicate.isString(word) ? word : ""))
  const shell = words.findIndex((word) => SHELL.test(word))
  const flag = words.findIndex((word, index) => shell >= 0 && index > shell && /^-[a-z]*c[a-z]*$/.test(word))
  return flag >= 0 && takesFromMessage(words[flag + 1] ?? "")
}

interface Danger {
  readonly field: string
  readonly why: string
}

const RUN =
  'a shell would run what the message says; write a list of words, ["echo", "{{ message.id }}"], or read the variable NAGATHA_MESSAGE in the command'

const dangerOf = (command: unknown, field: string): Danger | undefined => {
  if (isShellText(command)) return { field, why: RUN }
  const program: unknown = Array.isArray(command) ? command[0] : undefined
  return Predicate.isString(program) && takesFromMessage(program)
    ? { field: `${field}[0]`, why: "the message would say which program runs; name the program" }
    : undefined
}

/** Where what a message says would be run: anybody who may publish could run anything. */
const dangerIn = (taskType: string, args: unknown, at = ""): Danger | undefined => {
  if (!Predicate.isObject(args)) return undefined
  if (taskType === ShellCommandDeclaration.name) return dangerOf(Reflect.get(args, "command"), `${at}command`)
  if (taskType !== SEQUENCE) return undefined
  const steps: unknown = Reflect.get(args, "steps") ?? Reflect.get(args, "taskDefinitions")
  if (!Array.isArray(steps)) return undefined
  for (const [index, step] of steps.entries()) {
    const type: unknown = Predicate.isObject(step) ? Reflect.get(step, "type") : undefined
    const inner: unknown = Predicate.isObject(step) ? Reflect.get(step, "args") : undefined
    const found = Predicate.isString(type) ? dangerIn(type, inner, `${at}steps[${index}].args.`) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

export const argsByMessage = (
  taskType: string,
  args: unknown,
  types: TaskTypes["Service"]
): Result.Result<TaskArgs, UnknownTaskType | ArgsProblem> => {
  const danger = dangerIn(taskType, args)
  if (danger !== undefined) {
    const { field, why } = danger
    return Result.fail(new ArgsProblem({ taskType, field, message: `${taskType}: ${field}: ${why}` }))
  }
  const checked = types.checkArgs(taskType, args)
  const later = taskType !== SEQUENCE && types.get(taskType) !== undefined && isArgs(args) && takesFromMessage(args)
  return Result.isFailure(checked) && later ? Result.succeed(args) : checked
}
