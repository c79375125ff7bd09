/** A set of tasks as files: its name, and everything in the files and directories that are given. */
import { Effect, Result } from "effect"
import { readdir, readFile, stat } from "node:fs/promises"
import { basename, extname, join, resolve } from "node:path"
import { text as readAll } from "node:stream/consumers"
import { usage } from "../Failure.ts"
import { whyUnread } from "./TaskFile.ts"
import { placeText, type Problem, tasksIn, type Written } from "./TaskDocuments.ts"

const ENDINGS: ReadonlySet<string> = new Set([".yaml", ".yml", ".json"])
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Files below a directory, in the order of their names; none whose name begins with a dot. */
const below = async (directory: string): Promise<ReadonlyArray<string>> => {
  const entries = await readdir(directory, { withFileTypes: true })
  const found: Array<string> = []
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name)
    if (entry.name.startsWith(".")) continue
    if (entry.isDirectory()) found.push(...(await below(path)))
    else if (ENDINGS.has(extname(entry.name))) found.push(path)
  }
  return found
}

const filesOf = async (path: string): Promise<ReadonlyArray<string>> =>
  path === "-" ? [path] : (await stat(path)).isDirectory() ? below(path) : [path]

/** What is in them; what cannot be read is a problem. */
export const readSet = Effect.fnUntraced(function* (paths: ReadonlyArray<string>) {
  const tasks: Array<Written> = []
  const problems: Array<Problem> = []
  const unread = (file: string, reason: unknown) => {
    const message = `cannot be read: ${whyUnread(reason)}`
    problems.push({ file, line: null, part: "", field: null, message })
  }
  for (const path of paths) {
    const files = yield* Effect.result(Effect.tryPromise({ try: () => filesOf(path), catch: (cause) => cause }))
    if (Result.isFailure(files)) {
      unread(path, files.failure)
      continue
    }
    if (files.success.length === 0) {
      return yield* usage(`${path} holds no files of tasks`, "such files end with .yaml, .yml or .json")
    }
    for (const file of files.success) {
      const text = yield* Effect.result(
        Effect.tryPromise({
          try: () => (file === "-" ? readAll(process.stdin) : readFile(file, "utf8")),
          catch: (cause) => cause
        })
      )
      const name = file === "-" ? "standard input" : file
      if (Result.isFailure(text)) {
        unread(name, text.failure)
        continue
      }
      const read = yield* tasksIn(name, text.success)
      tasks.push(...read.tasks)
      problems.push(...read.problems)
    }
  }
  return { tasks, problems: [...problems, ...twice(tasks)] }
})

/** Ids that stand in more than one place. */
const twice = (tasks: ReadonlyArray<Written>): ReadonlyArray<Problem> => {
  const first = new Map<string, Written>()
  const problems: Array<Problem> = []
  for (const one of tasks) {
    const { taskId } = one.task
    const before = first.get(taskId)
    if (before === undefined) {
      first.set(taskId, one)
      continue
    }
    const there = placeText({ ...before, line: before.lineOf(["taskId"]) })
    const line = one.lineOf(["taskId"])
    const message = `the task ${taskId} stands in ${there} already`
    problems.push({ file: one.file, part: one.part, line, field: "taskId", message })
  }
  return problems
}

/** The name of the set: given, else that of the first directory, or of the first file without its ending. */
export const setName = Effect.fnUntraced(function* (given: string | undefined, paths: ReadonlyArray<string>) {
  const [first = "-"] = paths
  const whole = basename(resolve(first))
  const name =
    given ?? (first === "-" ? "" : ENDINGS.has(extname(whole)) ? whole.slice(0, -extname(whole).length) : whole)
  if (NAME.test(name)) return name
  return yield* usage(
    name === "" ? "standard input has no name for the set" : `${JSON.stringify(name)} cannot be the name of a set`,
    "give one with --set: up to 64 letters, digits, '.', '-' or '_'"
  )
})
