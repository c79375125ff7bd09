/** `nagatha skip ID INSTANT`: leaves out one occurrence. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { defined, timezone, zoneOf } from "../asking/Flags.ts"
import { momentOf } from "../asking/Moments.ts"
import { out, outJson } from "../showing/Output.ts"
import { byId } from "../asking/TaskNames.ts"
import { localTime } from "../showing/Times.ts"
import { origin } from "../asking/TaskFlags.ts"

export const skip = Command.make(
  "skip",
  {
    id: Argument.String("ID").pipe(Argument.withDescription("Task id, or a beginning of 4 characters or more")),
    instant: Argument.String("INSTANT").pipe(
      Argument.withDescription('Which one, as nagatha info lists it: 2026-12-24T09:00, "friday at 9"')
    ),
    timezone,
    ...origin
  },
  Effect.fnUntraced(function* (input) {
    const zone = yield* zoneOf(input.timezone)
    const instant = new Date(yield* momentOf("INSTANT", input.instant, zone)).toISOString()
    const answer = yield* withScheduler((scheduler) =>
      byId(
        scheduler,
        input.id,
        scheduler.skip({ taskId: input.id, instant, ...defined({ reason: input.reason, commandId: input.commandId }) })
      )
    )
    yield* input.json ? outJson(answer) : out(`${answer.taskId} leaves out ${localTime(instant, zone)}`)
  })
).pipe(Command.withExamples([{ command: "nagatha skip 4kx9 2026-12-24T09:00" }]))
