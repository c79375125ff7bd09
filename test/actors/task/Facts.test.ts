/** What the log is told, field by field and word by word: what a fact leaves out is lost for ever. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Task from "../../../src/actors/task/Task.ts"
import { backoff } from "../../../src/actors/task/Backoff.ts"
import type { TaskState } from "../../../src/actors/task/TaskState.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import type { TaskEvent } from "../../../src/events/TaskEvent.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import type { Outcome, Report } from "../../../src/work/Work.ts"
import { definition, done, everySecond, failed, History, START } from "../../support/task.ts"

const instant = (seconds: number): string => fromMillis(START + seconds * 1000)
const id = (seconds: number): string => executionIdOf("task-1", START + seconds * 1000)
const minutely: Partial<TaskDefinition> = { recurrence: everySecond(60) }

const running = (changes: Partial<TaskDefinition> = {}): History => {
  const task = new History()
  task.schedule({ ...minutely, ...changes })
  task.at(60_000).wake()
  assert.strictEqual(task.claim(id(60)), "granted")
  return task
}
const last = (task: History): TaskEvent | undefined => task.log.at(-1)

const common = {
  version: 1,
  taskId: "task-1",
  taskName: "backup",
  taskType: "shell_command",
  scheduleType: "recurring",
  revision: 1
} as const
const ofFirst = { ...common, executionId: id(60), nominalAt: instant(60), dueAt: instant(60), attempt: 1 }

/** What a worker says that ran from the first second to the third of a minute. */
const said = (outcome: Outcome, more: Partial<Report> = {}): Report => ({
  taskId: "task-1",
  executionId: id(60),
  attempt: 1,
  worker: "w1",
  startedAt: instant(61),
  finishedAt: instant(63),
  outcome,
  ...more
})
const ran = { worker: "w1", startedAt: instant(61), finishedAt: instant(63), durationMs: 2000 }
const byWorker = { commandId: `${id(60)}#1`, actor: "w1" }

describe("a report", () => {
  it("of success is kept whole, with what the attempt said about itself", () => {
    const task = running()
    const output = { text: "half way", truncated: false }
    assert.deepStrictEqual(
      Task.report(task.state, said({ outcome: "done", result: { count: 3 } }, { output }), START + 64_000),
      [
        {
          ...ofFirst,
          ...ran,
          type: "success",
          time: instant(64),
          causedBy: byWorker,
          output,
          result: { count: 3 }
        }
      ]
    )
    const [quiet] = Task.report(task.state, said(done), START + 64_000)
    assert.isFalse(quiet !== undefined && "output" in quiet)
  })
  it("of failure says what was wrong, when it is tried again, and that this counts", () => {
    const task = running()
    assert.deepStrictEqual(Task.report(task.state, said(failed), START + 64_000), [
      {
        ...ofFirst,
        ...ran,
        type: "retry",
        time: instant(64),
        causedBy: byWorker,
        error: { code: "exitCode", message: "exited with 1" },
        nextAttemptAt: fromMillis(START + 64_000 + backoff({ backoffMs: 1000 }, { executionId: id(60), failed: 0 })),
        counted: true
      }
    ])
  })
  it("of failure for good ends the execution", () => {
    const task = running()
    const error = { code: "badArgs", message: "no" }
    assert.deepStrictEqual(Task.report(task.state, said({ outcome: "failedForGood", error }), START + 64_000), [
      { ...ofFirst, ...ran, type: "failure", time: instant(64), causedBy: byWorker, error }
    ])
  })
  it("that asks to come back later is not counted as a failure, and never comes back in the past", () => {
    const task = running()
    for (const [delayMs, at] of [
      [500, START + 64_500],
      [0, START + 64_000],
      [-500, START + 64_000]
    ] as const) {
      const later = { outcome: "comeBackLater", delayMs, error: { code: "busy", message: "later" } } as const
      const [retry] = Task.report(task.state, said(later), START + 64_000)
      assert.deepInclude(retry, { type: "retry", counted: false, nextAttemptAt: fromMillis(at) })
    }
  })
  it("of a worker whose clock went back says that it took no time", () => {
    const task = running()
    const [success] = Task.report(task.state, said(done, { startedAt: instant(64) }), START + 64_000)
    assert.deepInclude(success, { startedAt: instant(64), finishedAt: instant(63), durationMs: 0 })
  })
  it("of what was never offered changes nothing", () => {
    const task = running({ overlap: "bufferOne" })
    task.at(120_000).beat(id(60))
    assert.strictEqual(task.wake(), "started 1, due 120")
    assert.deepStrictEqual(Task.report(task.state, said(done, { executionId: id(120) }), task.now), [])
  })
})

