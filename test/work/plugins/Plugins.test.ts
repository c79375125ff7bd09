/** Plugin files, real ones, loaded and set up as a worker does it. */
import { assert, describe, it } from "@effect/vitest"
import { TestClock } from "effect/testing"
import { Context, Effect, Fiber, Layer, Logger, Result, Schema } from "effect"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type LoadedPlugins, loadPlugins, pluginFilesIn, taskTypesOf } from "../../../src/work/plugins/LoadPlugins.ts"
import type { TaskToSchedule } from "../../../src/work/plugins/Plugin.ts"
import { PluginCommand } from "../../../src/work/plugins/PluginCommand.ts"
import { pluginCommandDeclaration } from "../../../src/work/plugins/PluginCommandArgs.ts"
import { Plugins, TaskSubmission } from "../../../src/work/plugins/Plugins.ts"
import type { AttemptContext } from "../../../src/work/TaskType.ts"
import { attemptOf } from "../../support/attempt.ts"
import { until } from "../../support/processes.ts"

/** A directory with plugin files, removed with the scope. */
const files = Effect.fnUntraced(function* (contents: Readonly<Record<string, string>>) {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "nagatha-plugins-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  for (const [name, content] of Object.entries(contents)) {
    mkdirSync(join(directory, name, ".."), { recursive: true })
    writeFileSync(join(directory, name), content.replaceAll("DIRECTORY", directory))
  }
  return { directory, all: Object.keys(contents).map((name) => join(directory, name)) }
})

const plugin = (fields: string) => `
import { appendFileSync } from "node:fs"
import { Effect, Schema } from "effect"
import { ComeBackLater, defineTaskType, definePlugin, TaskCancelled, TaskFailed } from "nagatha-scheduler"
const note = (text) => appendFileSync("DIRECTORY/notes", text + "\\n")
export default definePlugin({ ${fields} })
`
const loaded = (contents: Readonly<Record<string, string>>, reserved: ReadonlyArray<string> = []) =>
  Effect.gen(function* () {
    const { all, directory } = yield* files(contents)
    const plugins = yield* loadPlugins(all, reserved)
    return { directory, plugins }
  })

const named = ({ broken, loaded: good }: LoadedPlugins) => ({
  loaded: good.map((one) => one.plugin.name),
  broken: broken.map(({ name, reason }) => `${name ?? "?"}: ${reason}`)
})

/** The plugins set up, as a worker has them, with what they have scheduled and logged. */
const worker = Effect.fnUntraced(function* (plugins: LoadedPlugins) {
  const submitted: Array<TaskToSchedule> = []
  const lines: Array<string> = []
  const logger = Logger.make(({ logLevel, message }) => {
    lines.push(`${logLevel} ${String(message)}`)
  })
  const services = yield* Layer.build(
    Plugins.layer(plugins).pipe(
      Layer.provide(TaskSubmission.layerMemory(submitted)),
      Layer.provide(Logger.layer([logger]))
    )
  )
  const run = (pluginName: string, commandName: string, args: Schema.JsonObject = {}, context?: AttemptContext) =>
    PluginCommand.attempt({ pluginName, commandName, arguments: args }, context ?? attemptOf()).pipe(
      Effect.provideService(Plugins, Context.get(services, Plugins))
    )
  return { submitted, lines, run, failure: (...call: Parameters<typeof run>) => Effect.flip(run(...call)) }
})

