/**
 * What is wrong with the arguments of a task, in words: each problem names the field, the value and the remedy.
 *
 * Pure. Arguments that pass are plain JSON that can be stored: no key that could reach an object's prototype, no depth
 * that could exhaust a stack, no field that the task type does not know.
 */
import { Option, Predicate, Result, Schema, type SchemaAST, SchemaIssue } from "effect"
import type { TaskArgs } from "../events/TaskDefinition.ts"
import { suggestion } from "./Suggestion.ts"

/** Deepest nesting of arguments. */
export const MAX_DEPTH = 32

/** The arguments do not fit the task type; mend the named field and send again. */
export class ArgsProblem extends Schema.TaggedError<ArgsProblem>()("ArgsProblem", {
  taskType: Schema.String,
  /** Path of the first wrong field, such as `env.PATH`; empty for the arguments as a whole. */
  field: Schema.String,
  message: Schema.String
}) {}

type Path = ReadonlyArray<PropertyKey>

const shownPath = (path: Path): string =>
  path
    .map((key, index) => (Predicate.isNumber(key) ? `[${key}]` : index === 0 ? String(key) : `.${String(key)}`))
    .join("")

/** A value in a few words: JSON, cut after 60 characters. */
const shownValue = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`
}

const valueAt = (root: unknown, path: Path): Option.Option<unknown> => {
  let value = root
  for (const key of path) {
    if (!Predicate.isObjectOrArray(value) || !Object.hasOwn(value, key)) return Option.none()
    value = Reflect.get(value, key)
  }
  return Option.some(value)
}

const EXCESS = "excess"
const MISSING = "missing"

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "UnexpectedKey" ? EXCESS : issue._tag === "MissingKey" ? MISSING : SchemaIssue.defaultLeafHook(issue)
})

/** What is wrong, each with its path. */
export const issuesAt = (issue: SchemaIssue.Issue): ReadonlyArray<{ readonly path: Path; readonly text: string }> =>
  issuesOf(issue).issues.map(({ message, path: given }) => {
    const path = pathOf(given)
    const place = shownPath(path)
    const what = message === EXCESS ? "is not known" : message === MISSING ? "is missing" : lowerFirst(message)
    return { path, text: place === "" ? what : `${JSON.stringify(place)} ${what}` }
  })

/** An issue in one line: `at <path>: <what>`; with the schema also what a misspelt name was meant to be. */
export const shownIssue = (issue: SchemaIssue.Issue, ast?: SchemaAST.AST): string =>
  issuesAt(issue)
    .map(({ path, text }) => {
      const isExcess = ast !== undefined && text.endsWith(" is not known")
      const guess = isExcess ? suggestion(String(path.at(-1)), knownKeys(ast, path.slice(0, -1))) : undefined
      return guess === undefined ? text : `${text}; did you mean ${JSON.stringify(guess)}?`
    })
    .join("; ")

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1)

const pathOf = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined): Path =>
  (path ?? []).map((segment) => (Predicate.isObject(segment) ? segment.key : segment))

/** The schema of the field at a path, as far as the path leads through structs. */
const schemaAt = (ast: SchemaAST.AST, path: Path): SchemaAST.AST | undefined => {
  let at: SchemaAST.AST | undefined = ast
  for (const key of path) {
    if (at?._tag !== "Objects") return undefined
    at = at.propertySignatures.find((property) => property.name === key)?.type ?? at.indexSignatures[0]?.type
  }
  return at
}

const describe = (ast: SchemaAST.AST, path: Path): string => {
  for (let length = path.length; length > 0; length--) {
    const description = schemaAt(ast, path.slice(0, length))?.annotations?.["description"]
    if (Predicate.isString(description)) return ` (${description})`
  }
  return ""
}

const knownKeys = (ast: SchemaAST.AST, path: Path): ReadonlyArray<string> => {
  const at = schemaAt(ast, path)
  return at?._tag === "Objects" ? at.propertySignatures.map((property) => String(property.name)) : []
}

const excess = (ast: SchemaAST.AST, path: Path): string => {
  const known = knownKeys(ast, path.slice(0, -1))
  const word = `argument ${JSON.stringify(shownPath(path))} is not known`
  const guess = suggestion(String(path.at(-1)), known)
  if (guess !== undefined) return `${word}; did you mean ${JSON.stringify(guess)}?`
  return known.length === 0 ? `${word}; leave it out` : `${word}; known are ${known.join(", ")}`
}

const sentence = (ast: SchemaAST.AST, args: unknown, path: Path, message: string): string => {
  if (message === EXCESS) return excess(ast, path)
  const place = path.length === 0 ? "the arguments" : `argument ${JSON.stringify(shownPath(path))}`
  const value = valueAt(args, path)
  if (message === MISSING || Option.isNone(value)) return `${place} is missing${describe(ast, path)}`
  return `${place}: ${lowerFirst(message)}, got ${shownValue(value.value)}${describe(ast, path)}`
}

const FORBIDDEN: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"])

/** The first place that no task's arguments may have: a forbidden key, or too deep a nesting. */
const unsafe = (value: unknown, path: Path = []): { readonly path: Path; readonly message: string } | undefined => {
  if (!Predicate.isObjectOrArray(value)) return undefined
  if (path.length >= MAX_DEPTH) return { path: path.slice(0, 3), message: `is nested deeper than ${MAX_DEPTH} levels` }
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    if (FORBIDDEN.has(String(key)))
      return { path: [...path, key], message: "has a name that is not allowed; rename it" }
    const inner = unsafe(Reflect.get(value, key), [...path, key])
    if (inner !== undefined) return inner
  }
  return undefined
}

/** Builds the check of one task type's arguments once; the check itself is pure. */
export const argsChecker = <Args>(
  taskType: string,
  schema: Schema.ConstraintCodec<Args, unknown>
): ((args: unknown) => Result.Result<TaskArgs, ArgsProblem>) => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error", errors: "all" })
  const encode = Schema.encodeUnknownResult(schema)
  const isArgs = Schema.is(Schema.JsonObject)
  const problem = (path: Path, message: string) =>
    Result.fail(new ArgsProblem({ taskType, field: shownPath(path), message: `${taskType}: ${message}` }))
  return (args) => {
    const refused = unsafe(args)
    if (refused !== undefined) {
      return problem(refused.path, `argument ${JSON.stringify(shownPath(refused.path))} ${refused.message}`)
    }
    if (!isArgs(args)) {
      const shown = Predicate.isObject(args) ? "an object with values that are not JSON" : shownValue(args)
      return problem([], `the arguments must be a JSON object such as {"name": "value"}, got ${shown}`)
    }
    const decoded = Result.flatMap(decode(args), encode)
    if (Result.isSuccess(decoded) && isArgs(decoded.success)) return Result.succeed(decoded.success)
    if (Result.isSuccess(decoded)) return problem([], "the arguments do not encode to a JSON object")
    const issues = issuesOf(decoded.failure.issue).issues.map((issue) => ({ ...issue, path: pathOf(issue.path) }))
    return problem(
      issues[0]?.path ?? [],
      issues.map(({ message, path }) => sentence(schema.ast, args, path, message)).join("; ")
    )
  }
}
