/** What changes of the clocks take away, held against a walk over every minute of the wall clock (`walk.ts`). */
import { assert, describe, it } from "@effect/vitest"
import * as LostInstants from "../../src/recurrence/LostInstants.ts"
import type { Recurrence } from "../../src/recurrence/Recurrence.ts"
import * as Zone from "../../src/recurrence/zone/Zone.ts"
import { fixedTimes, type Matches, walk } from "./walk.ts"

const DAY = 86_400_000
const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "Africa/Cairo",
  "Asia/Beirut"
]

const fields = (hours: ReadonlyArray<number>, minutes: ReadonlyArray<number>, sundays = false): Matches => {
  return (local) =>
    hours.includes(local.getUTCHours()) &&
    minutes.includes(local.getUTCMinutes()) &&
    (!sundays || local.getUTCDay() === 0)
}

const TIMES: ReadonlyArray<readonly [expression: string, matches: Matches]> = [
  ["0 30 2 * * *", fields([2], [30])],
  ["0 15 2 * * *", fields([2], [15])],
  ["0 0,15,45 2 * * *", fields([2], [0, 15, 45])],
  ["0 30 1-3 * * *", fields([1, 2, 3], [30])],
  ["0 0 2,3 * * *", fields([2, 3], [0])],
  ["0 20 0 * * *", fields([0], [20])],
  ["0 10 2 * * 0", fields([2], [10], true)]
]

const cron = (expression: string, timezone: string): Recurrence => ({
  kind: "cron",
  expression,
  timezone,
  gap: "skip",
  overlap: "first"
})

const schedule = (recurrence: Recurrence, timezone: string, bounds: object = {}) => ({
  recurrence,
  timezone,
  startAt: null,
  endAt: null,
  ...bounds
})

/** The changes forward of a zone in two years. */
const changesOf = (zone: string): ReadonlyArray<number> => {
  const all: Array<number> = []
  for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2028, 0, 1);) {
    const change = Zone.nextTransition(zone, at)
    if (change === null) break
    if (change.after > change.before) all.push(change.at)
    at = change.at
  }
  return all
}

describe("lost instants", () => {
  it("are those that run by the rule nextValid and not by skip, in every zone", () => {
    let lost = 0
    for (const zone of ZONES) {
      for (const change of changesOf(zone)) {
        const [from, to] = [change - 2 * DAY, change + 3 * DAY]
        const minutes = walk(zone, from, to)
        for (const [expression, matches] of TIMES) {
          const runs = new Set(fixedTimes(minutes, matches, "skip"))
          const expected = fixedTimes(minutes, matches, "nextValid").filter((at) => !runs.has(at))
          const found = LostInstants.of(schedule(cron(expression, zone), zone))
          assert.deepStrictEqual(found?.between(from, to + 1), expected, `${zone} ${expression}`)
          assert.strictEqual(found?.next(from, to + 1), expected[0] ?? null, `${zone} ${expression}`)
          // Neither the instant itself nor one before counts as after it.
          if (expected[0] !== undefined) {
            assert.isNull(found?.next(expected[0], to + 1))
            assert.deepStrictEqual(found?.between(from, expected[0]), [])
          }
          lost += expected.length
        }
      }
    }
    // Most of these times are lost somewhere: a comparison of nothing with nothing proves nothing.
    assert.isAbove(lost, 30)
  })

  it("keep to the bounds of a task and to its excluded days", () => {
    const berlin = cron("0 30 2 * * *", "Europe/Berlin")
    const gap = Date.parse("2026-03-29T01:00:00.000Z")
    const around = [gap - 5 * DAY, gap + 5 * DAY] as const
    const lost = (bounds: object, days: Parameters<typeof LostInstants.of>[1] = []) =>
      LostInstants.of(schedule(berlin, "Europe/Berlin", bounds), days)?.between(...around)
    assert.deepStrictEqual(lost({}), [gap])
    assert.deepStrictEqual(lost({ endAt: "2026-03-29T01:00:00.000Z" }), [gap])
    assert.deepStrictEqual(lost({ endAt: "2026-03-29T00:59:59.000Z" }), [])
    assert.deepStrictEqual(lost({ startAt: "2026-03-29T01:00:00.001Z" }), [])
    assert.deepStrictEqual(lost({}, [{ from: "2026-03-29", to: "2026-03-29" }]), [])
    assert.deepStrictEqual(lost({}, [{ from: "2026-03-28", to: "2026-03-28" }]), [gap])
  })

  it("are none where the task runs at that instant anyway, by another of its parts", () => {
    const of: Recurrence = {
      kind: "union",
      of: [
        { kind: "cron", expression: "0 30 2 * * *", timezone: "Europe/Berlin", gap: "skip", overlap: "first" },
        { kind: "interval", everyMs: 3_600_000, anchorAt: "2026-01-01T00:00:00.000Z" }
      ]
    }
    const found = LostInstants.of(schedule(of, "Europe/Berlin"))
    assert.deepStrictEqual(found?.between(Date.UTC(2026, 2, 1), Date.UTC(2026, 3, 30)), [])
  })

  it("can be none by the other rules, in elapsed time, once, or in what follows real time", () => {
    const berlin = { timezone: "Europe/Berlin", overlap: "first" } as const
    const none: ReadonlyArray<Recurrence> = [
      { kind: "cron", expression: "0 30 2 * * *", gap: "nextValid", ...berlin },
      { kind: "cron", expression: "0 30 2 * * *", gap: "shift", ...berlin },
      { kind: "cron", expression: "0 */10 * * * *", gap: "skip", ...berlin },
      { kind: "interval", everyMs: 60_000, anchorAt: "2026-01-01T00:00:00.000Z" },
      { kind: "once", at: "2026-03-29T01:00:00.000Z" },
      { kind: "after", tasks: ["one"], on: "success" }
    ]
    for (const recurrence of none) assert.isNull(LostInstants.of(schedule(recurrence, "Europe/Berlin")))
  })
})
