/** What a task is after each of its events, as a whole: what a state leaves out no later decision knows. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { evolve, KNOWN_COMMANDS } from "../../../src/actors/task/Evolve.ts"
import type { TaskState } from "../../../src/actors/task/TaskState.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import { definition, everySecond, failed, History, START } from "../../support/task.ts"

const id = (seconds: number): string => executionIdOf("task-1", START + seconds * 1000)
const changed = (changes: Partial<TaskDefinition>, timed: boolean) =>
  ({
    type: "change",
    ifRevision: undefined,
    apply: (before: TaskDefinition) => Result.succeed({ definition: { ...before, ...changes }, timed })
  }) as const

/** The state without what it remembers of commands and definitions; those as text. */
const parts = (state: TaskState | undefined) => {
  if (state === undefined) throw new Error("there is no task")
  const { commands, definitions, ...rest } = state
  return {
    rest,
    commands: commands.map(
      ({ commandId, position, revision, status }) => `${commandId} r${revision} ${status} @${position.sequence}`
    ),
    definitions: definitions.map(({ position, revision }) => `r${revision} @${position.sequence}`)
  }
}

describe("the state of a task", () => {
  it("follows from its events, field by field, through its whole life", () => {
    const task = new History()
    const calendars = (sequence: number) => ({ of: () => [], changedAt: () => sequence })
    task.excluded = calendars(7)
    const first = { recurrence: everySecond(60), exclude: ["holidays"], maxRetries: 0 }
    task.schedule(first, "s1")
    let expected: object = {
      _tag: "live",
      taskId: "task-1",
      definition: definition(first),
      scheduleType: "recurring",
      revision: 1,
      since: { sequence: 1 },
      phase: "scheduled",
      nextAt: START + 60_000,
      lostAt: null,
      calendarsAt: 7,
      pausedUntil: null,
      pacedUntil: 0,
      leftOut: [],
      failuresInARow: 0,
      runs: 0,
      executions: []
    }
    const is = (changes: object, what: string): void => {
      expected = { ...expected, ...changes }
      assert.deepStrictEqual(parts(task.state).rest, expected, what)
    }
    is({}, "scheduled")

    task.command({ type: "pause", until: START + 90_000 }, "p1")
    is({ revision: 2, phase: "paused", pausedUntil: START + 90_000 }, "paused")

    task.excluded = calendars(8)
    task.at(70_000).command({ type: "resume" }, "r1")
    is({ revision: 3, phase: "scheduled", pausedUntil: null, nextAt: START + 120_000, calendarsAt: 8 }, "resumed")

    task.command(changed({ taskName: "mended" }, false), "u1")
    const mended = definition({ ...first, taskName: "mended" })
    is({ revision: 4, definition: mended }, "updated")

    task.command({ type: "skip", at: START + 180_000 }, "k1")
    is({ leftOut: [START + 180_000] }, "skipped")

    task.at(120_000).wake()
    const due = { executionId: id(120), nominalAt: "2026-03-02T09:02:00.000Z", dueAt: "2026-03-02T09:02:00.000Z" }
    const execution = { ...due, attempt: 1, failed: 0, lost: 0, queuedAt: START + 120_000, stage: { _tag: "offered" } }
    is({ nextAt: START + 240_000, leftOut: [], runs: 1, executions: [execution] }, "due")

    task.claim(id(120))
    task.report(id(120), failed)
    is({ failuresInARow: 1, executions: [] }, "failure")

    const once = { kind: "once", at: "2026-03-02T10:00:00.000Z" } as const
    task.command(changed({ recurrence: once }, true), "u2")
    const at = START + 3_600_000
    const timed = { ...mended, recurrence: once }
    is({ revision: 5, scheduleType: "one_time", definition: timed, since: { sequence: 9 }, nextAt: at }, "rescheduled")

    task.command({ type: "pause", until: null }, "p2")
    is({ revision: 6, phase: "paused" }, "paused")
    task.cancel("x1")
    assert.deepStrictEqual(parts(task.state).rest, {
      _tag: "ended",
      taskId: "task-1",
      revision: 7,
      phase: "cancelled",
      fingerprint: "f1",
      queue: "shell_command",
      runs: 1,
      stoodAt: at
    })

    task.command({ type: "restore", allowPast: false }, "z1")
    const back = { since: { sequence: 12 }, broughtBackAt: START + 120_000, failuresInARow: 0 }
    is({ revision: 8, phase: "scheduled", ...back }, "restored")

    assert.deepStrictEqual(parts(task.state).commands, [
      "s1 r1 scheduled @1",
      "p1 r2 paused @2",
      "r1 r3 scheduled @4",
      "u1 r4 scheduled @5",
      "k1 r4 scheduled @6",
      "u2 r5 scheduled @9",
      "p2 r6 paused @10",
      "x1 r7 cancelled @11",
      "z1 r8 scheduled @12"
    ])
    assert.deepStrictEqual(parts(task.state).definitions, ["r1 @1", "r4 @5", "r5 @9"])
  })

  it("remembers the command that made it and the newest of the others", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60) }, "first")
    for (let turn = 0; turn < 10; turn++) {
      task.command({ type: "pause", until: null }, `pause ${turn}`)
      task.command({ type: "resume" }, `resume ${turn}`)
    }
    const known = task.state?.commands.map(({ commandId }) => commandId) ?? []
    assert.strictEqual(known.length, KNOWN_COMMANDS)
    assert.strictEqual(known[0], "first")
    assert.deepStrictEqual(known.slice(-15)[0], "resume 2")
    assert.deepStrictEqual(known.at(-1), "resume 9")
  })

  it("counts failures in a row of its own runs: not of those by hand, nor of steps, and what was lost is no failure of the run", () => {
    const failures = (task: History): number => (task.state?._tag === "live" ? task.state.failuresInARow : -1)
    const task = new History()
    task.schedule({ recurrence: everySecond(60), maxRetries: 0, overlap: "allowAll" })
    task.at(60_000).wake()
    task.run()
    const [own = "", byHand = ""] = task.open.map((one) => one.split("#")[0])
    task.claim(byHand)
    task.report(byHand, failed)
    assert.strictEqual(failures(task), 0)
    task.claim(own)
    task.report(own, failed)
    assert.strictEqual(failures(task), 1)
  })

  it("is not known of a task whose beginning is not", () => {
    const task = new History()
    task.schedule()
    task.command({ type: "pause", until: null })
    const [, paused] = task.log
    assert.throws(
      () => (paused === undefined ? null : evolve(undefined, paused, { sequence: 2 }, 0)),
      "event paused of the unknown task task-1"
    )
  })

  it("holds a start that the log knows for one lease from that start", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(id(60))
    task.at(60_100).wake()
    const again = task.log.reduce<TaskState | undefined>(
      (state, event, index) => evolve(state, event, { sequence: index + 1 }, 10_000),
      undefined
    )
    assert.deepStrictEqual(again?._tag === "live" ? again.executions[0]?.stage : null, {
      _tag: "claimed",
      worker: "w1",
      since: START + 60_000,
      leaseUntil: START + 70_000,
      recorded: true
    })
  })
})
