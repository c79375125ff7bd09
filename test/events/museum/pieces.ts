import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"

export const MUSEUM = import.meta.dirname

/** A commit as a version wrote it; a line of indented JSON is as good as the bytes. */
export interface Piece {
  readonly version: string
  readonly name: string
  readonly text: string
}

export const pieces = (): ReadonlyArray<Piece> =>
  readdirSync(MUSEUM)
    .filter((version) => statSync(join(MUSEUM, version)).isDirectory())
    .flatMap((version) =>
      readdirSync(join(MUSEUM, version)).map((name) => ({
        version,
        name,
        text: readFileSync(join(MUSEUM, version, name), "utf8")
      }))
    )
