/** The composition root: what commands need, made when a command first needs it. */
import { Context, Effect, Layer, Option } from "effect"
import { homedir, userInfo } from "node:os"
import { Unreachable } from "../Scheduler.ts"
import { InvalidSettings } from "../Settings.ts"
import { McpServers } from "../work/mcp/McpServers.ts"
import { accessOf, connectTo, type LiveOptions } from "./machine/Access.ts"
import type { Backend } from "./Backend.ts"
import { BadAccess } from "../access/BadAccess.ts"
import { dataDirectory } from "../access/DataDirectory.ts"
import { chosenContext } from "../access/NatsContext.ts"
import { filled } from "../access/Variables.ts"
import { type CliFailure, usage } from "./Failure.ts"
import { GIVEN_SERVER } from "./machine/DeploymentProblem.ts"
import * as LiveDeployment from "./machine/LiveDeployment.ts"
import { pluginsHere } from "./machine/PluginFiles.ts"
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
  return {
    scheduler: Effect.gen(function* () {
      const access = yield* accessOf(options, dataDir)
      if (access === undefined) {
        return yield* new Unreachable({
          message: `nagatha is not running: there is no up.json in ${dataDir}`,
          hint: 'start it with "nagatha up", or say where it is with NATS_URL, NATS_CONTEXT or NAGATHA_DATA_DIR'
        })
      }
      return yield* connectTo(access, actor())
    }).pipe(Effect.mapError(failureFrom(options))),
    deployment: Effect.succeed(LiveDeployment.make(options)),
    plugins: (files) =>
      Effect.flatMap(UpFile.read(dataDir), (up) => {
        const running = Option.match(up, { onNone: () => [], onSome: ({ plugins }) => plugins })
        return Effect.tap(pluginsHere(options, [...files, ...running.map(({ file }) => file)]), ({ leftOut }) =>
          Effect.sync(() => {
            for (const { name, reason } of running) if (name !== null && reason !== undefined) leftOut.set(name, reason)
          })
        )
      }),
    mcpServers: Effect.map(
      Layer.build(McpServers.layer({ directories: options.configDirectories, variables: options.env })),
      (services) => Context.get(services, McpServers)
    )
  }
}
