/**
 * Claims: who runs which attempt now. Pure changes of the part of `TaskState` that lives in memory only.
 *
 * A claim is granted only for an execution that is open, whose attempt is the current one, and that nobody else holds.
 * So a finished or cancelled execution never runs again, whatever the broker delivers.
 */
import { Result } from "effect"
import type { Message } from "../../events/Message.ts"
import type { TaskArgs } from "../../events/TaskDefinition.ts"
import type { ClaimAnswer, ClaimRequest, Heartbeat, HeartbeatAnswer, WorkItem } from "../../work/Work.ts"
import { toMillis } from "../../recurrence/Instant.ts"
import { topOf } from "./Overlap.ts"
import { withMessage } from "../../work/sequence/Template.ts"
import type { Offer, Place } from "../queue/Line.ts"
import { placeOf } from "./Placing.ts"
import { limitsOf } from "./Sequence.ts"
import { stopReason } from "./Stopping.ts"
import type { LiveTask, OpenExecution, Stage, TaskState } from "./TaskState.ts"

/** A claimant asks again this long after a lease has ended, so that the owner has decided about it before; milliseconds. */
const AFTER_LEASE_MS = 50

/** How long it is before a run late that waits for its turn is asked for again, milliseconds. */
const LATE_TURN_MS = 1000

const withStage = (task: LiveTask, executionId: string, stage: Stage): LiveTask => ({
  ...task,
  executions: task.executions.map((execution) =>
    execution.executionId === executionId ? { ...execution, stage } : execution
  )
})

const open = (state: TaskState | undefined, executionId: string): OpenExecution | undefined =>
  state?._tag === "live" ? state.executions.find((execution) => execution.executionId === executionId) : undefined

/** Asked before an attempt begins: undefined when its queue lets it, else how long until it is to be asked again, milliseconds. */
export type Admit = (executionId: string, attempt: number, place: Place) => number | undefined

/** May this attempt begin now? The state is a new one only when the answer is `granted`. */
export const claim = (
  state: TaskState | undefined,
  request: ClaimRequest,
  now: number,
  leaseMs: number,
  admit: Admit = () => undefined
): { readonly state: TaskState | undefined; readonly answer: ClaimAnswer } => {
  const execution = open(state, request.executionId)
  if (state?._tag !== "live" || execution === undefined || execution.attempt !== request.attempt) {
    return { state, answer: { answer: "gone" } }
  }
  const { stage } = execution
  // An owner before may have offered it; the line holds it until its turn has come.
  if (stage._tag === "buffered" && execution.paced === true) {
    return { state, answer: { answer: "held", retryAfterMs: LATE_TURN_MS } }
  }
  if (stage._tag === "steps" || stage._tag === "buffered") return { state, answer: { answer: "gone" } }
  if (stage._tag === "waiting" && stage.until > now) {
    return { state, answer: { answer: "held", retryAfterMs: stage.until - now } }
  }
  if (stage._tag === "claimed" && stage.worker !== request.worker) {
    const retryAfterMs = Math.max(0, stage.leaseUntil - now) + AFTER_LEASE_MS
    return { state, answer: { answer: "held", retryAfterMs } }
  }
  const heldMs =
    stage._tag === "claimed" ? undefined : admit(execution.executionId, execution.attempt, placeOf(state, execution))
  if (heldMs !== undefined) return { state, answer: { answer: "held", retryAfterMs: heldMs } }
  const claimed: Stage =
    stage._tag === "claimed"
      ? { ...stage, leaseUntil: now + leaseMs }
      : { _tag: "claimed", worker: request.worker, since: now, leaseUntil: now + leaseMs, recorded: false }
  return { state: withStage(state, request.executionId, claimed), answer: { answer: "granted", leaseMs } }
}

