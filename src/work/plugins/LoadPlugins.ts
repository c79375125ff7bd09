/**
 * Finds and loads plugin files. One that is broken (it cannot be read, has no plugin in it, depends on what is not there,
 * or takes a name that is taken) is named with the reason, and the others go on.
 *
 * A plugin file finds `nagatha-scheduler` and `effect` wherever it lies, and whatever is installed beside it: they are those
 * that run, for schemas of another copy of `effect` are not understood.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { registerHooks, stripTypeScriptTypes } from "node:module"
import { join, resolve } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { Effect, Predicate, Schema } from "effect"
import { TaskId } from "../../events/TaskDefinition.ts"
import type { TaskType } from "../TaskType.ts"
import { definePlugin, type Plugin } from "./Plugin.ts"

/** How long a file may take to load, milliseconds. */
const LOAD_MS = 10_000

export interface LoadedPlugin {
  readonly file: string
  readonly plugin: Plugin
}

export interface BrokenPlugin {
  readonly file: string
  /** Null where it is not known. */
  readonly name: string | null
  readonly reason: string
}

/** What there is; `loaded` in the order in which they are set up. */
export interface LoadedPlugins {
  readonly loaded: ReadonlyArray<LoadedPlugin>
  readonly broken: ReadonlyArray<BrokenPlugin>
  /** Of the loaded ones, those whose set-up has failed in this process, and why. */
  readonly leftOut: Map<string, string>
}

export const noPlugins: LoadedPlugins = { loaded: [], broken: [], leftOut: new Map() }

/** All task types that plugins bring. */
export const taskTypesOf = ({ loaded }: LoadedPlugins): ReadonlyArray<TaskType> =>
  loaded.flatMap(({ plugin }) => plugin.taskTypes)

const SELF = new URL(import.meta.url.endsWith(".ts") ? "../../index.ts" : "../../index.js", import.meta.url).href

/** Node refuses to strip types below `node_modules`, where plugins of a package lie. */
const needsStripping = (url: string): boolean => /\/node_modules\/.*\.m?ts$/.test(url)

let hooked = false
const hook = (): void => {
  if (hooked) return
  hooked = true
  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === "nagatha-scheduler") return next(SELF, context)
      const isEffect = specifier === "effect" || specifier.startsWith("effect/")
      // What stands in a package may need another version.
      const isPackaged = context.parentURL?.includes("/node_modules/") ?? false
      return next(specifier, isEffect && !isPackaged ? { ...context, parentURL: import.meta.url } : context)
    },
    load: (url, context, next) =>
      needsStripping(url)
        ? {
            format: "module",
            shortCircuit: true,
            source: stripTypeScriptTypes(readFileSync(fileURLToPath(url), "utf8"))
          }
        : next(url, context)
  })
}

const MODULE = /^[^._].*\.(?:ts|mts|js|mjs)$/
const TESTS = /\.(?:test|spec|d)\.m?[tj]s$/

/** The plugin files of a folder, by name; what begins with `.` or `_`, and tests, are none. A folder of its own is one by its `index`. */
export const pluginFilesIn = (folder: string): ReadonlyArray<string> => {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name)
      const found = statSync(path, { throwIfNoEntry: false })
      if (found === undefined) return []
      if (!found.isDirectory()) return MODULE.test(name) && !TESTS.test(name) ? [path] : []
      if (/^[._]|^node_modules$/.test(name)) return []
      return ["index.ts", "index.mts", "index.js", "index.mjs"]
        .map((file) => join(path, file))
        .filter(existsSync)
        .slice(0, 1)
    })
}

const broken = (file: string, reason: string, name: string | null = null): BrokenPlugin => ({ file, name, reason })

const reasonOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return `it threw ${String(cause)}`
  // A syntax error tells its place only in the first line of its stack.
  const [place = ""] = (cause.stack ?? "").split("\n")
  return cause instanceof SyntaxError && place.startsWith("file:")
    ? `${cause.message} at ${place}`
    : `${cause.name}: ${cause.message}`
}

const isPlugin = (value: unknown): value is Plugin =>
  Predicate.isObject(value) && Reflect.get(value, "kind") === "plugin"

const isTaskType = (value: unknown): value is TaskType =>
  Predicate.isObject(value) &&
  Predicate.isFunction(Reflect.get(value, "attempt")) &&
  Predicate.isString(Reflect.get(value, "name"))

