/**
 * Retrying an execution that has failed, was cancelled, or has expired. Pure.
 *
 * An execution ends once: a retry is a new one for the same nominal instant, beside the schedule and not counted as one
 * of its runs, with the definition that the task has now. A sequence is taken up from the step that failed. It works also
 * where the task is over. Those of one task go one after another, unless the task lets its runs overlap.
 */
import { Result, Schema } from "effect"
import { manualExecutionId, named } from "../../events/ExecutionId.ts"
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { CausedBy, EventOf, TaskEvent } from "../../events/TaskEvent.ts"
import { fromMillis, type Instant } from "../../recurrence/Instant.ts"
import { isByMessage } from "../../recurrence/Recurrence.ts"
import { wasCut } from "../../work/AttemptOutcome.ts"
import { SEQUENCE, SequenceResult } from "../../work/sequence/SequenceArgs.ts"
import { stepsOf } from "../../work/sequence/SequencePlan.ts"
import { decided, type Decision, refused, unread } from "./Decision.ts"
import { head } from "./Head.ts"
import { knownDefinition } from "./KnownDefinition.ts"
import type { Recall } from "./Recall.ts"
import { revived } from "./Revived.ts"
import { withSteps } from "./Sequence.ts"
import type { Refused } from "../door/TaskRequest.ts"
import type { LiveTask, StepOutcome, TaskState } from "./TaskState.ts"

export interface RetryCommand {
  readonly type: "retry"
  readonly taskId: string
  readonly executionId: string
  /** Of a sequence: all of it again, in place of what had not ended well. */
  readonly fromStart: boolean
  /** Log sequence of its end, where its owner need not remember that. */
  readonly endedAt: number | undefined
  readonly causedBy: CausedBy
}

type Resumes = NonNullable<EventOf<"due">["resumes"]>

/** An execution that has ended badly, as the log tells it. */
interface Failed {
  readonly nominalAt: Instant
  /** The first execution for its instant: itself, where it was no retry. */
  readonly first: string
  readonly detail: Schema.Json | undefined
  /** Log sequence at which it became due, where a message started it. */
  readonly dueAt: number | undefined
}

export const retry = (
  state: TaskState | undefined,
  command: RetryCommand,
  now: number,
  recall: Recall
): Result.Result<Decision, Refused> => {
  const { causedBy, executionId, taskId } = command
  if (state === undefined) return refused("notFound", `no task has the id ${JSON.stringify(taskId)}`)
  if (named(executionId)?.isStep === true) {
    return refused("invalidRequest", `${executionId} is a step: retry the sequence that it belongs to`)
  }
  const open = state._tag === "live" ? state.executions : []
  if (open.some((one) => one.executionId === executionId)) {
    return refused("notEnded", `execution ${executionId} has not ended yet`, `nagatha cancel ${executionId} ends it`)
  }
  const sequence = recall.ended(executionId)?.sequence ?? command.endedAt
  if (sequence === undefined) {
    return refused(
      "notFound",
      `no execution of task ${taskId} that has ended lately has the id ${JSON.stringify(executionId)}`,
      "say where its end stands in the log: endLogSequence of nagatha.query.execution"
    )
  }
  const told = recall.events(sequence)
  if (told === undefined) return unread(sequence)
  return Result.flatMap(failureIn(told, executionId), (failed): Result.Result<Decision, Refused> => {
    const again = open.find(({ retryOf }) => retryOf === failed.first)
    if (again !== undefined) {
      return refused("alreadyRetried", `execution ${executionId} is being retried already: ${again.executionId}`)
    }
    if (state._tag === "live") return begin(state, state.definition, undefined, failed, command, now)
    const definition = knownDefinition(state, recall)
    if (typeof definition === "number") return unread(definition)
    if (definition === undefined) return refused("notFound", `the log holds the definition of task ${taskId} no longer`)
    return begin(revived(state, definition), definition, definition, failed, command, now)
  })
  /** The due event of the retry, and what follows from it at once. */
  function begin(
    task: LiveTask,
    definition: TaskDefinition,
    brought: TaskDefinition | undefined,
    failed: Failed,
    { fromStart }: RetryCommand,
    at: number
  ): Result.Result<Decision, Refused> {
    const resumed = fromStart || definition.taskType !== SEQUENCE ? undefined : resumable(task, executionId, failed)
    if (resumed !== undefined && Result.isFailure(resumed)) return Result.fail(resumed.failure)
    const started = startOf(failed, executionId, definition, recall)
    if (typeof started === "number") return unread(started)
    if (started === undefined) {
      return refused("notFound", `the message that started execution ${executionId} is not known any more`)
    }
    const waits = definition.overlap !== "allowAll" && task.executions.some(({ retryOf }) => retryOf !== undefined)
    const due: EventOf<"due"> = {
      ...head(task, "due", at, causedBy),
      executionId: manualExecutionId(taskId, failed.nominalAt, causedBy.commandId),
      nominalAt: failed.nominalAt,
      dueAt: fromMillis(at),
      attempt: 1,
      nextAt: task.nextAt === null ? null : fromMillis(task.nextAt),
      manual: true,
      retryOf: failed.first,
      retried: executionId,
      ...started,
      ...(waits ? { buffered: true } : {}),
      ...(resumed?.success === undefined ? {} : { resumes: resumed.success }),
      ...(brought === undefined ? {} : { definition: brought })
    }
    return decided(withSteps(task, [due], at))
  }
}

