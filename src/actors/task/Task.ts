/**
 * The rule book of a task: what a command, a report or the passing of time leads to.
 *
 * Pure and total: time, ids and names are arguments. The same state, question and time always give the same events, so
 * that a decision that was lost can be made again. Nothing here is true before the returned events are in the log.
 */
import { Result } from "effect"
import { reusedBy } from "../../events/CommandKey.ts"
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import type { CausedBy, EventOf, ExecutionError, KeptOutput, TaskEvent } from "../../events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../recurrence/Instant.ts"
import { isByMessage, scheduleType } from "../../recurrence/Recurrence.ts"
import type { Report } from "../../work/Work.ts"
import { backoff, isRetried } from "./Backoff.ts"
import { backfill, type BackfillCommand } from "./Backfill.ts"
import { byCalendars, firstOccurrence, following, lostOccurrence, nextLost, occurrences } from "./Due.ts"
import { type ExcludedDays, none as noDays } from "./ExcludedDays.ts"
import { change, type ChangeCommand, skip, type SkipCommand } from "./Edit.ts"
import { fire, type FireCommand } from "./Fire.ts"
import { completed, head, isLast } from "./Head.ts"
import { run, type RunCommand } from "./Manual.ts"
import { pause, type PauseCommand, resume, type ResumeCommand, resumed } from "./Pause.ts"
import { expired, withPause } from "./Limits.ts"
import {
  cancelExecution,
  type CancelExecutionCommand,
  cancelWaiting,
  type CancelWaitingCommand
} from "./CancelExecution.ts"
import { nothing, type Recall } from "./Recall.ts"
import { restore, type RestoreCommand } from "./Restore.ts"
import { retry, type RetryCommand } from "./Retry.ts"
import { revert, type RevertCommand } from "./Revert.ts"
import { causedByAttempt, startedEvent } from "./Started.ts"
import { stopReason } from "./Stopping.ts"
import { begun, limitsOf, unclaimed, withSteps } from "./Sequence.ts"
import { type Decision, keyReused, over } from "./Decision.ts"
import { Refused } from "../door/TaskRequest.ts"
import { type LiveTask, moreToCome, offsetOf, type OpenExecution, belonging, type TaskState } from "./TaskState.ts"

export type TaskCommand =
  | {
      readonly type: "schedule"
      readonly taskId: string
      readonly definition: TaskDefinition
      /** Version of the zone database that the words were understood with. */
      readonly tzdata: string
      /** Why it cannot be accepted any more (its instant has passed): one that was accepted before gets the first answer. */
      readonly tooLate?: Refused
      readonly causedBy: CausedBy
    }
  | { readonly type: "cancel"; readonly taskId: string; readonly causedBy: CausedBy }
  | RunCommand
  | PauseCommand
  | ResumeCommand
  | ChangeCommand
  | SkipCommand
  | BackfillCommand
  | FireCommand
  | CancelExecutionCommand
  | CancelWaitingCommand
  | RetryCommand
  | RestoreCommand
  | RevertCommand

/** Knobs that rules depend on; see `Settings`. */
export interface Rules {
  readonly leaseMs: number
  readonly startedGraceMs: number
  readonly maxLost: number
}

/** Longest delay that a run may ask for by "come back later": 366 days, milliseconds. */
export const MAX_DELAY_MS = 366 * 86_400_000

export const decide = (
  state: TaskState | undefined,
  command: TaskCommand,
  now: number,
  excluded: ExcludedDays = noDays,
  recall: Recall = nothing
): Result.Result<Decision, Refused> => {
  const known = state?.commands.find((one) => one.commandId === command.causedBy.commandId)
  if (known !== undefined) return Result.succeed({ _tag: "known", command: known, repeated: true })
  const other = reusedBy(
    (state?.commands ?? []).map(({ commandId }) => commandId),
    command.causedBy.commandId
  )
  if (other !== undefined) return keyReused(other)
  switch (command.type) {
    case "schedule":
      return schedule(state, command, now, excluded)
    case "cancel":
      return cancel(state, command, now)
    case "run":
      return run(state, command, now)
    case "pause":
      return pause(state, command, now)
    case "resume":
      return resume(state, command, now, excluded)
    case "change":
      return change(state, command, now, excluded)
    case "skip":
      return skip(state, command, now, excluded)
    case "backfill":
      return backfill(state, command, now, excluded)
    case "fire":
      return fire(state, command, now)
    case "cancelExecution":
      return cancelExecution(state, command, now, recall)
    case "cancelWaiting":
      return cancelWaiting(state, command, now)
    case "retry":
      return retry(state, command, now, recall)
    case "restore":
      return restore(state, command, now, excluded, recall)
    case "revert":
      return revert(state, command, now, excluded, recall)
  }
}

