/**
 * References from arguments to what earlier steps gave, `{{ steps.NAME.result.path[0] }}`, or to the message that started the
 * task, `{{ message.path[0] }}`. Names and paths only, no code. A text that is one reference becomes the value itself;
 * inside a longer text it becomes its text, or its JSON. What is filled in is not looked at again.
 */
import { Predicate, Result, type Schema } from "effect"
import type { TaskArgs } from "../../events/TaskDefinition.ts"

const REFERENCE = /\{\{\s*([^{}]*?)\s*\}\}/g
const PATH = /^(?:steps\.([A-Za-z0-9_-]{1,64})\.result|message)((?:\.[A-Za-z0-9_-]+|\[\d+\])*)$/

interface Reference {
  /** Undefined: to the message. */
  readonly step: string | undefined
  readonly path: ReadonlyArray<string | number>
  readonly text: string
}

/** `.a[0].b` in its parts. */
export const pathOf = (text: string): ReadonlyArray<string | number> =>
  [...text.matchAll(/\.?([A-Za-z0-9_-]+)|\[(\d+)\]/g)].map(([, key, index]) =>
    index === undefined ? (key ?? "") : Number(index)
  )

const read = (text: string): Reference | string => {
  const found = PATH.exec(text)
  if (found === null) {
    return `{{ ${text} }} is no reference to an earlier step; write {{ steps.NAME.result }}, {{ steps.NAME.result.path }} or {{ message.path }}`
  }
  return { step: found[1], path: pathOf(found[2] ?? ""), text: `{{ ${text} }}` }
}

const textsOf = (value: Schema.Json): ReadonlyArray<string> => {
  if (Predicate.isString(value)) return [value]
  if (value === null || typeof value !== "object") return []
  return Object.values(value).flatMap(textsOf)
}

/** Names of the steps that arguments refer to, or what is wrong with a reference. */
export const referencedSteps = (args: TaskArgs): Result.Result<ReadonlySet<string>, string> => {
  const names = new Set<string>()
  for (const text of textsOf(args)) {
    for (const [, inner = ""] of text.matchAll(REFERENCE)) {
      const reference = read(inner)
      if (typeof reference === "string") return Result.fail(reference)
      if (reference.step !== undefined) names.add(reference.step)
    }
  }
  return Result.succeed(names)
}

/** The value at a path; undefined when there is none. */
export const valueAt = (
  value: Schema.Json | undefined,
  path: ReadonlyArray<string | number>
): Schema.Json | undefined => {
  let at: unknown = value
  for (const key of path) {
    if (at === null || typeof at !== "object" || !Object.hasOwn(at, key)) return undefined
    at = Reflect.get(at, key)
  }
  return at as Schema.Json | undefined
}

/** Arguments with the values in place of the references, or the reference that has none. */
export const filled = (
  args: TaskArgs,
  resultOf: (step: string) => Schema.Json | undefined,
  message?: Schema.Json
): Result.Result<TaskArgs, string> =>
  filledBy(args, (inner) => {
    const reference = read(inner)
    if (typeof reference === "string") return { value: undefined }
    return { value: valueAt(reference.step === undefined ? message : resultOf(reference.step), reference.path) }
  })

const toMessage = (inner: string): Reference | undefined => {
  const reference = read(inner)
  return typeof reference === "string" || reference.step !== undefined ? undefined : reference
}

/** Whether arguments take something from the message that starts their task. */
export const takesFromMessage = (args: Schema.Json): boolean =>
  textsOf(args).some((text) => [...text.matchAll(REFERENCE)].some(([, inner = ""]) => toMessage(inner) !== undefined))

/** Arguments with what the message says in place of the references to it, or the reference that has no value. All else stays as it is. */
export const withMessage = (args: TaskArgs, message: Schema.Json): Result.Result<TaskArgs, string> =>
  filledBy(args, (inner) => {
    const reference = toMessage(inner)
    return reference === undefined ? "asItIs" : { value: valueAt(message, reference.path) }
  })

/** A value for what stands in a reference, or none; or it is no reference. */
type Lookup = (inner: string) => { readonly value: Schema.Json | undefined } | "asItIs"

const filledBy = (args: TaskArgs, lookup: Lookup): Result.Result<TaskArgs, string> => {
  let missing: string | undefined
  const valueOf = (inner: string): Schema.Json | undefined => {
    const found = lookup(inner)
    if (found === "asItIs") return undefined
    if (found.value === undefined) missing ??= `{{ ${inner} }} has no value`
    return found.value ?? null
  }
  const fill = (value: Schema.Json): Schema.Json => {
    if (Predicate.isString(value)) {
      const whole = /^\{\{\s*([^{}]*?)\s*\}\}$/.exec(value)
      if (whole !== null) {
        const found = valueOf(whole[1] ?? "")
        return found === undefined ? value : found
      }
      return value.replace(REFERENCE, (reference, inner: string) => {
        const found = valueOf(inner)
        if (found === undefined) return reference
        return Predicate.isString(found) ? found : JSON.stringify(found)
      })
    }
    if (Array.isArray(value)) return value.map((one: Schema.Json) => fill(one))
    if (value === null || typeof value !== "object") return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one)]))
  }
  const done = Object.fromEntries(Object.entries(args).map(([key, one]) => [key, fill(one)]))
  return missing === undefined ? Result.succeed(done) : Result.fail(missing)
}
