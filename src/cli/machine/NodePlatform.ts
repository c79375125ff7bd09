/**
 * What the command line may ask of the platform. Files and child processes are not asked for in this way (each command has
 * its own reasons and errors), and what is not asked for is not loaded: every start would pay for it.
 */
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeStdio from "@effect/platform-node/NodeStdio"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import { Effect, FileSystem, Layer } from "effect"
import { ChildProcessSpawner } from "effect/process"

const layerNoChildren = Layer.succeed(
  ChildProcessSpawner.ChildProcessSpawner,
  ChildProcessSpawner.make(() => Effect.die(new Error("no command starts a child process in this way")))
)

export const layer = Layer.mergeAll(
  NodePath.layer,
  NodeStdio.layer,
  NodeTerminal.layer,
  FileSystem.layerNoop({}),
  layerNoChildren
)
