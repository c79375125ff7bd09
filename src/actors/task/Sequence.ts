/**
 * Sequences: what follows when a step has ended. The state machine lives with the task, so a crash repeats at most the steps
 * that were running; steps run on any worker.
 *
 * Pure. What has not begun is never recorded as skipped by an event of its own: it follows from what became of the others,
 * and stands in the result of the sequence.
 */
import { Result, type Schema } from "effect"
import type { EventOf, TaskEvent } from "../../events/TaskEvent.ts"
import { retryOf } from "../../events/RetryPolicy.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { fitting } from "../../work/AttemptOutcome.ts"
import { type Condition, SEQUENCE, type SequenceResult } from "../../work/sequence/SequenceArgs.ts"
import { type PlannedStep, stepsOf } from "../../work/sequence/SequencePlan.ts"
import { filled, pathOf, valueAt } from "../../work/sequence/Template.ts"
import type { RetryPolicy } from "./Backoff.ts"
import { completed, head, isLast } from "./Head.ts"
import { topOf } from "./Overlap.ts"
import { evolve } from "./Evolve.ts"
import { stopReason } from "./Stopping.ts"
import { type LiveTask, type OpenExecution, type StepOutcome, belonging, type TaskState } from "./TaskState.ts"

type Status = "waiting" | "running" | "completed" | "failed" | "skipped"

interface StepStatus {
  readonly step: PlannedStep
  readonly status: Status
  readonly outcome?: StepOutcome
  /** Why it is skipped. */
  readonly reason?: string
}

/** Decisions that follow from events about the steps of sequences, with those events; nothing more for other tasks. */
export const withSteps = (
  state: TaskState | undefined,
  events: ReadonlyArray<TaskEvent>,
  now: number
): ReadonlyArray<TaskEvent> => {
  if (state?._tag !== "live" || !isSequence(state)) return events
  const all: Array<TaskEvent> = []
  let after: TaskState = state
  for (let more = events; more.length > 0; more = follow(after, now)) {
    all.push(...more)
    after = more.reduce((task: TaskState, event) => evolve(task, event, { sequence: 0 }, 0), after)
  }
  return all
}

const isSequence = ({ definition }: LiveTask): boolean => definition.taskType === SEQUENCE

/** What the first sequence that can go on decides. */
const follow = (state: TaskState, now: number): ReadonlyArray<TaskEvent> => {
  if (state._tag === "ended") return []
  // The innermost first: its end is what the one around it waits for.
  for (const execution of state.executions.toReversed()) {
    if (execution.stage._tag !== "steps") continue
    if (!execution.stage.begun) return [begun(state, execution, now)]
    const events = advance(state, execution, now)
    if (events.length > 0) return events
  }
  return []
}

const advance = (task: LiveTask, sequence: OpenExecution, now: number): ReadonlyArray<TaskEvent> => {
  const steps = statuses(task, sequence)
  const ready = steps.filter(({ status, step }) => status === "waiting" && canBegin(step, steps))
  if (ready.length > 0) return ready.flatMap(({ step }) => begin(task, sequence, step, now))
  return steps.some(({ status }) => status === "waiting" || status === "running") ? [] : end(task, sequence, steps, now)
}

/** Every step as it stands, those that follow from others in the order in which they can be told. */
const statuses = (task: LiveTask, sequence: OpenExecution): ReadonlyArray<StepStatus> => {
  const steps = stepsOf(sequence.step?.args ?? task.definition.taskArgs)
  const outcomes = sequence.outcomes ?? {}
  const running = new Set(
    task.executions.flatMap(({ step }) => (step?.parent === sequence.executionId ? [step.name] : []))
  )
  const stopped =
    stopReason(task, sequence) ??
    steps.find((step) => step.onFailure === "stop" && outcomes[step.name]?.status === "failed")
  const known = new Map<string, StepStatus>()
  const statusOf = (step: PlannedStep): StepStatus => {
    const outcome = outcomes[step.name]
    if (outcome !== undefined) return { step, status: outcome.status, outcome }
    if (running.has(step.name)) return { step, status: "running" }
    if (stopped !== undefined) {
      const reason = typeof stopped === "string" ? stopped : `the step ${JSON.stringify(stopped.name)} failed`
      return { step, status: "skipped", reason }
    }
    const before = step.dependsOn.flatMap((name) => known.get(name) ?? [])
    if (before.some(({ status }) => status === "waiting" || status === "running")) return { step, status: "waiting" }
    return step.when === undefined || holds(step.when, outcomes)
      ? { step, status: "waiting" }
      : { step, status: "skipped", reason: `its condition on the step ${JSON.stringify(step.when.step)} does not hold` }
  }
  // Steps may be given in any order: what one depends on is told first.
  const tell = (step: PlannedStep): void => {
    if (known.has(step.name)) return
    for (const name of step.dependsOn) {
      const earlier = steps.find((one) => one.name === name)
      if (earlier !== undefined) tell(earlier)
    }
    known.set(step.name, statusOf(step))
  }
  for (const step of steps) tell(step)
  return steps.flatMap((step) => known.get(step.name) ?? [])
}

