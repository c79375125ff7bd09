import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { awaitFirst } from "../../src/cli/showing/Wait.ts"
import type { ScheduleAnswer } from "../../src/Scheduler.ts"
import { anExecution, aTask, aWorld, memoryScheduler } from "../support/scheduler.ts"

const answer: ScheduleAnswer = {
  taskId: "teatime000000001",
  created: true,
  understoodAs: "every day at 16:00",
  timezone: "Europe/Berlin",
  nextRuns: [{ at: "2026-03-08T15:00:00.000Z", local: "2026-03-08T16:00:00.000+01:00" }],
  notes: [],
  logSequence: 7
}

/** Newest first, as the service gives them. */
const past = [
  anExecution({ executionId: "third", dueAt: "2026-03-08T15:00:00.000Z" }),
  anExecution({ executionId: "second", dueAt: "2026-03-07T15:00:00.000Z" }),
  anExecution({ executionId: "first", dueAt: "2026-03-06T15:00:00.000Z" }),
  anExecution({ executionId: "none", dueAt: "2026-03-05T15:00:00.000Z", status: "skipped" })
]

const followed = (given: Partial<ScheduleAnswer>) =>
  Effect.map(
    awaitFirst(
      memoryScheduler(aWorld({ tasks: [aTask()], executions: past })),
      { ...answer, ...given },
      () => Effect.void
    ),
    ({ executionId }) => executionId
  )

describe("the execution that is waited for", () => {
  it.effect("is the first one of a new task, skipped ones aside", () =>
    Effect.map(followed({}), (id) => assert.strictEqual(id, "first"))
  )

  it.effect("is the next one to come of a task that was there before", () =>
    Effect.map(followed({ created: false }), (id) => assert.strictEqual(id, "third"))
  )

  it.effect("is the newest one of a task that was there before and has none to come", () =>
    Effect.map(followed({ created: false, nextRuns: [] }), (id) => assert.strictEqual(id, "third"))
  )
})
