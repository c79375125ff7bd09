/**
 * Plants bugs in the source as it is loaded: what is imported with `?canary=N` gets that bug, and so does all that it imports
 * of this project. Each bug has modules of its own.
 */
import { readFileSync } from "node:fs"
import { registerHooks } from "node:module"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { CANARIES } from "./Canaries.ts"

const ROOT = join(import.meta.dirname, "..", "..", "..")
const OURS = [pathToFileURL(join(ROOT, "src")).href, pathToFileURL(join(ROOT, "test")).href]

const canaryOf = (url: string | undefined): string | null =>
  url === undefined || !url.includes("?canary=") ? null : new URL(url).searchParams.get("canary")

/** The source with its bug; throws when it is not there any more. */
export const plant = ([file, right, wrong]: readonly [string, string, string]): string => {
  const source = readFileSync(join(ROOT, "src", file), "utf8")
  const parts = source.split(right)
  if (parts.length !== 2) {
    throw new Error(
      `src/${file} has ${parts.length - 1} places that read ${JSON.stringify(right)}; there must be one. The bug is planted there: see test/simulation/canaries/Canaries.ts`
    )
  }
  return parts.join(wrong)
}

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
    const planted = canary?.planted
    if (planted === undefined || fileURLToPath(url) !== join(ROOT, "src", planted[0])) return loaded
    return { ...loaded, source: plant(planted) }
  }
})
