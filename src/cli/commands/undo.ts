/** `nagatha undo ID` and `nagatha revert ID`: what a task was before its newest change, or at a revision, comes back. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { count, defined } from "../asking/Flags.ts"
import { origin } from "../asking/TaskFlags.ts"
import { byId } from "../asking/TaskNames.ts"
import { ifRevision, showChange } from "../showing/Changed.ts"

const id = Argument.String("ID").pipe(Argument.withDescription("Task id, or a beginning of 4 characters or more"))

export const undo = Command.make(
  "undo",
  { id, ifRevision, ...origin },
  Effect.fnUntraced(function* (input) {
    const common = defined({ ifRevision: input.ifRevision, reason: input.reason, commandId: input.commandId })
    yield* withScheduler((scheduler) =>
      showChange(scheduler, input.id, input.json, () =>
        byId(scheduler, input.id, scheduler.undo({ taskId: input.id, ...common }))
      )
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha undo 4kx9", description: "See what it takes back: nagatha info 4kx9 --changes" }
  ])
)

export const revert = Command.make(
  "revert",
  {
    id,
    toRevision: count("to-revision", 1, 1_000_000_000, "The revision whose definition comes back"),
    ifRevision,
    ...origin
  },
  Effect.fnUntraced(function* (input) {
    const common = defined({ ifRevision: input.ifRevision, reason: input.reason, commandId: input.commandId })
    yield* withScheduler((scheduler) =>
      showChange(scheduler, input.id, input.json, () =>
        byId(scheduler, input.id, scheduler.revert({ taskId: input.id, toRevision: input.toRevision, ...common }))
      )
    )
  })
).pipe(Command.withExamples([{ command: "nagatha revert 4kx9 --to-revision 3 --if-revision 7" }]))
