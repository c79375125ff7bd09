import { assert, describe, it } from "@effect/vitest"
import { durationText, localTime, relativeTime } from "../../src/cli/showing/Times.ts"
import { parseDuration } from "../../src/recurrence/Duration.ts"

describe("times for people", () => {
  it("shows an instant as the clocks of the zone do, always with the offset", () => {
    assert.strictEqual(localTime("2026-03-08T07:00:00.000Z", "America/New_York"), "Sun 2026-03-08 03:00:00 -04:00")
    assert.strictEqual(localTime("2026-03-08T06:59:59.999Z", "America/New_York"), "Sun 2026-03-08 01:59:59 -05:00")
    assert.strictEqual(localTime("2026-01-01T00:00:00.000Z", "UTC"), "Thu 2026-01-01 00:00:00 +00:00")
    assert.strictEqual(localTime("2026-01-01T00:00:00.000Z", "Asia/Kolkata"), "Thu 2026-01-01 05:30:00 +05:30")
  })

  it("says how far off an instant is in at most two units", () => {
    const now = Date.parse("2026-03-08T12:00:00.000Z")
    const at = (millis: number) => relativeTime(new Date(now + millis).toISOString(), now)
    assert.strictEqual(at(300), "now")
    assert.strictEqual(at(3 * 3_600_000), "in 3 h")
    assert.strictEqual(at(3 * 3_600_000 + 20 * 60_000 + 59_000), "in 3 h 20 min")
    assert.strictEqual(at(-120_000), "2 min ago")
    assert.strictEqual(at(-61_000), "1 min 1 s ago")
    assert.strictEqual(at(50 * 3_600_000), "in 2 d 2 h")
    assert.strictEqual(durationText(350), "350 ms")
    assert.strictEqual(durationText(1250), "1.2 s")
  })

  it("reads durations strictly", () => {
    const read: ReadonlyArray<readonly [string, number]> = [
      ["500ms", 500],
      ["1s", 1000],
      ["5m", 300_000],
      ["1h30m", 5_400_000],
      ["1d", 86_400_000],
      ["2w", 1_209_600_000],
      ["1m500ms", 60_500]
    ]
    for (const [text, millis] of read) assert.strictEqual(parseDuration(text), millis, text)
    for (const text of ["", "5", "5 m", "m", "-5m", "1.5h", "30m1h", "1h1h", "1e3s", "5M", "1y"]) {
      assert.strictEqual(parseDuration(text), undefined, text)
    }
  })
})