describe("the start of an attempt", () => {
  it("is told with the worker that has it and the instant at which it got it", () => {
    const task = running()
    assert.strictEqual(task.at(60_100).wake(), "started 1")
    assert.deepStrictEqual(last(task), {
      ...ofFirst,
      type: "started",
      time: instant(60.1),
      causedBy: { commandId: `${id(60)}#1`, actor: "scheduler" },
      worker: "w1",
      startedAt: instant(60)
    })
  })
})

describe("an attempt that is lost", () => {
  it("is told as such, is tried again at once, and counts as no failure", () => {
    const task = running({ overlap: "bufferOne" })
    assert.strictEqual(task.at(70_000).wake(), "retry 1 lost")
    assert.deepStrictEqual(last(task), {
      ...ofFirst,
      type: "retry",
      time: instant(70),
      causedBy: { commandId: `${id(60)}#1`, actor: "scheduler" },
      worker: "w1",
      startedAt: instant(60),
      finishedAt: instant(70),
      durationMs: 10_000,
      error: {
        code: "lost",
        message: "worker w1 has not been heard of for 10000 ms; the attempt may have done some of its work"
      },
      nextAttemptAt: instant(70),
      counted: false
    })
    assert.deepInclude(task.state?._tag === "live" ? task.state.executions[0] : {}, { failed: 0, lost: 1 })
  })
  it("beside others leaves them as they are: only what has ended is gone", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(1), overlap: "allowAll", maxRuns: 3 })
    for (const second of [1, 2, 3]) task.at(second * 1000).wake()
    for (const attempt of [1, 2, 3]) {
      task.claim(id(1), attempt)
      task.at(3000 + attempt * 10_000)
      if (attempt < 3) task.claim(id(2))
      assert.strictEqual(task.wake().split(", ")[0], attempt < 3 ? `retry ${attempt} lost` : "failure 3 lost")
    }
    assert.strictEqual(task.state?.phase, "scheduled")
    assert.include(task.open, `${id(3)}#1 offered`)
  })
})

describe("attempts that are lost together", () => {
  const lost = (runs: number, thrice: ReadonlyArray<number>, once: ReadonlyArray<number>): string => {
    const task = new History()
    task.schedule({ recurrence: everySecond(1), overlap: "allowAll", maxRuns: runs })
    for (let second = 1; second <= runs; second++) task.at(second * 1000).wake()
    for (const attempt of [1, 2, 3]) {
      for (const second of thrice) task.claim(id(second), attempt)
      if (attempt === 3) for (const second of once) task.claim(id(second))
      const said = task.at(attempt * 20_000).wake()
      if (attempt === 3) return said
    }
    return ""
  }
  it("do not end the task while one of them is tried again", () => {
    assert.strictEqual(lost(2, [2], [1]), "retry 1 lost, failure 3 lost")
    assert.strictEqual(lost(2, [1], [2]), "failure 3 lost, retry 1 lost")
  })
  it("do not end the task while another has not begun", () => {
    assert.strictEqual(lost(3, [1, 2], []), "failure 3 lost, failure 3 lost")
    assert.strictEqual(lost(2, [1, 2], []), "failure 3 lost, failure 3 lost, completed")
  })
})

