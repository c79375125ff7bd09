/** Old shapes decode for ever; what is newer than this version stops its reader instead of being skipped. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Commit from "../../src/events/Commit.ts"
import { MUSEUM, pieces } from "./museum/pieces.ts"

const FIRST = join(MUSEUM, "0.1.0", "commit-v1.json")

const decoded = (text: string): Commit.Commit => {
  const result = Commit.decode(7, text)
  if (Result.isFailure(result)) throw result.failure
  return result.success
}

describe("commits of every version", () => {
  for (const { name, text, version } of pieces()) {
    it(`decode, and encode to the same: ${version}/${name}`, () => {
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
})

describe("a commit that cannot be read", () => {
  const text = readFileSync(FIRST, "utf8")
  const reason = (changed: string): string => {
    const result = Commit.decode(7, changed)
    return Result.isFailure(result) ? result.failure.message : "read"
  }
  it("is named by its sequence: not JSON, an unknown event, a newer version, a field or a value that is not known", () => {
    for (const changed of [
      "{oops",
      text.replaceAll('"completed"', '"teleported"'),
      text.replace('"v": 1', '"v": 2'),
      text.replace('"partition": 3', '"partition": "three"'),
      text.replace('"partition": 3', '"partition": 3, "colour": "blue"'),
      text.replaceAll("2026-03-08T14:30:00.000Z", "yesterday")
    ]) {
      assert.notStrictEqual(changed, text)
      assert.match(reason(changed), /log sequence 7 cannot be read/)
    }
  })
  it("tells what a newer version wrote from what is damaged, and what to do", () => {
    assert.match(reason("{oops"), /It was damaged: restore the log from a copy/)
    assert.match(reason(text.replace('"partition": 3', '"partition": "three"')), /damaged/)
    for (const [changed, why] of [
      [
        text.replaceAll('"completed"', '"teleported"'),
        /the event "teleported" version 1 of task \S+ \(this kind of event/
      ],
      [text.replace('"version": 1', '"version": 7'), /version 7 of task \S+ \(of this kind only version 1 is known\)/],
      [text.replace('"version": 1', '"version": 1, "colour": "blue"'), /colour/],
      [text.replace('"v": 1', '"v": 2'), /it is a commit of version 2/],
      [text.replace('"partition": 3', '"partition": 3, "colour": "blue"'), /its field "colour" is not known/]
    ] as const) {
      assert.match(reason(changed), why)
      assert.match(reason(changed), /upgrade this node/)
    }
  })
  it("may hold fields that are not known where the event says that they can be done without", () => {
    const first = decoded(text).events[0] ?? assert.fail("an event")
    const commit = (event: object) => JSON.stringify({ ...(JSON.parse(text) as object), events: [event] })
    const more = {
      ...first,
      colour: "blue",
      definition: { ...("definition" in first ? first.definition : {}), size: 7 }
    }
    assert.strictEqual(reason(commit({ ...more, mayIgnore: ["colour", "definition.size"] })), "read")
    assert.deepStrictEqual(decoded(commit({ ...more, mayIgnore: ["colour", "definition.size"] })).events, [first])
    assert.match(reason(commit({ ...more, mayIgnore: ["colour"] })), /size/)
    assert.match(reason(commit(more)), /colour|size/)
  })
  it("keeps what is understood for those who go on with what they know", () => {
    const changed = text.replaceAll('"completed"', '"teleported"')
    const all = decoded(text).events
    const found = Commit.known({ sequence: 7, hash: "h", storedAt: 0, reading: Commit.read(7, changed) })
    assert.deepStrictEqual(
      found.commit.events,
      all.filter(({ type }) => type !== "completed")
    )
    assert.deepStrictEqual(
      found.parked?.map(({ type }) => type),
      all.filter(({ type }) => type === "completed").map(() => "teleported")
    )
    const fields = text.replace('"partition": 3', '"partition": 3, "colour": "blue", "size": 7')
    const odd = Commit.known({ sequence: 7, hash: "h", storedAt: 0, reading: Commit.read(7, fields) })
    // Each at a place of its own, by which it is kept.
    assert.deepStrictEqual(
      odd.parked?.map(({ place }) => place),
      ["commit.colour", "commit.size"]
    )
    const damaged = Commit.known({ sequence: 7, hash: "h", storedAt: 0, reading: Commit.read(7, "{oops") })
    assert.deepStrictEqual(damaged.commit.events, [])
    assert.deepStrictEqual(
      damaged.parked?.map(({ type }) => type),
      ["damaged"]
    )
  })
})
