/**
 * What the command line may ask of the platform. Files and child processes are not asked for in this way (each command has
 * its own reasons and errors), and what is not asked for is not loaded: every start would pay for it.
 */
import * as NodePath from "@effect/platform-node/NodePath"
import { Effect, FileSystem, Layer, Stdio, Terminal } from "effect"
import { TerminalCapabilities } from "effect/cli"
import { ChildProcessSpawner } from "effect/process"

const { env, stdout } = process

const layerNoChildren = Layer.succeed(
  ChildProcessSpawner.ChildProcessSpawner,
  ChildProcessSpawner.make(() => Effect.die(new Error("no command starts a child process in this way")))
)

/** The terminal of Node, from when somebody is asked. */
const terminal = Effect.flatMap(
  Effect.promise(() => import("@effect/platform-node/NodeTerminal")),
  ({ make }) => make()
)

const layerTerminal = Layer.succeed(
  Terminal.Terminal,
  Terminal.make({
    columns: Effect.sync(() => stdout.columns ?? 0),
    rows: Effect.sync(() => stdout.rows ?? 0),
    size: Effect.flatMap(terminal, ({ size }) => size),
    readInput: Effect.flatMap(terminal, ({ readInput }) => readInput),
    readLine: Effect.scoped(Effect.flatMap(terminal, ({ readLine }) => readLine)),
    display: (text) => Effect.scoped(Effect.flatMap(terminal, ({ display }) => display(text)))
  })
)

const isForced = (value: string | undefined): boolean =>
  value !== undefined && value !== "" && value !== "0" && value.toLowerCase() !== "false"

/** As `effect/cli` finds it out by itself; but standard input, which takes long to open, is looked at where somebody is to be asked. */
const capabilities: TerminalCapabilities.TerminalCapabilities = {
  get canColor() {
    return (
      env["TERM"] !== "dumb" &&
      (env["NO_COLOR"] ?? "") === "" &&
      (isForced(env["FORCE_COLOR"]) || stdout.isTTY === true)
    )
  },
  get canAnimate() {
    return env["TERM"] !== "dumb" && stdout.isTTY === true
  },
  get canPrompt() {
    return this.canAnimate && process.stdin.isTTY
  }
}

export const layer = Layer.mergeAll(
  NodePath.layer,
  Stdio.layerTest({}),
  layerTerminal,
  FileSystem.layerNoop({}),
  layerNoChildren,
  Layer.succeed(TerminalCapabilities.TerminalCapabilities, capabilities)
)
