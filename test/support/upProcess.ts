/** The command line as a process whose `up` starts nothing; its finaliser says so, and never ends with `HANG=1`. */
import { Effect } from "effect"
import { writeSync } from "node:fs"
import { launch } from "../../src/cli/Process.ts"
import { aWorld, memoryScheduler } from "./scheduler.ts"

const info = {
  pid: process.pid,
  dataDir: "/data",
  nats: { url: "nats://127.0.0.1:4333", version: "2.15.1", managed: true },
  namespace: "nagatha",
  partitions: 16,
  concurrency: 64,
  plugins: []
}

launch(process.argv.slice(2), () => ({
  scheduler: Effect.sync(() => memoryScheduler(aWorld())),
  metrics: () => Effect.die("not asked for"),
  deployment: Effect.succeed({
    up: () =>
      Effect.acquireRelease(
        Effect.logInfo("starting").pipe(Effect.annotateLogs({ nodeId: "n1" }), Effect.as(info)),
        () =>
          Effect.andThen(
            Effect.sync(() => writeSync(2, "finalising\n")),
            process.env["HANG"] === "1" ? Effect.never : Effect.void
          )
      ),
    upDetached: () => Effect.succeed(info),
    down: () => Effect.succeed({ pid: null }),
    node: () => Effect.die("not asked for"),
    doctor: () => Effect.succeed({ settings: [], checks: [] }),
    borrowed: Effect.sync(() => memoryScheduler(aWorld()))
  }),
  plugins: () => Effect.die("not asked for"),
  mcpServers: Effect.die("not asked for")
}))
