import { assert, describe, it } from "@effect/vitest"
import { type Instants, MAX_DECISIONS, ON_TIME_MS, type Policy, verdicts } from "../../../src/actors/task/CatchUp.ts"

/** Every `every` milliseconds from 0. */
const each = (every: number): Instants => ({
  next: (after) => Math.floor(after / every) * every + every,
  range: (from, to) => {
    const first = Math.floor(from / every) * every + every
    const last = Math.floor(to / every) * every
    return last < first ? null : { first, last, count: (last - first) / every + 1 }
  }
})

const MINUTE = 60_000
const DAY = 86_400_000
const policy = (catchUp: Policy["catchUp"], catchUpWindowMs = DAY): Policy => ({
  oneTime: false,
  catchUp,
  catchUpWindowMs
})
const shown = (nextAt: number, now: number, rule: Policy, every = MINUTE) =>
  verdicts(each(every), nextAt, now, rule).map((verdict) =>
    verdict._tag === "run"
      ? `run ${verdict.at / every}`
      : `skip ${verdict.first / every}-${verdict.last / every} (${verdict.count})`
  )

describe("catching up", () => {
  it("runs an instant that has just come, whatever the policy", () => {
    for (const catchUp of ["none", "latest", "earliest", "all"] as const) {
      assert.deepStrictEqual(shown(10 * MINUTE, 10 * MINUTE + 3, policy(catchUp)), ["run 10"])
    }
  })

  it("runs every instant of a short stall: none of them is late yet", () => {
    assert.deepStrictEqual(shown(1000, 3500, policy("latest"), 1000), ["run 1", "run 2", "run 3"])
  })

  it("takes an instant for late five seconds after it, and not at five seconds", () => {
    assert.deepStrictEqual(shown(10 * MINUTE, 10 * MINUTE + 5000, policy("none")), ["run 10"])
    assert.deepStrictEqual(shown(10 * MINUTE, 10 * MINUTE + 5001, policy("none")), ["skip 10-10 (1)"])
  })

  it("looks back over the whole window: what is as old as the window is run, what is older is not", () => {
    const earliest = policy("earliest", 10 * MINUTE)
    assert.deepStrictEqual(
      shown(8 * MINUTE, 20 * MINUTE + 10_000, policy("earliest", 10 * MINUTE + 10_000))[1],
      "run 10"
    )
    assert.deepStrictEqual(shown(8 * MINUTE, 20 * MINUTE + 10_000, policy("earliest", 10 * MINUTE + 9999))[1], "run 11")
    assert.deepStrictEqual(shown(8 * MINUTE, 20 * MINUTE + 10_000, earliest)[0], "skip 8-10 (3)")
  })

  const now = 20 * MINUTE + 30_000
  it("none: skips what was missed, as one decision with its count", () => {
    assert.deepStrictEqual(shown(10 * MINUTE, now, policy("none")), ["skip 10-20 (11)"])
  })
  it("latest: skips all but the newest", () => {
    assert.deepStrictEqual(shown(10 * MINUTE, now, policy("latest")), ["skip 10-19 (10)", "run 20"])
  })
  it("latest: a newer one that is on time takes the place of all that were missed", () => {
    assert.deepStrictEqual(shown(10 * MINUTE, 20 * MINUTE + 10, policy("latest")), ["skip 10-19 (10)", "run 20"])
  })
  it("earliest: runs the oldest and skips the rest", () => {
    assert.deepStrictEqual(shown(10 * MINUTE, now, policy("earliest")), ["run 10", "skip 11-20 (10)"])
  })
  it("all: runs each in order", () => {
    assert.deepStrictEqual(shown(18 * MINUTE, now, policy("all")), ["run 18", "run 19", "run 20"])
  })
  it("leaves out what lies further back than the window", () => {
    assert.deepStrictEqual(shown(10 * MINUTE, now, policy("all", 2 * MINUTE)), ["skip 10-18 (9)", "run 19", "run 20"])
    assert.deepStrictEqual(shown(10 * MINUTE, now, policy("earliest", 2 * MINUTE)), [
      "skip 10-18 (9)",
      "run 19",
      "skip 20-20 (1)"
    ])
    assert.deepStrictEqual(shown(10 * MINUTE, now, policy("latest", 1000)), ["skip 10-20 (11)"])
  })

  it("all: at most the newest so many, the rest skipped with what lies beyond the window", () => {
    const at = (nextMinute: number, most: number, windowMs = DAY) =>
      shown(nextMinute * MINUTE, now, { ...policy("all", windowMs), catchUpMax: most })
    assert.deepStrictEqual(at(10, 3), ["skip 10-17 (8)", "run 18", "run 19", "run 20"])
    assert.deepStrictEqual(at(10, 1), ["skip 10-19 (10)", "run 20"])
    assert.deepStrictEqual(at(18, 3), ["run 18", "run 19", "run 20"])
    assert.deepStrictEqual(at(10, 3, 2 * MINUTE), ["skip 10-18 (9)", "run 19", "run 20"])
    assert.deepStrictEqual(at(10, 0), ["skip 10-20 (11)"])
  })
  it("all: the newest so many do not count what is on time", () => {
    const rule = { ...policy("all"), catchUpMax: 2 }
    assert.deepStrictEqual(shown(10 * MINUTE, 20 * MINUTE + 10, rule), ["skip 10-17 (8)", "run 18", "run 19", "run 20"])
  })
  it("none, latest and earliest run one at most, however many are allowed", () => {
    for (const [catchUp, expected] of [
      ["none", ["skip 10-20 (11)"]],
      ["latest", ["skip 10-19 (10)", "run 20"]],
      ["earliest", ["run 10", "skip 11-20 (10)"]]
    ] as const) {
      assert.deepStrictEqual(shown(10 * MINUTE, now, { ...policy(catchUp), catchUpMax: 5 }), [...expected])
    }
  })
  it("finds the newest of a million without looking at each", () => {
    let asked = 0
    const grid = each(1000)
    const counting: Instants = { ...grid, range: (from, to) => ((asked += 1), grid.range(from, to)) }
    const late = verdicts(counting, 0, 1_000_000_000, { ...policy("all", 30 * DAY), catchUpMax: 2 })
    assert.deepStrictEqual(
      late.map((verdict) => (verdict._tag === "run" ? verdict.at : verdict.count)),
      [
        999_993, 999_993_000, 999_994_000, 999_995_000, 999_996_000, 999_997_000, 999_998_000, 999_999_000,
        1_000_000_000
      ]
    )
    assert.isBelow(asked, 50)
  })

  it("runs a one-time task late rather than never, whatever policy and window", () => {
    const rule: Policy = { oneTime: true, catchUp: "none", catchUpWindowMs: 1 }
    assert.deepStrictEqual(verdicts({ next: () => null, range: () => null }, 5, 365 * DAY, rule), [
      { _tag: "run", at: 5 }
    ])
  })

  it("decides every instant exactly once, in order, also when there are more than fit into one go", () => {
    const end = 10_000 * MINUTE
    for (const catchUp of ["none", "latest", "earliest", "all"] as const) {
      const decided: Array<number> = []
      let nextAt = MINUTE
      for (let turn = 0; nextAt <= end; turn++) {
        assert.isBelow(turn, 200)
        const made = verdicts(each(MINUTE), nextAt, end, policy(catchUp, 30 * DAY))
        assert.isAtMost(made.filter((verdict) => verdict._tag === "run").length, MAX_DECISIONS)
        for (const verdict of made) {
          if (verdict._tag === "run") decided.push(verdict.at)
          else for (let at = verdict.first; at <= verdict.last; at += MINUTE) decided.push(at)
        }
        nextAt = (decided.at(-1) ?? 0) + MINUTE
      }
      assert.deepStrictEqual(
        decided,
        Array.from({ length: 10_000 }, (_, index) => (index + 1) * MINUTE)
      )
    }
  })

  it("decides the instant that was promised also where the rules of its zone have changed since", () => {
    const promised = 10 * MINUTE + 30_000
    const told = (catchUp: Policy["catchUp"], at: number) => shown(promised, at, policy(catchUp))
    assert.deepStrictEqual(told("none", 11 * MINUTE - 1), ["skip 10.5-10.5 (1)"])
    assert.deepStrictEqual(told("latest", 11 * MINUTE - 1), ["run 10.5"])
    assert.deepStrictEqual(told("none", 12 * MINUTE + 30_000), ["skip 10.5-12 (3)"])
    assert.deepStrictEqual(told("earliest", 12 * MINUTE + 30_000), ["run 10.5", "skip 11-12 (2)"])
  })

  it("calls an instant late only after the stated time", () => {
    const at = 10 * MINUTE
    assert.deepStrictEqual(shown(at, at + ON_TIME_MS, policy("none")), ["run 10"])
    assert.deepStrictEqual(shown(at, at + ON_TIME_MS + 1, policy("none")), ["skip 10-10 (1)"])
  })
})
