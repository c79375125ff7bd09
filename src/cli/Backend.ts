/** Where commands find the service and the deployment: made when a command first needs it, so that `next` and `--help` need neither. */
import { Context, Effect, type Scope } from "effect"
import type { NodeMetrics } from "../nats/NatsMetrics.ts"
import type { Refused, Scheduler, Unreachable } from "../Scheduler.ts"
import type { Deployment } from "./machine/Deployment.ts"
import type { LoadedPlugins } from "../work/plugins/LoadPlugins.ts"
import type { McpServers } from "../work/mcp/McpServers.ts"
import type { CliFailure } from "./Failure.ts"

export class Backend extends Context.Service<
  Backend,
  {
    /** Connects; disconnects when the scope closes. */
    readonly scheduler: Effect.Effect<Scheduler["Service"], Unreachable | CliFailure, Scope.Scope>
    /** What a node measures, or any where none is named. */
    metrics(nodeId: string | undefined): Effect.Effect<NodeMetrics, Refused | Unreachable | CliFailure>
    readonly deployment: Effect.Effect<Deployment["Service"], never, Scope.Scope>
    /** The plugins of this machine and of these files, loaded but not set up. */
    plugins(files: ReadonlyArray<string>): Effect.Effect<LoadedPlugins>
    /** The MCP servers of this machine; those that were started end when the scope closes. */
    readonly mcpServers: Effect.Effect<McpServers["Service"], never, Scope.Scope>
  }
>()("nagatha/cli/Backend") {}

/** Does something with the service, connected for as long as that takes. */
export const withScheduler = <A, E, R>(
  use: (scheduler: Scheduler["Service"]) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Unreachable | CliFailure, Exclude<R, Scope.Scope> | Backend> =>
  Effect.scoped(Backend.use((backend) => Effect.flatMap(backend.scheduler, use)))

/** Does something with the deployment; what it starts stops afterwards. */
export const withDeployment = <A, E, R>(
  use: (deployment: Deployment["Service"]) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Backend> =>
  Effect.scoped(Backend.use((backend) => Effect.flatMap(backend.deployment, use)))

/** Does something with the MCP servers of this machine. */
export const withMcpServers = <A, E, R>(
  use: (servers: McpServers["Service"]) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Scope.Scope> | Backend> =>
  Effect.scoped(Backend.use((backend) => Effect.flatMap(backend.mcpServers, use)))
