/**
 * The fold of a task's events: the state after one more. Pure; whoever reads the log comes to what its owner knows, but
 * for claims.
 */
import type { CausedBy, EventOf, TaskEvent } from "../../events/TaskEvent.ts"
import { type Instant, toMillis } from "../../recurrence/Instant.ts"
import { type ByMessage, isByMessage, scheduleType } from "../../recurrence/Recurrence.ts"
import { render } from "../../recurrence/Render.ts"
import { carried } from "../../work/sequence/Resume.ts"
import { SEQUENCE } from "../../work/sequence/SequenceArgs.ts"
import { stepsOf } from "../../work/sequence/SequencePlan.ts"
import { KNOWN_DEFINITIONS } from "./KnownDefinition.ts"
import { isAhead } from "./Overlap.ts"
import { revived } from "./Revived.ts"
import { CANCELLED, TASK_CANCELLED } from "./Stopping.ts"
import {
  isExhausted,
  type KnownCommand,
  type LiveTask,
  type LogPosition,
  type OpenExecution,
  type Stage,
  type StepOutcome,
  type TaskPhase,
  type TaskState
} from "./TaskState.ts"

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
        commands: task.commands,
        definitions: task.definitions,
        runs: task.runs,
        ...(task.leftOut.length === 0 ? {} : { leftOut: task.leftOut }),
        ...(task.stoodAt === undefined ? {} : { stoodAt: task.stoodAt }),
        ...(task.lostAt === null ? {} : { lostAt: task.lostAt }),
        ...(task.heard === undefined ? {} : { heard: task.heard })
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

