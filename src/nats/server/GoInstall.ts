/**
 * nats-server built by the Go tool chain, where one is on PATH. Go checks the sources against its public checksum
 * database, so what is built is what was published.
 */
import { Effect } from "effect"
import { join } from "node:path"
import { FetchFailed } from "./FetchFailed.ts"
import { run } from "./ProgramRun.ts"
import { PINNED } from "./ServerVersion.ts"

/** Path of the program built into `folder`; takes about a minute, at most ten. */
export const fetchWithGo = (folder: string) =>
  run("go", ["install", `github.com/nats-io/nats-server/v2@v${PINNED}`], {
    timeoutMs: 600_000,
    cwd: folder,
    env: { GOBIN: folder, CGO_ENABLED: "0" }
  }).pipe(
    Effect.as(join(folder, process.platform === "win32" ? "nats-server.exe" : "nats-server")),
    Effect.mapError(({ reason }) => new FetchFailed({ reason: reason === "ENOENT" ? "no go on PATH" : reason }))
  )
