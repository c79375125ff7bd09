/** `nagatha run ID`: runs a task now, beside its schedule; `--from-step` takes up a failed sequence. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { failedExecution, showEnd, waited } from "../showing/AwaitedEnd.ts"
import { withScheduler } from "../Backend.ts"
import { defined, json, present, text } from "../asking/Flags.ts"
import { note, out, outJson } from "../showing/Output.ts"
import { byId } from "../asking/TaskNames.ts"

const flags = {
  id: Argument.String("ID").pipe(Argument.withDescription("Task id, or a beginning of 4 characters or more")),
  fromStep: text(
    "from-step",
    "NAME",
    "Of a sequence that has failed: begin again with this step; what ended well before it is not done again"
  ),
  wait: present("wait", "Wait until it has ended; exit code 6 if it failed"),
  reason: text("reason", "TEXT", "Why; kept with the task's history"),
  commandId: text("command-id", "ID", "Id of this command: sent again, it is carried out at most once"),
  json
}

export const run = Command.make(
  "run",
  flags,
  Effect.fnUntraced(function* (input) {
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const answer = yield* byId(
          scheduler,
          input.id,
          scheduler.run({
            taskId: input.id,
            ...defined({ fromStep: input.fromStep, reason: input.reason, commandId: input.commandId })
          })
        )
        if (!input.json) {
          yield* out(`runs now: execution ${answer.executionId}`)
          if (!input.wait) yield* note(`see it: nagatha info ${answer.taskId}`)
        }
        const { awaitExecution } = yield* Effect.promise(() => import("../showing/Wait.ts"))
        const execution = input.wait
          ? yield* waited(answer.taskId, input.json, (tell) => awaitExecution(scheduler, answer, tell))
          : undefined
        if (input.json) yield* outJson({ ...answer, ...(execution === undefined ? {} : { execution }) })
        else if (execution !== undefined) yield* showEnd(execution)
        if (execution !== undefined && execution.status !== "completed") yield* failedExecution(execution)
      })
    )
  })
).pipe(
  Command.withDescription(
    "Run a task now, beside its schedule, also while it is paused; not counted as one of its runs"
  ),
  Command.withExamples([
    { command: "nagatha run 4kx9 --wait" },
    { command: "nagatha run backup --from-step upload", description: "Take up a sequence that has failed" }
  ])
)
