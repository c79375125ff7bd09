/** Waiting for an execution on the command line: what is shown meanwhile, and of its end. */
import { Effect } from "effect"
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import { CliFailure, ExitCode, toldFailure } from "../Failure.ts"
import { note, out } from "./Output.ts"
import { Presentation } from "./Presentation.ts"
import { resultText, tookText } from "./ResultText.ts"
import { paint, visible, visibleLine } from "./Text.ts"
import type { Progress } from "./Wait.ts"

/** What became of it, and what it gave. */
export const showEnd = Effect.fnUntraced(function* (execution: TaskExecution) {
  const took = tookText(execution)
  const tries = execution.attempts.length > 1 ? ` after ${execution.attempts.length} attempts` : ""
  yield* note(
    `${execution.status}${tries}${took === undefined ? "" : ` in ${took}`}, execution ${execution.executionId}`
  )
  if (execution.output !== null && execution.output !== "") yield* out(visible(execution.output).replace(/\n$/, ""))
  const result = resultText(execution)
  if (result !== undefined) yield* out(result)
})

/** An execution that did not end well, as the end of the command. */
export const failedExecution = (execution: TaskExecution) =>
  new CliFailure({
    code: "executionFailed",
    message: `execution ${execution.executionId} ${execution.status}: ${execution.errorMessage ?? "no reason given"}`,
    exitCode: ExitCode.executionFailed,
    hint: `nagatha info ${execution.taskId} shows ${execution.taskType === "sequence" ? "its steps" : execution.attempts.length > 1 ? "its attempts" : "all of it"}`
  })

/** To the beginning of the last line, and clear it. */
const LINE_UP = "\u001b[1A\u001b[2K"

/** Waits as asked for. Words meanwhile are for people; on standard error a program finds an error or nothing. */
export const waited = Effect.fnUntraced(function* <A, E>(
  taskId: string,
  json: boolean,
  wait: (tell: Progress) => Effect.Effect<A, E>
) {
  const say = json ? () => Effect.void : note
  yield* say("waiting for its execution to end; Ctrl-C stops waiting, not the task")
  const { errorColor: rewrites } = yield* Presentation
  let overBar = false
  const tell = (words: string, bar = false) => {
    const back = bar && overBar && rewrites ? LINE_UP : ""
    overBar = bar
    return say(`${back}${visibleLine(words)}`)
  }
  return yield* wait(tell).pipe(Effect.onInterrupt(() => note(toldFailure(stoppedWaiting(taskId), json, paint(false)))))
})

const stoppedWaiting = (taskId: string) =>
  new CliFailure({
    code: "interrupted",
    message: "stopped waiting; the task goes on",
    detail: { taskId },
    hint: `see it: nagatha info ${taskId}   stop it: nagatha cancel ${taskId}`,
    exitCode: ExitCode.interrupted
  })
