/** `nagatha pause ID…`: nothing of the tasks becomes due until they go on. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { byFilter, choosing, chosen } from "../asking/ChosenTasks.ts"
import { eachTask } from "../showing/EachTask.ts"
import { text, timezone, zoneOf } from "../asking/Flags.ts"
import { boundOf } from "../asking/Moments.ts"
import { origin, originOf } from "../asking/TaskFlags.ts"
import { localTime } from "../showing/Times.ts"

export const pause = Command.make(
  "pause",
  {
    ...choosing,
    until: text("until", "INSTANT", 'When they go on by themselves, such as "tomorrow at 9" (default: nagatha resume)'),
    timezone,
    ...origin
  },
  Effect.fnUntraced(function* (input) {
    const zone = yield* zoneOf(input.timezone)
    const common = yield* originOf(input)
    yield* byFilter("pause", input)
    const until = Option.isSome(input.until) ? { until: yield* boundOf(input.until.value, "begin", zone) } : {}
    const words = "until" in until ? ` until ${localTime(until.until, zone)}` : ""
    yield* withScheduler((scheduler) =>
      Effect.flatMap(
        chosen(scheduler, "pause", input, ({ status }) => status === "scheduled" || status === "running"),
        (ids) =>
          eachTask(
            scheduler,
            ids,
            input.json,
            (taskId) => scheduler.pause({ taskId, ...until, ...common }),
            ({ taskId }) => `paused ${taskId}${words}`
          )
      )
    )
  })
).pipe(
  Command.withExamples([
    { command: 'nagatha pause --tag reports --yes --reason "end of the year"', description: "All that have a tag" },
    { command: 'nagatha pause 4kx9 --until "monday at 9" --reason "moving house"' },
    { command: "nagatha pause 4kx9 7pq2", description: "Until nagatha resume" }
  ])
)
