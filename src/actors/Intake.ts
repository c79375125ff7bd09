/**
 * The door for commands: a request as it came (JSON, or an object of a program) to a command that an actor can decide.
 *
 * Everything that can be wrong with a request is found here, with place, value and remedy, and nothing is stored. Pure:
 * the same request at the same time gives the same command; a task id that was left out follows from the command id, so
 * that a request can be sent again.
 */
import { Result, Schema } from "effect"
import { hash } from "node:crypto"
import type { TaskArgs, TaskDefinition } from "../events/TaskDefinition.ts"
import { clockNotes } from "../recurrence/ClockNotes.ts"
import type { Days } from "../recurrence/Exclusions.ts"
import * as Occurrences from "../recurrence/Occurrences.ts"
import * as Series from "../recurrence/Series.ts"
import * as Spread from "../recurrence/Spread.ts"
import * as When from "../recurrence/When.ts"
import { isZone, suggestZone, tzdataVersion } from "../recurrence/zone/Zone.ts"
import type { Settings } from "../Settings.ts"
import { shownIssue } from "../work/ArgsProblem.ts"
import { SEQUENCE, type SequenceArgs } from "../work/sequence/SequenceArgs.ts"
import { plan } from "../work/sequence/SequencePlan.ts"
import type { TaskTypes } from "../work/TaskTypes.ts"
import { type Calendars, notFound } from "./Calendars.ts"
import type { CommandAnswer } from "./Envelope.ts"
import type { TaskCommand } from "./Task.ts"
import {
  CancelRequest,
  Refused,
  type RunAnswer,
  RunRequest,
  ScheduleAnswer,
  ScheduleRequest,
  type TaskAnswer
} from "./TaskRequest.ts"
import { fromMillis } from "../recurrence/Instant.ts"

export interface Door {
  readonly now: number
  /** Id for a request without one. */
  readonly commandId: string
  /** Who sends it, where the request does not say. */
  readonly actor: string
  /** Zone for a request without one. */
  readonly timezone: string
  readonly settings: Settings
  readonly taskTypes: TaskTypes["Service"]
  readonly calendars: Pick<Calendars["Service"], "all" | "excluded">
}

type ScheduleCommand = Extract<TaskCommand, { readonly type: "schedule" }>
export type CancelCommand = Extract<TaskCommand, { readonly type: "cancel" }>
export type RunCommand = Extract<TaskCommand, { readonly type: "run" }>
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
const decodeSchedule = Schema.decodeUnknownResult(ScheduleRequest, strict)
const decodeCancel = Schema.decodeUnknownResult(CancelRequest, strict)
const decodeRun = Schema.decodeUnknownResult(RunRequest, strict)

const invalid = (error: Schema.SchemaError) =>
  new Refused({ code: "invalidRequest", message: `the request cannot be read: ${shownIssue(error.issue)}` })

