/** What was missed, run late at the pace of its task: when each is due, and what goes first. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import { evolve } from "../../../src/actors/task/Evolve.ts"
import { MAX_WAITING } from "../../../src/actors/task/Overlap.ts"
import { type TaskState, wakeAt } from "../../../src/actors/task/TaskState.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import { toMillis } from "../../../src/recurrence/Instant.ts"
import type { SequenceArgs } from "../../../src/work/sequence/SequenceArgs.ts"
import { plan } from "../../../src/work/sequence/SequencePlan.ts"
import { TaskTypes } from "../../../src/work/TaskTypes.ts"
import { done, everySecond, History, RULES, START } from "../../support/task.ts"

const id = (seconds: number): string => executionIdOf("task-1", START + seconds * 1000)

/** Every minute, nothing decided until the test says so; two late runs a minute. */
const missed = (changes: Partial<TaskDefinition> = {}) => {
  const task = new History()
  task.schedule({
    recurrence: everySecond(60),
    catchUp: "all",
    catchUpRate: { count: 2, perMs: 60_000 },
    maxRetries: 0,
    ...changes
  })
  return task
}
/** Each execution that became due: its instant, and when it is due, in seconds; `*` where it waits for its turn. */
const dues = (task: History): ReadonlyArray<string> =>
  task.log.flatMap((event) =>
    event.type === "due"
      ? [
          `${(toMillis(event.nominalAt) - START) / 1000} at ${(toMillis(event.dueAt) - START) / 1000}${event.buffered === true ? "*" : ""}`
        ]
      : []
  )
const open = (task: History): ReadonlyArray<string> =>
  task.open.map((one) => one.replace("task-1@20260302T09", "").replace("00000Z#1", ""))
const end = (task: History, seconds: number) => {
  assert.strictEqual(task.claim(id(seconds)), "granted", `${seconds}`)
  task.report(id(seconds), done)
}
const wakes = (task: History): number =>
  ((task.state === undefined ? null : wakeAt(task.state, RULES.startedGraceMs)) ?? NaN) - START

