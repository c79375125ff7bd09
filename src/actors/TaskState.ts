/**
 * What the owner of a task knows of it: the fold of its events (`evolve`), and beside it what only lives in memory, the
 * claims of workers.
 *
 * Everything that a decision needs is here; everything that must survive a crash is in the events. Claims need not
 * survive: a worker re-asserts its claim to a new owner, and one that does not has lost it.
 */
import type { Schema } from "effect"
import type { CausedBy, EventOf, ExecutionError, TaskEvent } from "../events/TaskEvent.ts"
import type { TaskArgs, TaskDefinition } from "../events/TaskDefinition.ts"
import { type Instant, toMillis } from "../recurrence/Instant.ts"
import { scheduleType, type ScheduleType } from "../recurrence/Recurrence.ts"
import { carried } from "../work/sequence/Resume.ts"
import { SEQUENCE } from "../work/sequence/SequenceArgs.ts"
import { stepsOf } from "../work/sequence/SequencePlan.ts"

/** Where a commit stands in the log; the number is filled in when the commit has been stored. */
export interface LogPosition {
  readonly sequence: number
}

/** An accepted command, remembered so that asking again gives the first answer. */
export interface KnownCommand {
  readonly commandId: string
  readonly revision: number
  readonly status: TaskPhase
  readonly position: LogPosition
  /** The execution that it began, the first of several. */
  readonly executionId?: string
  readonly executions?: number
}

/** A sequence that has failed, kept while it can be taken up again. */
export interface FailedSequence {
  readonly executionId: string
  readonly outcomes: Readonly<Record<string, StepOutcome>>
}

export type TaskPhase = "scheduled" | "paused" | "completed" | "failed" | "cancelled"

/**
 * - `waiting`: to be offered to workers at an instant (at once when it has come);
 * - `buffered`: due, and waiting for the end of an earlier execution of its task;
 * - `steps`: a sequence, which ends with its steps; `begun` once that is in the log;
 * - `offered`: in line, no worker has begun;
 * - `claimed`: a worker runs it until `leaseUntil` at least; `recorded` once `started` is in the log.
 */
export type Stage =
  | { readonly _tag: "waiting"; readonly until: number }
  | { readonly _tag: "buffered" }
  | { readonly _tag: "steps"; readonly since: number; readonly begun: boolean }
  | { readonly _tag: "offered" }
  | {
      readonly _tag: "claimed"
      readonly worker: string
      readonly since: number
      readonly leaseUntil: number
      readonly recorded: boolean
    }

/** An execution that has not ended. */
export interface OpenExecution {
  readonly executionId: string
  readonly nominalAt: Instant
  readonly dueAt: Instant
  /** Of the try that is waiting, offered or running; numbered from 1. */
  readonly attempt: number
  /** Tries that failed and count against `maxRetries`. */
  readonly failed: number
  /** Tries that were lost with their workers. */
  readonly lost: number
  readonly stage: Stage
  /** Asked for by a command. */
  readonly manual?: true
  /** Of a step of a sequence. */
  readonly step?: StepExecution
  /** Of a sequence: what became of its steps so far, by their names. */
  readonly outcomes?: Readonly<Record<string, StepOutcome>>
}

export interface StepExecution {
  /** Execution of the sequence. */
  readonly parent: string
  readonly name: string
  readonly type: string
  readonly args: TaskArgs
}

export type StepOutcome =
  | { readonly status: "completed"; readonly executionId: string; readonly result: Schema.Json }
  | { readonly status: "failed"; readonly executionId: string; readonly error: ExecutionError }

/** A task that may still do something. */
export interface LiveTask {
  readonly _tag: "live"
  readonly taskId: string
  readonly definition: TaskDefinition
  readonly scheduleType: ScheduleType
  readonly revision: number
  readonly phase: TaskPhase
  /** The next occurrence to be decided, milliseconds; null when there is none. */
  readonly nextAt: number | null
  /** Log sequence of the calendars by which `nextAt` was computed. */
  readonly calendarsAt: number
  /** When a paused task goes on by itself, milliseconds; null: when it is told to. */
  readonly pausedUntil: number | null
  /** Instants after `nextAt` that were left out by hand, milliseconds. */
  readonly leftOut: ReadonlyArray<number>
  /** Executions of the schedule that have failed since the last that ended well, or since it was resumed. */
  readonly failuresInARow: number
  /** Occurrences that became due. */
  readonly runs: number
  readonly executions: ReadonlyArray<OpenExecution>
  readonly commands: ReadonlyArray<KnownCommand>
  /** The newest execution of a sequence, where it has failed. */
  readonly failedSequence?: FailedSequence
}

