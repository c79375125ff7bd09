/** `nagatha audit why ID INSTANT`: the one decision about an instant and its cause, or why there was none to make. */
import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { json, timezone, zoneOf } from "../../asking/Flags.ts"
import { edgeOf } from "../../asking/Moments.ts"
import { byId } from "../../asking/TaskNames.ts"
import { withScheduler } from "../../Backend.ts"
import { whyText } from "../../showing/AuditText.ts"
import { colors, out, outJson } from "../../showing/Output.ts"

export const why = Command.make(
  "why",
  {
    id: Argument.String("ID").pipe(Argument.withDescription("Task id, or a beginning of 4 characters or more")),
    at: Argument.String("INSTANT").pipe(
      Argument.withDescription('An instant or words, such as 2026-03-08T09:00, "yesterday at 9" or "tomorrow at 9"')
    ),
    timezone,
    json
  },
  Effect.fnUntraced(function* (input) {
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const { task } = yield* byId(scheduler, input.id, scheduler.info({ id: input.id, executions: 1 }))
        const zone = yield* zoneOf(Option.orElse(input.timezone, () => Option.some(task.timezone)))
        const at = yield* edgeOf(input.at, "begin", { zone, durations: "ago" })
        const answer = yield* scheduler.why({ id: task.taskId, at })
        if (input.json) return yield* outJson(answer)
        yield* out(whyText(answer, yield* colors))
      })
    )
  })
).pipe(
  Command.withDescription("Tell why a task ran at an instant, or why it did not"),
  Command.withExamples([
    { command: 'nagatha audit why 4kx9 "yesterday at 9"', description: "In the zone of the task" },
    { command: "nagatha audit why 4kx9 2026-03-29T02:30 --json" }
  ])
)