describe("the end of a task", () => {
  it("is told by the scheduler itself", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(id(60))
    task.report(id(60), done)
    assert.deepStrictEqual(last(task), {
      ...common,
      scheduleType: "one_time",
      type: "completed",
      time: instant(60),
      causedBy: { commandId: "task-1", actor: "scheduler" }
    })
  })
  it("by a cancellation tells what had begun, what goes with it, and by which revision", () => {
    const task = running({ overlap: "bufferOne" })
    task.at(120_000)
    task.beat(id(60))
    assert.strictEqual(task.wake(), "started 1, due 120")
    assert.strictEqual(task.cancel("x1"), "cancelled")
    assert.deepStrictEqual(last(task), {
      ...common,
      revision: 2,
      type: "cancelled",
      time: instant(120),
      causedBy: { commandId: "x1", actor: "test" },
      executions: [id(120)]
    })
  })
  it("by a cancellation keeps of a retry for which execution it stood, so that it can be done again", () => {
    const task = running({ maxRetries: 0 })
    task.report(id(60), failed)
    assert.strictEqual(
      task.command({ type: "retry", executionId: id(60), fromStart: false, endedAt: undefined }),
      "due 60"
    )
    const due = last(task)
    const again = due?.type === "due" ? due.executionId : ""
    assert.strictEqual(task.cancel(), "cancelled")
    assert.deepInclude(last(task), {
      executions: [again],
      origins: [{ executionId: again, retryOf: id(60) }]
    })
  })
  it("by a cancellation keeps of what a message started where in the log the message stands", () => {
    const task = new History()
    task.schedule({ recurrence: { kind: "subject", subject: "orders.created" } })
    const message = {
      id: "ORDERS.1",
      subject: "orders.created",
      at: fromMillis(task.now),
      place: { stream: "ORDERS", created: "c1", sequence: 1 },
      data: {}
    }
    const fire = { type: "fire", heardFor: "on subject orders.created", message, bytes: 10, chain: 0 } as const
    task.command(fire)
    const due = last(task)
    const started = due?.type === "due" ? due.executionId : ""
    assert.strictEqual(task.cancel(), "cancelled")
    assert.deepInclude(last(task), {
      executions: [started],
      origins: [{ executionId: started, dueLogSequence: 2 }]
    })
  })
  it("that has come is not cancelled, though an execution of it is done again", () => {
    const task = new History()
    task.schedule({ maxRetries: 0 })
    task.at(60_000).wake()
    task.claim(id(60))
    assert.strictEqual(task.report(id(60), failed), "failure 1 exitCode, completed")
    const again = { type: "retry", executionId: id(60), fromStart: true, endedAt: undefined } as const
    assert.strictEqual(task.command(again), "due 60")
    assert.strictEqual(task.cancel(), "refused ended")
    assert.strictEqual(task.command({ type: "pause", until: null }), "refused ended")
  })
})

describe("a pause with an end", () => {
  const paused = (): History => {
    const task = new History()
    task.schedule(minutely)
    assert.strictEqual(task.command({ type: "pause", until: START + 90_000 }), "paused")
    return task
  }
  it("is over at that instant, not before, by the scheduler itself and once", () => {
    const task = paused()
    assert.strictEqual(task.at(89_999).wake(), "")
    assert.strictEqual(task.at(90_000).wake(), "skipped paused 60-60 (1), resumed")
    assert.deepStrictEqual(last(task)?.causedBy, { commandId: "task-1@pause2", actor: "scheduler" })
    assert.deepStrictEqual(task.log.at(-2)?.causedBy, { commandId: "task-1@pause2.skipped", actor: "scheduler" })
  })
  it("lasts on where the task is cancelled meanwhile", () => {
    const task = paused()
    task.cancel()
    assert.strictEqual(task.at(90_000).wake(), "")
    const busy = running()
    busy.command({ type: "pause", until: START + 65_000 })
    busy.cancel()
    assert.strictEqual(busy.at(65_000).wake(), "")
  })
})

describe("what is scheduled", () => {
  it("for messages needs an end that is to come, and no instant", () => {
    const messages: Partial<TaskDefinition> = { recurrence: { kind: "subject", subject: "orders.created" } }
    assert.strictEqual(new History().schedule(messages), "scheduled")
    assert.strictEqual(new History().schedule({ ...messages, endAt: instant(1) }), "scheduled")
    assert.strictEqual(new History().schedule({ ...messages, endAt: instant(-1) }), "refused invalidSchedule")
    assert.strictEqual(new History().schedule({ ...minutely, endAt: instant(30) }), "refused invalidSchedule")
    const paused = new History()
    paused.schedule({ ...messages, endAt: instant(60) })
    paused.command({ type: "pause", until: null })
    assert.strictEqual(paused.at(61_000).wake(), "", "its end is told when it goes on")
    const now = new History()
    assert.strictEqual(now.schedule({ ...messages, endAt: fromMillis(now.now) }), "scheduled")
  })
})