const schedule = (
  state: TaskState | undefined,
  command: Extract<TaskCommand, { readonly type: "schedule" }>,
  now: number,
  excluded: ExcludedDays
): Result.Result<Decision, Refused> => {
  const { definition, taskId } = command
  if (state !== undefined) {
    const first = state.commands[0]
    const fingerprint = state._tag === "live" ? state.definition.fingerprint : state.fingerprint
    if (first !== undefined && fingerprint === definition.fingerprint) {
      return Result.succeed({ _tag: "known", command: first, repeated: false })
    }
    return Result.fail(
      new Refused({
        code: "idInUse",
        message: `the id ${JSON.stringify(taskId)} belongs to a task with another definition`,
        hint: "choose another id, or leave it out and one is made"
      })
    )
  }
  if (command.tooLate !== undefined) return Result.fail(command.tooLate)
  const first = firstOccurrence(definition, now, excluded)
  const past = definition.endAt !== null && toMillis(definition.endAt) < now
  if (first === null && (past || !isByMessage(definition.recurrence))) {
    return Result.fail(
      new Refused({
        code: "invalidSchedule",
        message: `${JSON.stringify(definition.scheduleSpec)} has no occurrence after ${fromMillis(now)}`,
        hint: "give an instant, or an end, that lies in the future"
      })
    )
  }
  return Result.succeed({
    _tag: "events",
    events: [
      {
        type: "scheduled",
        version: 1,
        time: fromMillis(now),
        taskId,
        taskName: definition.taskName,
        taskType: definition.taskType,
        scheduleType: scheduleType(definition.recurrence),
        revision: 1,
        causedBy: command.causedBy,
        ...following(definition, first, nextLost(definition, now, first, excluded), excluded),
        definition,
        tzdata: command.tzdata
      }
    ]
  })
}

const cancel = (
  state: TaskState | undefined,
  command: Extract<TaskCommand, { readonly type: "cancel" }>,
  now: number
): Result.Result<Decision, Refused> => {
  if (state === undefined) {
    return Result.fail(
      new Refused({ code: "notFound", message: `no task has the id ${JSON.stringify(command.taskId)}` })
    )
  }
  if (state.phase === "cancelled") {
    return Result.fail(
      new Refused({ code: "alreadyCancelled", message: `task ${state.taskId} has been cancelled already` })
    )
  }
  if (state._tag === "ended" || state.phase === "completed") {
    return over(state)
  }
  return Result.succeed({
    _tag: "events",
    events: [
      // Whoever owns the task next must know what had begun: it ends by itself, and is not offered again.
      ...state.executions.flatMap((execution) => {
        const { stage } = execution
        return stage._tag === "claimed" && !stage.recorded ? [startedEvent(state, execution, stage, now)] : []
      }),
      {
        ...head(state, "cancelled", now, command.causedBy),
        revision: state.revision + 1,
        ...leaving(unclaimed(state))
      }
    ]
  })
}

/** Executions that end with their task, and what a retry of them must know. */
const leaving = (executions: ReadonlyArray<OpenExecution>) => {
  const origins = executions.flatMap((execution) => {
    const { dueLogSequence, retryOf } = belonging(execution)
    return retryOf === undefined && dueLogSequence === undefined
      ? []
      : [
          {
            executionId: execution.executionId,
            ...(retryOf === undefined ? {} : { retryOf }),
            ...(dueLogSequence === undefined ? {} : { dueLogSequence })
          }
        ]
  })
  return {
    executions: executions.map(({ executionId }) => executionId),
    ...(origins.length === 0 ? {} : { origins })
  }
}

/** What a worker's report leads to; no events when it comes too late to change anything. */
export const report = (state: TaskState | undefined, said: Report, now: number): ReadonlyArray<TaskEvent> =>
  withPause(state, withSteps(state, reported(state, said, now), now), now)

const reported = (state: TaskState | undefined, said: Report, now: number): ReadonlyArray<TaskEvent> => {
  if (state?._tag !== "live") return []
  const execution = state.executions.find((one) => one.executionId === said.executionId)
  // What waits for its turn was never offered: nobody can have run it.
  if (execution === undefined || execution.attempt !== said.attempt || execution.stage._tag === "buffered") return []
  const ran: Ran = {
    worker: said.worker,
    startedAt: said.startedAt,
    finishedAt: said.finishedAt,
    ...(said.output === undefined ? {} : { output: said.output })
  }
  const causedBy = { commandId: `${said.executionId}#${said.attempt}`, actor: said.worker }
  const { outcome } = said
  const limits = limitsOf(state, execution)
  switch (outcome.outcome) {
    case "done":
      return ended(state, execution, now, {
        ...head(state, "success", now, causedBy),
        ...tried(execution, ran),
        result: outcome.result
      })
    case "failed":
      return failed(state, execution, now, outcome.error, ran, causedBy, {
        counted: true,
        again: execution.failed < limits.maxRetries && isRetried(limits.retry, outcome.error),
        delayMs: backoff(limits.retry, execution)
      })
    case "comeBackLater":
      return failed(state, execution, now, outcome.error, ran, causedBy, {
        counted: false,
        again: true,
        delayMs: Math.min(MAX_DELAY_MS, Math.max(0, outcome.delayMs))
      })
    case "failedForGood":
    case "cancelled":
      return failed(state, execution, now, outcome.error, ran, causedBy, null)
  }
}

