/** `nagatha logs EXECUTION`: what a command wrote, standard output then standard error, as far as it was kept. */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import type { Scheduler } from "../../Scheduler.ts"
import { withScheduler } from "../Backend.ts"
import { json, present } from "../Flags.ts"
import { note, out, outJson } from "../Output.ts"
import { Presentation } from "../Presentation.ts"
import { visible } from "../Text.ts"

/** Between two looks at an execution that goes on. */
const LOOK_MS = 500

const flags = {
  id: Argument.String("EXECUTION").pipe(
    Argument.withDescription("Execution id, or a beginning of 4 characters or more")
  ),
  follow: present("follow", "Until the execution has ended, show what each attempt leaves"),
  json
}

const goesOn = ({ status }: TaskExecution): boolean =>
  status === "queued" || status === "running" || status === "retrying"

/** As it was written, to a file or a pipe; on a terminal without what could steer it. */
const show = Effect.fnUntraced(function* (text: string) {
  if (text === "") return
  const { columns } = yield* Presentation
  yield* out((columns === undefined ? text : visible(text)).replace(/\n$/, ""))
})

const toTheEnd = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  first: TaskExecution,
  each: (text: string) => Effect.Effect<void>
) {
  let execution = first
  let shown = ""
  for (;;) {
    const output = execution.output ?? ""
    if (output !== shown) yield* each(output.startsWith(shown) ? output.slice(shown.length) : output)
    shown = output
    if (!goesOn(execution)) return execution
    yield* Effect.sleep(LOOK_MS)
    execution = yield* scheduler.execution({ id: execution.executionId })
  }
})

export const logs = Command.make(
  "logs",
  flags,
  Effect.fnUntraced(function* (input) {
    yield* withScheduler(
      Effect.fnUntraced(function* (scheduler) {
        const first = yield* scheduler.execution({ id: input.id })
        const execution = input.follow
          ? yield* toTheEnd(scheduler, first, input.json ? () => Effect.void : show)
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
    { command: "nagatha logs 9d2f --follow", description: "Until it has ended" }
  ])
)
