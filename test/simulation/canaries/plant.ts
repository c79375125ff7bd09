/**
 * Plants bugs in the source as it is loaded: what is imported with `?canary=N` gets that bug, and so does all that it imports
 * of this project. Each bug has modules of its own.
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { join, relative } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { type Canary, CANARIES } from "./Canaries.ts"

const ROOT = join(import.meta.dirname, "..", "..", "..")
const OURS = [pathToFileURL(join(ROOT, "src")).href, pathToFileURL(join(ROOT, "test")).href]

const canaryOf = (url: string | undefined): string | null =>
  url === undefined || !url.includes("?canary=") ? null : new URL(url).searchParams.get("canary")

/** The source of a file with its bug; throws when there is no place for it any more. */
const plant = (file: string, planted: Canary["planted"] = []): string =>
  planted.reduce(
    (source, [where, right, wrong]) => {
      if (where !== file) return source
      const parts = source.split(right)
      if (parts.length === 2) return parts.join(wrong)
      throw new Error(
        `src/${file} reads ${JSON.stringify(right)} in ${parts.length - 1} places, and it must be one: a bug is planted there, see test/simulation/canaries/Canaries.ts`
      )
    },
    readFileSync(join(ROOT, "src", file), "utf8")
  )

registerHooks({
  resolve: (specifier, context, next) => {
    const resolved = next(specifier, context)
    const canary = canaryOf(context.parentURL)
    if (canary === null || !OURS.some((ours) => resolved.url.startsWith(ours)) || canaryOf(resolved.url) !== null) {
      return resolved
    }
    return { ...resolved, url: `${resolved.url}?canary=${canary}` }
  },
  load: (url, context, next) => {
    const loaded = next(url, context)
    const canary = CANARIES[Number(canaryOf(url) ?? -1)]
    if (canary?.planted === undefined) return loaded
    const file = relative(join(ROOT, "src"), fileURLToPath(url))
    if (!canary.planted.some(([where]) => where === file)) return loaded
    return { ...loaded, source: plant(file, canary.planted) }
  }
})