/** A task that is over; only what a repeated command needs. */
export interface EndedTask {
  readonly _tag: "ended"
  readonly taskId: string
  readonly revision: number
  readonly phase: TaskPhase
  readonly fingerprint: string
  /** Queue of its work: part of the subject of its announcements. */
  readonly queue: string
  readonly commands: ReadonlyArray<KnownCommand>
}

export type TaskState = LiveTask | EndedTask

/** Commands remembered for each task. Older ones are carried out again if they are ever sent again. */
export const KNOWN_COMMANDS = 16

const isOver = (phase: TaskPhase): boolean => phase === "completed" || phase === "failed" || phase === "cancelled"

/** A task without anything left to do shrinks to what repeated commands need; a failed sequence may be taken up again. */
const settle = (task: LiveTask): TaskState =>
  isOver(task.phase) &&
  task.executions.length === 0 &&
  (task.failedSequence === undefined || task.phase === "cancelled")
    ? {
        _tag: "ended",
        taskId: task.taskId,
        revision: task.revision,
        phase: task.phase,
        fingerprint: task.definition.fingerprint,
        queue: task.definition.queue,
        commands: task.commands
      }
    : task

const remember = (
  known: ReadonlyArray<KnownCommand>,
  causedBy: CausedBy,
  answer: Omit<KnownCommand, "commandId">
): ReadonlyArray<KnownCommand> => {
  // The first made the task: it is what scheduling the same again is answered by.
  const [first, ...others] = known
  const kept = first === undefined ? [] : [first, ...others.slice(2 - KNOWN_COMMANDS)]
  return [...kept, { commandId: causedBy.commandId, ...answer }]
}

/** A command that has begun an execution, or one more. */
const begunBy = (task: LiveTask, event: EventOf<"due">, position: LogPosition): ReadonlyArray<KnownCommand> => {
  const last = task.commands.at(-1)
  if (last?.commandId === event.causedBy.commandId) {
    return [...task.commands.slice(0, -1), { ...last, executions: (last.executions ?? 1) + 1 }]
  }
  return remember(task.commands, event.causedBy, {
    revision: event.revision,
    status: task.phase,
    position,
    executionId: event.executionId,
    executions: 1
  })
}

const millisOrNull = (instant: Instant | null): number | null => (instant === null ? null : toMillis(instant))

/** The next occurrence that an event says, and by which calendars. */
const nextOf = (task: LiveTask, event: { readonly nextAt: Instant | null; readonly calendarsAt?: number }) => {
  const nextAt = millisOrNull(event.nextAt)
  return {
    nextAt,
    calendarsAt: event.calendarsAt ?? task.calendarsAt,
    leftOut: task.leftOut.length === 0 ? task.leftOut : task.leftOut.filter((at) => nextAt !== null && at > nextAt)
  }
}

const change = (
  task: LiveTask,
  executionId: string,
  to: (execution: OpenExecution) => OpenExecution | null
): ReadonlyArray<OpenExecution> =>
  task.executions.flatMap((execution) => {
    if (execution.executionId !== executionId) return [execution]
    const changed = to(execution)
    return changed === null ? [] : [changed]
  })

/** The stage of an execution whose turn has come. */
const begins = (type: string, time: Instant): Stage =>
  type === SEQUENCE ? { _tag: "steps", since: toMillis(time), begun: false } : { _tag: "waiting", until: 0 }

/** The next that waits for its turn begins where nothing before it is open: those by hand and those of the schedule apart. */
const nextInTurn = (task: LiveTask, time: Instant): LiveTask => {
  let { executions } = task
  for (const byHand of [false, true]) {
    const lane = executions.filter(({ manual, step }) => step === undefined && (manual === true) === byHand)
    const [first] = lane
    if (first === undefined || lane.some(({ stage }) => stage._tag !== "buffered")) continue
    executions = executions.map((one) =>
      one === first ? { ...one, stage: begins(task.definition.taskType, time) } : one
    )
  }
  return executions === task.executions ? task : { ...task, executions }
}

