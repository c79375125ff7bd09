/**
 * The door for commands: a request as it came (JSON, or an object of a program) to a command that an actor can decide.
 *
 * Everything that can be wrong with a request is found here, with place, value and remedy, and nothing is stored. Pure:
 * the same request at the same time gives the same command; a task id that was left out follows from the command id, so
 * that a request can be sent again.
 */
import { Result, Schema } from "effect"
import { hash } from "node:crypto"
import { named } from "../../events/ExecutionId.ts"
import { retryOf } from "../../events/RetryPolicy.ts"
import type { TaskDefinition } from "../../events/TaskDefinition.ts"
import { clockNotes } from "../../recurrence/ClockNotes.ts"
import { dstOf } from "../../recurrence/Recurrence.ts"
import * as Series from "../../recurrence/Series.ts"
import type * as When from "../../recurrence/When.ts"
import { tzdataVersion } from "../../recurrence/zone/Zone.ts"
import { shownIssue } from "../../work/ArgsProblem.ts"
import { SEQUENCE } from "../../work/sequence/SequenceArgs.ts"
import { askedAgain } from "../../work/sequence/SequencePlan.ts"
import { define, type Door, understand } from "./Define.ts"
import { nextRuns } from "./NextRuns.ts"
import type { Changed } from "../task/Edit.ts"
import type { CommandAnswer } from "../Envelope.ts"
import type { TaskCommand } from "../task/Task.ts"
import {
  BackfillRequest,
  type CancelExecutionAnswer,
  CancelExecutionRequest,
  CancelRequest,
  CancelWaitingRequest,
  type ChangeAnswer,
  PauseRequest,
  Refused,
  RescheduleRequest,
  RestoreRequest,
  ResumeRequest,
  RetryRequest,
  RevertRequest,
  type RunAnswer,
  RunRequest,
  ScheduleAnswer,
  ScheduleRequest,
  SkipRequest,
  type TaskAnswer,
  type TaskVerb,
  UndoRequest,
  UpdateRequest
} from "./TaskRequest.ts"

type ScheduleCommand = Extract<TaskCommand, { readonly type: "schedule" }>
/** A command about a task that is there. */
export type TaskRequestCommand = Exclude<TaskCommand, ScheduleCommand>
export type { Door }
/** A command that was carried out. */
export type Done = Extract<CommandAnswer, { readonly _tag: "done" }>

/** A schedule command, and what the words were understood to mean. */
export interface Intended {
  readonly command: ScheduleCommand
  readonly notes: ReadonlyArray<string>
}

/** Runs shown with an answer. */
const SHOWN_RUNS = 3

const strict = { errors: "all", onExcessProperty: "error" } as const
/** Reads a request; what is wrong with it is said field by field. */
const reader = <A>(schema: Schema.ConstraintDecoder<A>) => {
  const decode = Schema.decodeUnknownResult(schema, strict)
  return (body: unknown): Result.Result<A, Refused> =>
    Result.mapError(decode(body), ({ issue }) => {
      const message = `the request cannot be read: ${shownIssue(issue, schema.ast)}`
      return new Refused({ code: "invalidRequest", message })
    })
}

const decodeSchedule = reader(ScheduleRequest)
const decodeCancel = reader(CancelRequest)
const decodeRun = reader(RunRequest)
const decodePause = reader(PauseRequest)
const decodeResume = reader(ResumeRequest)
const decodeSkip = reader(SkipRequest)
const decodeBackfill = reader(BackfillRequest)
const decodeUpdate = reader(UpdateRequest)
const decodeCancelExecution = reader(CancelExecutionRequest)
const decodeCancelWaiting = reader(CancelWaitingRequest)
const decodeRetry = reader(RetryRequest)
const decodeRestore = reader(RestoreRequest)
const decodeUndo = reader(UndoRequest)
const decodeRevert = reader(RevertRequest)
const decodeReschedule = reader(RescheduleRequest)

/** The request to schedule, with unknown or ill-formed fields refused by name. */
export const readSchedule = (request: unknown): Result.Result<ScheduleRequest, Refused> => decodeSchedule(request)

/** The id of a task whose request names none: 16 letters and digits that follow from the command id. */
export const taskIdOf = (commandId: string): string =>
  BigInt(`0x${hash("sha256", commandId, "hex").slice(0, 24)}`)
    .toString(36)
    .padStart(19, "0")
    .slice(-16)