/** All that it depends on has ended; a failure that is not passed over has stopped the sequence by then. */
const canBegin = (step: PlannedStep, steps: ReadonlyArray<StepStatus>): boolean =>
  step.dependsOn.every((name) =>
    steps.some((one) => one.step.name === name && one.status !== "waiting" && one.status !== "running")
  )

const resultIn =
  (outcomes: Readonly<Record<string, StepOutcome>>) =>
  (step: string): Schema.Json | undefined => {
    const outcome = outcomes[step]
    // Of a step that failed, what it left: a command's exit code and output, the answer to a request.
    return outcome?.status === "completed" ? outcome.result : outcome?.error.detail
  }

const holds = (when: Condition, outcomes: Readonly<Record<string, StepOutcome>>): boolean => {
  const value = valueAt(resultIn(outcomes)(when.step), pathOf(when.path ?? ""))
  if (when.is !== undefined) return same(value, when.is)
  if (when.isNot !== undefined) return !same(value, when.isNot)
  return value !== undefined && value !== null && value !== false
}

const same = (a: Schema.Json | undefined, b: Schema.Json): boolean => canonical(a) === canonical(b)
const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  )

/** A step becomes due; where what it refers to is not there, it fails at once and for good. */
const begin = (task: LiveTask, sequence: OpenExecution, step: PlannedStep, now: number): ReadonlyArray<TaskEvent> => {
  const args =
    step.type === SEQUENCE
      ? Result.succeed(step.args)
      : filled(step.args, resultIn(sequence.outcomes ?? {}), topOf(task, sequence).message?.data)
  const executionId = `${sequence.executionId}.${step.name}`
  const causedBy = { commandId: executionId, actor: "scheduler" }
  const { chain } = sequence
  const names = {
    parentExecutionId: sequence.executionId,
    stepName: step.name,
    ...(chain === undefined ? {} : { chain })
  }
  const at = { executionId, nominalAt: sequence.nominalAt, dueAt: fromMillis(now), attempt: 1, ...names }
  const due: EventOf<"due"> = {
    ...head(task, "due", now, causedBy),
    ...at,
    nextAt: task.nextAt === null ? null : fromMillis(task.nextAt),
    stepType: step.type,
    stepArgs: Result.isSuccess(args) ? args.success : step.args
  }
  if (Result.isSuccess(args)) return [due]
  const failure: EventOf<"failure"> = {
    ...head(task, "failure", now, causedBy),
    ...at,
    worker: null,
    startedAt: null,
    finishedAt: fromMillis(now),
    durationMs: 0,
    error: { code: "missingResult", message: args.failure }
  }
  return [due, failure]
}