/** To which sequence an execution belongs, as its events say it. */
export const stepNames = ({ step }: OpenExecution) =>
  step === undefined ? {} : { parentExecutionId: step.parent, stepName: step.name }

/** An execution that has become due. */
const opened = (task: LiveTask, event: EventOf<"due">): OpenExecution => {
  const { parentExecutionId: parent, stepArgs: args = {}, stepName: name = "", stepType } = event
  const type = stepType ?? task.definition.taskType
  const outcomes =
    event.resumes === undefined
      ? {}
      : carried(stepsOf(task.definition.taskArgs), task.failedSequence?.outcomes ?? {}, event.resumes.fromStep)
  return {
    executionId: event.executionId,
    nominalAt: event.nominalAt,
    dueAt: event.dueAt,
    attempt: event.attempt,
    failed: 0,
    lost: 0,
    stage: event.buffered === true ? { _tag: "buffered" } : begins(type, event.time),
    ...(event.manual === true ? { manual: true } : {}),
    ...(type === SEQUENCE ? { outcomes } : {}),
    ...(parent === undefined ? {} : { step: { parent, name, type, args } })
  }
}

/** A sequence is told what became of its step. */
const told = (
  executions: ReadonlyArray<OpenExecution>,
  event: EventOf<"success"> | EventOf<"failure">
): ReadonlyArray<OpenExecution> => {
  const { executionId, parentExecutionId, stepName } = event
  if (parentExecutionId === undefined || stepName === undefined) return executions
  const outcome: StepOutcome =
    event.type === "success"
      ? { status: "completed", executionId, result: event.result }
      : { status: "failed", executionId, error: event.error }
  return executions.map((one) =>
    one.executionId === parentExecutionId ? { ...one, outcomes: { ...one.outcomes, [stepName]: outcome } } : one
  )
}

/** Without an occurrence that is still to come. */
const leftOut = (task: LiveTask, event: EventOf<"skipped">, commands: LiveTask["commands"]): LiveTask => {
  const next = nextOf(task, event)
  const at = toMillis(event.nominalAt)
  const later = next.nextAt !== null && at > next.nextAt
  return { ...task, ...next, leftOut: later ? [...next.leftOut, at] : next.leftOut, commands }
}

/** Runs by hand, steps, and what was cancelled say nothing of how the schedule fares. */
const failuresAfter = (task: LiveTask, event: EventOf<"success"> | EventOf<"failure">): number => {
  const execution = task.executions.find(({ executionId }) => executionId === event.executionId)
  if (execution === undefined || execution.manual === true || execution.step !== undefined) return task.failuresInARow
  if (event.type === "success") return 0
  return event.error.code === "cancelled" ? task.failuresInARow : task.failuresInARow + 1
}

/** With the failed sequence that may be taken up again, and without one that a newer execution has overtaken. */
const sequenceEnded = (task: LiveTask, event: EventOf<"success"> | EventOf<"failure">): LiveTask => {
  const execution = task.executions.find(({ executionId }) => executionId === event.executionId)
  if (execution?.outcomes === undefined || execution.step !== undefined) return task
  const { failedSequence: _older, ...rest } = task
  if (event.type === "success" || event.error.code === "cancelled") return rest
  return { ...rest, failedSequence: { executionId: event.executionId, outcomes: execution.outcomes } }
}