/** What a schedule request asks for. */
export const schedule = (request: ScheduleRequest, door: Door): Result.Result<Intended, Refused> => {
  const commandId = request.commandId ?? door.commandId
  const taskId = request.taskId ?? taskIdOf(commandId)
  const made = define(request, taskId, door)
  // An instant that has passed since the request was first sent must not make a task that is there unknown to its sender.
  const past = Result.isFailure(made) ? define({ ...request, allowPast: true }, taskId, door) : made
  const tooLate = Result.isFailure(made) && Result.isSuccess(past) ? { tooLate: made.failure } : {}
  return Result.map(Result.isFailure(past) ? made : past, ({ definition, notes }) => ({
    command: {
      type: "schedule",
      taskId,
      definition,
      tzdata: tzdataVersion,
      ...tooLate,
      causedBy: causedBy(request, commandId, door)
    },
    notes
  }))
}

/** The fields that every request about a task has. */
const about = (
  request: { readonly taskId: string; readonly commandId?: string; readonly actor?: string; readonly reason?: string },
  door: Door
) => ({ taskId: request.taskId, causedBy: causedBy(request, request.commandId ?? door.commandId, door) })

/** What a request about a task that is there asks for. */
export const request = (verb: TaskVerb, body: unknown, door: Door): Result.Result<TaskRequestCommand, Refused> => {
  switch (verb) {
    case "cancel":
      return Result.map(decodeCancel(body), (asked) => ({ type: "cancel", ...about(asked, door) }))
    case "run":
      return Result.map(decodeRun(body), (asked) => ({
        type: "run",
        ...about(asked, door),
        fromStep: asked.fromStep
      }))
    case "pause":
      return Result.map(decodePause(body), (asked) => ({
        type: "pause",
        ...about(asked, door),
        until: asked.until === undefined ? null : Date.parse(asked.until)
      }))
    case "resume":
      return Result.map(decodeResume(body), (asked) => ({ type: "resume", ...about(asked, door) }))
    case "skip":
      return Result.map(decodeSkip(body), (asked) => ({
        type: "skip",
        ...about(asked, door),
        at: Date.parse(asked.instant)
      }))
    case "backfill":
      return Result.map(decodeBackfill(body), (asked) => ({
        type: "backfill",
        ...about(asked, door),
        from: Date.parse(asked.from),
        to: Date.parse(asked.to),
        atOnce: asked.overlap === "allowAll"
      }))
    case "cancelWaiting":
      return Result.map(decodeCancelWaiting(body), (asked) => ({ type: "cancelWaiting", ...about(asked, door) }))
    case "cancelExecution":
      return Result.flatMap(decodeCancelExecution(body), (asked) =>
        Result.map(taskOf(asked.executionId), (taskId) => ({
          type: "cancelExecution",
          ...about({ ...asked, taskId }, door),
          executionId: asked.executionId
        }))
      )
    case "retry":
      return Result.flatMap(decodeRetry(body), (asked) =>
        Result.map(taskOf(asked.executionId), (taskId) => ({
          type: "retry",
          ...about({ ...asked, taskId }, door),
          executionId: asked.executionId,
          fromStart: asked.fromStart ?? false,
          endedAt: asked.endedAt
        }))
      )
    case "restore":
      return Result.map(decodeRestore(body), (asked) => ({
        type: "restore",
        ...about(asked, door),
        allowPast: asked.allowPast ?? false
      }))
    case "undo":
      return Result.map(decodeUndo(body), (asked) => ({
        type: "revert",
        ...about(asked, door),
        ifRevision: asked.ifRevision,
        toRevision: undefined
      }))
    case "revert":
      return Result.map(decodeRevert(body), (asked) => ({
        type: "revert",
        ...about(asked, door),
        ifRevision: asked.ifRevision,
        toRevision: asked.toRevision
      }))
    case "update":
    case "reschedule": {
      const read: Result.Result<UpdateRequest | RescheduleRequest, Refused> =
        verb === "update" ? decodeUpdate(body) : decodeReschedule(body)
      return Result.flatMap(read, (asked) =>
        Result.map(somethingAsked(asked), () => ({
          type: "change",
          ...about(asked, door),
          ifRevision: asked.ifRevision,
          apply: (definition) => changed(asked.taskId, definition, asked, door)
        }))
      )
    }
  }
}

