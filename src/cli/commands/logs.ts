/** `nagatha logs EXECUTION`: what a command wrote (standard output, then standard error) or a run logged, as far as it was kept. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { withScheduler } from "../Backend.ts"
import { followOutput, goesOn } from "../FollowedOutput.ts"
import { json, present } from "../Flags.ts"
import { note, out, outJson } from "../Output.ts"
import { Presentation } from "../Presentation.ts"
import { visible } from "../Text.ts"

const flags = {
  id: Argument.String("EXECUTION").pipe(
    Argument.withDescription("Execution id, or a beginning of 4 characters or more")
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

export const logs = Command.make(
  "logs",
  flags,
  Effect.fnUntraced(function* (input) {
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const first = yield* scheduler.execution({ id: input.id })
        const execution = input.follow
          ? yield* followOutput(scheduler, first, input.json ? () => Effect.void : show)
          : first
        const { executionId, status, output, outputTruncated } = execution
        if (input.json) return yield* outJson({ executionId, status, output, outputTruncated })
        if (!input.follow) yield* show(output ?? "")
        if (outputTruncated) yield* note("some output was left out; the place is marked in it")
        if (output !== null && output !== "") return
        if (goesOn(execution)) yield* note(`execution ${executionId} is ${status} and has left no output yet`)
        else yield* note(`execution ${executionId} (${execution.taskType}, ${status}) has no output`)
      })
    )
  })
).pipe(
  Command.withDescription("Print the output of one execution"),
  Command.withExamples([
    { command: "nagatha logs 9d2f > output.txt", description: "As it was written" },
    { command: "nagatha logs 9d2f --follow", description: "As it is written, until it has ended" }
  ])
)
