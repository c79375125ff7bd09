/** The mutants of a room of the source, numbered; each room is held by the tests of its own room, and by no others. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type Mutant, mutantsOf } from "./Mutators.ts"

export const ROOT = join(import.meta.dirname, "..", "..")

export interface Room {
  /** Folder of `src/` whose sources are changed. */
  readonly source: string
  /** Folder of `test/` whose tests must notice. */
  readonly tests: string
}

export const ROOMS: ReadonlyArray<Room> = [
  { source: "actors/task", tests: "actors" },
  { source: "recurrence", tests: "recurrence" }
]

export interface Numbered extends Mutant {
  readonly id: number
  /** Below `src/`. */
  readonly file: string
}

export interface Source {
  readonly file: string
  readonly text: string
  readonly mutants: ReadonlyArray<Numbered>
}

const filesBelow = (folder: string, ending: string): ReadonlyArray<string> =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .toSorted()

/** All sources of a room with their mutants, numbered from 0 through all of them. */
export const catalogueOf = (room: Room): ReadonlyArray<Source> => {
  let next = 0
  return filesBelow(join("src", room.source), ".ts").map((name) => {
    const file = join(room.source, name)
    const text = readFileSync(join(ROOT, "src", file), "utf8")
    const mutants = mutantsOf(text).map((mutant) => ({ ...mutant, file, id: next++ }))
    return { file, text, mutants }
  })
}

/** The test files of a room that need no server, below `test/`. */
export const testFilesOf = (room: Room): ReadonlyArray<string> =>
  filesBelow(join("test", room.tests), ".test.ts")
    .filter((name) => !name.endsWith(".int.test.ts"))
    .map((name) => join(room.tests, name))
