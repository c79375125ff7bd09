/**
 * What a message leads to: an execution, or a decision against one. Pure.
 *
 * Each message gets exactly one decision, which names its place: one that was decided about before, by whatever owner,
 * leads to nothing. Overlap, pause, bounds and the number of runs count as they do for instants.
 */
import { Result } from "effect"
import { messageExecutionId } from "../../events/ExecutionId.ts"
import { isAfter, LOG, MAX_CHAIN, MAX_MESSAGE_BYTES, type Message, type MessagePlace } from "../../events/Message.ts"
import type { CausedBy, EventOf, SkipReason, TaskEvent } from "../../events/TaskEvent.ts"
import { fromMillis, toMillis } from "../../recurrence/Instant.ts"
import { isByMessage } from "../../recurrence/Recurrence.ts"
import { render } from "../../recurrence/Render.ts"
import { SEQUENCE } from "../../work/sequence/SequenceArgs.ts"
import { withMessage } from "../../work/sequence/Template.ts"
import type { Refused } from "../door/TaskRequest.ts"
import { alive, decided, type Decision } from "./Decision.ts"
import { evolve } from "./Evolve.ts"
import { completed, head } from "./Head.ts"
import { withPause } from "./Limits.ts"
import { givingWay, standingOf, turnOf } from "./Overlap.ts"
import { withSteps } from "./Sequence.ts"
import { isExhausted, type LiveTask, moreToCome, type TaskState } from "./TaskState.ts"

export interface FireCommand {
  readonly type: "fire"
  readonly taskId: string
  /** For which schedule it was heard, as text: nothing comes of it where the task has another one by now. */
  readonly heardFor: string
  readonly message: Message
  /** Bytes of what it says. */
  readonly bytes: number
  /** Executions in a row that have led to this message; 0 where none is known. */
  readonly chain: number
  readonly causedBy: CausedBy
}

/** Whether a task has decided about what lies at a place, or it came before its schedule did. */
export const isHeard = (
  { definition, heard, since }: Pick<LiveTask, "definition" | "heard" | "since">,
  place: MessagePlace
): boolean => {
  const { recurrence } = definition
  if (place.stream === LOG && place.sequence <= since.sequence) return true
  if (recurrence.kind === "subject" && recurrence.from !== undefined && !isAfter(place, recurrence.from)) return true
  return !isAfter(place, heard)
}

/** Whether it came while nothing listened, before an older schedule was brought back; the log itself says that by its order. */
const isPast = ({ broughtBackAt = -Infinity }: LiveTask, { at, place }: Message): boolean =>
  place.stream !== LOG && toMillis(at) <= broughtBackAt

const reasonAgainst = (task: LiveTask, { chain, message }: FireCommand): SkipReason | undefined => {
  const { endAt, maxRuns, overlap, startAt } = task.definition
  if (chain >= MAX_CHAIN) return "chain"
  if (maxRuns !== null && task.runs >= maxRuns) return "maxRuns"
  if (endAt !== null && message.at > endAt) return "ended"
  if (startAt !== null && message.at < startAt) return "notStarted"
  if (task.phase === "paused") return "paused"
  return turnOf(overlap, standingOf(task)) === "skip" ? "overlap" : undefined
}

export const fire = (
  state: TaskState | undefined,
  command: FireCommand,
  now: number
): Result.Result<Decision, Refused> =>
  Result.flatMap(alive(state, command.taskId), (task) => {
    const { recurrence } = task.definition
    const isFor = isByMessage(recurrence) && render(recurrence) === command.heardFor
    return decided(
      isFor && !isPast(task, command.message) && !isHeard(task, command.message.place) ? heard(task, command, now) : []
    )
  })

const heard = (task: LiveTask, command: FireCommand, now: number): ReadonlyArray<TaskEvent> => {
  const { causedBy, message } = command
  const { at, id, place, subject } = message
  const chain = command.chain + 1
  const reason = reasonAgainst(task, command)
  if (reason !== undefined) {
    const skipped: EventOf<"skipped"> = {
      ...head(task, "skipped", now, causedBy),
      reason,
      nominalAt: at,
      throughAt: at,
      count: 1,
      nextAt: null,
      message: { id, subject, at, place },
      chain
    }
    return [skipped]
  }
  const turn = turnOf(task.definition.overlap, standingOf(task))
  const waits = turn === "wait" || (turn === "replace" && task.definition.overlap === "cancelOther")
  const tooLarge = command.bytes > MAX_MESSAGE_BYTES
  const due: EventOf<"due"> = {
    ...head(task, "due", now, causedBy),
    executionId: messageExecutionId(task.taskId, message),
    nominalAt: at,
    dueAt: fromMillis(Math.max(now, toMillis(at))),
    attempt: 1,
    nextAt: null,
    message: tooLarge ? { ...message, data: null } : message,
    chain,
    ...(waits ? { buffered: true } : {})
  }
  const wrong = tooLarge
    ? {
        code: "messageTooLarge",
        message: `the message has ${command.bytes} bytes; an execution is given at most ${MAX_MESSAGE_BYTES}: publish a reference (a path, a URL) in place of the data`
      }
    : missing(task, message)
  if (wrong !== undefined) return withPause(task, ending(task, [due, failed(task, due, wrong, now)], now), now)
  const replaced = turn === "replace" ? givingWay(task, now) : []
  return withSteps(task, waits ? [due, ...replaced] : [...replaced, due], now)
}

/** With `completed` behind them, where nothing more of the task is to come after these events. */
const ending = (task: LiveTask, events: ReadonlyArray<TaskEvent>, now: number): ReadonlyArray<TaskEvent> => {
  const after = events.reduce((state: TaskState, event) => evolve(state, event, { sequence: 0 }, 0), task)
  const over = after._tag === "live" && after.executions.length === 0 && !moreToCome(after, now)
  return over ? [...events, completed(after, now)] : events
}

/** What the arguments take from the message and it does not say; steps of a sequence find out when they begin. */
const missing = ({ definition }: LiveTask, { data }: Message) => {
  if (definition.taskType === SEQUENCE) return undefined
  const args = withMessage(definition.taskArgs, data)
  return Result.isSuccess(args) ? undefined : { code: "missingValue", message: `${args.failure} in the message` }
}

const failed = (
  task: LiveTask,
  { attempt, causedBy, dueAt, executionId, nominalAt, chain = 1 }: EventOf<"due">,
  error: { readonly code: string; readonly message: string },
  now: number
): EventOf<"failure"> => ({
  ...head(task, "failure", now, causedBy),
  executionId,
  nominalAt,
  dueAt,
  attempt,
  chain,
  worker: null,
  startedAt: null,
  finishedAt: fromMillis(now),
  durationMs: 0,
  error
})

/** Whether messages start the task, or are to be decided against: until its number of runs is reached, or it is over. */
export const listens = (state: TaskState): state is LiveTask =>
  state._tag === "live" &&
  (state.phase === "scheduled" || state.phase === "paused") &&
  isByMessage(state.definition.recurrence) &&
  !isExhausted(state, -Infinity)