/** A command that has begun, or ended, an execution, or one more. */
const countedBy = (
  task: LiveTask,
  event: EventOf<"due"> | EventOf<"failure"> | EventOf<"stopping">,
  position: LogPosition
): ReadonlyArray<KnownCommand> => {
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

/** With the definition that an event brings, where it is another than before. */
const defined = (task: LiveTask, revision: number, position: LogPosition): LiveTask["definitions"] =>
  revision > (task.definitions.at(-1)?.revision ?? 0)
    ? [...task.definitions.slice(1 - KNOWN_DEFINITIONS), { revision, position }]
    : task.definitions

/** An execution that is asked to stop; the first reason counts. */
const asked = (execution: OpenExecution, why: string): OpenExecution =>
  execution.stopping === undefined ? { ...execution, stopping: why } : execution

const millisOrNull = (instant: Instant | null): number | null => (instant === null ? null : toMillis(instant))

/** What an event says of the occurrences to come. */
interface SaysNext {
  readonly nextAt: Instant | null
  readonly calendarsAt?: number
  readonly lostAt?: Instant | null
}

/** The next occurrence that an event says, and by which calendars. */
const nextOf = (task: LiveTask, event: SaysNext) => {
  const nextAt = millisOrNull(event.nextAt)
  return {
    nextAt,
    lostAt: event.lostAt === undefined && nextAt === task.nextAt ? task.lostAt : lostOf(event),
    calendarsAt: event.calendarsAt ?? task.calendarsAt,
    // A run by hand says no other next occurrence, also of a task that is over and may go on.
    leftOut:
      task.leftOut.length === 0 || nextAt === task.nextAt
        ? task.leftOut
        : task.leftOut.filter((at) => nextAt !== null && at > nextAt)
  }
}

/** Of a schedule that begins anew, whatever was to come before. */
const lostOf = ({ lostAt = null }: SaysNext): number | null => millisOrNull(lostAt)

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

/** An execution whose turn has come: it begins, or waits for its instant. */
const begins = (execution: Omit<OpenExecution, "stage" | "queuedAt">, time: Instant): OpenExecution => {
  const now = toMillis(time)
  const until = execution.paced === true ? toMillis(execution.dueAt) : 0
  const stage: Stage =
    execution.outcomes !== undefined && until <= now
      ? { _tag: "steps", since: now, begun: false }
      : { _tag: "waiting", until }
  return { ...execution, stage, queuedAt: Math.max(now, until) }
}

/** A run late that has been offered to nobody lets one go first that is on time: it waits for its turn again. */
const givesWay = (executions: ReadonlyArray<OpenExecution>): ReadonlyArray<OpenExecution> =>
  executions.some(isAhead)
    ? executions.map((one): OpenExecution => (isAhead(one) ? { ...one, stage: { _tag: "buffered" } } : one))
    : executions

/** The next that waits for its turn begins where nothing before it is open: those by hand and those of the schedule apart. */
const nextInTurn = (task: LiveTask, time: Instant): LiveTask => {
  let { executions } = task
  for (const byHand of [false, true]) {
    const lane = executions.filter(({ manual, step }) => step === undefined && (manual === true) === byHand)
    // What is on time goes before what is late.
    const first = lane.find(({ paced }) => paced !== true) ?? lane[0]
    if (first === undefined || lane.some(({ stage }) => stage._tag !== "buffered")) continue
    executions = executions.map((one) => (one === first ? begins(one, time) : one))
  }
  return executions === task.executions ? task : { ...task, executions }
}

/** The message that was decided about. */
const heard = (event: EventOf<"due"> | EventOf<"skipped">): Pick<LiveTask, "heard"> =>
  event.message === undefined || (event.type === "due" && event.retryOf !== undefined)
    ? {}
    : { heard: event.message.place }

/** An execution that has become due. */
const opened = (task: LiveTask, event: EventOf<"due">, position: LogPosition): OpenExecution => {
  const { parentExecutionId: parent, stepArgs: args = {}, stepName: name = "", stepType } = event
  const type = stepType ?? task.definition.taskType
  const outcomes =
    event.resumes === undefined
      ? {}
      : carried(
          stepsOf(task.definition.taskArgs),
          event.resumes.outcomes ?? task.failedSequence?.outcomes ?? {},
          event.resumes.fromStep
        )
  const execution: Omit<OpenExecution, "stage" | "queuedAt"> = {
    executionId: event.executionId,
    nominalAt: event.nominalAt,
    dueAt: event.dueAt,
    attempt: event.attempt,
    failed: 0,
    lost: 0,
    ...(event.manual === true ? { manual: true } : {}),
    ...(event.retryOf === undefined ? {} : { retryOf: event.retryOf }),
    ...(event.paced === true ? { paced: true } : {}),
    ...(event.message === undefined ? {} : { message: event.message, duePosition: position }),
    ...(event.chain === undefined ? {} : { chain: event.chain }),
    ...(type === SEQUENCE ? { outcomes } : {}),
    ...(parent === undefined ? {} : { step: { parent, name, type, args } })
  }
  return event.buffered === true
    ? { ...execution, stage: { _tag: "buffered" }, queuedAt: toMillis(event.time) }
    : begins(execution, event.time)
}

/** The executions after one more; beside those of the schedule itself, what is late waits for what is on time. */
const withOpened = (task: LiveTask, event: EventOf<"due">, position: LogPosition): ReadonlyArray<OpenExecution> => {
  const beside = event.manual === true || event.parentExecutionId !== undefined || event.paced === true
  const waits = event.buffered === true || task.definition.overlap === "allowAll"
  const before = beside || waits ? task.executions : givesWay(task.executions)
  return [...before, opened(task, event, position)]
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

/**
 * From where messages start it after another schedule. Where only a bound has changed, what is on its way still counts; what
 * came while an older schedule was not in force, or no run was left, does not.
 */
const listensFrom = (
  task: LiveTask,
  { definition: { recurrence }, revertsTo, time }: EventOf<"rescheduled">,
  position: LogPosition
): Pick<LiveTask, "since" | "broughtBackAt"> => {
  const before = task.definition.recurrence
  const isSame = isByMessage(recurrence) && isByMessage(before) && sameSource(recurrence, before)
  if (isSame && !isExhausted(task, -Infinity)) return { since: task.since }
  return { since: position, ...(isSame || revertsTo !== undefined ? { broughtBackAt: toMillis(time) } : {}) }
}

const sameSource = (one: ByMessage, other: ByMessage): boolean => {
  const [from, of] = [one, other].map((recurrence) => (recurrence.kind === "subject" ? recurrence.from : undefined))
  return render(one) === render(other) && from?.sequence === of?.sequence && from?.created === of?.created
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
      since: position,
      phase: "scheduled",
      nextAt: millisOrNull(event.nextAt),
      lostAt: lostOf(event),
      calendarsAt: event.calendarsAt ?? 0,
      pausedUntil: null,
      pacedUntil: 0,
      leftOut: [],
      failuresInARow: 0,
      runs: 0,
      executions: [],
      commands: remember([], event.causedBy, { revision: event.revision, status: "scheduled", position }),
      definitions: [{ revision: event.revision, position }]
    }
  }
  if (state._tag === "ended") {
    const goesOn = (event.type === "due" || event.type === "restored") && event.definition !== undefined
    return goesOn ? evolve(revived(state, event.definition), event, position, leaseMs) : state
  }
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
        ...(event.type === "rescheduled" ? { ...listensFrom(state, event, position), lostAt: lostOf(event) } : {}),
        commands: known(state.phase),
        definitions: defined(state, event.revision, position)
      }
    case "restored": {
      const { stoodAt: _decided, ...rest } = state
      return {
        ...rest,
        definition: event.definition,
        scheduleType: event.scheduleType,
        revision: event.revision,
        phase: "scheduled",
        pausedUntil: null,
        failuresInARow: 0,
        since: position,
        broughtBackAt: toMillis(event.time),
        ...nextOf(state, event),
        lostAt: lostOf(event),
        commands: known("scheduled")
      }
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
        ...(state.nextAt === null ? {} : { stoodAt: state.nextAt }),
        executions: state.executions
          .filter((execution) => !event.executions.includes(execution.executionId))
          .map((execution) => asked(execution, TASK_CANCELLED)),
        commands: known("cancelled")
      })
    case "due":
      return {
        ...state,
        ...nextOf(state, event),
        ...heard(event),
        runs: state.runs + (event.parentExecutionId === undefined && event.manual !== true ? 1 : 0),
        executions: withOpened(state, event, position),
        ...(event.paced === true ? { pacedUntil: toMillis(event.dueAt) } : {}),
        ...(event.manual === true
          ? {
              commands: countedBy(state, event, position)
            }
          : {})
      }
    case "skipped":
      return event.reason === "skippedByUser"
        ? leftOut(state, event, known(state.phase))
        : { ...state, ...nextOf(state, event), ...heard(event) }
    case "started":
      return {
        ...state,
        executions: change(state, event.executionId, (execution) => ({
          ...execution,
          // A sequence is begun by nobody: its steps are.
          stage:
            execution.outcomes !== undefined
              ? {
                  _tag: "steps",
                  since: execution.stage._tag === "steps" ? execution.stage.since : toMillis(event.startedAt),
                  begun: true
                }
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
    case "stopping":
      return {
        ...state,
        executions: change(state, event.executionId, (execution) =>
          asked(execution, event.causedBy.reason ?? CANCELLED)
        ),
        commands: countedBy(state, event, position)
      }
    case "retry":
      return {
        ...state,
        executions: change(state, event.executionId, (execution) => ({
          ...execution,
          attempt: event.attempt + 1,
          failed: execution.failed + (event.counted ? 1 : 0),
          lost: execution.lost + (event.error.code === "lost" ? 1 : 0),
          stage: { _tag: "waiting", until: toMillis(event.nextAttemptAt) },
          queuedAt: toMillis(event.nextAttemptAt)
        }))
      }
    case "success":
    case "failure":
      return settle(
        nextInTurn(
          {
            ...sequenceEnded(state, event),
            ...(event.type === "failure" && event.byHand === true
              ? { commands: countedBy(state, event, position) }
              : {}),
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
      return settle({ ...state, phase: "completed", nextAt: null, lostAt: null })
  }
}
