import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "vitest"
import { find } from "../../src/nats/server/ServerProgram.ts"
import { compare, REQUIRED } from "../../src/nats/server/ServerVersion.ts"

const isDebian = ["gpg", "pgp"].some((ending) => existsSync(`/usr/share/keyrings/debian-archive-keyring.${ending}`))
const hasApt = existsSync("/usr/bin/apt-get") && existsSync("/usr/bin/dpkg")
const missing = isDebian && hasApt ? undefined : "this machine has no apt-get with Debian's keyring"

it.skipIf(missing !== undefined)(
  // elsewhere than on Debian there is no package to fetch; the name says so
  `the Debian package is fetched and unpacked without being installed${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  { timeout: 240_000 },
  async () => {
    const installed = () => execFileSync("dpkg-query", ["-W"], { maxBuffer: 16_000_000 }).toString()
    const cacheDir = await mkdtemp(join(tmpdir(), "nagatha debian "))
    try {
      const before = installed()
      const { path, version, source } = await Effect.runPromise(
        find({ searchPath: "", cacheDir, fetchWith: ["debian"] })
      )
      assert.strictEqual(source, "debian")
      assert.strictEqual(path, join(cacheDir, "nats-server", version, "nats-server"))
      assert.isAtLeast(compare(version, REQUIRED), 0)
      assert.strictEqual(installed(), before)
    } finally {
      await rm(cacheDir, { recursive: true, force: true })
    }
  }
)
