/**
 * What came of each mutant, kept from run to run: a run that was interrupted goes on where it was, as long as neither sources nor
 * tests have changed since.
 */
import { createHash } from "node:crypto"
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Numbered, ROOT, type Source } from "./Catalogue.ts"

export interface Result extends Pick<Numbered, "file" | "within" | "line" | "mutator" | "from" | "to"> {
  /** `uncovered`: no test comes by. */
  readonly outcome: "killed" | "endless" | "survived" | "uncovered"
  /** The test that noticed. */
  readonly by: string | null
}

interface Kept {
  readonly key: string
  /** Sources and tests as they were. */
  readonly world: string
  readonly result: Result
}

const FOLDER = join(ROOT, "node_modules", ".cache", "nagatha-mutation")
const RESULTS = join(FOLDER, "results.ndjson")
const TYPES = join(FOLDER, "types.json")

const hashOf = (...texts: ReadonlyArray<string>): string => {
  const hash = createHash("sha256")
  for (const text of texts) hash.update(text).update("\0")
  return hash.digest("hex").slice(0, 16)
}

const textsBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .toSorted()
    .map((name) => readFileSync(join(ROOT, folder, name), "utf8"))

const readOr = (file: string, otherwise: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return otherwise
  }
}

/** With `again`, what was noticed once counts as long as its source is the same, whatever became of the tests. */
export const openResults = (again: boolean) => {
  mkdirSync(FOLDER, { recursive: true })
  const world = hashOf(...textsBelow("src"), ...textsBelow("test"))
  const holds = ({ result, world: then }: Kept): boolean =>
    then === world || (again && (result.outcome === "killed" || result.outcome === "endless"))
  const kept = readOr(RESULTS, "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Kept)
    .filter(holds)
  const known = new Map(kept.map((one) => [one.key, one.result]))
  writeFileSync(RESULTS, kept.map((one) => `${JSON.stringify(one)}\n`).join(""))
  const keyOf = (source: Source, { end, replacement, start }: Numbered): string =>
    `${source.file} ${hashOf(source.text)} ${start} ${end} ${hashOf(replacement)}`
  return {
    of: (source: Source, mutant: Numbered): Result | undefined => {
      const result = known.get(keyOf(source, mutant))
      return result === undefined ? undefined : { ...result, ...placeOf(mutant) }
    },
    keep: (source: Source, mutant: Numbered, what: Pick<Result, "outcome" | "by">): Result => {
      const key = keyOf(source, mutant)
      const result: Result = { ...placeOf(mutant), ...what }
      known.set(key, result)
      appendFileSync(RESULTS, `${JSON.stringify({ key, world, result } satisfies Kept)}\n`)
      return result
    }
  }
}

const placeOf = ({ file, from, line, mutator, to, within }: Numbered) => ({ file, within, line, mutator, from, to })

/** Of each source, by its text, which of its mutants (by their places in its list) do not compile. */
export const refusedBefore = async (
  sources: ReadonlyArray<Source>,
  find: (sources: ReadonlyArray<Source>) => Promise<ReadonlySet<number>>
): Promise<ReadonlySet<number>> => {
  mkdirSync(FOLDER, { recursive: true })
  const known = JSON.parse(readOr(TYPES, "{}")) as Record<string, ReadonlyArray<number>>
  const keyOf = ({ file, mutants, text }: Source): string =>
    hashOf(file, text, ...mutants.map(({ replacement }) => replacement))
  const missing = sources.filter((source) => known[keyOf(source)] === undefined)
  if (missing.length > 0) {
    const found = await find(missing)
    for (const source of missing) {
      known[keyOf(source)] = source.mutants.flatMap(({ id }, index) => (found.has(id) ? [index] : []))
    }
    writeFileSync(TYPES, JSON.stringify(known))
  }
  return new Set(
    sources.flatMap((source) => (known[keyOf(source)] ?? []).map((index) => source.mutants[index]?.id ?? -1))
  )
}
