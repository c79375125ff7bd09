/**
 * `up.json` in the data directory: written when a deployment is ready, removed when it stops; how the commands of the
 * same user find it. Readable by its owner only (mode 0600): it holds the rights of a client.
 */
import { Effect, Option, Schema } from "effect"
import { readFile, rename, rm, writeFile } from "node:fs/promises"
import { upFile } from "./DataDirectory.ts"

export const UpFile = Schema.Struct({
  pid: Schema.Int,
  namespace: Schema.String,
  startedAt: Schema.String,
  version: Schema.String,
  nats: Schema.Struct({
    url: Schema.String,
    version: Schema.String,
    managed: Schema.Boolean,
    /** Rights of a client; missing where the server was given with its own credentials. */
    user: Schema.optionalKey(Schema.String),
    password: Schema.optionalKey(Schema.String)
  }),
  /** Where the HTTP API is; missing where it is not served. */
  http: Schema.optionalKey(Schema.Struct({ url: Schema.String, token: Schema.String })),
  plugins: Schema.Array(
    Schema.Struct({
      name: Schema.NullOr(Schema.String),
      file: Schema.String,
      reason: Schema.optionalKey(Schema.String)
    })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))
})
export type UpFile = typeof UpFile.Type

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(UpFile))

/** What the file says; none when there is no file, or it cannot be read. */
export const read = (dataDir: string): Effect.Effect<Option.Option<UpFile>> =>
  Effect.map(
    Effect.promise(() => readFile(upFile(dataDir), "utf8").catch(() => "")),
    (text) => decode(text)
  )

/** Writes the file as a whole, and removes it when the scope closes. */
export const written = (dataDir: string, content: UpFile) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const draft = `${upFile(dataDir)}.${content.pid}.new`
      await writeFile(draft, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 })
      await rename(draft, upFile(dataDir))
    }),
    () => Effect.promise(() => rm(upFile(dataDir), { force: true }))
  )