describe("what was missed, at a pace", () => {
  it("is due one after another, each at its instant, never all at once", () => {
    const task = missed()
    task.at(310_000).wake()
    assert.deepStrictEqual(dues(task), ["60 at 310", "120 at 340*", "180 at 370*", "240 at 400*", "300 at 430*"])
    assert.deepStrictEqual(open(task), ["01 offered", "02 buffered", "03 buffered", "04 buffered", "05 buffered"])
    end(task.at(315_000), 60)
    assert.deepStrictEqual(open(task)[0], "02 waiting", "the next waits for its instant")
    assert.strictEqual(wakes(task), 340_000)
    assert.strictEqual(task.claim(id(120)), "held 25000")
    task.at(340_000).wake()
    assert.deepStrictEqual(open(task)[0], "02 offered")
  })

  it("keeps nothing waiting that is due on time, not even where both have come by the same turn", () => {
    const task = missed()
    task.at(328_000).wake()
    end(task.at(330_000), 60)
    assert.deepStrictEqual(open(task)[0], "02 waiting")
    assert.strictEqual(wakes(task), 358_000)
    assert.strictEqual(task.at(361_000).wake(), "due 360")
    assert.deepStrictEqual(open(task), ["02 buffered", "03 buffered", "04 buffered", "05 buffered", "06 offered"])
    end(task.at(362_000), 360)
    assert.deepStrictEqual(open(task), ["02 offered", "03 buffered", "04 buffered", "05 buffered"])
  })

  it("lets go first what is on time in the same decision", () => {
    const task = missed()
    assert.strictEqual(task.at(300_010).wake(), "due 60, due 120, due 180, due 240, due 300")
    assert.deepStrictEqual(dues(task), [
      "60 at 330.01",
      "120 at 360.01*",
      "180 at 390.01*",
      "240 at 420.01*",
      "300 at 300"
    ])
    assert.deepStrictEqual(open(task), ["01 buffered", "02 buffered", "03 buffered", "04 buffered", "05 offered"])
    end(task.at(301_000), 300)
    assert.deepStrictEqual(open(task), ["01 waiting", "02 buffered", "03 buffered", "04 buffered"])
    assert.strictEqual(wakes(task), 330_010)
  })

  it("lets go first what is on time also where it lies with the workers and none has begun it", () => {
    for (const overlap of ["skip", "bufferAll", "bufferOne"] as const) {
      const task = missed({ overlap })
      task.at(310_000).wake()
      assert.strictEqual(open(task)[0], "01 offered")
      assert.strictEqual(task.at(360_000).wake(), "due 360", overlap)
      assert.deepStrictEqual(open(task).slice(0, 1), ["01 buffered"])
      assert.strictEqual(open(task).at(-1), "06 offered")
      assert.strictEqual(task.claim(id(60)), "held 1000", "the worker that has it asks again")
      end(task.at(362_000), 360)
      end(task.at(363_000), 60)
    }
  })

  it("is a run like any other once it has begun: what is on time then follows the overlap policy", () => {
    const skips = missed()
    skips.at(310_000).wake()
    skips.claim(id(60))
    skips.at(310_200).wake()
    assert.strictEqual(skips.at(360_000).beat(id(60)), "continue")
    assert.strictEqual(skips.at(360_000).wake(), "skipped overlap 360-360 (1)")
    const waits = missed({ overlap: "bufferAll" })
    waits.at(310_000).wake()
    waits.claim(id(60))
    waits.at(310_200).wake()
    waits.at(360_000).beat(id(60))
    assert.strictEqual(waits.wake(), "due 360")
    waits.report(id(60), done)
    assert.strictEqual(open(waits).at(-1), "06 offered", "what is on time goes before what is late")
  })

  it("runs beside what is on time where the task allows all", () => {
    const task = missed({ overlap: "allowAll" })
    task.at(300_010).wake()
    assert.deepStrictEqual(dues(task), [
      "60 at 330.01",
      "120 at 360.01",
      "180 at 390.01",
      "240 at 420.01",
      "300 at 300"
    ])
    assert.deepStrictEqual(open(task), ["01 waiting", "02 waiting", "03 waiting", "04 waiting", "05 offered"])
    task.at(360_000).wake()
    assert.deepStrictEqual(open(task).slice(0, 2), ["01 offered", "02 waiting"])
  })

  it("keeps its pace over another outage, and over more than one decision", () => {
    const task = missed({ recurrence: everySecond(10), overlap: "allowAll", catchUpRate: { count: 1, perMs: 1000 } })
    task.at(45_500).wake()
    assert.deepStrictEqual(dues(task), ["10 at 45.5", "20 at 46.5", "30 at 47.5", "40 at 48.5"])
    task.at(46_000).wake()
    task.at(1_495_500).wake()
    const instants = dues(task).map((text) => Number(text.split(" ")[2]))
    for (const [index, at] of instants.entries()) {
      const before = instants[index - 1]
      if (before !== undefined && index > 4) assert.isAtLeast(at - before, 1, `${index}`)
    }
    while (task.state?._tag === "live" && (task.state.nextAt ?? Infinity) <= task.now) task.wake()
    const all = dues(task).map((text) => Number(text.split(" ")[2]))
    assert.strictEqual(new Set(all).size, all.length, "no two together")
    assert.strictEqual(all.length, 149)
    assert.strictEqual(all.at(-1), 1495.5 + 144)
  })

  it("runs at most the newest so many", () => {
    const task = missed({ catchUpMax: 2 })
    assert.strictEqual(task.at(310_000).wake(), "skipped catchUp 60-180 (3), due 240, due 300")
    assert.deepStrictEqual(dues(task), ["240 at 310", "300 at 340*"])
  })

  it(`holds at most ${MAX_WAITING} late ones, the newest`, () => {
    const task = missed({ recurrence: everySecond(1), catchUpWindowMs: 7 * 86_400_000 })
    task.at(5_000_500)
    for (let turn = 0; turn < 50 && task.state?._tag === "live" && (task.state.nextAt ?? 0) < START + 4_995_500; turn++)
      task.wake()
    assert.strictEqual(dues(task).length, MAX_WAITING)
    assert.isTrue(dues(task)[0]?.startsWith("3996 at 5030.5"), dues(task)[0])
  })

  it("expires by the instant at which it is due late", () => {
    const task = missed({ expiresMs: 10_000 })
    task.at(310_000).wake()
    assert.strictEqual(task.at(319_000).wake(), "")
    assert.strictEqual(task.at(320_000).wake(), "failure 1 expired")
    assert.deepStrictEqual(open(task)[0], "02 waiting")
  })

  it("is the same after a restart: its turn follows from the events", () => {
    const task = missed()
    task.at(310_000).wake()
    end(task.at(315_000), 60)
    task.at(340_000).wake()
    end(task.at(345_000), 120)
    task.at(360_000).wake()
    end(task.at(361_000), 360)
    const again = task.log.reduce<TaskState | undefined>(
      (state, event) => evolve(state, event, { sequence: 1 }, 0),
      undefined
    )
    const executions = (state: TaskState | undefined) => (state?._tag === "live" ? state.executions : [])
    assert.deepStrictEqual(executions(again), executions(task.state))
    assert.deepStrictEqual(open(task), ["03 waiting", "04 buffered", "05 buffered"])
  })

  it("is asked for again, never forgotten, where an owner before had offered it and it waits for its turn now", () => {
    const task = missed()
    task.at(300_010).wake()
    assert.strictEqual(task.claim(id(60)), "held 1000")
  })

  it("sequences wait for their instant like other tasks", () => {
    const types = Effect.runSync(
      Effect.scoped(Effect.map(Layer.build(TaskTypes.layerDeclared()), (context) => Context.get(context, TaskTypes)))
    )
    const steps = [{ name: "a", type: "shell_command", args: { command: "true" } }]
    const taskArgs = Result.getOrThrow(plan({ steps } as unknown as SequenceArgs, types))
    const task = missed({ taskType: "sequence", queue: "sequence", taskArgs })
    task.at(310_000).wake()
    assert.deepStrictEqual(open(task).slice(0, 2), ["01 steps", "02 buffered"])
    task.at(315_000).claim(`${id(60)}.a`)
    task.report(`${id(60)}.a`, done)
    assert.deepStrictEqual(open(task).slice(0, 2), ["02 waiting", "03 buffered"])
    assert.strictEqual(task.at(340_000).wake(), "started 1, due 120")
    task.claim(`${id(120)}.a`)
    assert.strictEqual(task.report(`${id(120)}.a`, done), "success 1, success 1")
  })
})