/** The request to schedule, with unknown or ill-formed fields refused by name. */
export const readSchedule = (request: unknown): Result.Result<ScheduleRequest, Refused> =>
  Result.mapError(decodeSchedule(request), invalid)

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
  const timezone = request.timezone ?? door.timezone
  if (!isZone(timezone)) {
    const nearest = suggestZone(timezone)
    return refuse("invalidSchedule", `${JSON.stringify(timezone)} is not a time zone`, {
      hint: `give an IANA name${nearest === undefined ? ", such as Europe/Berlin" : `; did you mean ${nearest}?`}`
    })
  }
  const args = door.taskTypes.checkArgs(request.taskType, request.taskArgs ?? {})
  if (Result.isFailure(args)) {
    const problem = args.failure
    return refuse(problem._tag === "ArgsProblem" ? "invalidArgs" : "unknownTaskType", problem.message)
  }
  const planned =
    request.taskType === SEQUENCE
      ? plan(args.success as SequenceArgs, door.taskTypes)
      : Result.succeed<TaskArgs>(args.success)
  if (Result.isFailure(planned)) return refuse("invalidArgs", planned.failure.message)
  const taskArgs = planned.success
  const bytes = Buffer.byteLength(JSON.stringify(taskArgs))
  if (bytes > door.settings.maxArgsBytes) {
    return refuse(
      "tooLarge",
      `the arguments have ${bytes} bytes; at most ${door.settings.maxArgsBytes} are kept with a task`,
      { hint: "pass a reference (a path, a URL) in place of the data" }
    )
  }
  const overlap = request.overlap ?? "skip"
  if (overlap !== "skip" && overlap !== "allowAll") {
    return refuse("invalidRequest", `overlap: ${JSON.stringify(overlap)} is not carried out by this version`, {
      hint: 'use "skip" or "allowAll"'
    })
  }
  const understood = When.parse(request.schedule, {
    now: door.now,
    zone: timezone,
    taskId,
    ...(request.allowPast === undefined ? {} : { allowPast: request.allowPast }),
    ...(request.dstGap === undefined ? {} : { gap: request.dstGap }),
    ...(request.dstOverlap === undefined ? {} : { overlap: request.dstOverlap })
  })
  if (Result.isFailure(understood)) {
    const problem = understood.failure
    return refuse("invalidSchedule", problem.message, {
      detail: problem.place
    })
  }
  const when = understood.success
  const exclude = [...new Set(request.exclude ?? [])]
  const names = door.calendars.all().map(({ calendar }) => calendar)
  const unknown = exclude.find((name) => !names.includes(name))
  if (unknown !== undefined) return Result.fail(notFound(unknown, names))
  if (exclude.length > 0 && when.recurrence.kind === "once") {
    return refuse("invalidRequest", "a task that runs once excludes no days: it would never run")
  }
  const bounds = boundsOf(when, request)
  if (Result.isFailure(bounds)) return Result.fail(bounds.failure)
  const { endAt, maxRuns, startAt } = bounds.success
  const series = Series.of({ recurrence: when.recurrence, timezone, startAt, endAt })
  const spreadMs = request.spreadMs ?? 0
  const timeoutMs = request.timeoutMs ?? 300_000
  const hardTimeoutMs = request.hardTimeoutMs ?? Math.max(600_000, 2 * timeoutMs)
  if (hardTimeoutMs < timeoutMs) {
    return refuse("invalidRequest", `hardTimeoutMs (${hardTimeoutMs}) is less than timeoutMs (${timeoutMs})`, {
      hint: "the hard limit kills what the soft limit asked to stop: it must not be the shorter one"
    })
  }
  const type = door.taskTypes.get(request.taskType)
  const definition: Omit<TaskDefinition, "fingerprint"> = {
    taskType: request.taskType,
    taskName: request.taskName ?? request.taskType,
    description: request.description ?? "",
    taskArgs,
    scheduleSpec: request.schedule,
    understoodAs: when.understoodAs,
    recurrence: when.recurrence,
    timezone,
    queue: request.queue ?? type?.queue ?? request.taskType,
    priority: 0,
    tags: [...new Set(request.tags ?? [])],
    overlap,
    catchUp: request.catchUp ?? "latest",
    catchUpWindowMs: request.catchUpWindowMs ?? 86_400_000,
    maxRetries: request.maxRetries ?? type?.retry.maxRetries ?? 3,
    backoffMs: request.backoffMs ?? type?.retry.backoffMs ?? 1000,
    timeoutMs,
    hardTimeoutMs,
    startAt,
    endAt,
    maxRuns,
    ...(spreadMs === 0 ? {} : { spreadMs, offsetMs: Spread.offset(taskId, spreadMs, series, door.now) }),
    ...(exclude.length === 0 ? {} : { exclude }),
    createdBy: request.actor ?? door.actor
  }
  return Result.succeed({
    command: {
      type: "schedule",
      taskId,
      definition: { ...definition, fingerprint: fingerprint(definition, request) },
      tzdata: tzdataVersion,
      causedBy: causedBy(request, commandId, door)
    },
    notes: when.notes
  })
}

type Bounds = Pick<TaskDefinition, "startAt" | "endAt" | "maxRuns">

