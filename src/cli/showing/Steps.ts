/** Steps under the sequence that they belong to. */
import { Effect } from "effect"
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import type { AsOfQuery, Scheduler, SchedulerError } from "../../Scheduler.ts"
import { SEQUENCE } from "../../work/sequence/SequenceArgs.ts"
import { allPages } from "./Pages.ts"

/** Sequences whose steps are asked for at the same time. */
const AT_ONCE = 8

/** Each execution, and behind a sequence its steps, in the order in which they became due. */
export const withSteps = (
  scheduler: Scheduler["Service"],
  executions: ReadonlyArray<TaskExecution>,
  moment: AsOfQuery
): Effect.Effect<ReadonlyArray<TaskExecution>, SchedulerError> =>
  Effect.map(
    Effect.forEach(
      executions,
      (execution) =>
        execution.taskType === SEQUENCE
          ? allPages(Infinity, (page) =>
              scheduler.executions({
                taskId: execution.taskId,
                parent: execution.executionId,
                reverse: true,
                ...moment,
                ...page
              })
            ).pipe(
              Effect.flatMap((steps) => withSteps(scheduler, steps, moment)),
              Effect.map((steps) => [execution, ...steps])
            )
          : Effect.succeed([execution]),
      { concurrency: AT_ONCE }
    ),
    (trees) => trees.flat()
  )

/** How deep an execution stands under others of these. */
export const depthOf = (execution: TaskExecution, all: ReadonlyMap<string, TaskExecution>): number => {
  const parent = execution.parentExecutionId === null ? undefined : all.get(execution.parentExecutionId)
  return parent === undefined ? 0 : 1 + depthOf(parent, all)
}
