/**
 * Follows a task until its first execution has ended. The task does not notice: whoever stops waiting stops nothing.
 *
 * The first execution of a task that was there before is the next one to come, or the newest where none comes any more.
 */
import { Effect } from "effect"
import type { ScheduledTask } from "../../projections/ScheduledTask.ts"
import type { TaskExecution } from "../../projections/TaskExecution.ts"
import type { RunAnswer, ScheduleAnswer, Scheduler, SchedulerError } from "../../Scheduler.ts"
import { SEQUENCE } from "../../work/sequence/SequenceArgs.ts"
import { CliFailure, ExitCode } from "../Failure.ts"
import { now } from "./Output.ts"
import { progressText } from "./TaskRows.ts"

const SHORTEST_MS = 100
const LONGEST_MS = 1000
/** How long the service may be out of reach before waiting is given up. */
const PATIENCE_MS = 60_000
/** In place of what is known, while the service is out of reach. */
const AWAY = "away" as const

/** What happens meanwhile, in words; `bar` where they take the place of the last ones. */
export type Progress = (words: string, bar?: boolean) => Effect.Effect<void>

const isOver = (status: ScheduledTask["status"]): boolean =>
  status === "completed" || status === "failed" || status === "cancelled"

const hasEnded = ({ status }: TaskExecution): boolean =>
  status === "completed" || status === "failed" || status === "cancelled"

const words = (execution: TaskExecution): string => {
  switch (execution.status) {
    case "queued":
      return "due, waiting for a worker"
    case "running":
      return `running, attempt ${execution.attempt}${execution.worker === null ? "" : ` on ${execution.worker}`}`
    case "retrying": {
      const failed = execution.attempts.findLast(({ errorMessage }) => errorMessage !== null)
      return `attempt ${failed?.attempt ?? execution.attempt} failed: ${failed?.errorMessage ?? "no reason given"}; it will be tried again`
    }
    default:
      return execution.status
  }
}

/** `2 steps have ended; running: upload`. */
const stepWords = ({ executionId }: TaskExecution, all: ReadonlyArray<TaskExecution>): string => {
  const steps = all.filter(({ parentExecutionId }) => parentExecutionId === executionId)
  const open = steps.filter((step) => !hasEnded(step)).map(({ stepName }) => stepName ?? "")
  const ended = steps.length - open.length
  return `${ended} ${ended === 1 ? "step has" : "steps have"} ended${open.length === 0 ? "" : `; running: ${open.join(", ")}`}`
}

/** The first execution of a task that was scheduled, when it has ended, well or badly; fails where the task ends without one. */
export const awaitFirst = (
  scheduler: Scheduler["Service"],
  answer: ScheduleAnswer,
  progress: Progress
): Effect.Effect<TaskExecution, SchedulerError | CliFailure> => {
  /** A task that was there before has a past, which is not waited for. */
  const from = answer.created ? undefined : answer.nextRuns[0]?.at
  const newest = !answer.created && from === undefined
  const after = answer.logSequence === null ? {} : { after: answer.logSequence }
  const first = Effect.gen(function* () {
    const { task, executions } = yield* scheduler.info({ id: answer.taskId, executions: 100, ...after })
    const wanted = executions.filter(
      ({ dueAt, parentExecutionId, status }) =>
        parentExecutionId === null && status !== "skipped" && (from === undefined || dueAt >= from)
    )
    const found = newest ? wanted[0] : wanted.at(-1)
    if (found === undefined && isOver(task.status)) {
      return yield* new CliFailure({
        code: "neverRan",
        message: `task ${answer.taskId} is over (${task.status}) and no execution of it ran`,
        exitCode: ExitCode.executionFailed,
        hint: `nagatha history ${answer.taskId} shows why`
      })
    }
    return found
  })
  return awaitEnd(scheduler, { executionId: undefined, logSequence: answer.logSequence, first }, progress)
}

/** An execution, when it has ended. */
export const awaitExecution = (
  scheduler: Scheduler["Service"],
  { executionId, logSequence }: RunAnswer,
  progress: Progress
): Effect.Effect<TaskExecution, SchedulerError | CliFailure> =>
  awaitEnd(scheduler, { executionId, logSequence, first: Effect.succeed(undefined) }, progress)

interface Awaited {
  /** Undefined until `first` finds it. */
  readonly executionId: string | undefined
  readonly logSequence: number | null
  readonly first: Effect.Effect<TaskExecution | undefined, SchedulerError | CliFailure>
}

const awaitEnd = Effect.fnUntraced(function* (
  scheduler: Scheduler["Service"],
  awaited: Awaited,
  progress: Progress
): Effect.fn.Return<TaskExecution, SchedulerError | CliFailure> {
  let pause = SHORTEST_MS
  let answeredAt = yield* now
  let last = ""
  let executionId = awaited.executionId
  /** How far it is, in words: of a sequence, by its steps. */
  const told = (execution: TaskExecution) =>
    execution.taskType === SEQUENCE && execution.status === "running"
      ? scheduler
          .info({ id: execution.taskId, executions: 10 })
          .pipe(Effect.map(({ executions }) => stepWords(execution, executions)))
          .pipe(Effect.orElseSucceed(() => words(execution)))
      : Effect.succeed(words(execution))
  const after = awaited.logSequence === null ? {} : { after: awaited.logSequence }
  const look = Effect.suspend(() =>
    executionId === undefined ? awaited.first : scheduler.execution({ id: executionId, ...after })
  )
  const patient = Effect.fnUntraced(function* (error: SchedulerError | CliFailure) {
    const passing = error._tag === "Unreachable" || (error._tag === "Refused" && error.code === "behind")
    return passing && (yield* now) - answeredAt < PATIENCE_MS ? AWAY : yield* error
  })

  for (;;) {
    const execution = yield* Effect.catch(
      Effect.tap(look, () => Effect.map(now, (at) => (answeredAt = at))),
      patient
    )
    if (execution === AWAY) {
      if (last !== AWAY) yield* progress("the service is out of reach; waiting for it")
      last = AWAY
    } else if (execution !== undefined) {
      executionId = execution.executionId
      if (hasEnded(execution)) return execution
      const state = execution.progress === undefined ? yield* told(execution) : progressText(execution.progress)
      if (state !== last) {
        yield* progress(state, execution.progress !== undefined)
        last = state
        pause = SHORTEST_MS
      }
    }
    yield* Effect.sleep(pause)
    pause = Math.min(LONGEST_MS, pause * 2)
  }
})
