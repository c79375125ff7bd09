import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Result, Schema } from "effect"
import { declareTaskType, defineTaskType } from "../../src/work/TaskType.ts"
import { TaskTypes } from "../../src/work/TaskTypes.ts"

const problem = (name: string, args: unknown) =>
  Effect.gen(function* () {
    const checked = (yield* TaskTypes).checkArgs(name, args)
    return Result.isFailure(checked) ? checked.failure.message : assert.fail(`accepted ${JSON.stringify(args)}`)
  })

const accepted = (name: string, args: unknown) =>
  Effect.gen(function* () {
    return yield* Effect.fromResult((yield* TaskTypes).checkArgs(name, args))
  })

const nested = (depth: number): unknown => (depth === 0 ? 1 : { in: nested(depth - 1) })

const free = declareTaskType({ name: "free", description: "Anything.", args: Schema.JsonObject, result: Schema.Json })
const FreeTypes = TaskTypes.layerDeclared([free])
const BuiltIn = TaskTypes.layerDeclared()

describe("arguments of a task", () => {
  it.effect("pass when they fit, with defaults filled in", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* accepted("shell_command", { command: "date" }), { command: "date" })
      assert.deepStrictEqual(yield* accepted("shell_command", { command: ["date", "-u"], env: { A: "1" } }), {
        command: ["date", "-u"],
        env: { A: "1" }
      })
      assert.deepStrictEqual(yield* accepted("notification", { message: "hello" }), {
        message: "hello",
        notificationType: "info"
      })
    }).pipe(Effect.provide(BuiltIn))
  )

  for (const [args, words] of [
    [{}, ['"command" is missing', "text for /bin/sh"]],
    [{ command: "  " }, ['"command"', "must not be empty", '"  "']],
    [{ command: [] }, ['"command[0]" is missing', "list of words"]],
    [{ command: ["a", null] }, ['"command[1]"', "got null"]],
    [{ command: 3 }, ['"command"', "got 3", "text for /bin/sh"]],
    [{ command: "a\0b" }, ['"command"', "NUL"]],
    [{ comand: "date", command: "date" }, ['"comand" is not known', 'did you mean "command"?']],
    [{ command: "date", colour: "red" }, ['"colour" is not known', "known are command, workingDir, env, stdin"]],
    [{ command: "date", env: { "A=B": "1" } }, ['"env.A=B"', "is not known"]],
    [{ command: "date", env: { A: 1 } }, ['"env.A"', "expected string", "got 1", "values are text"]],
    [{ command: "date", workingDir: "" }, ['"workingDir"', "must not be empty"]],
    ["date", ["must be a JSON object", '"date"']],
    [null, ["must be a JSON object", "null"]],
    [[1], ["must be a JSON object"]],
    [{ command: "date", stdin: undefined }, ["must be a JSON object"]]
  ] as const) {
    it.effect(`are refused with place, value and remedy: ${JSON.stringify(args)}`, () =>
      Effect.gen(function* () {
        const message = yield* problem("shell_command", args)
        for (const word of ["shell_command: ", ...words]) assert.include(message, word)
      }).pipe(Effect.provide(BuiltIn))
    )
  }

  it.effect("of a notification name the choices", () =>
    Effect.gen(function* () {
      assert.include(yield* problem("notification", { message: "x", notificationType: "warn" }), "warning")
      assert.include(yield* problem("notification", { message: "x", channel: "pigeon" }), '"webhook"')
      assert.include(yield* problem("notification", { message: "" }), "must not be empty")
    }).pipe(Effect.provide(BuiltIn))
  )

  it.effect("may not reach a prototype, however deep the key is", () =>
    Effect.gen(function* () {
      for (const key of ["__proto__", "constructor", "prototype"]) {
        const message = yield* problem("free", JSON.parse(`{"a":[{"${key}":{"polluted":true}}]}`))
        assert.include(message, `"a[0].${key}"`)
      }
    }).pipe(Effect.provide(FreeTypes))
  )

  it.effect("may be 32 levels deep and no deeper", () =>
    Effect.gen(function* () {
      yield* accepted("free", nested(32))
      assert.include(yield* problem("free", nested(33)), "deeper than 32")
    }).pipe(Effect.provide(FreeTypes))
  )
})

describe("task types", () => {
  it.effect("that are not known are refused with a suggestion, or the names that are", () =>
    Effect.gen(function* () {
      assert.include(yield* problem("shell_comand", {}), 'did you mean "shell_command"?')
      assert.include(
        yield* problem("teleport", {}),
        "known are http_request, mcp_tool, notification, plugin_command, sequence, shell_command"
      )
      assert.include(yield* problem("__proto__", {}), "is not known")
    }).pipe(Effect.provide(BuiltIn))
  )

  it.effect("can be checked without the code that runs them", () =>
    Effect.gen(function* () {
      const types = yield* TaskTypes
      assert.deepStrictEqual(types.names, [
        "http_request",
        "mcp_tool",
        "notification",
        "plugin_command",
        "sequence",
        "shell_command"
      ])
      assert.isDefined(types.get("notification"))
      assert.isUndefined(types.runner("notification"))
    }).pipe(Effect.provide(BuiltIn))
  )

  const typed = (name: string, queue?: string) =>
    defineTaskType({
      name,
      description: "Does nothing.",
      args: Schema.Struct({}),
      result: Schema.Null,
      ...(queue === undefined ? {} : { queue }),
      run: () => Effect.succeed(null)
    })

  for (const [types, words] of [
    [[typed("a"), typed("a")], '"a" is defined twice'],
    [[typed("a.b")], '"a.b" must be'],
    [[typed("a", "x y")], '"x y" must be']
  ] as const) {
    it.effect(`are not registered when wrong: ${words}`, () =>
      Effect.gen(function* () {
        const exit = yield* Effect.exit(Effect.provide(TaskTypes, TaskTypes.layer(types)))
        assert.isTrue(Exit.isFailure(exit))
        assert.include(String(Exit.isFailure(exit) ? exit.cause : ""), words)
      })
    )
  }
})
