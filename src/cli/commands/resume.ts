/** `nagatha resume ID…`: paused tasks go on; what they have missed is skipped, all at once. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { byFilter, choosing, chosen } from "../asking/ChosenTasks.ts"
import { eachTask } from "../showing/EachTask.ts"
import { origin, originOf } from "../asking/TaskFlags.ts"

export const resume = Command.make(
  "resume",
  { ...choosing, ...origin },
  Effect.fnUntraced(function* (input) {
    const common = yield* originOf(input)
    yield* byFilter("resume", input)
    yield* withScheduler((scheduler) =>
      Effect.flatMap(
        chosen(scheduler, "resume", input, ({ status }) => status === "paused"),
        (ids) =>
          eachTask(
            scheduler,
            ids,
            input.json,
            (taskId) => scheduler.resume({ taskId, ...common }),
            ({ taskId }) => `resumed ${taskId}`
          )
      )
    )
  })
).pipe(Command.withExamples([{ command: "nagatha resume 4kx9" }]))
