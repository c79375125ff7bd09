/**
 * One `up` at a time per data directory. The lock is the operating system's, on a SQLite file that is never written: it
 * ends with the process that holds it, however that ends, so there are no stale locks to judge, and a process id that is
 * used again cannot be mistaken for the holder. The process id beside it is only for the message. Not for network drives.
 */
import { Effect, Schedule, Schema } from "effect"
import { readFile, realpath, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { makeDirectory } from "./MakeDirectory.ts"

/** Another process runs on this data directory; stop it, or use another directory. */
export class DataDirectoryBusy extends Schema.TaggedError<DataDirectoryBusy>()("DataDirectoryBusy", {
  dataDir: Schema.String,
  /** The holder's process id; 0 when it has not said. */
  pid: Schema.Int
}) {
  override get message() {
    const who = this.pid === 0 ? "another process" : `process ${this.pid}`
    return `${this.dataDir} is in use by ${who}: stop it (nagatha down), or choose another data directory (--data)`
  }
}

/** The data directory cannot be made or written. */
export class DataDirectoryUnusable extends Schema.TaggedError<DataDirectoryUnusable>()("DataDirectoryUnusable", {
  dataDir: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `the data directory ${this.dataDir} cannot be used: ${this.reason}; choose a writable one (--data or NAGATHA_DATA_DIR)`
  }
}

const isBusy = (error: unknown): boolean => error instanceof Error && "errcode" in error && error.errcode === 5
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** The pid that the holder has written; it may be about to do so, hence up to a second of patience. */
const holder = (pidFile: string) =>
  Effect.promise(() => readFile(pidFile, "utf8").catch(() => "")).pipe(
    Effect.map((text) => Number.parseInt(text, 10)),
    Effect.map((pid) => (Number.isInteger(pid) && pid > 0 && isAlive(pid) ? pid : 0)),
    Effect.repeat({ until: (pid) => pid !== 0, schedule: Schedule.spaced(50).pipe(Schedule.upTo({ times: 20 })) })
  )

const open = (file: string): DatabaseSync => {
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec("BEGIN EXCLUSIVE")
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Makes the directory (mode 0700) where it is missing, and holds it until the scope ends; gives its real path. */
export const acquire = Effect.fn("DirectoryLock.acquire")(function* (dataDir: string) {
  const pidFile = join(dataDir, "lock.pid")
  const unusable = (error: unknown) => new DataDirectoryUnusable({ dataDir, reason: reasonOf(error) })
  yield* Effect.try({ try: () => makeDirectory(dataDir), catch: unusable })
  yield* Effect.acquireRelease(
    Effect.try({
      try: () => open(join(dataDir, "lock")),
      catch: (error) => (isBusy(error) ? new DataDirectoryBusy({ dataDir, pid: 0 }) : unusable(error))
    }),
    (database) => Effect.sync(() => database.close())
  ).pipe(
    Effect.catchTag("DataDirectoryBusy", () =>
      Effect.flatMap(holder(pidFile), (pid) => Effect.fail(new DataDirectoryBusy({ dataDir, pid })))
    )
  )
  return yield* Effect.tryPromise({
    try: () => writeFile(pidFile, `${process.pid}\n`, { mode: 0o600 }).then(() => realpath(dataDir)),
    catch: unusable
  })
})
