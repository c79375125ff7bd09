/** Files of this package, from wherever this runs: the sources, what is built of them, or the bundle. */
import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const rootAbove = (directory: string): string =>
  existsSync(join(directory, "package.json")) || dirname(directory) === directory
    ? directory
    : rootAbove(dirname(directory))

const root = rootAbove(dirname(fileURLToPath(import.meta.url)))

/** The path of a file or folder, from the root of the package. */
export const packageFile = (...path: ReadonlyArray<string>): string => join(root, ...path)
