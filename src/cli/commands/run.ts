/** `nagatha run ID…`: runs tasks now, beside their schedule; `--from-step` takes up a failed sequence. */
import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import type { RunAnswer, Scheduler } from "../../Scheduler.ts"
import { failedExecution, showEnd, waited } from "../showing/AwaitedEnd.ts"
import { withScheduler } from "../Backend.ts"
import { byFilter, choosing, chosen } from "../asking/ChosenTasks.ts"
import { defined, present, text } from "../asking/Flags.ts"
import { usage } from "../Failure.ts"
import { eachTask } from "../showing/EachTask.ts"
import { note, out, outJson } from "../showing/Output.ts"
import { origin, originOf } from "../asking/TaskFlags.ts"
import { byId } from "../asking/TaskNames.ts"

const flags = {
  ...choosing,
  fromStep: text(
    "from-step",
    "NAME",
    "Of a sequence that has failed: begin again with this step; what ended well before it is not done again"
  ),
  wait: present("wait", "Wait until it has ended; exit code 6 if it failed"),
  ...origin
}

const told = ({ executionId }: RunAnswer): string => `runs now: execution ${executionId}`

/** One task, which may be waited for. */
const runOne = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  request: Parameters<Scheduler["Service"]["run"]>[0],
  { json, wait }: { readonly json: boolean; readonly wait: boolean }
) {
  const answer = yield* byId(scheduler, request.taskId, scheduler.run(request))
  if (!json) {
    yield* out(told(answer))
    if (!wait) yield* note(`see it: nagatha info ${answer.taskId}`)
  }
  const { awaitExecution } = yield* Effect.promise(() => import("../showing/Wait.ts"))
  const execution = wait
    ? yield* waited(answer.taskId, json, (tell) => awaitExecution(scheduler, answer, tell))
    : undefined
  if (json) yield* outJson({ ...answer, ...(execution === undefined ? {} : { execution }) })
  else if (execution !== undefined) yield* showEnd(execution)
  if (execution !== undefined && execution.status !== "completed") yield* failedExecution(execution)
})

export const run = Command.make(
  "run",
  flags,
  Effect.fnUntraced(function* (input) {
    const common = { ...(yield* originOf(input)), ...defined({ fromStep: input.fromStep }) }
    const filtered = yield* byFilter("run", input)
    const [only] = input.ids
    const one = !filtered && input.ids.length === 1 && only !== undefined
    if (!one && (input.wait || Option.isSome(input.fromStep))) {
      return yield* usage("--wait and --from-step are for one task; name one")
    }
    yield* withScheduler((scheduler) =>
      one
        ? runOne(scheduler, { taskId: only, ...common }, input)
        : Effect.flatMap(
            chosen(
              scheduler,
              "run",
              input,
              ({ status }) => status === "scheduled" || status === "running" || status === "paused"
            ),
            (ids) => eachTask(scheduler, ids, input.json, (taskId) => scheduler.run({ taskId, ...common }), told)
          )
    )
  })
).pipe(
  Command.withExamples([
    { command: "nagatha run 4kx9 --wait" },
    { command: "nagatha run --tag reports", description: "All that have a tag; asks first" },
    { command: "nagatha run backup --from-step upload", description: "Take up a sequence that has failed" }
  ])
)