/** A default export: a plugin, a task type, or a list of these. */
const pluginOf = (exported: unknown): Plugin | string => {
  if (isPlugin(exported)) return exported
  const all = Array.isArray(exported) ? exported : [exported]
  const types = all.filter((value) => isTaskType(value))
  const [first] = types
  if (first !== undefined && types.length === all.length) {
    return definePlugin({ name: first.name, description: first.description, taskTypes: types })
  }
  return "its default export is no plugin: write export default definePlugin({ … }), or defineTaskType({ … })"
}

const isName = Schema.is(TaskId)

const wrongName = (plugin: Plugin): string | undefined => {
  const types = plugin.taskTypes.flatMap(({ name, queue }) => [name, queue])
  for (const name of [plugin.name, ...Object.keys(plugin.commands), ...types]) {
    if (!isName(name)) {
      return `the name ${JSON.stringify(name)} must be 1 to 64 letters, digits, "-" or "_", beginning with a letter or a digit`
    }
  }
  return undefined
}

const load = (file: string): Effect.Effect<LoadedPlugin | BrokenPlugin> =>
  Effect.tryPromise({
    try: async (): Promise<unknown> => {
      hook()
      const found: { readonly default?: unknown } = await import(pathToFileURL(file).href)
      return found.default
    },
    catch: reasonOf
  }).pipe(
    Effect.timeoutOrElse({
      duration: LOAD_MS,
      orElse: () => Effect.fail(`it was not loaded within ${LOAD_MS / 1000} seconds`)
    }),
    Effect.match({
      onFailure: (reason) => broken(file, existsSync(file) ? reason : "there is no such file"),
      onSuccess: (exported) => {
        const plugin = pluginOf(exported)
        if (Predicate.isString(plugin)) return broken(file, plugin)
        const wrong = wrongName(plugin)
        return wrong === undefined ? { file, plugin } : broken(file, wrong, plugin.name)
      }
    })
  )

/** What cannot stand beside those that came before. */
const clash = (
  { plugin }: LoadedPlugin,
  others: ReadonlyArray<LoadedPlugin>,
  reserved: ReadonlyArray<string>
): string | undefined => {
  const same = others.find((other) => other.plugin.name === plugin.name)
  if (same !== undefined) return `another plugin has the name ${JSON.stringify(plugin.name)}: ${same.file}`
  const taken = new Map<string, string>(reserved.map((name) => [name, "Nagatha itself"]))
  for (const other of others) for (const { name } of other.plugin.taskTypes) taken.set(name, other.file)
  for (const { name } of plugin.taskTypes) {
    const owner = taken.get(name)
    if (owner !== undefined) return `the task type ${JSON.stringify(name)} is defined by ${owner} already`
    taken.set(name, "the same plugin")
  }
  return undefined
}

/** In an order in which each comes after those that it depends on; what has no place in it is broken. */
const ordered = (plugins: ReadonlyArray<LoadedPlugin>): LoadedPlugins => {
  const loaded: Array<LoadedPlugin> = []
  let waiting = [...plugins]
  for (;;) {
    const done = new Set(loaded.map(({ plugin }) => plugin.name))
    const ready = waiting.filter(({ plugin }) => plugin.dependsOn.every((name) => done.has(name)))
    if (ready.length === 0) break
    loaded.push(...ready)
    waiting = waiting.filter((one) => !ready.includes(one))
  }
  const present = new Set(plugins.map(({ plugin }) => plugin.name))
  const left = waiting.map(({ file, plugin }) => {
    const missing = plugin.dependsOn.find((name) => !present.has(name))
    const reason =
      missing === undefined
        ? `it depends on ${plugin.dependsOn.join(", ")}, which cannot be set up before it`
        : `it depends on the plugin ${JSON.stringify(missing)}, which is not there`
    return broken(file, reason, plugin.name)
  })
  return { loaded, broken: left, leftOut: new Map() }
}

/** Loads files, each once; `reserved`: names of task types that are taken. Never fails. */
export const loadPlugins = Effect.fnUntraced(function* (
  files: ReadonlyArray<string>,
  reserved: ReadonlyArray<string>
): Effect.fn.Return<LoadedPlugins> {
  const kept: Array<LoadedPlugin> = []
  const bad: Array<BrokenPlugin> = []
  for (const file of new Set(files.map((one) => resolve(one)))) {
    const found = yield* load(file)
    if (!("plugin" in found)) {
      bad.push(found)
      continue
    }
    const reason = clash(found, kept, reserved)
    if (reason === undefined) kept.push(found)
    else bad.push(broken(file, reason, found.plugin.name))
  }
  const { broken: left, loaded } = ordered(kept)
  return { loaded, broken: [...bad, ...left], leftOut: new Map() }
})
