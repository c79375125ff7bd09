import { assert, describe, it } from "@effect/vitest"
import { gridOf, without } from "../../src/audit/Grid.ts"
import { definition, everySecond, START } from "../support/task.ts"

describe("a grid without what was left out by hand", () => {
  const grid = gridOf(definition({ recurrence: everySecond(60) }), [])
  const at = (seconds: number) => START + seconds * 1000

  it("has its own instants left out of a stretch, and of its count", () => {
    assert.deepStrictEqual(without(grid, [at(120)]).range(START, at(240)), { first: at(60), last: at(240), count: 3 })
    assert.deepStrictEqual(without(grid, [at(60), at(240)]).range(START, at(240)), {
      first: at(120),
      last: at(180),
      count: 2
    })
  })

  it("counts all of a stretch in which something was left out of an earlier schedule", () => {
    assert.deepStrictEqual(without(grid, [at(90)]).range(START, at(240)), { first: at(60), last: at(240), count: 4 })
  })
})
