/** The composition root: what commands need, loaded and made when a command first needs it. */
import { Context, Effect, Layer, Option } from "effect"
import { homedir, userInfo } from "node:os"
import { Refused, Unreachable } from "../Scheduler.ts"
import { InvalidSettings } from "../Settings.ts"
import { accessOf, connectTo, type LiveOptions } from "./machine/Access.ts"
import type { Backend } from "./Backend.ts"
import { BadAccess } from "../access/BadAccess.ts"
import { dataDirectory } from "../access/DataDirectory.ts"
import { chosenContext } from "../access/NatsContext.ts"
import { filled } from "../access/Variables.ts"
import { type CliFailure, usage } from "./Failure.ts"
import { GIVEN_SERVER } from "./machine/DeploymentProblem.ts"
import * as UpFile from "../access/UpFile.ts"

const failureFrom =
  ({ env }: LiveOptions) =>
  (error: { readonly message: string }): Unreachable | CliFailure => {
    if (error instanceof Unreachable) return error
    if (error instanceof BadAccess) return usage(error.message, error.remedy)
    if (error instanceof InvalidSettings) return usage(error.message, "mend the variable of the environment")
    const given = filled(env["NATS_URL"]) !== undefined || chosenContext(env, homedir()) !== undefined
    return new Unreachable({ message: error.message, ...(given ? { hint: GIVEN_SERVER } : {}) })
  }

const actor = (): string => {
  try {
    return `cli:${userInfo().username}`
  } catch {
    return "cli"
  }
}

export const live = (options: LiveOptions): Backend["Service"] => {
  const dataDir = dataDirectory(options.env, homedir())
  const found = Effect.gen(function* () {
    const access = yield* accessOf(options, dataDir)
    if (access !== undefined) return access
    return yield* new Unreachable({
      message: `nagatha is not running: there is no up.json in ${dataDir}`,
      hint: 'start it with "nagatha up", or say where it is with NATS_URL, NATS_CONTEXT or NAGATHA_DATA_DIR'
    })
  })
  return {
    scheduler: Effect.flatMap(found, (access) => connectTo(access, actor())).pipe(
      Effect.mapError(failureFrom(options))
    ),
    metrics: Effect.fnUntraced(
      function* (nodeId) {
        const access = yield* found
        const { askMetrics } = yield* Effect.promise(() => import("./machine/AskMetrics.ts"))
        return yield* askMetrics(access, nodeId)
      },
      Effect.mapError((error) => (error instanceof Refused ? error : failureFrom(options)(error)))
    ),
    deployment: Effect.map(
      Effect.promise(() => import("./machine/LiveDeployment.ts")),
      ({ make }) => make(options)
    ),
    plugins: Effect.fnUntraced(function* (files) {
      const { pluginsHere } = yield* Effect.promise(() => import("./machine/PluginFiles.ts"))
      const up = yield* UpFile.read(dataDir)
      const running = Option.match(up, { onNone: () => [], onSome: ({ plugins }) => plugins })
      const loaded = yield* pluginsHere(options, [...files, ...running.map(({ file }) => file)])
      for (const { name, reason } of running)
        if (name !== null && reason !== undefined) loaded.leftOut.set(name, reason)
      return loaded
    }),
    mcpServers: Effect.gen(function* () {
      const { McpServers } = yield* Effect.promise(() => import("../work/mcp/McpServers.ts"))
      const servers = McpServers.layer({ directories: options.configDirectories, variables: options.env })
      return Context.get(yield* Layer.build(servers), McpServers)
    })
  }
}
