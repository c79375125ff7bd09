/** `nagatha cancel ID…`: stops tasks for good, after asking. */
import { Effect, Option, Terminal } from "effect"
import { Argument, Command, Flag, TerminalCapabilities } from "effect/cli"
import type { Scheduler } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { eachTask } from "../EachTask.ts"
import { usage } from "../Failure.ts"
import { defined, json, present, text } from "../Flags.ts"
import { note } from "../Output.ts"
import { byId } from "../TaskNames.ts"
import { visibleLine } from "../Text.ts"

const flags = {
  ids: Argument.String("ID").pipe(
    Argument.withDescription("Task ids, or beginnings of ids of 4 characters or more"),
    Argument.variadic({ min: 1 })
  ),
  yes: present("yes", "Do not ask").pipe(Flag.withAlias("confirm"), Flag.withAlias("y")),
  reason: text("reason", "TEXT", "Why; kept with the task's history"),
  commandId: text("command-id", "ID", "Id of this command, for one task: sent again, it is carried out at most once"),
  json
}

/** Shows what would be cancelled, and asks; anything but yes means no. */
const confirmed = Effect.fnUntraced(function* (scheduler: Scheduler["Service"], ids: ReadonlyArray<string>) {
  const found = yield* Effect.forEach(ids, (id) => byId(scheduler, id, scheduler.info({ id, executions: 1 })))
  // Who asks for what is cancelled already is told so, and not asked.
  if (found.every(({ task }) => task.status === "cancelled")) return true
  for (const { task } of found) {
    yield* note(`${task.taskId}  ${visibleLine(task.taskName)}  ${task.status}  ${visibleLine(task.understoodAs)}`)
  }
  yield* note(found.length === 1 ? "Cancel this task? [y/N]" : `Cancel these ${found.length} tasks? [y/N]`)
  const answer = yield* Terminal.Terminal.use((terminal) => terminal.readLine)
  return /^\s*y(es)?\s*$/i.test(answer)
})

export const cancel = Command.make(
  "cancel",
  flags,
  Effect.fnUntraced(function* (input) {
    if (Option.isSome(input.commandId) && input.ids.length > 1) {
      return yield* usage("--command-id is for one task; cancel them one by one")
    }
    const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
    if (!input.yes && (!canPrompt || input.json)) {
      return yield* usage("cancel asks before it cancels, and there is nobody to ask here", "give --yes")
    }
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        if (!input.yes && !(yield* confirmed(scheduler, input.ids))) return yield* note("nothing has been cancelled")
        const origin = defined({ reason: input.reason, commandId: input.commandId })
        yield* eachTask(
          scheduler,
          input.ids,
          input.json,
          (taskId) => scheduler.cancel({ taskId, ...origin }),
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
    { command: 'nagatha cancel 4kx9 7pq2 --yes --reason "moved to the new server"' }
  ])
)
