/**
 * Makes `dist/` anew: the library, file by file, with its types, and `dist/bundle/`, the command line in few files, so that
 * it starts fast. What is half made is never taken for whole: `dist/built.json` is written last.
 */
import { spawnSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"

const root = fileURLToPath(new URL("../", import.meta.url))
const dist = join(root, "dist")
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

rmSync(dist, { recursive: true, force: true })

const compiler = join(root, "node_modules", "typescript", "bin", "tsc")
const compiled = spawnSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" })
if (compiled.status !== 0) process.exit(compiled.status ?? 1)

/** Modules that the first words of any command need are one file, and so are those that many commands share: each file costs its opening. */
const SHARED_BY = 20
const first = new Set()
const shared = new Set()
const graph = new Map()
const entry = join(root, "src", "cli", "main.ts")
const recurrence = join(root, "src", "recurrence")

/** A module with all that is loaded with it. */
const closure = (id, seen = new Set()) => {
  if (seen.has(id)) return seen
  seen.add(id)
  for (const imported of graph.get(id)?.importedIds ?? []) closure(imported, seen)
  return seen
}

const noticing = {
  name: "noticing",
  moduleParsed: ({ id, importedIds, dynamicallyImportedIds }) =>
    void graph.set(id, { importedIds, dynamicallyImportedIds }),
  buildEnd: () => {
    closure(entry, first)
    const uses = new Map()
    const commands = new Set(graph.get(join(root, "src", "cli", "Verbs.ts")).dynamicallyImportedIds)
    for (const command of commands) for (const id of closure(command)) uses.set(id, (uses.get(id) ?? 0) + 1)
    for (const [id, count] of uses) if (count >= SHARED_BY && !first.has(id)) shared.add(id)
  }
}

/** Loading what Node knows of graphemes takes longer than most commands: `effect/cli` gets it when a text needs it. */
const SEGMENTER = /const graphemeSegmenter = [^;]*new Intl\.Segmenter\([^;]*\);/
const lazily = {
  name: "lazily",
  transform: {
    filter: { id: /effect\/dist\/cli\/CliOutput\.js$/ },
    handler: (code) => {
      if (!SEGMENTER.test(code))
        throw new Error("effect/cli makes its segmenter in another way: mend scripts/build.mjs")
      return code.replace(
        SEGMENTER,
        `let madeSegmenter;
const graphemeSegmenter = {
  segment: (text) =>
    /^[\\x20-\\x7e]*$/.test(text)
      ? Array.from(text, (segment) => ({ segment }))
      : (madeSegmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" })).segment(text)
};`
      )
    }
  }
}

const bundle = await rolldown({
  cwd: root,
  input: { nagatha: entry },
  plugins: [noticing, lazily],
  platform: "node",
  // What it says of dependencies is not ours to mend.
  logLevel: "silent"
})
await bundle.write({
  dir: join(dist, "bundle"),
  // Node begins with CommonJS faster, and looks up of its own modules only what is asked of them.
  format: "cjs",
  entryFileNames: "[name].cjs",
  chunkFileNames: "[name]-[hash].cjs",
  codeSplitting: {
    groups: [
      { name: "first", test: (id) => first.has(id), priority: 2 },
      { name: "shared", test: (id) => shared.has(id), priority: 1 },
      // How words are read, in one file as well.
      { name: "words", test: (id) => id.startsWith(recurrence) && !id.includes("node_modules") }
    ]
  },
  // Names stay: they stand in stacks.
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true, legalComments: "none" } }
})
await bundle.close()

writeFileSync(join(dist, "built.json"), `${JSON.stringify({ version })}\n`)
