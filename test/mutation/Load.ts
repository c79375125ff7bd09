/**
 * Loads test files with all mutants of a room in the sources, and `Stage.ts` in place of vitest.
 *
 * What is loaded anew (`fresh`) has modules of its own, of this project, all the way down: mutants in what a module does once,
 * while it is loaded, live only there.
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { join, relative } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Room, ROOT, catalogueOf, testFilesOf } from "./Catalogue.ts"
import { instrument } from "./Instrument.ts"
import { type PlayedTest, testsOf } from "./Stage.ts"

const urlOf = (...path: ReadonlyArray<string>): string => pathToFileURL(join(ROOT, ...path)).href
const SOURCES = urlOf("src") + "/"
const TESTS = urlOf("test") + "/"
const OWN = urlOf("test", "mutation") + "/"
const STAGE = `${OWN}Stage.ts`
const SWITCH = `${OWN}Switch.ts`

const freshOf = (url: string | undefined): string | null =>
  url === undefined || !url.includes("?fresh=") ? null : new URL(url).searchParams.get("fresh")

/** What loads the tests of a room; for the life of the process. */
export const loader = (room: Room) => {
  const catalogue = new Map(catalogueOf(room).map((source) => [source.file, source]))
  const texts = new Map<string, string>()

  const textOf = (file: string): string => {
    const path = join(ROOT, file)
    const source = catalogue.get(relative("src", file))
    return instrument(
      source?.text ?? readFileSync(path, "utf8"),
      source?.mutants ?? [],
      source?.mutants[0]?.id ?? 0,
      SWITCH
    )
  }

  registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier === "vitest" && context.parentURL !== STAGE) return { url: STAGE, shortCircuit: true }
      const resolved = next(specifier, context)
      const fresh = freshOf(context.parentURL)
      const isOurs = resolved.url.startsWith(SOURCES) || resolved.url.startsWith(TESTS)
      if (fresh === null || !isOurs || resolved.url.startsWith(OWN) || freshOf(resolved.url) !== null) return resolved
      return { ...resolved, url: `${resolved.url}?fresh=${fresh}` }
    },
    load: (url, context, next) => {
      const isOurs = url.startsWith(SOURCES) || url.startsWith(TESTS)
      const [path = url] = url.split("?")
      if (!isOurs || url.startsWith(OWN) || !path.endsWith(".ts")) return next(url, context)
      const file = relative(ROOT, fileURLToPath(path))
      const known = texts.get(file) ?? textOf(file)
      texts.set(file, known)
      return { format: "module-typescript", source: known, shortCircuit: true }
    }
  })

  let loads = 0
  const load = (file: string, anew: boolean): Promise<ReadonlyArray<PlayedTest>> => {
    const url = `${TESTS}${file}${anew ? `?fresh=${loads}` : ""}`
    return testsOf(file, () => import(url))
  }
  return {
    /** All tests of the room. */
    all: async (): Promise<ReadonlyArray<PlayedTest>> => {
      const tests: Array<PlayedTest> = []
      for (const file of testFilesOf(room)) tests.push(...(await load(file, false)))
      return tests
    },
    /** Gives what loads single files anew, with modules that they share. */
    anew: () => {
      loads += 1
      return (file: string) => load(file, true)
    }
  }
}