describe("plugin files", () => {
  it.live("are set up after those that they depend on; what has no place is named, and the others go on", () =>
    Effect.gen(function* () {
      const { plugins } = yield* loaded({
        "a.mjs": plugin('name: "a", dependsOn: ["b"]'),
        "b.mjs": plugin('name: "b", dependsOn: ["c"]'),
        "c.mjs": plugin('name: "c"'),
        "lost.mjs": plugin('name: "lost", dependsOn: ["nobody"]'),
        "left.mjs": plugin('name: "left", dependsOn: ["right"]'),
        "right.mjs": plugin('name: "right", dependsOn: ["left"]')
      })
      assert.deepStrictEqual(named(plugins), {
        loaded: ["c", "b", "a"],
        broken: [
          'lost: it depends on the plugin "nobody", which is not there',
          "left: it depends on right, which cannot be set up before it",
          "right: it depends on left, which cannot be set up before it"
        ]
      })
    })
  )

  it.live("that are broken are named with the reason", () =>
    Effect.gen(function* () {
      const { directory, plugins } = yield* loaded(
        {
          "syntax.ts": "export default {",
          "throws.mjs": 'throw new Error("no licence")',
          "nothing.mjs": "export const x = 1",
          "badname.mjs": plugin('name: "a b"'),
          "one.mjs": plugin('name: "one"'),
          "two.mjs": plugin('name: "one"'),
          "types.mjs": plugin(
            'name: "types", taskTypes: [defineTaskType({ name: "sequence", description: "", args: Schema.Struct({}), result: Schema.Json, run: async () => 1 })]'
          ),
          "imports.mjs": 'import "no-such-package-1234"',
          "queue.mjs": plugin(
            'name: "queue", taskTypes: [defineTaskType({ name: "fine", description: "", queue: "a b", args: Schema.Struct({}), result: Schema.Json, run: async () => 1 })]'
          )
        },
        ["sequence"]
      )
      const { broken, loaded: good } = named(plugins)
      assert.deepStrictEqual(good, ["one"])
      const told = [
        "Unexpected token",
        "?: Error: no licence",
        "?: its default export is no plugin: write export default definePlugin",
        'a b: the name "a b" must be 1 to 64 letters',
        `one: another plugin has the name "one": ${directory}/one.mjs`,
        'types: the task type "sequence" is defined by Nagatha itself already',
        "?: Error: Cannot find package 'no-such-package-1234'",
        'queue: the name "a b" must be 1 to 64 letters'
      ]
      assert.strictEqual(broken.length, told.length)
      for (const [index, text] of told.entries()) assert.include(broken[index], text)
      const gone = yield* loadPlugins(["/no/such/plugin.ts"], [])
      assert.deepStrictEqual(named(gone).broken, ["?: there is no such file"])
    })
  )

  it.live(
    "of a folder are its modules and those of its folders, but no tests, and nothing that begins with _ or .",
    () =>
      Effect.gen(function* () {
        const { directory } = yield* files({
          "b.ts": "",
          "a.mjs": "",
          "a.test.ts": "",
          "_off.ts": "",
          ".hidden.js": "",
          "read.md": "",
          "own/index.ts": "",
          "own/other.ts": "",
          "empty/other.ts": ""
        })
        assert.deepStrictEqual(pluginFilesIn(directory), [
          join(directory, "a.mjs"),
          join(directory, "b.ts"),
          join(directory, "own/index.ts")
        ])
        assert.deepStrictEqual(pluginFilesIn(join(directory, "nowhere")), [])
      })
  )

  it.live("are as docs/plugins.md shows them", () =>
    Effect.gen(function* () {
      const page = readFileSync(resolve(import.meta.dirname, "../../../docs/plugins.md"), "utf8")
      const [first = "", , third = ""] = [...page.matchAll(/```ts\n([^]*?)```/g)].map(([, code = ""]) => code)
      const { plugins } = yield* loaded({ "a.ts": first, "b.ts": third })
      assert.deepStrictEqual(named(plugins), { loaded: ["my_plugin", "word_count"], broken: [] })
      const { run, submitted } = yield* worker(plugins)
      assert.strictEqual(submitted.length, 1)
      assert.deepStrictEqual(yield* run("my_plugin", "daily_cleanup", { directory: "/x" }), { deleted: [] })
    })
  )

  it.live("may be task types alone, and are TypeScript as they stand", () =>
    Effect.gen(function* () {
      const examples = resolve(import.meta.dirname, "../../../examples/plugins")
      const plugins = yield* loadPlugins([join(examples, "word-count.ts"), join(examples, "my-plugin.ts")], [])
      assert.deepStrictEqual(named(plugins), { loaded: ["word_count", "my_plugin"], broken: [] })
      const [type] = taskTypesOf(plugins)
      assert.deepInclude(type, { name: "word_count", queue: "word_count", retry: { maxRetries: 1 } })
      const result = yield* type?.attempt({ text: "to be or not to be" }, attemptOf()) ?? Effect.die("no type")
      assert.deepStrictEqual(result, { words: 6, different: 4 })
    })
  )
})

describe("a plugin file with packages of its own beside it", () => {
  it.live("gets the effect that runs, and its other packages as they are installed", () =>
    Effect.gen(function* () {
      const { plugins } = yield* loaded({
        "p.mjs": `import other from "other"\n${plugin('name: "p", version: other, commands: { c: { description: "", parameters: Schema.Struct({ n: Schema.Int }), run: ({ n }) => n } }')}`,
        "node_modules/effect/package.json":
          '{"name": "effect", "version": "3.0.0", "type": "module", "main": "index.js"}',
        "node_modules/effect/index.js": "export const Effect = undefined, Schema = undefined",
        "node_modules/other/package.json": '{"name": "other", "type": "module", "main": "index.js"}',
        "node_modules/other/index.js":
          'import { Effect } from "effect"\nexport default Effect === undefined ? "its own" : "ours"'
      })
      const [found] = plugins.loaded
      assert.strictEqual(found?.plugin.version, "its own")
      const { run } = yield* worker({ ...plugins, broken: [] })
      assert.strictEqual(yield* run("p", "c", { n: 3 }), 3)
    })
  )
})