/** What one commit says of how an execution ended. */
const failureIn = (events: ReadonlyArray<TaskEvent>, executionId: string): Result.Result<Failed, Refused> => {
  for (const event of events) {
    if (event.type === "cancelled" && event.executions.includes(executionId)) {
      const nominalAt = named(executionId)?.nominalAt
      const origin = event.origins?.find((one) => one.executionId === executionId)
      const [first, dueAt] = [origin?.retryOf ?? executionId, origin?.dueLogSequence]
      if (nominalAt !== undefined) return Result.succeed({ nominalAt, first, detail: undefined, dueAt })
    }
    if (!("executionId" in event) || event.executionId !== executionId) continue
    if (event.type === "success") {
      return refused("succeeded", `execution ${executionId} has ended well: there is nothing to retry`, "nagatha run")
    }
    if (event.type !== "failure") continue
    const { dueLogSequence, error, nominalAt, retryOf } = event
    return Result.succeed({ nominalAt, first: retryOf ?? executionId, detail: error.detail, dueAt: dueLogSequence })
  }
  return refused("notFound", `the log does not tell there that execution ${executionId} has ended`)
}

/** What a message has started, is started by the same again; a log sequence that must be read first. */
const startOf = (
  { dueAt }: Failed,
  executionId: string,
  { recurrence }: TaskDefinition,
  recall: Recall
): Pick<EventOf<"due">, "message" | "chain"> | number | undefined => {
  if (dueAt === undefined) return isByMessage(recurrence) ? undefined : {}
  const told = recall.events(dueAt)
  if (told === undefined) return dueAt
  const due = told.find((event) => event.type === "due" && event.executionId === executionId)
  if (due?.type !== "due" || due.message === undefined) return undefined
  return { message: due.message, ...(due.chain === undefined ? {} : { chain: due.chain }) }
}

const decodeResult = Schema.decodeUnknownOption(SequenceResult)

/** From which step a sequence is taken up, and with what; undefined where nothing of it had ended. */
const resumable = (
  task: LiveTask,
  executionId: string,
  { detail }: Failed
): Result.Result<Resumes | undefined, Refused> => {
  const kept = task.failedSequence?.executionId === executionId ? task.failedSequence.outcomes : undefined
  const invalid = (message: string) => refused("invalidRequest", message, "begin anew: --from-start")
  if (kept === undefined && detail !== undefined && wasCut(detail)) {
    return invalid(`what the steps of ${executionId} gave was too large to be kept whole`)
  }
  const told = decodeResult(detail)
  const outcomes = kept ?? (told._tag === "Some" ? outcomesOf(told.value) : {})
  if (!Object.values(outcomes).some(({ status }) => status === "completed")) return Result.succeed(undefined)
  const steps = stepsOf(task.definition.taskArgs)
  const named = told._tag === "Some" ? told.value.failedStep : null
  const fromStep = named ?? steps.find(({ name }) => outcomes[name]?.status !== "completed")?.name
  if (fromStep === undefined) return Result.succeed(undefined)
  if (!steps.some(({ name }) => name === fromStep)) {
    return invalid(`task ${task.taskId} has no step ${JSON.stringify(fromStep)} any more`)
  }
  return Result.succeed({ executionId, fromStep, ...(kept === undefined ? { outcomes } : {}) })
}

const outcomesOf = ({ steps }: SequenceResult): Readonly<Record<string, StepOutcome>> =>
  Object.fromEntries(
    steps.flatMap(({ error, executionId, name, result, status }): ReadonlyArray<[string, StepOutcome]> => {
      if (executionId === null) return []
      if (status === "completed") return [[name, { status, executionId, result: result ?? null }]]
      return status === "failed" && error !== undefined ? [[name, { status, executionId, error }]] : []
    })
  )
