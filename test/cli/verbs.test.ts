/** The list of commands, and what a start loads: by what files say, so that it holds for the sources and for the bundle. */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { groups } from "../../src/cli/Verbs.ts"
import { everything } from "../../src/cli/Tree.ts"

const SRC = resolve(import.meta.dirname, "../../src")
const verbs = groups.flatMap((group) => group.verbs)

/** What a file loads when it is loaded: types are not, and what is imported later is not. */
const IMPORT = /(?:^|\n)(?:import|export)\s+(?!type\b)([^"'`;]*?)\s*from\s+"([^"]+)"/g

const loadedBy = (file: string): ReadonlyArray<string> =>
  [...readFileSync(file, "utf8").matchAll(IMPORT)]
    .filter(([, names = ""]) => !/^\{\s*(?:type\s+[^,}]+,?\s*)+\}$/.test(names))
    .map(([, , from = ""]) => (from.startsWith(".") ? resolve(file, "..", from) : from))

/** All that is loaded with a file: files of `src/`, and packages. */
const closure = (...files: ReadonlyArray<string>): ReadonlySet<string> => {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    const name = file.startsWith(SRC) ? relative(SRC, file) : file
    if (seen.has(name)) return
    seen.add(name)
    if (file.startsWith(SRC)) for (const one of loadedBy(file)) visit(one)
  }
  for (const file of files) visit(join(SRC, file))
  return seen
}

const inRooms = (loaded: ReadonlySet<string>, ...rooms: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...loaded].filter((name) => rooms.some((room) => name.startsWith(room)))

describe("the list of commands", () => {
  it("names each as it names itself, and says alone what is listed of it", async () => {
    for (const verb of verbs) {
      const command = await verb.load(everything)
      assert.strictEqual(command.name, verb.name)
      assert.isUndefined(command.alias, verb.name)
      assert.isUndefined(command.shortDescription, verb.name)
      assert.notStrictEqual(command.description, verb.purpose)
    }
  })

  it("has each once", () => {
    const names = verbs.flatMap(({ alias, name }) => (alias === undefined ? [name] : [name, alias]))
    assert.deepStrictEqual(names.length, new Set(names).size)
  })
})

describe("a start", () => {
  it("loads no command, and nothing that only a command needs", () => {
    const loaded = closure("cli/main.ts")
    assert.includeMembers([...loaded], ["cli/Program.ts", "cli/Tree.ts", "cli/Verbs.ts"])
    assert.deepStrictEqual(
      inRooms(
        loaded,
        "recurrence/",
        "events/",
        "actors/",
        "audit/",
        "projections/",
        "service/",
        "nats/",
        "cli/commands"
      ),
      // It tells which of two words is nearer, and knows nothing of time.
      ["recurrence/Near.ts"]
    )
    assert.deepStrictEqual([...loaded].filter((name) => !name.endsWith(".ts")).toSorted(), [
      "@effect/platform-node/NodePath",
      "effect",
      "effect/cli",
      "effect/process",
      "node:fs",
      "node:os",
      "node:path",
      "node:url",
      "node:util"
    ])
  })

  it("of next loads what reads words, and neither a log nor a service", () => {
    const loaded = closure("cli/commands/next.ts", "actors/door/Preview.ts")
    assert.include([...loaded], "recurrence/cron/Cron.ts")
    assert.deepStrictEqual(
      inRooms(loaded, "work/sequence", "work/TaskTypes", "audit/", "projections/", "service/", "nats/"),
      []
    )
    assert.deepStrictEqual(
      inRooms(loaded, "events/EventLog", "events/TaskEvent", "Scheduler.ts", "node:crypto", "@nats-io"),
      []
    )
  })

  it("of no command connects before it is asked to", () => {
    for (const name of verbs.map((verb) => `cli/commands/${verb.name === "revert" ? "undo" : verb.name}.ts`)) {
      const loaded = closure(name)
      assert.deepStrictEqual(
        inRooms(loaded, "nats/", "memory/", "node:sqlite", "@nats-io", "@modelcontextprotocol"),
        [],
        name
      )
    }
  })

  it("of what asks the service loads a client of it, and no node", () => {
    const loaded = closure("cli/live.ts")
    assert.include([...loaded], "nats/NatsScheduler.ts")
    assert.deepStrictEqual(
      inRooms(
        loaded,
        "work/Worker",
        "work/shell",
        "work/mcp",
        "actors/PartitionActor",
        "cli/machine/Node",
        "node:sqlite",
        "yaml"
      ),
      []
    )
  })
})
