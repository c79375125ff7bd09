/** Old shapes decode for ever; what is newer than this version stops its reader instead of being skipped. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Commit from "../../src/events/Commit.ts"
import { TaskEvent } from "../../src/events/TaskEvent.ts"

const MUSEUM = join(import.meta.dirname, "museum")
const pieces = readdirSync(MUSEUM).filter((name) => name.endsWith(".json"))

const decoded = (text: string): Commit.Commit => {
  const result = Commit.decode(7, text)
  if (Result.isFailure(result)) throw result.failure
  return result.success
}

describe("commits of every version", () => {
  it("are in the museum", () => {
    assert.include(pieces, "commit-v1.json")
  })
  for (const piece of pieces) {
    it(`decode, and encode to the same: ${piece}`, () => {
      const text = readFileSync(join(MUSEUM, piece), "utf8")
      const commit = decoded(text)
      const { events, v: _v, ...head } = commit
      const again = Commit.encode(
        head,
        events.map((event) => JSON.stringify(event))
      )
      assert.deepStrictEqual(JSON.parse(again), JSON.parse(text))
      assert.deepStrictEqual(decoded(again), commit)
    })
  }
  it("show every event that there is", () => {
    const shown = new Set(
      pieces.flatMap((piece) => decoded(readFileSync(join(MUSEUM, piece), "utf8")).events.map((event) => event.type))
    )
    const known = TaskEvent.members.map((member) => member.fields.type.literal)
    assert.deepStrictEqual([...shown].sort(), [...known].sort())
  })
})

describe("a commit that cannot be read", () => {
  const text = readFileSync(join(MUSEUM, "commit-v1.json"), "utf8")
  const reason = (changed: string): string => {
    const result = Commit.decode(7, changed)
    return Result.isFailure(result) ? result.failure.message : "read"
  }
  it("is named by its sequence: not JSON, an unknown event, a newer version, a field of the wrong kind", () => {
    for (const changed of [
      "{oops",
      text.replaceAll('"completed"', '"teleported"'),
      text.replace('"v": 1', '"v": 2'),
      text.replace('"partition": 3', '"partition": "three"'),
      text.replaceAll("2026-03-08T14:30:00.000Z", "yesterday")
    ]) {
      assert.notStrictEqual(changed, text)
      assert.match(reason(changed), /log sequence 7 cannot be read/)
    }
  })
  it("is not what a field that this version does not know makes of it", () => {
    assert.strictEqual(reason(text.replace('"partition": 3', '"partition": 3, "colour": "blue"')), "read")
  })
})
