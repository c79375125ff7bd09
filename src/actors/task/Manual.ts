/** Running a task by hand, and taking up a sequence that has failed. Pure. */
import { Result } from "effect"
import { manualExecutionId } from "../../events/ExecutionId.ts"
import type { CausedBy, EventOf } from "../../events/TaskEvent.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { isByMessage } from "../../recurrence/Recurrence.ts"
import { SEQUENCE } from "../../work/sequence/SequenceArgs.ts"
import { stepsOf } from "../../work/sequence/SequencePlan.ts"
import { takesFromMessage } from "../../work/sequence/Template.ts"
import { suggestion } from "../../work/Suggestion.ts"
import { decided, type Decision, over, refused } from "./Decision.ts"
import { head } from "./Head.ts"
import { withSteps } from "./Sequence.ts"
import type { Refused } from "../door/TaskRequest.ts"
import type { LiveTask, TaskState } from "./TaskState.ts"

export interface RunCommand {
  readonly type: "run"
  readonly taskId: string
  /** Of a sequence: take up its failed execution from this step. */
  readonly fromStep: string | undefined
  readonly causedBy: CausedBy
}

/** Run now, beside the schedule: whether or not the task is paused, and not counted as one of its runs. */
export const run = (
  state: TaskState | undefined,
  command: RunCommand,
  now: number
): Result.Result<Decision, Refused> => {
  const { causedBy, fromStep } = command
  if (state === undefined) return refused("notFound", `no task has the id ${JSON.stringify(command.taskId)}`)
  // Of a task that is over, only a sequence that has failed can be taken up, or begun anew.
  const isOver = state.phase !== "scheduled" && state.phase !== "paused"
  if (state._tag === "ended" || state.phase === "cancelled" || (isOver && state.failedSequence === undefined)) {
    return over(state)
  }
  const { recurrence, taskArgs } = state.definition
  if (isByMessage(recurrence) && takesFromMessage(taskArgs)) {
    return refused(
      "invalidRequest",
      `task ${state.taskId} takes its arguments from the message that starts it, and a run by hand has none`,
      recurrence.kind === "subject" ? `publish one on ${recurrence.subject}` : `run ${recurrence.tasks.join(" or ")}`
    )
  }
  const resumes = fromStep === undefined ? undefined : resumable(state, fromStep)
  if (resumes !== undefined && Result.isFailure(resumes)) return Result.fail(resumes.failure)
  const instant = fromMillis(now)
  const due: EventOf<"due"> = {
    ...head(state, "due", now, causedBy),
    executionId: manualExecutionId(state.taskId, instant, causedBy.commandId),
    nominalAt: instant,
    dueAt: instant,
    attempt: 1,
    nextAt: state.nextAt === null ? null : fromMillis(state.nextAt),
    manual: true,
    ...(resumes === undefined ? {} : { resumes: resumes.success })
  }
  return decided(withSteps(state, [due], now))
}

const invalid = (message: string, hint?: string) => refused("invalidRequest", message, hint)

const resumable = (
  task: LiveTask,
  fromStep: string
): Result.Result<NonNullable<EventOf<"due">["resumes"]>, Refused> => {
  const { definition, failedSequence, taskId } = task
  if (definition.taskType !== SEQUENCE) return invalid(`task ${taskId} is no sequence: it has no steps`)
  const names = stepsOf(definition.taskArgs).map(({ name }) => name)
  if (!names.includes(fromStep)) {
    const meant = suggestion(fromStep, names)
    const rest = meant === undefined ? `its steps are ${names.join(", ")}` : `did you mean ${JSON.stringify(meant)}?`
    return invalid(`task ${taskId} has no step ${JSON.stringify(fromStep)}; ${rest}`)
  }
  return failedSequence === undefined
    ? invalid(
        `the newest execution of task ${taskId} has not failed: there is nothing to take up`,
        "leave out the step, and all of it runs"
      )
    : Result.succeed({ executionId: failedSequence.executionId, fromStep })
}