/** What the passing of time leads to: due occurrences, recorded starts, lost workers. Nothing before `wakeAt`. */
export const wake = (
  state: TaskState,
  now: number,
  rules: Rules,
  excluded: ExcludedDays = noDays
): ReadonlyArray<TaskEvent> => withPause(state, withSteps(state, brought(state, now, rules, excluded), now), now)

const brought = (state: TaskState, now: number, rules: Rules, excluded: ExcludedDays): ReadonlyArray<TaskEvent> => {
  if (state._tag === "ended") return []
  if (state.phase === "paused" && state.pausedUntil !== null && state.pausedUntil <= now) {
    return resumed(state, state.pausedUntil, now, { commandId: causeOfEnd(state), actor: "scheduler" }, excluded)
  }
  const moved = state.phase === "scheduled" ? byCalendars(state, now, excluded) : []
  // What is due is decided on the state that this leads to.
  if (moved.length > 0) return moved
  const gone = expired(state, now)
  // What waits behind them is decided about on the state that this leads to.
  if (gone.length > 0) return gone
  const lost = state.phase === "scheduled" ? lostOccurrence(state, now, excluded) : []
  if (lost.length > 0) return lost
  const events: Array<TaskEvent> = []
  let task = state
  let anyLost = false
  for (const execution of state.executions) {
    const { stage } = execution
    if (execution.outcomes !== undefined && stage._tag === "waiting" && stage.until <= now) {
      events.push(begun(state, execution, now))
    }
    if (stage._tag !== "claimed") continue
    if (stage.leaseUntil <= now) {
      const ran = { worker: stage.worker, startedAt: fromMillis(stage.since), finishedAt: fromMillis(now) }
      const causedBy = causedByAttempt(execution)
      const error = {
        code: "lost",
        message: `worker ${stage.worker} has not been heard of for ${rules.leaseMs} ms; the attempt may have done some of its work`
      }
      const lost = failed(task, execution, now, error, ran, causedBy, {
        counted: false,
        again: execution.lost + 1 < rules.maxLost,
        delayMs: 0
      })
      if (lost.some((event) => event.type === "failure")) {
        task = { ...task, executions: task.executions.filter((one) => one !== execution) }
      }
      events.push(...lost)
      anyLost = true
    } else if (!stage.recorded && stage.since + rules.startedGraceMs <= now) {
      events.push(startedEvent(state, execution, stage, now))
    }
  }
  const ends = state.phase === "scheduled" && isByMessage(state.definition.recurrence) && state.executions.length === 0
  if (ends && !moreToCome(state, now)) return [completed(state, now)]
  // What is due beside lost attempts is decided about on the state that they lead to.
  if (!anyLost && state.phase === "scheduled" && state.nextAt !== null && state.nextAt + offsetOf(state) <= now) {
    events.push(...occurrences(state, state.nextAt, now, excluded))
  }
  return events
}

/** The end of a pause is decided once. */
const causeOfEnd = (task: LiveTask): string => `${task.taskId}@pause${task.revision}`

interface Ran {
  readonly worker: string
  readonly startedAt: string
  readonly finishedAt: string
  readonly output?: KeptOutput
}

interface RetryRule {
  readonly counted: boolean
  readonly again: boolean
  readonly delayMs: number
}

const failed = (
  task: LiveTask,
  execution: OpenExecution,
  now: number,
  error: ExecutionError,
  ran: Ran,
  causedBy: CausedBy,
  /** Null: it is not tried again. */
  rule: RetryRule | null
): ReadonlyArray<TaskEvent> => {
  const stops = stopReason(task, execution) !== undefined
  if (rule !== null && rule.again && !stops) {
    return [
      {
        ...head(task, "retry", now, causedBy),
        ...tried(execution, ran),
        error,
        nextAttemptAt: fromMillis(now + rule.delayMs),
        counted: rule.counted
      }
    ]
  }
  const last = stops ? { ...error, code: "cancelled" } : error
  return ended(task, execution, now, { ...head(task, "failure", now, causedBy), ...tried(execution, ran), error: last })
}

/** An outcome, and `completed` when it was the task's last one. */
const ended = (
  task: LiveTask,
  execution: OpenExecution,
  now: number,
  outcome: EventOf<"success"> | EventOf<"failure">
): ReadonlyArray<TaskEvent> => (isLast(task, execution.executionId, now) ? [outcome, completed(task, now)] : [outcome])

const tried = (execution: OpenExecution, ran: Ran) => ({
  executionId: execution.executionId,
  nominalAt: execution.nominalAt,
  dueAt: execution.dueAt,
  attempt: execution.attempt,
  ...belonging(execution),
  ...ran,
  durationMs: Math.max(0, toMillis(ran.finishedAt) - toMillis(ran.startedAt))
})
