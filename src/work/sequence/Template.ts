/**
 * References from a step's arguments to what earlier steps gave: `{{ steps.NAME.result.path[0] }}`. Names and paths only, no
 * code. A text that is one reference becomes the value itself; inside a longer text it becomes its text, or its JSON.
 */
import { Predicate, Result, type Schema } from "effect"
import type { TaskArgs } from "../../events/TaskDefinition.ts"

const REFERENCE = /\{\{\s*([^{}]*?)\s*\}\}/g
const PATH = /^steps\.([A-Za-z0-9_-]{1,64})\.result((?:\.[A-Za-z0-9_-]+|\[\d+\])*)$/

interface Reference {
  readonly step: string
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
    return `{{ ${text} }} is no reference to an earlier step; write {{ steps.NAME.result }} or {{ steps.NAME.result.path }}`
  }
  return { step: found[1] ?? "", path: pathOf(found[2] ?? ""), text: `{{ ${text} }}` }
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
      names.add(reference.step)
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
  resultOf: (step: string) => Schema.Json | undefined
): Result.Result<TaskArgs, string> => {
  let missing: string | undefined
  const valueOf = (inner: string): Schema.Json => {
    const reference = read(inner)
    const value = typeof reference === "string" ? undefined : valueAt(resultOf(reference.step), reference.path)
    if (value === undefined) missing ??= `{{ ${inner} }} has no value`
    return value ?? null
  }
  const fill = (value: Schema.Json): Schema.Json => {
    if (Predicate.isString(value)) {
      const whole = /^\{\{\s*([^{}]*?)\s*\}\}$/.exec(value)
      if (whole !== null) return valueOf(whole[1] ?? "")
      return value.replace(REFERENCE, (_, inner: string) => {
        const found = valueOf(inner)
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