describe("plugins of a worker", () => {
  it.live(
    "are set up in order before any work and torn down in the opposite one; one that fails is left out, with who needs it",
    () =>
      Effect.gen(function* () {
        const { directory, plugins } = yield* loaded({
          "a.mjs": plugin('name: "a", setup: async () => note("a up"), teardown: () => note("a down")'),
          "b.mjs": plugin(
            'name: "b", dependsOn: ["a"], setup: () => Effect.sync(() => note("b up")), teardown: () => Effect.sync(() => note("b down"))'
          ),
          "bad.mjs": plugin(
            'name: "bad", setup: () => { throw new Error("no disk") }, commands: { x: { description: "", run: () => 1 } }'
          ),
          "needs.mjs": plugin('name: "needs", dependsOn: ["bad"], setup: () => note("never")'),
          "rude.mjs": plugin('name: "rude", teardown: async () => { throw new Error("I stay") }')
        })
        const lines = yield* Effect.scoped(
          Effect.gen(function* () {
            const { failure, lines: said } = yield* worker(plugins)
            assert.include((yield* failure("bad", "x")).message, "the plugin bad is left out on this worker: no disk")
            const checked = pluginCommandDeclaration(plugins, true).check({ pluginName: "bad", commandName: "x" })
            assert.include(
              Result.isFailure(checked) ? checked.failure.message : "",
              "the plugin bad is left out: no disk"
            )
            return said
          })
        )
        assert.strictEqual(readFileSync(join(directory, "notes"), "utf8"), "a up\nb up\nb down\na down\n")
        const told = lines.join("\n")
        assert.include(told, "Error the plugin bad is left out: no disk")
        assert.include(told, 'Error the plugin needs is left out: it depends on the plugin "bad", which is left out')
        assert.include(told, "Warn plugin rude: teardown: I stay")
      })
  )

  it.effect("that never end their set-up are left out after a while, and keep nobody waiting", () =>
    Effect.gen(function* () {
      const { plugins } = yield* loaded({
        "slow.mjs": plugin('name: "slow", setup: () => new Promise(() => {})'),
        "fast.mjs": plugin('name: "fast", commands: { c: { description: "", run: () => 1 } }')
      })
      const started = yield* Effect.forkChild(worker(plugins), { startImmediately: true })
      yield* TestClock.adjust("31 seconds")
      const { lines, run } = yield* Fiber.join(started)
      assert.include(lines.join("\n"), "the plugin slow is left out: setup took longer than 30 seconds")
      assert.strictEqual(yield* run("fast", "c"), 1)
    })
  )

  it.live("may schedule tasks when they are set up", () =>
    Effect.gen(function* () {
      const example = resolve(import.meta.dirname, "../../../examples/plugins/my-plugin.ts")
      const { lines, submitted } = yield* worker(yield* loadPlugins([example], []))
      assert.deepStrictEqual(submitted, [
        {
          taskId: "my_plugin-daily_cleanup",
          taskName: "Daily Cleanup",
          schedule: "0 2 * * *",
          taskType: "plugin_command",
          taskArgs: {
            pluginName: "my_plugin",
            commandName: "daily_cleanup",
            arguments: { directory: "/tmp/nagatha-old-files" }
          }
        }
      ])
      yield* until(() => lines.some((line) => line.includes("scheduled the daily cleanup: 0 2 * * *")))
    })
  )

  it.live("run commands that are plain, of a promise or an Effect, and tell what each failed with", () =>
    Effect.gen(function* () {
      const commands = `
        plain: { description: "", run: ({ x }) => ({ twice: x * 2 }) },
        promise: { description: "", run: async () => "later" },
        effect: { description: "", run: () => Effect.succeed(7) },
        nothing: { description: "", run: () => {} },
        throws: { description: "", run: () => { throw new Error("oops") } },
        rejects: { description: "", run: async () => { throw "text" } },
        fails: { description: "", run: () => Effect.fail(new Error("typed")) },
        forGood: { description: "", run: async () => { throw new TaskFailed({ error: { code: "no", message: "never" }, retryable: false }) } },
        later: { description: "", run: () => Effect.fail(new ComeBackLater({ delayMs: 5, error: { code: "busy", message: "not now" } })) },
        cancels: { description: "", run: () => Effect.fail(new TaskCancelled({ reason: "no need" })) },
        strange: { description: "", run: () => 10n },
        constructor: { description: "", run: () => 1 }
      `
      const { plugins } = yield* loaded({ "p.mjs": plugin(`name: "p", commands: { ${commands} }`) })
      const { failure, run } = yield* worker(plugins)
      assert.deepStrictEqual(yield* run("p", "plain", { x: 4 }), { twice: 8 })
      assert.strictEqual(yield* run("p", "promise"), "later")
      assert.strictEqual(yield* run("p", "effect"), 7)
      assert.strictEqual(yield* run("p", "nothing"), null)
      const told = yield* Effect.forEach(
        ["throws", "rejects", "fails", "forGood", "later", "cancels", "strange", "toString"],
        (name) =>
          Effect.map(failure("p", name), (error) => [error._tag, error.message, Reflect.get(error, "retryable")])
      )
      assert.deepStrictEqual(told, [
        ["TaskFailed", "oops", true],
        ["TaskFailed", "text", true],
        ["TaskFailed", "typed", true],
        ["TaskFailed", "never", false],
        ["ComeBackLater", "not now", undefined],
        ["TaskCancelled", "no need", undefined],
        ["TaskFailed", "p/strange: what it gave is no JSON", false],
        [
          "TaskFailed",
          'there is no command of p "toString"; there are plain, promise, effect, nothing, throws, rejects, fails, forGood, later, cancels, strange, constructor',
          false
        ]
      ])
    })
  )

  it.live("are asked to stop by a signal or by interruption, and are waited for", () =>
    Effect.gen(function* () {
      const { directory, plugins } = yield* loaded({
        "p.mjs": plugin(`name: "p", commands: {
          promise: { description: "", run: (_, { signal }) => new Promise((resolve, reject) => {
            note("begun")
            signal.addEventListener("abort", () => setTimeout(() => { note("promise stopped"); reject(new Error("stopped")) }, 20))
          }) },
          effect: { description: "", run: () => Effect.sync(() => note("begun")).pipe(
            Effect.andThen(Effect.never), Effect.onInterrupt(() => Effect.sync(() => note("effect stopped")))) }
        }`)
      })
      const { run } = yield* worker(plugins)
      const notes = () => (existsSync(join(directory, "notes")) ? readFileSync(join(directory, "notes"), "utf8") : "")
      for (const [index, name] of ["promise", "effect"].entries()) {
        const context = attemptOf()
        const fiber = yield* Effect.forkChild(run("p", name, {}, context), { startImmediately: true })
        context.fiber = fiber
        yield* until(() => notes().split("begun").length === index + 2)
        context.stop("cancelled")
        yield* Fiber.await(fiber)
        assert.include(notes(), `${name} stopped`)
      }
    })
  )
})

