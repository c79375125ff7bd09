/**
 * What the command line can do with a deployment on this machine: start, stop, examine, and borrow one for a while.
 *
 * A port: `live.ts` carries it out. Whatever `up` and `borrowed` start stops in good order when their scope closes.
 */
import { Context, type Effect, Schema, type Scope } from "effect"
import type { Scheduler } from "../../Scheduler.ts"

/** The deployment cannot do what was asked; nothing is left running by it. `hint` says what to do. */
export class DeploymentFailed extends Schema.TaggedError<DeploymentFailed>()("DeploymentFailed", {
  message: Schema.String,
  hint: Schema.optionalKey(Schema.String),
  /** No server answers, or the settings are wrong; absent for any other reason. */
  reason: Schema.optionalKey(Schema.Literals(["unreachable", "settings"]))
}) {}

/** A plugin file as it was found. */
export interface PluginFound {
  /** Null where the file does not say. */
  readonly name: string | null
  readonly file: string
  /** Why it is left out; absent where it is loaded. */
  readonly reason?: string
}

/** What is said about the HTTP API; undefined: the environment, and the defaults. */
export interface HttpAsked {
  readonly off?: boolean
  readonly port?: number
  readonly host?: string
  readonly names?: ReadonlyArray<string>
  /** Paths of PEM files. */
  readonly cert?: string
  readonly key?: string
}

export interface UpOptions {
  /** Absolute path; made where it is missing. */
  readonly dataDir: string
  /** Executions at the same time; undefined: the default of the settings. */
  readonly concurrency: number | undefined
  /** Plugin files, besides those that the configuration names. */
  readonly plugins: ReadonlyArray<string>
  /** Queues that its worker serves, besides those of its task types. */
  readonly queues: ReadonlyArray<string>
  readonly http?: HttpAsked
}

export const NODE_ROLES = ["scheduler", "worker", "api"] as const
export type NodeRole = (typeof NODE_ROLES)[number]

export interface NodeStartOptions {
  /** Where `up` of this machine says how to reach its server, and where read models are kept. */
  readonly dataDir: string
  readonly roles: ReadonlyArray<NodeRole>
  /** Queues that a worker serves; undefined: those of all task types. */
  readonly queues: ReadonlyArray<string> | undefined
  readonly concurrency: number | undefined
  readonly plugins: ReadonlyArray<string>
}

export interface NodeInfo {
  readonly nodeId: string
  readonly pid: number
  readonly roles: ReadonlyArray<NodeRole>
  readonly nats: { readonly url: string; readonly version: string }
  readonly plugins: ReadonlyArray<PluginFound>
}

export interface UpInfo {
  readonly pid: number
  readonly dataDir: string
  readonly nats: {
    readonly url: string
    readonly version: string
    /** Whether this deployment has started the server itself, and stops it with itself. */
    readonly managed: boolean
  }
  readonly namespace: string
  readonly partitions: number
  readonly concurrency: number
  readonly plugins: ReadonlyArray<PluginFound>
  /** Absent where it is not served. */
  readonly http?:
    | {
        readonly url: string
        /** Opens a session in a browser: good once, and for ten minutes. */
        readonly login?: string | undefined
        /** Where the token is: a file, or `NAGATHA_TOKEN`. */
        readonly token: string
      }
    | undefined
  /** Where a detached deployment writes its log; absent in the foreground. */
  readonly logFile?: string | undefined
}

/** One thing that `doctor` looked at. */
export interface Check {
  readonly name: string
  readonly state: "ok" | "warning" | "problem"
  readonly found: string
  /** What to do about it; absent where nothing is to be done. */
  readonly remedy?: string | undefined
}

/** A setting in force, and where its value comes from: `default`, or such as `NATS_URL`. */
export interface SettingInForce {
  readonly name: string
  readonly value: string
  readonly source: string
}

export class Deployment extends Context.Service<
  Deployment,
  {
    /** Starts everything in this process; succeeds when commands are answered and work is done. */
    up(options: UpOptions): Effect.Effect<UpInfo, DeploymentFailed, Scope.Scope>
    /** Starts the same as a process of its own, and succeeds when that is ready. */
    upDetached(options: UpOptions): Effect.Effect<UpInfo, DeploymentFailed>
    /** Starts chosen roles in this process, on a server that runs already; succeeds when they are ready. */
    node(options: NodeStartOptions): Effect.Effect<NodeInfo, DeploymentFailed, Scope.Scope>
    /** Stops what runs with this data directory, and waits until it has ended; `pid` is null where nothing ran. */
    down(dataDir: string): Effect.Effect<{ readonly pid: number | null }, DeploymentFailed>
    /** Looks at everything, from settings to a task that runs; problems are in the answer. */
    doctor(
      dataDir: string
    ): Effect.Effect<
      { readonly settings: ReadonlyArray<SettingInForce>; readonly checks: ReadonlyArray<Check> },
      DeploymentFailed
    >
    /** A whole deployment of its own with a data directory that is gone with it; for `demo`. */
    readonly borrowed: Effect.Effect<Scheduler["Service"], DeploymentFailed, Scope.Scope>
  }
>()("nagatha/cli/Deployment") {}
