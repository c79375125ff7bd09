/** `nagatha logs EXECUTION`: what a command wrote (standard output, then standard error) or a run logged, as far as it was kept. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { Refused } from "../../actors/door/TaskRequest.ts"
import type { Scheduler } from "../../Scheduler.ts"
import { SEQUENCE } from "../../work/sequence/SequenceArgs.ts"
import { withScheduler } from "../Backend.ts"
import { followOutput, goesOn } from "../showing/FollowedOutput.ts"
import { json, present } from "../asking/Flags.ts"
import { note, out, outJson } from "../showing/Output.ts"
import { Presentation } from "../showing/Presentation.ts"
import { visible } from "../showing/Text.ts"

const flags = {
  id: Argument.String("EXECUTION").pipe(
    Argument.withDescription("Execution id, or a beginning of 4 characters or more; a task id: its newest execution")
  ),
  follow: present("follow", "Show it as it is written, until the execution has ended"),
  json
}

/** As it was written, to a file or a pipe; on a terminal without what could steer it. */
const show = Effect.fnUntraced(function* (text: string) {
  if (text === "") return
  const { columns } = yield* Presentation
  yield* out((columns === undefined ? text : visible(text)).replace(/\n$/, ""))
})

/** The execution that an id stands for; the newest one of a task where it is a task's. */
const meant = (scheduler: Scheduler["Service"], id: string) =>
  scheduler.execution({ id }).pipe(
    Effect.catchTag("Refused", (refused) => {
      if (refused.code !== "notFound" && refused.code !== "ambiguousId") return Effect.fail(refused)
      const newest = Effect.flatMap(scheduler.info({ id, executions: 1 }), ({ executions: [execution] }) =>
        execution === undefined
          ? Effect.fail(new Refused({ code: "notFound", message: `task ${id} has not run yet` }))
          : Effect.succeed(execution)
      )
      const none = new Refused({
        code: refused.code,
        message: refused.message,
        hint: "nagatha history lists the executions; the id of a task stands for its newest one"
      })
      return Effect.catchIf(
        newest,
        (error) => error._tag === "Refused" && (error.code === "ambiguousId" || !error.message.startsWith("task ")),
        () => Effect.fail(none)
      )
    })
  )

export const logs = Command.make(
  "logs",
  flags,
  Effect.fnUntraced(function* (input) {
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const first = yield* meant(scheduler, input.id)
        const execution = input.follow
          ? yield* followOutput(scheduler, first, input.json ? () => Effect.void : show)
          : first
        const { executionId, status, output, outputTruncated } = execution
        if (input.json) return yield* outJson({ executionId, status, output, outputTruncated })
        if (!input.follow) yield* show(output ?? "")
        if (outputTruncated) yield* note("some output was left out; the place is marked in it")
        if (output !== null && output !== "") return
        if (goesOn(execution)) yield* note(`execution ${executionId} is ${status} and has left no output yet`)
        else {
          yield* note(`execution ${executionId} (${execution.taskType}, ${status}) has no output`)
          if (execution.taskType === SEQUENCE) {
            yield* note(`its steps have: nagatha info ${execution.taskId} lists them, nagatha logs ${executionId}.STEP`)
          }
        }
      })
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha logs 9d2f > output.txt", description: "As it was written" },
    { command: "nagatha logs 9d2f --follow", description: "As it is written, until it has ended" }
  ])
)
