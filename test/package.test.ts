/** Promises of the package's files that no program checks: what is installed runs nothing, and comes from wherever npm finds it. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8")

interface Lock {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean; readonly resolved?: string }>>
}

describe("the lockfile", () => {
  const lock: Lock = JSON.parse(read("package-lock.json"))

  it("has no package that runs something when it is installed", () => {
    const scripts = Object.entries(lock.packages).flatMap(([name, one]) =>
      one.hasInstallScript === true ? [name] : []
    )
    assert.deepStrictEqual(scripts, [])
  })

  it("names no registry", () => {
    assert.isTrue(Object.values(lock.packages).every((one) => one.resolved === undefined))
  })
})

describe("the manifest", () => {
  const manifest: {
    readonly dependencies: Readonly<Record<string, string>>
    readonly devDependencies: Readonly<Record<string, string>>
    readonly peerDependencies: Readonly<Record<string, string>>
  } = JSON.parse(read("package.json"))

  it("pins what it installs", () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    assert.deepStrictEqual(
      versions.filter((version) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)),
      []
    )
  })

  it("leaves effect to the program, so that there is one copy of it", () => {
    assert.isUndefined(manifest.dependencies["effect"])
    assert.strictEqual(manifest.peerDependencies["effect"], `~${manifest.devDependencies["effect"]}`)
  })
})