describe("calendars", () => {
  const days = (changedAt: number, from: string | null) => ({
    of: () => (from === null ? [] : [{ from, to: from }]),
    changedAt: () => changedAt
  })
  const daily: Partial<TaskDefinition> = { recurrence: everySecond(86_400), exclude: ["holidays", "audits"] }
  const calendarsOf = (event: TaskEvent | undefined) =>
    event !== undefined && "calendarsAt" in event ? event.calendarsAt : undefined
  it("stand in every decision about what comes next, and in none of a task that names none", () => {
    const task = new History()
    task.excluded = days(7, null)
    task.schedule(daily)
    assert.strictEqual(calendarsOf(last(task)), 7)
    task.excluded = days(8, null)
    task.at(86_400_000).wake()
    assert.deepInclude(last(task), { type: "due", calendarsAt: 8 })
  })
  it("that have changed move the next occurrence once, and say which did", () => {
    const task = new History()
    task.excluded = days(7, null)
    task.schedule(daily)
    task.excluded = days(8, "2026-03-03")
    assert.strictEqual(task.at(1000).wake(), "rescheduled")
    assert.deepInclude(last(task), {
      time: instant(1),
      nextAt: "2026-03-04T09:00:00.000Z",
      calendarsAt: 8,
      causedBy: {
        commandId: "task-1@8",
        actor: "scheduler",
        reason: "the days of holidays, audits have changed"
      }
    })
    assert.strictEqual(task.wake(), "")
    assert.strictEqual(task.at(2 * 86_400_000).wake(), "due 172800")
    assert.strictEqual(calendarsOf(last(task)), 8)
  })
  it("that change while a task is paused wait for it", () => {
    const task = new History()
    task.excluded = days(7, null)
    task.schedule(daily)
    task.command({ type: "pause", until: null })
    task.excluded = days(8, "2026-03-03")
    assert.strictEqual(task.at(1000).wake(), "")
  })
  it("that leave nothing to come end the task, unless something of it is open", () => {
    for (const [open, told] of [
      [false, "rescheduled, completed"],
      [true, "rescheduled"]
    ] as const) {
      const task = new History()
      task.excluded = days(7, null)
      task.schedule({ ...daily, endAt: "2026-03-03T10:00:00.000Z" })
      if (open) task.run()
      task.excluded = days(8, "2026-03-03")
      assert.strictEqual(task.at(1000).wake(), told)
    }
  })
})

describe("a refusal", () => {
  const words = (state: TaskState | undefined, command: Task.TaskCommand): readonly [string, string | undefined] => {
    const decided = Task.decide(state, command, START)
    if (Result.isSuccess(decided)) return ["not refused", undefined]
    const { code, hint, message } = decided.failure
    assert.match(code, /^[a-z][A-Za-z]+$/)
    return [message, hint]
  }
  const causedBy = { commandId: "c9", actor: "test" }
  const cancel: Task.TaskCommand = { type: "cancel", taskId: "task-1", causedBy }
  const schedule = (changes: Partial<TaskDefinition>): Task.TaskCommand => ({
    type: "schedule",
    taskId: "task-1",
    definition: definition(changes),
    tzdata: "2026a",
    causedBy
  })
  it("says what is wrong and what to do", () => {
    const task = new History()
    task.schedule(minutely)
    assert.deepStrictEqual(words(task.state, schedule({ fingerprint: "f2" })), [
      'the id "task-1" belongs to a task with another definition',
      "choose another id, or leave it out and one is made"
    ])
    assert.deepStrictEqual(
      words(undefined, schedule({ ...minutely, endAt: instant(-1), scheduleSpec: "every minute" })),
      [
        '"every minute" has no occurrence after 2026-03-02T09:00:00.000Z',
        "give an instant, or an end, that lies in the future"
      ]
    )
    assert.deepStrictEqual(words(undefined, { type: "pause", taskId: "task-1", until: null, causedBy }), [
      'no task has the id "task-1"',
      undefined
    ])
    assert.deepStrictEqual(words(undefined, { type: "cancelWaiting", taskId: "task-1", causedBy }), [
      'no task has the id "task-1"',
      undefined
    ])
    const one: Task.TaskCommand = { type: "cancelExecution", taskId: "task-1", executionId: id(60), causedBy }
    assert.deepStrictEqual(words(undefined, one), [
      `no execution of task task-1 that is open has the id "${id(60)}"`,
      undefined
    ])
    assert.deepStrictEqual(words(undefined, cancel), ['no task has the id "task-1"', undefined])
    task.at(60_000).wake()
    task.claim(id(60))
    task.cancel()
    assert.deepStrictEqual(words(task.state, cancel), ["task task-1 has been cancelled already", undefined])
  })
  it("of what is over says how it goes on", () => {
    const pause: Task.TaskCommand = { type: "pause", taskId: "task-1", until: null, causedBy }
    const cancelled = new History()
    cancelled.schedule(minutely)
    cancelled.cancel()
    assert.deepStrictEqual(words(cancelled.state, pause), [
      "task task-1 has been cancelled",
      "let it go on: nagatha restore task-1"
    ])
    const over = new History()
    over.schedule()
    over.at(60_000).wake()
    over.claim(id(60))
    over.report(id(60), done)
    assert.deepStrictEqual(words(over.state, pause), [
      "task task-1 is over: nothing more of it is to come",
      "schedule it again"
    ])
    assert.deepStrictEqual(words(over.state, cancel), words(over.state, pause))
  })
})
