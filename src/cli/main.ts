/** The process that `bin/nagatha` starts. What commands may need is loaded when a command needs it. */
import { Effect } from "effect"
import { launch } from "./Process.ts"

launch(process.argv.slice(2), (started) => {
  const backend = Effect.map(
    Effect.promise(() => import("./live.ts")),
    ({ live }) => live({ ...started, timezone: started.timezone() })
  )
  return {
    scheduler: Effect.flatMap(backend, ({ scheduler }) => scheduler),
    metrics: (nodeId) => Effect.flatMap(backend, ({ metrics }) => metrics(nodeId)),
    deployment: Effect.flatMap(backend, ({ deployment }) => deployment),
    plugins: (files) => Effect.flatMap(backend, ({ plugins }) => plugins(files)),
    mcpServers: Effect.flatMap(backend, ({ mcpServers }) => mcpServers)
  }
})
