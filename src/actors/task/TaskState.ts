/**
 * What the owner of a task knows of it: the fold of its events (`Evolve.ts`), and beside it what only lives in memory, the
 * claims of workers.
 *
 * Everything that a decision needs is here; everything that must survive a crash is in the events. Claims need not
 * survive: a worker re-asserts its claim to a new owner, and one that does not has lost it.
 */
import type { Schema } from "effect"
import type { Message, MessagePlace } from "../../events/Message.ts"
import type { ExecutionError } from "../../events/TaskEvent.ts"
import type { TaskArgs, TaskDefinition } from "../../events/TaskDefinition.ts"
import { type Instant, toMillis } from "../../recurrence/Instant.ts"
import { isByMessage, type ScheduleType } from "../../recurrence/Recurrence.ts"

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

/** A revision that changed the definition, and where that stands. */
export interface DefinitionAt {
  readonly revision: number
  readonly position: LogPosition
}

/** A sequence that has failed, kept while it can be taken up again. */
export interface FailedSequence {
  readonly executionId: string
  readonly outcomes: Readonly<Record<string, StepOutcome>>
}

export type TaskPhase = "scheduled" | "paused" | "completed" | "failed" | "cancelled"

/**
 * - `waiting`: to be offered to workers at an instant (at once when it has come); a sequence begins then;
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
  /** Since when it is its turn, milliseconds: by this it sorts in its queue. */
  readonly queuedAt: number
  /** Of the try that is waiting, offered or running; numbered from 1. */
  readonly attempt: number
  /** Tries that failed and count against `maxRetries`. */
  readonly failed: number
  /** Tries that were lost with their workers. */
  readonly lost: number
  readonly stage: Stage
  /** Asked for by a command. */
  readonly manual?: true
  /** Of a retry: the first execution for its instant. */
  readonly retryOf?: string
  /** It was asked to stop, for this reason: no further attempt follows. */
  readonly stopping?: string
  /** Missed, and run late at its task's pace. */
  readonly paced?: true
  /** Of one that a message started: where that stands in the log. */
  readonly duePosition?: LogPosition
  /** What started it. */
  readonly message?: Message
  /** How many executions in a row were each started by the one before. */
  readonly chain?: number
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
  /** The next instant before it that a change of the clocks takes away, milliseconds; of a cancelled task, that was then. */
  readonly lostAt: number | null
  /** The next occurrence when the task was cancelled: those before had been decided. */
  readonly stoodAt?: number
  /** Log sequence of the calendars by which `nextAt` was computed. */
  readonly calendarsAt: number
  /** When a paused task goes on by itself, milliseconds; null: when it is told to. */
  readonly pausedUntil: number | null
  /** When the newest of those that are run late at a pace is due, milliseconds; 0 when there was none. */
  readonly pacedUntil: number
  /** Instants after `nextAt` that were left out by hand, milliseconds. */
  readonly leftOut: ReadonlyArray<number>
  /** Executions of the schedule that have failed since the last that ended well, or since it was resumed. */
  readonly failuresInARow: number
  /** Occurrences that became due. */
  readonly runs: number
  readonly executions: ReadonlyArray<OpenExecution>
  readonly commands: ReadonlyArray<KnownCommand>
  /** Where the schedule that it has now came into the log: events before do not start it. */
  readonly since: LogPosition
  /** The newest message that was decided about. */
  readonly heard?: MessagePlace
  /** When a schedule by messages that it has had before, and nothing listened for, came back; milliseconds. Those up to then do not start it. */
  readonly broughtBackAt?: number
  /** Where the definitions that it has had stand in the log, the newest of them, oldest first. */
  readonly definitions: ReadonlyArray<DefinitionAt>
  /** The newest execution of a sequence, where it has failed. */
  readonly failedSequence?: FailedSequence
}

/** A task that is over: what a repeated command needs, and what it takes to let it go on, but for its definition. */
export interface EndedTask {
  readonly _tag: "ended"
  readonly taskId: string
  readonly revision: number
  readonly phase: TaskPhase
  readonly fingerprint: string
  /** Queue of its work: part of the subject of its announcements. */
  readonly queue: string
  readonly commands: ReadonlyArray<KnownCommand>
  readonly definitions: ReadonlyArray<DefinitionAt>
  readonly runs: number
  readonly leftOut?: ReadonlyArray<number>
  readonly stoodAt?: number
  readonly lostAt?: number
  readonly heard?: MessagePlace
}

export type TaskState = LiveTask | EndedTask

/**
 * What an execution belongs to, as its events say it: the sequence that it is a step of, the first that it is a retry of,
 * and the chain in which it stands.
 */
export const belonging = ({ chain, duePosition, retryOf, step }: OpenExecution) => ({
  ...(step === undefined ? {} : { parentExecutionId: step.parent, stepName: step.name }),
  ...(retryOf === undefined ? {} : { retryOf }),
  ...(chain === undefined ? {} : { chain }),
  ...(duePosition === undefined || duePosition.sequence === 0 ? {} : { dueLogSequence: duePosition.sequence })
})

/** Whether messages start it, and its end or its number of runs lets none of them start it any more. */
export const isExhausted = ({ definition, runs }: LiveTask, now: number): boolean =>
  (definition.maxRuns !== null && runs >= definition.maxRuns) ||
  (definition.endAt !== null && toMillis(definition.endAt) < now)

/** Whether something is still to be decided, at an instant or with a message. */
export const moreToCome = (task: LiveTask, now: number): boolean =>
  task.nextAt !== null || task.lostAt !== null || (isByMessage(task.definition.recurrence) && !isExhausted(task, now))

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
  const next = state.lostAt ?? state.nextAt
  let at = state.phase === "scheduled" && next !== null ? next + offsetOf(state) : Infinity
  if (state.phase === "paused" && state.pausedUntil !== null) at = state.pausedUntil
  const { endAt, recurrence } = state.definition
  // It ends by itself, where no execution does it.
  if (state.phase === "scheduled" && endAt !== null && isByMessage(recurrence) && state.executions.length === 0) {
    at = Math.min(at, toMillis(endAt) + 1)
  }
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