/** The task that an execution belongs to. */
const taskOf = (executionId: string): Result.Result<string, Refused> => {
  const of = named(executionId)
  return of === undefined
    ? Result.fail(new Refused({ code: "notFound", message: `no execution has the id ${JSON.stringify(executionId)}` }))
    : Result.succeed(of.taskId)
}

const ORIGIN: ReadonlySet<string> = new Set(["taskId", "commandId", "actor", "reason", "ifRevision"])

const somethingAsked = (asked: object): Result.Result<void, Refused> =>
  Object.keys(asked).some((key) => !ORIGIN.has(key))
    ? Result.succeed(undefined)
    : Result.fail(new Refused({ code: "invalidRequest", message: "the request changes nothing: name a field" }))

/** The fields by which a request says anew when a task runs. */
const WORDS = ["schedule", "timezone", "dstGap", "dstOverlap"] as const
const BOUNDS = ["startAt", "endAt", "maxRuns"] as const

/** The bounds that the words of a definition say themselves. */
const saidBy = (
  { scheduleSpec, taskType, timezone }: TaskDefinition,
  taskId: string,
  door: Door
): Pick<When.Understood, (typeof BOUNDS)[number]> =>
  Result.getOrElse(
    understand({ taskType, schedule: scheduleSpec, allowPast: true }, taskId, timezone, door),
    () => ({})
  )

const unlessNone = <Key extends string, A>(key: Key, value: A | null | undefined): { readonly [_ in Key]?: A } =>
  value === undefined || value === null ? {} : ({ [key]: value } as { [_ in Key]: A })

/** A definition with what was asked changed in it; all else stays as it is. */
const changed = (
  taskId: string,
  definition: TaskDefinition,
  asked: UpdateRequest,
  door: Door
): Result.Result<Changed, Refused> => {
  const {
    commandId: _id,
    ifRevision: _revision,
    reason: _reason,
    endAt: _end,
    maxRuns: _max,
    startAt: _start,
    catchUpMax,
    catchUpRate,
    expiresMs,
    key,
    managedBy,
    pauseAfterFailures,
    ...fields
  } = asked
  const reworded = WORDS.some((field) => asked[field] !== undefined)
  if (reworded && asked.schedule === undefined && definition.recurrence.kind === "once") {
    return Result.fail(
      new Refused({
        code: "invalidRequest",
        message: "a task that runs once has its instant already: say the schedule as well"
      })
    )
  }
  // Another way to catch up has no use for how many, and how fast.
  const kept: Pick<TaskDefinition, "catchUpMax" | "catchUpRate"> =
    (asked.catchUp ?? definition.catchUp) === "all" ? definition : {}
  const dst = dstOf(definition.recurrence)
  const merged: ScheduleRequest = {
    taskType: definition.taskType,
    taskName: definition.taskName,
    description: definition.description,
    taskArgs: definition.taskType === SEQUENCE ? askedAgain(definition.taskArgs) : definition.taskArgs,
    schedule: definition.scheduleSpec,
    timezone: definition.timezone,
    queue: definition.queue,
    priority: definition.priority,
    tags: definition.tags,
    maxRetries: definition.maxRetries,
    backoffMs: definition.backoffMs,
    ...retryOf(definition),
    timeoutMs: definition.timeoutMs,
    hardTimeoutMs: definition.hardTimeoutMs,
    overlap: definition.overlap,
    catchUp: definition.catchUp,
    catchUpWindowMs: definition.catchUpWindowMs,
    ...(definition.spreadMs === undefined ? {} : { spreadMs: definition.spreadMs }),
    ...(definition.exclude === undefined ? {} : { exclude: definition.exclude }),
    ...(dst === undefined ? {} : { dstGap: dst.gap, dstOverlap: dst.overlap }),
    ...unlessNone("expiresMs", expiresMs === undefined ? definition.expiresMs : expiresMs),
    ...unlessNone(
      "pauseAfterFailures",
      pauseAfterFailures === undefined ? definition.pauseAfterFailures : pauseAfterFailures
    ),
    ...unlessNone("managedBy", managedBy === undefined ? definition.managedBy : managedBy),
    ...unlessNone("key", key === undefined ? definition.concurrencyKey : key),
    ...unlessNone("catchUpMax", catchUpMax === undefined ? kept.catchUpMax : catchUpMax),
    ...unlessNone("catchUpRate", catchUpRate === undefined ? kept.catchUpRate : catchUpRate),
    ...fields,
    actor: definition.createdBy
  }
  const timed = reworded
    ? understand(merged, taskId, merged.timezone ?? definition.timezone, door)
    : Result.succeed({ recurrence: definition.recurrence, understoodAs: definition.understoodAs, notes: [] })
  return Result.flatMap(timed, (when) => {
    // Null takes a bound away; what the new words say stands in its place; what the old words said has gone with them.
    const before = reworded ? saidBy(definition, taskId, door) : {}
    const bounds = Object.fromEntries(
      BOUNDS.flatMap((bound) => {
        const kept = when[bound] === undefined && before[bound] === undefined ? definition[bound] : null
        const value = asked[bound] === undefined ? kept : asked[bound]
        return value === null ? [] : [[bound, value]]
      })
    )
    return Result.map(define({ ...merged, ...bounds }, taskId, door, when), (made) => ({
      definition: made.definition,
      timed:
        reworded || [...BOUNDS, "spreadMs" as const, "exclude" as const].some((field) => asked[field] !== undefined)
    }))
  })
}

