/** The command line without a process: arguments in, exit code and what was printed out. */
import { Effect, Fiber, FileSystem, Layer, Path, Stdio, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { ChildProcessSpawner } from "effect/process"
import { TestClock, TestConsole } from "effect/testing"
import { Backend } from "../../src/cli/Backend.ts"
import type { Deployment } from "../../src/cli/machine/Deployment.ts"
import { asksForJson, Presentation } from "../../src/cli/showing/Presentation.ts"
import { runProgram } from "../../src/cli/Program.ts"
import type { Scheduler } from "../../src/Scheduler.ts"
import { aWorld, memoryScheduler, type World } from "./scheduler.ts"

export interface Setting {
  readonly world?: World
  /** In place of a world: the scheduler itself. */
  readonly scheduler?: Scheduler["Service"]
  readonly deployment?: Partial<Deployment["Service"]>
  readonly metrics?: Backend["Service"]["metrics"]
  /** What the person types; undefined: nobody is there to ask. */
  readonly typed?: string
  readonly columns?: number
  readonly color?: boolean
  readonly zone?: string
  /** Gets each line of standard error, also where the command is interrupted. */
  readonly said?: Array<string>
  /** The same of standard output. */
  readonly printed?: Array<string>
}

const platform = (typed: string | undefined) =>
  Layer.mergeAll(
    FileSystem.layerNoop({}),
    Path.layer,
    Stdio.layerTest({}),
    Layer.succeed(
      Terminal.Terminal,
      Terminal.make({
        columns: Effect.succeed(80),
        rows: Effect.succeed(24),
        size: Effect.die("not asked for"),
        readInput: Effect.die("not asked for"),
        readLine: typed === undefined ? Effect.fail(new Terminal.QuitError({})) : Effect.succeed(typed),
        display: () => Effect.void
      })
    ),
    Layer.succeed(
      ChildProcessSpawner.ChildProcessSpawner,
      ChildProcessSpawner.make(() => Effect.die("nothing is started"))
    )
  )

export const runCli = (args: ReadonlyArray<string>, setting: Setting = {}) =>
  Effect.gen(function* () {
    const code = yield* runProgram(args, "1.2.3")
    const stdout = (yield* TestConsole.logLines).map((line) => `${String(line)}\n`).join("")
    const stderr = (yield* TestConsole.errorLines).map((line) => `${String(line)}\n`).join("")
    return { code, stdout, stderr }
  }).pipe(
    Effect.ensuring(Effect.map(TestConsole.errorLines, (lines) => void setting.said?.push(...lines.map(String)))),
    Effect.ensuring(Effect.map(TestConsole.logLines, (lines) => void setting.printed?.push(...lines.map(String)))),
    Effect.provideService(Presentation, {
      json: asksForJson(args),
      color: setting.color ?? false,
      errorColor: setting.color ?? false,
      columns: setting.columns,
      zone: setting.zone ?? "Europe/Berlin",
      zoneSource: "NAGATHA_TIMEZONE",
      logLevel: undefined
    }),
    Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
      canColor: setting.color ?? false,
      canAnimate: false,
      canPrompt: setting.typed !== undefined
    }),
    Effect.provideService(Backend, {
      scheduler: Effect.suspend(() => Effect.succeed(setting.scheduler ?? memoryScheduler(setting.world ?? aWorld()))),
      metrics: setting.metrics ?? (() => Effect.die("not asked for")),
      deployment: Effect.succeed({
        up: () => Effect.die("not asked for"),
        upDetached: () => Effect.die("not asked for"),
        node: () => Effect.die("not asked for"),
        down: () => Effect.die("not asked for"),
        doctor: () => Effect.die("not asked for"),
        borrowed: Effect.die("not asked for"),
        ...setting.deployment
      }),
      plugins: () => Effect.die("not asked for"),
      mcpServers: Effect.die("not asked for")
    }),
    Effect.provide(Layer.mergeAll(platform(setting.typed), Layer.fresh(TestConsole.layer)), { local: true })
  )

/** Lets everything that waits for the test clock or for a real promise go on, until a fact holds. */
export const until = Effect.fnUntraced(function* (holds: () => boolean) {
  while (!holds()) {
    yield* TestClock.adjust("100 millis")
    yield* Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
  }
})

/** The end of a fibre that waits for the test clock. */
export const ended = <A, E>(fiber: Fiber.Fiber<A, E>) =>
  Effect.andThen(
    until(() => fiber.pollUnsafe() !== undefined),
    Fiber.join(fiber)
  )
