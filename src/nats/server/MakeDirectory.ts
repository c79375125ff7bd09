import { mkdirSync, statSync } from "node:fs"
import { dirname } from "node:path"

/**
 * Makes a directory, and those above it, where they are missing; throws what the system says against it.
 *
 * Not by the `recursive` of `mkdir`: that asks for ever where a file system answers "no such file" to a name in a directory that
 * is there (`/proc` does).
 */
export const makeDirectory = (path: string): void => {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(path)
  if (parent !== path) makeDirectory(parent)
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (cause) {
    // Somebody else was faster.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw cause
  }
}