/** The answer to a schedule request: of the stored definition, so that a repeated request gets the first answer. */
export const answer = (
  intended: Intended,
  decided: Done | null,
  { calendars, now }: Pick<Door, "calendars" | "now">
): ScheduleAnswer => {
  const definition = decided?.definition ?? intended.command.definition
  const exclusions = calendars.excluded.of(definition)
  return {
    taskId: intended.command.taskId,
    created: decided?.changed ?? false,
    understoodAs: definition.understoodAs,
    timezone: definition.timezone,
    nextRuns: nextRuns(definition, now, SHOWN_RUNS, exclusions),
    notes: [...intended.notes, ...clockNotes(Series.of(definition, exclusions), definition, now)],
    logSequence: decided?.logSequence ?? null
  }
}

export const taskAnswer = (decided: Done): TaskAnswer => ({
  taskId: decided.taskId,
  status: decided.status,
  revision: decided.revision,
  logSequence: decided.logSequence
})

export const changeAnswer = (decided: Done, { calendars, now }: Pick<Door, "calendars" | "now">): ChangeAnswer => {
  const { definition } = decided
  const exclusions = definition === null ? [] : calendars.excluded.of(definition)
  return {
    ...taskAnswer(decided),
    understoodAs: definition?.understoodAs ?? "",
    timezone: definition?.timezone ?? "",
    nextRuns: definition === null ? [] : nextRuns(definition, now, SHOWN_RUNS, exclusions),
    notes: definition === null ? [] : clockNotes(Series.of(definition, exclusions), definition, now)
  }
}

/** The answer to a request about a task that is there. */
export const answerTo = (verb: TaskVerb, decided: Done, door: Door): unknown => {
  switch (verb) {
    case "run":
    case "retry":
      return runAnswer(decided)
    case "cancelExecution":
      return cancelExecutionAnswer(decided)
    case "cancelWaiting":
    case "backfill":
      return { ...taskAnswer(decided), executions: decided.executions ?? 0 }
    case "update":
    case "reschedule":
    case "undo":
    case "revert":
    case "restore":
      return changeAnswer(decided, door)
    default:
      return taskAnswer(decided)
  }
}

const cancelExecutionAnswer = (decided: Done): CancelExecutionAnswer => ({
  ...taskAnswer(decided),
  executionId: decided.executionId ?? "",
  execution: decided.open === true ? "stopping" : "cancelled"
})

export const runAnswer = (decided: Done): RunAnswer => ({
  ...taskAnswer(decided),
  executionId: decided.executionId ?? ""
})

const causedBy = (
  request: { readonly actor?: string; readonly reason?: string },
  commandId: string,
  door: Door
): TaskCommand["causedBy"] => ({
  commandId,
  actor: request.actor ?? door.actor,
  ...(request.reason === undefined ? {} : { reason: request.reason })
})
