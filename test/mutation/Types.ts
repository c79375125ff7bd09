/**
 * Mutants that the compiler refuses are none: nobody could commit them. All mutants of a source are written beside it, in a
 * copy of `src/`, and compiled at once.
 */
import { execFile } from "node:child_process"
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Numbered, ROOT, type Source } from "./Catalogue.ts"

/** Compiled at once, so that memory stays small. */
const AT_ONCE = 1500

/** The mutants, by their numbers, that do not compile. */
export const refused = async (sources: ReadonlyArray<Source>): Promise<ReadonlySet<number>> => {
  const mutants = sources.flatMap((source) => source.mutants.map((mutant) => ({ mutant, source })))
  const found = new Set<number>()
  for (let from = 0; from < mutants.length; from += AT_ONCE) {
    for (const id of await refusedOf(mutants.slice(from, from + AT_ONCE))) found.add(id)
  }
  return found
}

const refusedOf = async (
  mutants: ReadonlyArray<{ readonly mutant: Numbered; readonly source: Source }>
): Promise<ReadonlyArray<number>> => {
  const folder = mkdtempSync(join(tmpdir(), "nagatha-mutants-"))
  try {
    cpSync(join(ROOT, "src"), join(folder, "src"), { recursive: true })
    cpSync(join(ROOT, "package.json"), join(folder, "package.json"))
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"))
    const names = mutants.map(({ mutant, source }) => {
      const name = join("src", source.file.replace(/\.ts$/, `.mutant${mutant.id}.ts`))
      writeFileSync(join(folder, name), withMutant(source.text, mutant))
      return name
    })
    const compilerOptions = {
      noUnusedLocals: false,
      noUnusedParameters: false,
      noFallthroughCasesInSwitch: false
    }
    const project = { extends: join(ROOT, "tsconfig.json"), compilerOptions, include: [], files: names }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project))
    const said = await compiled(folder)
    return [...new Set([...said.matchAll(/\.mutant(\d+)\.ts\(\d+,\d+\): error/g)].map(([, id]) => Number(id)))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The source with one mutant for good. */
const withMutant = (source: string, { end, kind, replacement, start }: Numbered): string => {
  const isPlain = kind === "statement" || /^[\w.]*$|^["'[/]/.test(replacement)
  return source.slice(0, start) + (isPlain ? replacement || "{}" : `(${replacement})`) + source.slice(end)
}

const compiled = (folder: string): Promise<string> =>
  new Promise((done, fail) => {
    const program = join(ROOT, "node_modules", "typescript", "lib", "tsc.js")
    execFile(
      process.execPath,
      [program, "-p", folder],
      { cwd: folder, maxBuffer: 1 << 28 },
      (error, stdout, stderr) => {
        // It ends with 1 or 2 where there are errors.
        if (error !== null && typeof error.code !== "number") fail(error)
        else if (stderr !== "") fail(new Error(stderr))
        else done(stdout)
      }
    )
  })
