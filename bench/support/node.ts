/** A node for measurements, as a process of its own: `node.ts <roles> <directory>`; says `ready` to its parent, ends with it. */
import { Cause, Effect, Layer } from "effect"
import { join } from "node:path"
import { newIdentity } from "../../src/cli/machine/NewIdentity.ts"
import * as NodeRoles from "../../src/cli/machine/NodeRoles.ts"
import { defaults } from "../../src/Settings.ts"
import { Meter } from "../../src/telemetry/Meter.ts"
import { builtInTaskTypes } from "../../src/work/BuiltInTaskTypes.ts"
import { Noop } from "../../src/work/Noop.ts"
import type { BenchNode } from "./world.ts"

const { concurrency, directory, roles, server }: BenchNode = JSON.parse(process.argv[2] ?? "{}")
const options: NodeRoles.NodeOptions = {
  identity: newIdentity(roles, "bench", new Date()),
  // As a node of a deployment does.
  ...(process.env["BENCH_METER"] === "off" ? {} : { meter: new Meter() }),
  server,
  settings: { ...defaults, concurrency },
  timezone: "UTC",
  configDirectories: [],
  taskTypes: [...builtInTaskTypes, Noop]
}
const readModels = join(directory, "read-models.sqlite")
const has = (role: string) => roles.includes(role)
const decides = has("scheduler")
  ? has("api")
    ? NodeRoles.schedulerAndApi(options, readModels)
    : NodeRoles.scheduler(options)
  : has("api")
    ? NodeRoles.api(options, readModels)
    : Layer.empty
const worker = NodeRoles.worker(options, ["noop", "shell_command"])
const program = Effect.gen(function* () {
  yield* Layer.build(decides)
  if (has("worker")) yield* Layer.build(worker)
  process.send?.("ready")
  return yield* Effect.never
})

const fiber = Effect.runFork(Effect.scoped(program))
const end = () => {
  fiber.addObserver(() => process.exit(0))
  fiber.interruptUnsafe()
}
fiber.addObserver((exit) => {
  if (exit._tag === "Failure" && !Cause.hasInterruptsOnly(exit.cause)) process.stderr.write(`${String(exit.cause)}\n`)
})
process.on("SIGTERM", end)
process.on("disconnect", end)