/** The outcome of a sequence, and `completed` when it was the task's last execution. */
const end = (
  task: LiveTask,
  sequence: OpenExecution,
  steps: ReadonlyArray<StepStatus>,
  now: number
): ReadonlyArray<TaskEvent> => {
  const failed = steps.find(({ status, step }) => status === "failed" && step.onFailure === "stop")
  const result: SequenceResult = {
    completedSteps: steps.filter(({ status }) => status === "completed").length,
    totalSteps: steps.length,
    failedStep: failed?.step.name ?? null,
    steps: steps.map(shown)
  }
  const since = sequence.stage._tag === "steps" ? sequence.stage.since : now
  const outcome = {
    executionId: sequence.executionId,
    nominalAt: sequence.nominalAt,
    dueAt: sequence.dueAt,
    attempt: 1,
    ...belonging(sequence),
    worker: null,
    startedAt: fromMillis(since),
    finishedAt: fromMillis(now),
    durationMs: Math.max(0, now - since)
  }
  const causedBy = { commandId: sequence.executionId, actor: "scheduler" }
  const over = isLast(task, sequence.executionId, now) ? [completed(task, now)] : []
  const stops = stopReason(task, sequence)
  if (failed === undefined && stops === undefined) {
    return [{ ...head(task, "success", now, causedBy), ...outcome, result: fitting(result) }, ...over]
  }
  const reason = failed?.outcome?.status === "failed" ? failed.outcome.error.message : (stops ?? "")
  const error = {
    code: stops === undefined ? "stepFailed" : "cancelled",
    message: failed === undefined ? reason : `the step ${JSON.stringify(failed.step.name)} failed: ${reason}`,
    detail: fitting(result)
  }
  return [{ ...head(task, "failure", now, causedBy), ...outcome, error }, ...over]
}

const shown = ({ outcome, reason, status, step }: StepStatus): SequenceResult["steps"][number] => ({
  name: step.name,
  type: step.type,
  status: status === "completed" || status === "failed" ? status : "skipped",
  executionId: outcome?.executionId ?? null,
  ...(outcome?.status === "completed" ? { result: outcome.result } : {}),
  ...(outcome?.status === "failed" ? { error: { code: outcome.error.code, message: outcome.error.message } } : {}),
  ...(reason === undefined ? {} : { reason })
})

/** A sequence has begun as soon as its turn has come. */
export const begun = (task: LiveTask, sequence: OpenExecution, now: number): EventOf<"started"> => ({
  ...head(task, "started", now, { commandId: sequence.executionId, actor: "scheduler" }),
  executionId: sequence.executionId,
  nominalAt: sequence.nominalAt,
  dueAt: sequence.dueAt,
  attempt: sequence.attempt,
  ...belonging(sequence),
  worker: "scheduler",
  startedAt: fromMillis(now)
})

/** The limits of one attempt: a step's own, else those of its task. */
export const limitsOf = (
  task: LiveTask,
  { step }: OpenExecution
): {
  readonly maxRetries: number
  readonly timeoutMs: number
  readonly hardTimeoutMs: number
  readonly queue: string
  readonly retry: RetryPolicy
} => {
  const { backoffMs, hardTimeoutMs, maxRetries, queue, timeoutMs } = task.definition
  const retry = { backoffMs, ...retryOf(task.definition) }
  if (step === undefined) return { maxRetries, timeoutMs, hardTimeoutMs, queue, retry }
  const planned = plannedOf(task, step.parent).find(({ name }) => name === step.name)
  const soft = planned?.timeoutMs ?? timeoutMs
  return {
    maxRetries: planned?.retries ?? maxRetries,
    timeoutMs: soft,
    hardTimeoutMs: Math.max(hardTimeoutMs, planned?.timeoutMs === undefined ? 0 : 2 * soft),
    queue: planned?.queue ?? step.type,
    retry: { backoffMs: planned?.backoffMs ?? backoffMs, ...retryOf(planned ?? {}, task.definition) }
  }
}

const plannedOf = (task: LiveTask, parent: string): ReadonlyArray<PlannedStep> => {
  const sequence = task.executions.find(({ executionId }) => executionId === parent)
  return stepsOf(sequence?.step?.args ?? task.definition.taskArgs)
}

/** Executions that a cancelled task leaves at once: what nobody has claimed, and sequences none of whose steps is claimed. */
export const unclaimed = (task: LiveTask): ReadonlyArray<OpenExecution> => {
  const busy = new Set<string>()
  for (const execution of task.executions) {
    if (execution.stage._tag !== "claimed") continue
    for (let parent = execution.step?.parent; parent !== undefined;) {
      busy.add(parent)
      parent = task.executions.find(({ executionId }) => executionId === parent)?.step?.parent
    }
  }
  return task.executions.filter(({ executionId, stage }) => stage._tag !== "claimed" && !busy.has(executionId))
}
