import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { makeDirectory } from "../../src/nats/server/MakeDirectory.ts"

describe("a directory", () => {
  it("is made with those above it, for this user only, and left alone where it is there", () => {
    const root = mkdtempSync(join(tmpdir(), "nagatha-directory-"))
    try {
      const path = join(root, "a", "b", "c")
      makeDirectory(path)
      makeDirectory(path)
      assert.strictEqual(statSync(path).mode & 0o777, 0o700)
      writeFileSync(join(root, "file"), "")
      assert.throws(() => makeDirectory(join(root, "file")))
      assert.throws(() => makeDirectory(join(root, "file", "below")))
    } finally {
      rmSync(root, { recursive: true })
    }
  })
  it("that cannot be made is an error, and not an endless try", () => {
    // Only Linux has it; elsewhere the root directory is not for writing, or is made: then there is nothing to see.
    if (process.platform === "linux") assert.throws(() => makeDirectory("/proc/nope"), /ENOENT/)
  })
})
