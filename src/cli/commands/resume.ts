/** `nagatha resume ID…`: paused tasks go on; what they have missed is skipped, all at once. */
import { Effect } from "effect"
import { Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { eachTask } from "../EachTask.ts"
import { origin, originOf, taskIds } from "../TaskFlags.ts"

export const resume = Command.make(
  "resume",
  { ids: taskIds, ...origin },
  Effect.fnUntraced(function* (input) {
    const common = yield* originOf(input)
    yield* withScheduler((scheduler) =>
      eachTask(
        scheduler,
        input.ids,
        input.json,
        (taskId) => scheduler.resume({ taskId, ...common }),
        ({ taskId }) => `resumed ${taskId}`
      )
    )
  })
).pipe(
  Command.withDescription("Let paused tasks go on; what they have missed is not made up for"),
  Command.withExamples([{ command: "nagatha resume 4kx9" }])
)
