/** Events of a task as the rules make them: a `History` of the rules, stored in a log. */
import { Effect } from "effect"
import { EventLog } from "../../src/events/EventLog.ts"
import { executionIdOf } from "../../src/events/ExecutionId.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import { done, History, START } from "./task.ts"

/** Id of the first execution of a task with the definition that tests use. */
export const firstExecution = (taskId: string): string => executionIdOf(taskId, START + 60_000)

/** A task that has been scheduled. */
export const scheduled = (taskId: string, changes: Partial<TaskDefinition> = {}): ReadonlyArray<TaskEvent> => {
  const task = new History(taskId)
  task.schedule(changes)
  return task.log
}

/** A task that was run, failed once, was tried again and succeeded. */
export const retried = (taskId: string): History => {
  const task = new History(taskId)
  task.schedule()
  task.at(60_000).wake()
  task.claim(firstExecution(taskId))
  task.at(60_100).wake()
  task.report(firstExecution(taskId), {
    outcome: "failed",
    error: {
      code: "exitCode",
      message: "exited with 3",
      detail: { exitCode: 3, signal: null, stdout: "out\n", stderr: "err\n", truncated: true }
    }
  })
  task.at(62_000).wake()
  task.claim(firstExecution(taskId), 2)
  task.report(firstExecution(taskId), done, 2)
  return task
}

/** Appends events as one commit to partition 0, after what is there. */
export const appendEvents = Effect.fnUntraced(function* (events: ReadonlyArray<TaskEvent>, previousSequence: number) {
  const log = yield* EventLog
  const outcome = yield* log.append(
    {
      commitId: `t.${previousSequence}`,
      partition: 0,
      time: "2026-03-02T09:00:00.000Z",
      previousSequence,
      previousHash: ""
    },
    events.map((event) => JSON.stringify(event))
  )
  return outcome._tag === "stored" ? outcome.sequence : yield* Effect.die(new Error("not stored"))
})
