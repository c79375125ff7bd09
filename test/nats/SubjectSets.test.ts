import { assert, describe, it } from "@effect/vitest"
import { covers, disjoint, overlap } from "../../src/nats/SubjectSets.ts"

describe("sets of subjects", () => {
  it.each([
    ["a.b", "a.b", true],
    ["a.*", "a.b", true],
    ["a.*", "a.b.c", false],
    ["a.>", "a.b.c", true],
    ["a.>", "a.>", true],
    ["a.>", "a", false],
    ["a.*", "a.>", false],
    ["a.b", "a.*", false],
    [">", "a.>", true]
  ])("%s covers %s: %s", (wide, narrow, expected) => {
    assert.strictEqual(covers(wide, narrow), expected)
  })
  it.each([
    ["a.*.c", "a.b.*", true],
    ["a.b", "a.c", false],
    ["a.*", "a.b.c", false],
    ["a.>", "a.*.c", true],
    ["a.>", "a", false],
    ["a.b", "a.b", true]
  ])("%s and %s overlap: %s", (one, other, expected) => {
    assert.strictEqual(overlap(one, other), expected)
    assert.strictEqual(overlap(other, one), expected)
  })
  it.each<readonly [ReadonlyArray<string>, ReadonlyArray<string>]>([
    [
      ["b.x", "a.x", "a.x"],
      ["a.x", "b.x"]
    ],
    [["a.b", "a.*"], ["a.*"]],
    [["a.*.c", "a.b.*"], ["a.*.*"]],
    [["a.b", "a.b.c", "a.>"], ["a.>"]],
    [["a.*.c", "a.b.*", "a.x.y"], ["a.*.*"]],
    [
      ["a.b.c", "x.y"],
      ["a.b.c", "x.y"]
    ],
    [[], []]
  ])("of %j one stream holds %j", (given, held) => {
    const whole = disjoint(given)
    assert.deepStrictEqual(whole, held)
    for (const one of given) assert.isTrue(whole.some((wide) => covers(wide, one)))
    for (const one of whole) assert.isTrue(whole.every((other) => other === one || !overlap(other, one)))
  })
})