/** Extends a claim, or re-asserts it to an owner that does not know it. `stop` when the attempt is no longer wanted. */
export const heartbeat = (
  state: TaskState | undefined,
  beat: Heartbeat,
  now: number,
  leaseMs: number
): { readonly state: TaskState | undefined; readonly answer: HeartbeatAnswer } => {
  const execution = open(state, beat.executionId)
  if (state?._tag !== "live" || execution === undefined || execution.attempt !== beat.attempt) {
    return { state, answer: "stop" }
  }
  const { stage } = execution
  if (stage._tag === "buffered" || stage._tag === "steps") return { state, answer: "stop" }
  if (stage._tag === "claimed" && stage.worker !== beat.worker) return { state, answer: "stop" }
  const claimed: Stage = {
    _tag: "claimed",
    worker: beat.worker,
    since: stage._tag === "claimed" ? stage.since : toMillis(beat.startedAt),
    leaseUntil: now + leaseMs,
    recorded: stage._tag === "claimed" && stage.recorded
  }
  return {
    state: withStage(state, beat.executionId, claimed),
    answer: stopReason(state, execution) === undefined ? "continue" : "stop"
  }
}

/** A new owner gives every holder known from the log a whole lease to re-assert its claim. */
export const extendAll = (state: TaskState, now: number, leaseMs: number): TaskState =>
  state._tag === "live" && state.executions.some(({ stage }) => stage._tag === "claimed")
    ? {
        ...state,
        executions: state.executions.map((execution) =>
          execution.stage._tag === "claimed"
            ? {
                ...execution,
                stage: { ...execution.stage, leaseUntil: Math.max(execution.stage.leaseUntil, now + leaseMs) }
              }
            : execution
        )
      }
    : state

/** Attempts whose time to be offered has come, and the state in which they are. */
export const offer = (
  state: TaskState,
  partition: number,
  now: number
): { readonly state: TaskState; readonly offers: ReadonlyArray<Offer> } => {
  if (state._tag === "ended") return { state, offers: [] }
  const offers: Array<Offer> = []
  const executions = state.executions.map((execution): OpenExecution => {
    // A sequence is done by its steps.
    if (execution.outcomes !== undefined || execution.stage._tag !== "waiting" || execution.stage.until > now)
      return execution
    offers.push({ ...placeOf(state, execution), item: workItem(state, execution, partition) })
    return { ...execution, stage: { _tag: "offered" } }
  })
  return offers.length === 0 ? { state, offers } : { state: { ...state, executions }, offers }
}

/** The queue may have lost what it held: whatever is offered and not in `held` (ids of offers) waits to be offered again. */
export const reoffer = (state: TaskState, held: (executionId: string, attempt: number) => boolean): TaskState =>
  state._tag === "live" && state.executions.some((e) => e.stage._tag === "offered" && !held(e.executionId, e.attempt))
    ? {
        ...state,
        executions: state.executions.map((execution) =>
          execution.stage._tag === "offered" && !held(execution.executionId, execution.attempt)
            ? { ...execution, stage: { _tag: "waiting", until: 0 } }
            : execution
        )
      }
    : state

const workItem = (task: LiveTask, execution: OpenExecution, partition: number): WorkItem => {
  const { hardTimeoutMs, queue, timeoutMs } = limitsOf(task, execution)
  const { taskArgs, taskName, taskType } = task.definition
  const { message } = topOf(task, execution)
  return {
    v: 1,
    partition,
    taskId: task.taskId,
    taskName,
    taskType: execution.step?.type ?? taskType,
    taskArgs: execution.step?.args ?? argsFor(taskArgs, message),
    queue,
    executionId: execution.executionId,
    attempt: execution.attempt,
    nominalAt: execution.nominalAt,
    dueAt: execution.dueAt,
    ...(message === undefined ? {} : { message }),
    ...(execution.chain === undefined ? {} : { chain: execution.chain }),
    timeoutMs,
    hardTimeoutMs
  }
}

/** The arguments with what the message says; where they were changed meanwhile and it lacks something, as they are. */
const argsFor = (args: TaskArgs, message: Message | undefined): TaskArgs =>
  message === undefined ? args : Result.getOrElse(withMessage(args, message.data), () => args)