describe("a plugin command", () => {
  const commands =
    'clean: { description: "", parameters: Schema.Struct({ days: Schema.Int }), run: ({ days }) => days + 1 }'
  const check = Effect.fnUntraced(function* (all: boolean) {
    const { plugins } = yield* loaded({ "p.mjs": plugin(`name: "p", commands: { ${commands} }`), "bad.mjs": "throw 1" })
    const declaration = pluginCommandDeclaration(plugins, all)
    return (args: Schema.JsonObject) =>
      Result.match(declaration.check(args), { onSuccess: (value) => value, onFailure: ({ message }) => message })
  })

  it.live("is checked by its schema when it is scheduled where the plugin is known, and when it runs", () =>
    Effect.gen(function* () {
      const checked = yield* check(true)
      const fine = { pluginName: "p", commandName: "clean", arguments: { days: 3 } }
      assert.deepStrictEqual(checked(fine), fine)
      const wrong = checked({ pluginName: "p", commandName: "clean", arguments: { dais: 3 } })
      assert.include(wrong, 'p/clean: argument "dais" is not known; did you mean "days"?')
      assert.include(checked({ pluginName: "p", commandName: "clean" }), 'p/clean: argument "days" is missing')
      assert.include(checked({ pluginName: "p", commandName: "clear", arguments: {} }), 'did you mean "clean"?')
      assert.include(checked({ pluginName: "q", commandName: "x", arguments: {} }), 'did you mean "p"?')

      const { plugins } = yield* loaded({ "p.mjs": plugin(`name: "p", commands: { ${commands} }`) })
      const { failure, run } = yield* worker(plugins)
      assert.strictEqual(yield* run("p", "clean", { days: 3 }), 4)
      assert.deepInclude(yield* failure("p", "clean", { days: "x" }), { retryable: false })
      const unknown = yield* failure("elsewhere", "x")
      assert.deepInclude(unknown, { retryable: false })
      assert.include(unknown.message, 'there is no plugin "elsewhere"; there are p; give this worker the plugin')
    })
  )

  it.live("of an unknown plugin is taken as it is where other workers may know it", () =>
    Effect.gen(function* () {
      const checked = yield* check(false)
      const unknown = { pluginName: "q", commandName: "x", arguments: { anything: 1 } }
      assert.deepStrictEqual(checked(unknown), unknown)
    })
  )
})
