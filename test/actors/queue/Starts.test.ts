/** A rate is never exceeded, in whatever stretch of its length. */
import { assert, describe, it } from "@effect/vitest"
import { Starts } from "../../../src/actors/queue/Starts.ts"
import { randomOf } from "../../support/random.ts"

describe("the starts that count against a rate", () => {
  const rate = { count: 3, perMs: 1000 }
  it("count for as long as its time, and then there is room again", () => {
    const starts = new Starts()
    for (const at of [0, 100, 200]) starts.add(at)
    assert.strictEqual(starts.within(rate, 200), 3)
    assert.strictEqual(starts.roomAt(rate), 1000)
    assert.strictEqual(starts.within(rate, 999), 3)
    assert.strictEqual(starts.within(rate, 1000), 2)
    starts.add(1000)
    assert.strictEqual(starts.within(rate, 1000), 3)
    assert.strictEqual(starts.roomAt(rate), 1100)
  })
  it("may be told late, in any order", () => {
    const starts = new Starts()
    for (const at of [500, 100, 300]) starts.add(at)
    assert.strictEqual(starts.within(rate, 600), 3)
    assert.strictEqual(starts.roomAt(rate), 1100)
    assert.strictEqual(starts.within(rate, 1100), 2)
    assert.strictEqual(starts.within(rate, 1300), 1)
  })
  it("do not block for ever where the clock is set back", () => {
    const starts = new Starts()
    for (const at of [3_600_000, 3_600_100, 3_600_200]) starts.add(at)
    assert.strictEqual(starts.within(rate, 5000), 3)
    assert.strictEqual(starts.roomAt(rate), 6000)
    assert.strictEqual(starts.within(rate, 6000), 0)
  })
  it("never exceed the rate in any stretch, nor wait where there is room", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = randomOf(seed)
      const one = { count: 1 + Math.floor(random() * 6), perMs: 1 + Math.floor(random() * 500) }
      const starts = new Starts()
      const begun: Array<number> = []
      let now = 0
      for (let turn = 0; turn < 300; turn++) {
        now += Math.floor(random() * one.perMs * 0.4)
        const counted = begun.filter((at) => at > now - one.perMs).length
        assert.strictEqual(starts.within(one, now), counted)
        if (counted >= one.count) {
          const room = starts.roomAt(one) ?? 0
          assert.isBelow(begun.filter((at) => at > room - one.perMs).length, one.count)
          assert.isAtLeast(begun.filter((at) => at > room - 1 - one.perMs).length, one.count)
          continue
        }
        starts.add(now)
        begun.push(now)
      }
      for (const from of begun) {
        assert.isAtMost(begun.filter((at) => at >= from && at < from + one.perMs).length, one.count)
      }
    }
  })
})