/** The state after an event; `leaseMs` is how long a recorded start holds without a heartbeat. */
export const evolve = (
  state: TaskState | undefined,
  event: TaskEvent,
  position: LogPosition,
  leaseMs: number
): TaskState => {
  if (state === undefined) {
    if (event.type !== "scheduled") throw new Error(`event ${event.type} of the unknown task ${event.taskId}`)
    return {
      _tag: "live",
      taskId: event.taskId,
      definition: event.definition,
      scheduleType: scheduleType(event.definition.recurrence),
      revision: event.revision,
      phase: "scheduled",
      nextAt: millisOrNull(event.nextAt),
      calendarsAt: event.calendarsAt ?? 0,
      pausedUntil: null,
      leftOut: [],
      failuresInARow: 0,
      runs: 0,
      executions: [],
      commands: remember([], event.causedBy, { revision: event.revision, status: "scheduled", position })
    }
  }
  if (state._tag === "ended") return state
  const known = (status: TaskPhase) =>
    remember(state.commands, event.causedBy, { revision: event.revision, status, position })
  switch (event.type) {
    case "scheduled":
      return state
    case "updated":
    case "rescheduled":
      return {
        ...state,
        definition: event.definition,
        scheduleType: event.scheduleType,
        revision: event.revision,
        ...nextOf(state, event),
        commands: known(state.phase)
      }
    case "paused":
      return {
        ...state,
        revision: event.revision,
        phase: "paused",
        pausedUntil: millisOrNull(event.until),
        commands: known("paused")
      }
    case "resumed":
      return {
        ...state,
        revision: event.revision,
        phase: "scheduled",
        pausedUntil: null,
        failuresInARow: 0,
        ...nextOf(state, event),
        commands: known("scheduled")
      }
    case "cancelled":
      return settle({
        ...state,
        revision: event.revision,
        phase: "cancelled",
        nextAt: null,
        executions: state.executions.filter((execution) => !event.executions.includes(execution.executionId)),
        commands: known("cancelled")
      })
    case "due":
      return {
        ...state,
        ...nextOf(state, event),
        runs: state.runs + (event.parentExecutionId === undefined && event.manual !== true ? 1 : 0),
        executions: [...state.executions, opened(state, event)],
        ...(event.manual === true
          ? {
              commands: begunBy(state, event, position)
            }
          : {})
      }
    case "skipped":
      return event.reason === "skippedByUser"
        ? leftOut(state, event, known(state.phase))
        : { ...state, ...nextOf(state, event) }
    case "started":
      return {
        ...state,
        executions: change(state, event.executionId, (execution) => ({
          ...execution,
          // A sequence is begun by nobody: its steps are.
          stage:
            execution.stage._tag === "steps"
              ? { ...execution.stage, begun: true }
              : {
                  _tag: "claimed",
                  worker: event.worker,
                  since: toMillis(event.startedAt),
                  leaseUntil:
                    execution.stage._tag === "claimed"
                      ? execution.stage.leaseUntil
                      : toMillis(event.startedAt) + leaseMs,
                  recorded: true
                }
        }))
      }
    case "retry":
      return {
        ...state,
        executions: change(state, event.executionId, (execution) => ({
          ...execution,
          attempt: event.attempt + 1,
          failed: execution.failed + (event.counted ? 1 : 0),
          lost: execution.lost + (event.error.code === "lost" ? 1 : 0),
          stage: { _tag: "waiting", until: toMillis(event.nextAttemptAt) }
        }))
      }
    case "success":
    case "failure":
      return settle(
        nextInTurn(
          {
            ...sequenceEnded(state, event),
            failuresInARow: failuresAfter(state, event),
            executions: told(
              change(state, event.executionId, () => null),
              event
            )
          },
          event.time
        )
      )
    case "completed":
      return settle({ ...state, phase: "completed", nextAt: null })
  }
}

/** How long after its nominal instant an occurrence of this task is due, milliseconds. */
export const offsetOf = ({ definition }: LiveTask): number => definition.offsetMs ?? 0

/** When an execution that nobody has begun is given up, milliseconds; undefined where it has been begun, or waits for ever. */
export const expiresAt = (
  { definition }: LiveTask,
  { attempt, dueAt, stage, step }: OpenExecution
): number | undefined =>
  definition.expiresMs === undefined ||
  step !== undefined ||
  attempt > 1 ||
  stage._tag === "claimed" ||
  stage._tag === "steps"
    ? undefined
    : toMillis(dueAt) + definition.expiresMs

/** The next instant at which this task must be looked at, milliseconds; null when only a command can change it. */
export const wakeAt = (state: TaskState, startedGraceMs: number): number | null => {
  if (state._tag === "ended") return null
  let at = state.phase === "scheduled" && state.nextAt !== null ? state.nextAt + offsetOf(state) : Infinity
  if (state.phase === "paused" && state.pausedUntil !== null) at = state.pausedUntil
  for (const execution of state.executions) {
    const { stage } = execution
    at = Math.min(at, expiresAt(state, execution) ?? Infinity)
    if (stage._tag === "waiting") at = Math.min(at, stage.until)
    else if (stage._tag === "claimed") {
      at = Math.min(at, stage.recorded ? stage.leaseUntil : Math.min(stage.leaseUntil, stage.since + startedGraceMs))
    }
  }
  return at === Infinity ? null : at
}

/** Queue of a task's work. */
export const queueOf = (state: TaskState): string => (state._tag === "live" ? state.definition.queue : state.queue)
