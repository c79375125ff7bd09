/**
 * Tasks as files: YAML or JSON, one task, a list of tasks, or several YAML documents. Everything that is wrong is told
 * with the file, the line, and which of its documents or items it is.
 */
import { Effect, Predicate, Result, Schema } from "effect"
import type { Document, LineCounter, Node } from "yaml"
import { ScheduleRequest } from "../../actors/door/TaskRequest.ts"
import { TaskId } from "../../events/TaskDefinition.ts"
import { issuesAt } from "../../work/ArgsProblem.ts"
import { suggestion } from "../../work/Suggestion.ts"

const { commandId: _sent, dryRun: _asked, managedBy: _set, taskId: _id, ...fields } = ScheduleRequest.fields

/** A task of a set: the fields of a schedule request, under its own id. */
export const AppliedTask = Schema.Struct({ taskId: TaskId, ...fields })
export type AppliedTask = typeof AppliedTask.Type

const known = Object.keys(AppliedTask.fields)
const decode = Schema.decodeUnknownResult(AppliedTask, { errors: "all", onExcessProperty: "error" })

type Path = ReadonlyArray<PropertyKey>

/** Something wrong in a file. */
export interface Problem {
  readonly file: string
  /** From 1; null where the file cannot be read at all. */
  readonly line: number | null
  /** `document 2`, `item 3`; empty where a file holds one task. */
  readonly part: string
  /** The field, such as `schedule`; null for the whole. */
  readonly field: string | null
  readonly message: string
}

/** A task and where it stands. */
export interface Written {
  readonly file: string
  readonly part: string
  readonly task: AppliedTask
  /** The line of a field, or of what holds it. */
  readonly lineOf: (path: Path) => number
}

/** `tasks/backup.yaml:3 (document 2)`. */
export const placeText = ({ file, line, part }: Pick<Problem, "file" | "line" | "part">): string =>
  `${file}${line === null ? "" : `:${line}`}${part === "" ? "" : ` (${part})`}`

export const problemText = (problem: Problem): string => `${placeText(problem)}: ${problem.message}`

/** Tasks, and what is wrong with what could not be read as such. */
export interface Read {
  readonly tasks: ReadonlyArray<Written>
  readonly problems: ReadonlyArray<Problem>
}

/** The tasks of a text; of what cannot be read the problems. */
export const tasksIn = Effect.fnUntraced(function* (file: string, text: string) {
  const yaml = yield* Effect.promise(() => import("yaml"))
  const lines = new yaml.LineCounter()
  if (file.endsWith(".json")) {
    const wrong = Result.try({ try: () => void JSON.parse(text), catch: String })
    if (Result.isFailure(wrong)) return failed({ file, line: null, part: "", field: null, message: wrong.failure })
  }
  const parsed = yaml.parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true })
  const documents = (Array.isArray(parsed) ? parsed : []).filter(
    (one) => one.contents !== null || one.errors.length > 0
  )
  const reads = documents.map((document, index) =>
    ofDocument(yaml, lines, document, { file, part: documents.length > 1 ? `document ${index + 1}` : "" })
  )
  return { tasks: reads.flatMap(({ tasks }) => tasks), problems: reads.flatMap(({ problems }) => problems) }
})

const failed = (problem: Problem): Read => ({ tasks: [], problems: [problem] })

interface Place {
  readonly file: string
  readonly part: string
}

const ofDocument = (yaml: typeof import("yaml"), lines: LineCounter, document: Document.Parsed, place: Place): Read => {
  const [error] = document.errors
  if (error !== undefined) {
    const message = error.message.split("\n")[0]?.replace(/ at line \d+, column \d+:$/, "") ?? "cannot be read"
    return failed({ ...place, line: error.linePos?.[0].line ?? null, field: null, message })
  }
  const value = Result.try({ try: (): unknown => document.toJS({ maxAliasCount: 100 }), catch: String })
  if (Result.isFailure(value)) return failed({ ...place, line: null, field: null, message: value.failure })
  const lineOf = (path: Path): number => lineIn(yaml, lines, document.contents, path)
  if (!Array.isArray(value.success)) return ofValue(value.success, place, lineOf)
  const items: ReadonlyArray<unknown> = value.success
  const reads = items.map((item, index) =>
    ofValue(
      item,
      { ...place, part: [place.part, `item ${index + 1}`].filter((part) => part !== "").join(", ") },
      (path) => lineOf([index, ...path])
    )
  )
  return { tasks: reads.flatMap(({ tasks }) => tasks), problems: reads.flatMap(({ problems }) => problems) }
}

/** The line of what stands at a path, as far as the path leads. */
const lineIn = (yaml: typeof import("yaml"), lines: LineCounter, root: Node | null, path: Path): number => {
  let node: unknown = root
  let offset = root?.range?.[0] ?? 0
  for (const key of path) {
    if (yaml.isMap(node)) {
      const pair = node.items.find((item) => yaml.isScalar(item.key) && item.key.value === key)
      if (pair === undefined) break
      if (yaml.isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (yaml.isSeq(node)) {
      node = node.items[Number(key)]
      if (yaml.isNode(node)) offset = node.range?.[0] ?? offset
    } else break
  }
  return lines.linePos(offset).line
}

const ofValue = (value: unknown, place: Place, lineOf: (path: Path) => number): Read => {
  if (!Predicate.isObject(value) || Array.isArray(value)) {
    const message = "a task is an object with fields such as taskId, taskType and schedule"
    return failed({ ...place, line: lineOf([]), field: null, message })
  }
  const decoded = decode(value)
  if (Result.isSuccess(decoded)) return { tasks: [{ ...place, task: decoded.success, lineOf }], problems: [] }
  return {
    tasks: [],
    problems: issuesAt(decoded.failure.issue).map(({ path, text }) => ({
      ...place,
      line: lineOf(path),
      field: path.length === 0 ? null : path.join("."),
      message: told(path, text)
    }))
  }
}

/** With what was meant, where a field is not known. */
const told = (path: Path, text: string): string => {
  const [key, ...deeper] = path
  if (deeper.length > 0 || known.includes(String(key))) return text
  if (key === "managedBy") return `${text}: the set of files is the manager`
  const guess = suggestion(String(key), known)
  return `${text}${guess === undefined ? `; known are ${known.join(", ")}` : `; did you mean "${guess}"?`}`
}
