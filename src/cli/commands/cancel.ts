/** `nagatha cancel ID…`: stops tasks for good, after asking. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import type { Scheduler } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { byFilter, choosing, chosen, confirmed, mustAsk } from "../asking/ChosenTasks.ts"
import { eachTask } from "../showing/EachTask.ts"
import { note } from "../showing/Output.ts"
import { origin, originOf } from "../asking/TaskFlags.ts"
import { byId } from "../asking/TaskNames.ts"

const flags = { ...choosing, ...origin }

const isOpen = ({ status }: ScheduledTask): boolean =>
  status !== "cancelled" && status !== "completed" && status !== "failed"

/** Shows what would be cancelled, and asks; who asks for what is cancelled already is told so, and not asked. */
const agreed = Effect.fnUntraced(function* (scheduler: Scheduler["Service"], ids: ReadonlyArray<string>) {
  const found = yield* Effect.forEach(ids, (id) => byId(scheduler, id, scheduler.info({ id, executions: 1 })))
  const tasks = found.map(({ task }) => task)
  return tasks.every(({ status }) => status === "cancelled") || (yield* confirmed("cancel", tasks))
})

export const cancel = Command.make(
  "cancel",
  flags,
  Effect.fnUntraced(function* (input) {
    const common = yield* originOf(input)
    const filtered = yield* byFilter("cancel", input)
    yield* mustAsk("cancel", input)
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const ids = yield* chosen(scheduler, "cancel", input, isOpen)
        if (!filtered && !input.yes && !(yield* agreed(scheduler, ids)))
          return yield* note("nothing has been cancelled")
        yield* eachTask(
          scheduler,
          ids,
          input.json,
          (taskId) => scheduler.cancel({ taskId, ...common }),
          ({ taskId }) => `cancelled ${taskId}`
        )
      })
    )
  })
).pipe(
  Command.withAlias("rm"),
  Command.withDescription("Cancel tasks: what has not begun never begins, what runs is asked to stop"),
  Command.withExamples([
    { command: "nagatha cancel 4kx9", description: "The beginning of an id is enough; asks first" },
    { command: "nagatha cancel --tag experiment", description: "All that have a tag" },
    { command: 'nagatha cancel 4kx9 7pq2 --yes --reason "moved to the new server"' }
  ])
)
