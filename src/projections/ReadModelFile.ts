/**
 * The files of the read models: one for each version of the projections (`<name>.v<version>.sqlite`), so that another
 * version is built beside the one that answers. Everything in them follows from the log: what cannot be read is thrown
 * away, and nothing is lost by that but time.
 */
import { closeSync, openSync, readdirSync, rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"

/** Changed whenever the folds or the tables change: the read models are then built anew. */
export const VERSION = 13

/** Changed with the tables and what is in their columns: a file of another version but the same shape can still answer. */
export const SHAPE = 5

export const MEMORY = ":memory:"

/** A database of its opener alone: in memory as long as it is small, then in a file without a name, gone when it is closed. */
export const TEMPORARY = ""
const isFile = (file: string): boolean => file !== MEMORY && file !== TEMPORARY

const CORRUPT = 11
const NOT_A_DATABASE = 26

/**
 * Rows are numbered (`n`) in the order of the log, which makes pages stable and indexes small. `task.sort` is the order of
 * lists: see `sortOf`. What filters and orders ask for stands before the row itself, so that they do not read it; texts
 * that are compared without regard to case are in lower case, and a text or an instant that is not there is empty.
 *
 * Only the orders of every day have an index, for each costs every event: others read the columns of all rows.
 */
const TABLES = `
  CREATE TABLE checkpoint (only INTEGER PRIMARY KEY CHECK (only = 1), sequence INTEGER NOT NULL, hash TEXT NOT NULL);
  CREATE TABLE task (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, sort TEXT NOT NULL, type TEXT NOT NULL,
    name TEXT NOT NULL, tags TEXT NOT NULL, queue TEXT NOT NULL, author TEXT NOT NULL, manager TEXT NOT NULL, words TEXT NOT NULL,
    created TEXT NOT NULL, paused INTEGER NOT NULL, updated TEXT NOT NULL, next TEXT NOT NULL, last_run TEXT NOT NULL,
    last_status TEXT NOT NULL, row TEXT NOT NULL
  );
  CREATE INDEX task_status ON task (status, sort);
  CREATE TABLE definition (n INTEGER PRIMARY KEY, definition TEXT NOT NULL);
  CREATE TABLE execution (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, task INTEGER NOT NULL, type TEXT NOT NULL, parent TEXT,
    manual INTEGER NOT NULL, status TEXT NOT NULL, due TEXT NOT NULL, started TEXT NOT NULL, duration INTEGER NOT NULL,
    late INTEGER NOT NULL, worker TEXT NOT NULL, error TEXT NOT NULL, row TEXT NOT NULL
  );
  CREATE TABLE revision (
    task INTEGER NOT NULL, revision INTEGER NOT NULL, row TEXT NOT NULL, PRIMARY KEY (task, revision)
  ) WITHOUT ROWID;
  CREATE INDEX execution_status ON execution (status, due);
  CREATE INDEX execution_task ON execution (task, due);
  CREATE INDEX execution_error ON execution (error, due) WHERE error <> '';
  CREATE INDEX execution_parent ON execution (parent, due) WHERE parent IS NOT NULL;
  PRAGMA user_version = ${SHAPE};
`

/** What was not understood: added to files that were made without it. */
const PARKED = `
  CREATE TABLE IF NOT EXISTS parked (
    sequence INTEGER NOT NULL, place TEXT NOT NULL, item TEXT NOT NULL, PRIMARY KEY (sequence, place)
  ) WITHOUT ROWID;
`

/** Pages that gather in SQLite's own log before it copies them into the file: while much is read, and afterwards. */
const CHECKPOINT_PAGES = { building: 4000, following: 300 }

/** Synced at its checkpoints only: what a crash of the machine takes away is read again from the log. */
const PRAGMAS = `
  PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 2000; PRAGMA cache_size = -65536;
  PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES.building}; PRAGMA journal_size_limit = 67108864;
`

/** The SQLite result code of a failure; 0 for any other. */
const codeOf = (cause: unknown): number =>
  cause instanceof Error && "errcode" in cause && typeof cause.errcode === "number" ? cause.errcode & 0xff : 0

/** Whether a file is damaged, or is no database: it does not help to try again. */
export const isDamage = (cause: unknown): boolean => [CORRUPT, NOT_A_DATABASE].includes(codeOf(cause))

/** The file of this version. */
export const fileOf = (file: string): string =>
  isFile(file) ? file.replace(/(\.sqlite)?$/, `.v${VERSION}.sqlite`) : file

/** Removes a database and what SQLite keeps beside it. */
export const remove = (file: string): void => {
  if (isFile(file)) for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true })
}

/** Keeps SQLite's pauses short (3 in place of 17 ms): it then takes a third longer to read much. */
export const preferShortPauses = (database: DatabaseSync): void =>
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES.following}`)

const shapeOf = (database: DatabaseSync): number =>
  Number(database.prepare("PRAGMA user_version").get()?.["user_version"])

/**
 * Opens a database, and makes its tables in a new one. Throws SQLite's error when it cannot be read, and an error of ours
 * when its shape is another.
 */
export const openDatabase = (file: string): DatabaseSync => {
  // What tasks say and print is for this user only; SQLite gives what it keeps beside a file the mode of the file.
  if (isFile(file)) closeSync(openSync(file, "a", 0o600))
  const database = new DatabaseSync(file)
  try {
    database.exec(PRAGMAS)
    if (database.prepare("SELECT 1 FROM sqlite_schema").get() === undefined) {
      database.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT;`)
    }
    const shape = shapeOf(database)
    if (shape !== SHAPE) throw new OtherShape(shape)
    database.prepare("SELECT sequence, hash FROM checkpoint").get()
    database.exec(PARKED)
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

/** The tables of a file are not those of this version. */
export class OtherShape extends Error {
  constructor(shape: number) {
    super(`its tables have the shape ${shape}, this version reads the shape ${SHAPE}`)
  }
}

/** Files of other versions, newest version first. */
export const othersOf = (file: string): ReadonlyArray<string> => {
  if (!isFile(file)) return []
  const own = basename(fileOf(file))
  const stem = own.replace(/\.v\d+\.sqlite$/, "")
  const version = (name: string): number =>
    name.startsWith(`${stem}.v`) ? Number(/^(\d+)\.sqlite$/.exec(name.slice(stem.length + 2))?.[1] ?? NaN) : NaN
  return readdirSync(dirname(file))
    .filter((name) => name !== own && !Number.isNaN(version(name)))
    .sort((a, b) => version(b) - version(a))
    .map((name) => join(dirname(file), name))
}

/** Removes the files of other versions; returns their paths. */
export const removeOthers = (file: string): ReadonlyArray<string> => {
  const others = othersOf(file)
  for (const other of others) remove(other)
  return others
}
