/** A node that decides and answers, in this process, on a server of its own; ends with the scope of the test file. */
import { Effect, Exit, Layer, Scope } from "effect"
import { join } from "node:path"
import * as NodeRoles from "../../src/cli/machine/NodeRoles.ts"
import { defaults, type Settings } from "../../src/Settings.ts"
import { Meter } from "../../src/telemetry/Meter.ts"
import { startNatsServer, type TestServer } from "./natsServer.ts"

export interface TestNode {
  readonly server: TestServer
  readonly options: NodeRoles.NodeOptions
  /** Builds something more that lives as long as the node. */
  build<A, E>(layer: Layer.Layer<A, E>): Promise<unknown>
  stop(): Promise<void>
}

export const startNode = async (changes: Partial<Settings> = {}): Promise<TestNode> => {
  const server = await startNatsServer()
  const scope = Effect.runSync(Scope.make())
  const options: NodeRoles.NodeOptions = {
    identity: {
      nodeId: "testnode",
      host: "here",
      pid: 1,
      roles: ["scheduler", "api"],
      startedAt: "2026-03-08T14:30:00.000Z",
      version: "1.2.3"
    },
    meter: new Meter(),
    server: { url: server.url, users: server.users },
    settings: { ...defaults, partitions: 2, ...changes },
    timezone: "UTC",
    configDirectories: []
  }
  const build = <A, E>(layer: Layer.Layer<A, E>) => Effect.runPromise(Layer.buildWithScope(Layer.fresh(layer), scope))
  await build(NodeRoles.schedulerAndApi(options, join(server.directory, "read-models.sqlite")))
  return {
    server,
    options,
    build,
    stop: async () => {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await server.stop()
    }
  }
}
