/** `nagatha reschedule ID WHEN`: a new schedule for a task. */
import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { GapPolicy, OverlapPolicy } from "../../recurrence/Recurrence.ts"
import { withScheduler } from "../Backend.ts"
import { ifRevision, showChange } from "../showing/Changed.ts"
import { choice, defined, text, zoneOf } from "../asking/Flags.ts"
import { byId } from "../asking/TaskNames.ts"
import { origin } from "../asking/TaskFlags.ts"

export const reschedule = Command.make(
  "reschedule",
  {
    id: Argument.String("ID").pipe(Argument.withDescription("Task id, or a beginning of 4 characters or more")),
    when: Argument.String("WHEN").pipe(
      Argument.withDescription('When from now on, such as "every weekday at 9:00", "tomorrow at 2pm", "0 2 * * *"')
    ),
    timezone: text("timezone", "ZONE", "IANA time zone, such as Europe/Berlin (default: the task's)"),
    dstGap: choice("dst-gap", GapPolicy.literals, "What a time that does not exist does (default: as before)"),
    dstOverlap: choice(
      "dst-overlap",
      OverlapPolicy.literals,
      "What a time that happens twice does (default: as before)"
    ),
    ifRevision,
    ...origin
  },
  Effect.fnUntraced(function* (input) {
    const zone = Option.isSome(input.timezone) ? { timezone: yield* zoneOf(input.timezone) } : {}
    yield* withScheduler((scheduler) =>
      showChange(scheduler, input.id, input.json, () =>
        byId(
          scheduler,
          input.id,
          scheduler.reschedule({
            taskId: input.id,
            schedule: input.when,
            ...zone,
            ...defined({
              dstGap: input.dstGap,
              dstOverlap: input.dstOverlap,
              ifRevision: input.ifRevision,
              reason: input.reason,
              commandId: input.commandId
            })
          })
        )
      )
    )
  })
).pipe(Command.withExamples([{ command: 'nagatha reschedule 4kx9 "every weekday at 8:30"' }]))
