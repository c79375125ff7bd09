/** `nagatha restore ID…`: tasks that are over go on. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { byFilter, choosing, chosen } from "../asking/ChosenTasks.ts"
import { present } from "../asking/Flags.ts"
import { origin, originOf } from "../asking/TaskFlags.ts"
import { eachTask } from "../showing/EachTask.ts"
import { localTime } from "../showing/Times.ts"
import type { ChangeAnswer } from "../../Scheduler.ts"

const told = ({ nextRuns: [next], taskId, timezone }: ChangeAnswer): string =>
  next === undefined
    ? `restored ${taskId}`
    : `restored ${taskId}, next run ${localTime(next.dueAt ?? next.at, timezone)}`

export const restore = Command.make(
  "restore",
  {
    ...choosing,
    allowPast: present("allow-past", "A task that runs once and never did runs at once where its time has passed"),
    ...origin
  },
  Effect.fnUntraced(function* (input) {
    const common = { ...(yield* originOf(input)), ...(input.allowPast ? { allowPast: true } : {}) }
    yield* byFilter("restore", input)
    yield* withScheduler((scheduler) =>
      Effect.flatMap(
        chosen(scheduler, "restore", input, () => true, { status: "cancelled", all: true }),
        (ids) => eachTask(scheduler, ids, input.json, (taskId) => scheduler.restore({ taskId, ...common }), told)
      )
    )
  })
).pipe(
  Command.withExamples([
    { command: 'nagatha restore 4kx9 --reason "cancelled by mistake"' },
    { command: "nagatha restore --tag reports", description: "All that were cancelled of a tag; asks first" }
  ])
)
