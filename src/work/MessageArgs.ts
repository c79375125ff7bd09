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

const SHELL = /(?:^|\/)(?:sh|ash|bash|dash|ksh|zsh)$/

/** Text that a shell reads: the whole command, or what `sh -c` is given. */
const isShellText = (command: unknown): boolean => {
  if (Predicate.isString(command)) return takesFromMessage(command)
  if (!Array.isArray(command) || !Predicate.isString(command[0]) || !SHELL.test(command[0])) return false
  const flag = command.findIndex((word) => Predicate.isString(word) && /^-[a-z]*c[a-z]*$/.test(word))
  const text: unknown = flag < 0 ? undefined : command[flag + 1]
  return Predicate.isString(text) && takesFromMessage(text)
}

/** Where a shell would read what a message says as a part of its own words: anybody who may publish could run anything. */
const shellTextIn = (taskType: string, args: unknown, at = ""): string | undefined => {
  if (!Predicate.isObject(args)) return undefined
  const command: unknown = Reflect.get(args, "command")
  if (taskType === ShellCommandDeclaration.name) {
    return isShellText(command) ? `${at}command` : undefined
  }
  if (taskType !== SEQUENCE) return undefined
  const steps: unknown = Reflect.get(args, "steps") ?? Reflect.get(args, "taskDefinitions")
  if (!Array.isArray(steps)) return undefined
  for (const [index, step] of steps.entries()) {
    const type: unknown = Predicate.isObject(step) ? Reflect.get(step, "type") : undefined
    const inner: unknown = Predicate.isObject(step) ? Reflect.get(step, "args") : undefined
    const found = Predicate.isString(type) ? shellTextIn(type, inner, `${at}steps[${index}].args.`) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

export const argsByMessage = (
  taskType: string,
  args: unknown,
  types: TaskTypes["Service"]
): Result.Result<TaskArgs, UnknownTaskType | ArgsProblem> => {
  const shellText = shellTextIn(taskType, args)
  if (shellText !== undefined) {
    const message = `${taskType}: ${shellText}: a shell would run what the message says; write a list of words, ["echo", "{{ message.id }}"], or read the variable NAGATHA_MESSAGE in the command`
    return Result.fail(new ArgsProblem({ taskType, field: shellText, message }))
  }
  const checked = types.checkArgs(taskType, args)
  const later = taskType !== SEQUENCE && types.get(taskType) !== undefined && isArgs(args) && takesFromMessage(args)
  return Result.isFailure(checked) && later ? Result.succeed(args) : checked
}
