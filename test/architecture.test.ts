/**
 * The house rules that a reader may rely on: who may import whom, no cycles, and no hidden clock, randomness or console.
 * The table is that of `docs/architecture.md`.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

const ROOT = resolve(import.meta.dirname, "..")
const SRC = join(ROOT, "src")

/** Room (or single file of `src/`) to the rooms, parts of rooms and files of `src/` that it may import; itself is always allowed. */
const MAY_IMPORT: Readonly<Record<string, ReadonlyArray<string>>> = {
  recurrence: [],
  "Settings.ts": [],
  events: ["recurrence"],
  work: ["events", "recurrence", "Settings.ts"],
  actors: ["events", "recurrence", "work", "Settings.ts"],
  projections: ["events", "recurrence"],
  audit: ["events", "recurrence", "actors/task", "projections"],
  service: ["actors", "audit", "events", "projections", "recurrence", "work", "Settings.ts"],
  memory: ["service", "actors", "events", "projections", "recurrence", "work", "Settings.ts"],
  "Scheduler.ts": [
    "memory",
    "service",
    "actors",
    "audit",
    "projections",
    "events",
    "recurrence",
    "work",
    "Settings.ts"
  ],
  nats: ["service", "actors", "events", "projections", "recurrence", "work", "Scheduler.ts", "Settings.ts"],
  http: ["actors", "events", "projections", "recurrence", "service", "work", "Scheduler.ts", "Settings.ts"],
  access: ["nats", "Settings.ts"],
  sdk: [
    "access",
    "memory",
    "service",
    "nats",
    "actors",
    "events",
    "projections",
    "recurrence",
    "work",
    "Scheduler.ts",
    "Settings.ts"
  ],
  "index.ts": ["sdk", "Scheduler.ts", "projections", "work"],
  telemetry: ["actors", "events", "projections", "recurrence", "work", "Settings.ts"],
  cli: [
    "access",
    "actors",
    "audit",
    "events",
    "http",
    "nats",
    "projections",
    "recurrence",
    "service",
    "telemetry",
    "work",
    "Scheduler.ts",
    "Settings.ts"
  ]
}

/** Packages that only one room may use. */
const ONLY_IN: ReadonlyArray<readonly [RegExp, ReadonlyArray<string>]> = [
  [/^@nats-io\//, ["nats"]],
  [/^(chrono-node|cron-parser|cronstrue|rrule-temporal|temporal-polyfill)/, ["recurrence"]],
  [/^node:sqlite$/, ["projections", "nats"]],
  [/^effect\/cli$/, ["cli"]],
  [/^@modelcontextprotocol\//, ["work"]],
  [/^@effect\/platform-node/, ["cli", "http"]],
  [/^effect\/http-api$/, ["http"]],
  [/^node:child_process$/, ["work", "nats", "cli"]]
]

/** What nothing but the edges of the platform may touch: everything else gets time, ids and output as arguments or services. */
const HIDDEN =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bconsole\.\w+\(|\brandom(?:UUID|Bytes|Int)\(|performance\.now\(/
const EDGES = ["cli", "nats"]

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
const textOf = (file: string): string => readFileSync(join(SRC, file), "utf8")
const roomOf = (file: string): string => file.split("/")[0] ?? file

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^"'`;]*?from\s+"([^"]+)"|(?:^|\n)\s*import\s+"([^"]+)"|\bimport\("([^"]+)"\)/g
const importsOf = (file: string): ReadonlyArray<string> =>
  [...textOf(file).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "")

const inner: ReadonlyArray<Import> = files.flatMap((from) =>
  importsOf(from)
    .filter((target) => target.startsWith("."))
    .map((target) => ({ from, to: relative(SRC, resolve(dirname(join(SRC, from)), target)) }))
)

describe("the house", () => {
  it("has a rule for every room", () => {
    const rooms = new Set(files.map(roomOf))
    assert.deepStrictEqual(
      [...rooms].filter((room) => MAY_IMPORT[room] === undefined),
      []
    )
  })

  it("keeps to the table of who may import whom", () => {
    const broken = inner.filter(({ from, to }) => {
      const room = roomOf(from)
      const allowed = MAY_IMPORT[room] ?? []
      return roomOf(to) !== room && !allowed.includes(roomOf(to)) && !allowed.includes(dirname(to))
    })
    assert.deepStrictEqual(
      broken.map(({ from, to }) => `${from} imports ${to}`),
      []
    )
  })

  it("imports only files that are there, by their whole names", () => {
    const known = new Set(files)
    const missing = inner.filter(({ to }) => !known.has(to) && !to.startsWith("../package.json"))
    assert.deepStrictEqual(
      missing.map(({ from, to }) => `${from} imports ${to}`),
      []
    )
  })

  it("keeps each technology in its room", () => {
    const broken = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => ONLY_IN.some(([pattern, rooms]) => pattern.test(target) && !rooms.includes(roomOf(file))))
        .map((target) => `${file} imports ${target}`)
    )
    assert.deepStrictEqual(broken, [])
  })

  it("has no import cycles", () => {
    const targets = new Map<string, ReadonlyArray<string>>()
    for (const file of files)
      targets.set(
        file,
        inner.filter(({ from }) => from === file).map(({ to }) => to)
      )
    const cycles: Array<string> = []
    const done = new Set<string>()
    const visit = (file: string, path: ReadonlyArray<string>): void => {
      const seen = path.indexOf(file)
      if (seen >= 0) {
        cycles.push([...path.slice(seen), file].join(" → "))
        return
      }
      if (done.has(file)) return
      for (const target of targets.get(file) ?? []) visit(target, [...path, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
    assert.deepStrictEqual(cycles, [])
  })

  it("reads the clock, randomness and the console only at the edges", () => {
    const broken = files
      .filter((file) => !EDGES.includes(roomOf(file)))
      .flatMap((file) =>
        textOf(file)
          .split("\n")
          .map((line, index) => ({ line, place: `${file}:${index + 1}` }))
          .filter(({ line }) => !/^\s*(\*|\/\/|\/\*)/.test(line) && HIDDEN.test(line))
          .map(({ line, place }) => `${place} ${line.trim()}`)
      )
    assert.deepStrictEqual(broken, [])
  })
})
