/** The survivors that `docs/mutation.md` explains: changes of which nothing can tell, each with the reason. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { ROOT } from "./Catalogue.ts"
import type { Mutant } from "./Mutators.ts"

/** A mutant as people name it: where it is, what stands there, what is put in its place. */
export interface Named extends Pick<Mutant, "within" | "from" | "to"> {
  readonly file: string
}

export const nameOf = ({ file, from, to, within }: Named): string => `${file} ${within}: ${from} → ${to}`

const CODE = /^`([^`]*)`$/

/** The rows of the page whose first four cells are code: file, name, what stands there, what is put in its place. */
export const explained = (): ReadonlyArray<Named> =>
  readFileSync(join(ROOT, "docs", "mutation.md"), "utf8")
    .split("\n")
    .flatMap((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => CODE.exec(cell.trim())?.[1]?.replaceAll("\\|", "|"))
      const [, file, within, from, to] = cells
      return file !== undefined && within !== undefined && from !== undefined && to !== undefined
        ? [{ file, within, from, to }]
        : []
    })
