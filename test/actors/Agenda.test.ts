import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Agenda } from "../../src/actors/Agenda.ts"

describe("the agenda", () => {
  it("gives due tasks earliest first and leaves the others", () => {
    const agenda = new Agenda()
    agenda.set("c", 30)
    agenda.set("a", 10)
    agenda.set("b", 20)
    assert.deepStrictEqual(agenda.takeDue(20, 10), ["a", "b"])
    assert.strictEqual(agenda.head(), 30)
    assert.strictEqual(agenda.size, 1)
  })

  it("knows only the newest wake time of a task, earlier or later", () => {
    const agenda = new Agenda()
    agenda.set("a", 10)
    agenda.set("a", 50)
    assert.deepStrictEqual(agenda.takeDue(20, 10), [])
    agenda.set("a", 5)
    assert.deepStrictEqual(agenda.takeDue(20, 10), ["a"])
    assert.strictEqual(agenda.head(), null)
  })

  it("forgets a task that is removed", () => {
    const agenda = new Agenda()
    agenda.set("a", 10)
    agenda.set("a", null)
    assert.strictEqual(agenda.head(), null)
    assert.deepStrictEqual(agenda.takeDue(100, 10), [])
  })

  it("takes no more than asked for, and the rest later", () => {
    const agenda = new Agenda()
    for (let index = 0; index < 5; index++) agenda.set(`t${index}`, index)
    assert.deepStrictEqual(agenda.takeDue(10, 2), ["t0", "t1"])
    assert.deepStrictEqual(agenda.takeDue(10, 9), ["t2", "t3", "t4"])
  })

  const Step = Schema.Struct({
    task: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })),
    at: Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 })))
  })
  it.prop(
    "agrees with a sorted list whatever is set and removed",
    [Schema.Array(Step)],
    ([steps]) => {
      const agenda = new Agenda()
      const model = new Map<string, number>()
      for (const { at, task } of steps) {
        agenda.set(`t${task}`, at)
        if (at === null) model.delete(`t${task}`)
        else model.set(`t${task}`, at)
      }
      const taken = agenda.takeDue(500, 1000)
      const expected = [...model].filter(([, at]) => at <= 500)
      const times = taken.map((task) => model.get(task) ?? -1)
      return (
        taken.length === expected.length &&
        times.every((at, index) => index === 0 || (times[index - 1] ?? 0) <= at) &&
        agenda.size === model.size - expected.length
      )
    },
    { arbitrary: { runs: 300 } }
  )

  it("drops replaced entries instead of keeping them for ever", () => {
    const agenda = new Agenda()
    for (let at = 0; at < 100_000; at++) agenda.set("a", at)
    agenda.set("b", 1)
    assert.deepStrictEqual(agenda.takeDue(1, 10), ["b"])
    assert.strictEqual(agenda.head(), 99_999)
  })
})