/** Each bound is said in the words or beside them. */
const boundsOf = (when: When.Understood, request: ScheduleRequest): Result.Result<Bounds, Refused> => {
  const twice = (["startAt", "endAt", "maxRuns"] as const).find(
    (bound) => when[bound] !== undefined && request[bound] !== undefined
  )
  if (twice !== undefined) {
    return refuse("invalidRequest", `${twice} is given, and ${JSON.stringify(request.schedule)} says it as well`, {
      hint: "say it once: in the words, or beside them"
    })
  }
  const instant = (given: string | undefined) => (given === undefined ? null : fromMillis(Date.parse(given)))
  const startAt = when.startAt ?? instant(request.startAt)
  const endAt = when.endAt ?? instant(request.endAt)
  if (startAt !== null && endAt !== null && endAt < startAt) {
    return refuse("invalidRequest", `the end (${endAt}) lies before the start (${startAt})`)
  }
  return Result.succeed({ startAt, endAt, maxRuns: when.maxRuns ?? request.maxRuns ?? null })
}

/** What a cancel request asks for. */
export const cancel = (request: unknown, door: Door): Result.Result<CancelCommand, Refused> => {
  const decoded = decodeCancel(request)
  if (Result.isFailure(decoded)) return Result.fail(invalid(decoded.failure))
  const { success } = decoded
  return Result.succeed({
    type: "cancel",
    taskId: success.taskId,
    causedBy: causedBy(success, success.commandId ?? door.commandId, door)
  })
}

/** What a request to run now asks for. */
export const run = (request: unknown, door: Door): Result.Result<RunCommand, Refused> => {
  const decoded = decodeRun(request)
  if (Result.isFailure(decoded)) return Result.fail(invalid(decoded.failure))
  const { success } = decoded
  return Result.succeed({
    type: "run",
    taskId: success.taskId,
    fromStep: success.fromStep,
    causedBy: causedBy(success, success.commandId ?? door.commandId, door)
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

export const runAnswer = (decided: Done): RunAnswer => ({
  ...taskAnswer(decided),
  executionId: decided.executionId ?? ""
})

type Timed = Pick<TaskDefinition, "recurrence" | "timezone" | "startAt" | "endAt" | "maxRuns" | "offsetMs">

/** The coming runs of a definition: within its bounds, without the days that are excluded. */
export const nextRuns = (
  definition: Timed,
  now: number,
  count: number,
  exclusions?: ReadonlyArray<Days>
): ScheduleAnswer["nextRuns"] => {
  const { maxRuns, offsetMs = 0, recurrence, timezone } = definition
  // What happens once and now is still to come; what recurs runs after now.
  const since = recurrence.kind === "once" ? now - 1 : now
  const wanted = maxRuns === null ? count : Math.min(count, maxRuns)
  return Series.of(definition, exclusions)
    .first(since - offsetMs, wanted)
    .map((at) => ({
      ...Occurrences.shown(recurrence, timezone, at),
      ...(offsetMs === 0 ? {} : { dueAt: fromMillis(at + offsetMs) })
    }))
}

const causedBy = (
  request: { readonly actor?: string; readonly reason?: string },
  commandId: string,
  door: Door
): TaskCommand["causedBy"] => ({
  commandId,
  actor: request.actor ?? door.actor,
  ...(request.reason === undefined ? {} : { reason: request.reason })
})

/** What the user asked for, without what follows from when it was asked. */
const fingerprint = (definition: Omit<TaskDefinition, "fingerprint">, request: ScheduleRequest): string => {
  const {
    createdBy: _by,
    recurrence: _compiled,
    understoodAs: _words,
    startAt: _start,
    endAt: _end,
    offsetMs: _offset,
    ...asked
  } = definition
  const { endAt, startAt } = request
  return hash("sha256", canonical({ ...asked, startAt, endAt }), "hex").slice(0, 32)
}

/** JSON with sorted keys, so that the order in which a program writes its arguments makes no other task. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner
  )

const refuse = (
  code: string,
  message: string,
  more: { readonly hint?: string; readonly detail?: Schema.Json } = {}
): Result.Result<never, Refused> => Result.fail(new Refused({ code, message, ...more }))
