/** How long the command line takes to start, to say something and to end, beside a Node that does nothing; from what `npm run build` has made. */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { machine, print, row } from "./support/world.ts"

const ROUNDS = 40
const program = new URL("../bin/nagatha", import.meta.url).pathname
const sources = new URL("../src/cli/main.ts", import.meta.url).pathname

if (!existsSync(new URL("../dist/built.json", import.meta.url))) {
  print("start: nothing is built; run npm run build first")
  process.exit(1)
}

const cases: ReadonlyArray<readonly [name: string, args: ReadonlyArray<string>]> = [
  ["`node -e 0`", ["-e", "0"]],
  ["`nagatha --version`", [program, "--version"]],
  ["`nagatha --help`", [program, "--help"]],
  ['`nagatha next "every day at 9"`', [program, "next", "every day at 9"]],
  ["the same with `--timezone Europe/Berlin`", [program, "next", "every day at 9", "--timezone", "Europe/Berlin"]],
  ["`next` from the sources", [sources, "next", "every day at 9"]]
]
const taken = cases.map((): Array<number> => [])
for (let round = 0; round < ROUNDS; round++) {
  for (const [index, [name, args]] of cases.entries()) {
    const began = performance.now()
    const { status } = spawnSync(process.execPath, args, { stdio: "ignore", env: { ...process.env, TZ: "UTC" } })
    if (status !== 0) throw new Error(`${name} ended with ${String(status)}`)
    // The first fills the compile cache.
    if (round > 0) taken[index]?.push(performance.now() - began)
  }
}
const at = (sorted: ReadonlyArray<number>, share: number): string =>
  Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toString()

print(`start: ${machine()}, ${ROUNDS - 1} rounds`)
row("from start to end, ms", "best", "quarter", "median")
row("---", "---:", "---:", "---:")
for (const [index, [name]] of cases.entries()) {
  const sorted = (taken[index] ?? []).toSorted((a, b) => a - b)
  row(name, at(sorted, 0), at(sorted, 0.25), at(sorted, 0.5))
}
