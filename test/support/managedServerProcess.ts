/** A process of its own that runs a managed server on the directory given, says its connection, and stays. */
import { Effect } from "effect"
import * as ManagedServer from "../../src/nats/server/ManagedServer.ts"

const program = Effect.gen(function* () {
  const { connection } = yield* ManagedServer.start({ dataDir: process.argv[2] ?? "" })
  process.stdout.write(`${JSON.stringify(connection)}\n`)
  yield* Effect.never
})

await Effect.runPromise(Effect.scoped(program))
