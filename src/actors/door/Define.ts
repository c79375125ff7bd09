/**
 * A request as the definition of a task: checked, compiled, with every default filled in. Pure.
 *
 * Everything that can be wrong with what is asked for is found here, with place, value and remedy.
 */
import { Result, type Schema } from "effect"
import { hash } from "node:crypto"
import { retryOf } from "../../events/RetryPolicy.ts"
import type { TaskArgs, TaskDefinition } from "../../events/TaskDefinition.ts"
import { fromMillis } from "../../recurrence/Instant.ts"
import { isByMessage, type StreamPosition } from "../../recurrence/Recurrence.ts"
import * as Series from "../../recurrence/Series.ts"
import * as Spread from "../../recurrence/Spread.ts"
import * as When from "../../recurrence/When.ts"
import { isZone, suggestZone } from "../../recurrence/zone/Zone.ts"
import type { Settings } from "../../Settings.ts"
import { SEQUENCE, type SequenceArgs } from "../../work/sequence/SequenceArgs.ts"
import { plan } from "../../work/sequence/SequencePlan.ts"
import { argsByMessage } from "../../work/MessageArgs.ts"
import type { TaskTypes } from "../../work/TaskTypes.ts"
import { type Calendars, notFound } from "../Calendars.ts"
import { Refused, type ScheduleRequest } from "./TaskRequest.ts"

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
  /** Where the messages lie that the request asks to be started by. */
  readonly from?: StreamPosition
}

export interface Defined {
  readonly definition: TaskDefinition
  readonly notes: ReadonlyArray<string>
}

/** Why a task cannot be started from a subject of the scheduler's own; undefined where it is none. */
export const ownSubject = (subject: string, namespace: string): Refused | undefined => {
  const [first, second] = subject.split(".")
  if (first !== namespace || second === "trigger") return undefined
  return new Refused({
    code: "invalidSchedule",
    message: `what is published under ${namespace}. belongs to the scheduler itself`,
    hint: `publish on ${namespace}.trigger.NAME what is to start tasks, and say: on subject ${namespace}.trigger.NAME`
  })
}

/** What the words mean, or why they cannot be read. */
export const understand = (
  request: ScheduleRequest,
  taskId: string,
  zone: string,
  door: Door
): Result.Result<When.Understood, Refused> =>
  Result.flatMap(read(request, taskId, zone, door), (understood) => {
    const { recurrence } = understood
    if (recurrence.kind !== "subject") return Result.succeed(understood)
    const refused = ownSubject(recurrence.subject, door.settings.namespace)
    if (refused !== undefined) return Result.fail(refused)
    const { from } = door
    return Result.succeed(from === undefined ? understood : { ...understood, recurrence: { ...recurrence, from } })
  })

const read = (request: ScheduleRequest, taskId: string, zone: string, door: Door) =>
  Result.mapError(
    When.parse(request.schedule, {
      now: door.now,
      zone,
      taskId,
      ...(request.allowPast === undefined ? {} : { allowPast: request.allowPast }),
      ...(request.dstGap === undefined ? {} : { gap: request.dstGap }),
      ...(request.dstOverlap === undefined ? {} : { overlap: request.dstOverlap })
    }),
    (problem) => new Refused({ code: "invalidSchedule", message: problem.message, detail: problem.place })
  )

/** `timed`: when, where that is known already and the words are not to be read again. */
export const define = (
  request: ScheduleRequest,
  taskId: string,
  door: Door,
  timed?: When.Understood
): Result.Result<Defined, Refused> => {
  const timezone = request.timezone ?? door.timezone
  if (!isZone(timezone)) {
    const nearest = suggestZone(timezone)
    return refuse("invalidSchedule", `${JSON.stringify(timezone)} is not a time zone`, {
      hint: `give an IANA name${nearest === undefined ? ", such as Europe/Berlin" : `; did you mean ${nearest}?`}`
    })
  }
  const understood = timed === undefined ? understand(request, taskId, timezone, door) : Result.succeed(timed)
  const byMessage = Result.isSuccess(understood) && isByMessage(understood.success.recurrence)
  const args = byMessage
    ? argsByMessage(request.taskType, request.taskArgs ?? {}, door.taskTypes)
    : door.taskTypes.checkArgs(request.taskType, request.taskArgs ?? {})
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
  // An instant that finds its task busy is one of many; a message is there once.
  const overlap = request.overlap ?? (byMessage ? "bufferAll" : "skip")
  if (request.catchUp !== "all" && (request.catchUpMax !== undefined || request.catchUpRate !== undefined)) {
    const field = request.catchUpMax === undefined ? "catchUpRate" : "catchUpMax"
    return refuse(
      "invalidRequest",
      `${field} is for catchUp "all", not for ${JSON.stringify(request.catchUp ?? "latest")}`,
      {
        hint: "the other ways to catch up run one missed occurrence at most: say catchUp all, or leave it out"
      }
    )
  }
  if (Result.isFailure(understood)) return Result.fail(understood.failure)
  const when = understood.success
  const exclude = [...new Set(request.exclude ?? [])]
  const names = door.calendars.all().map(({ calendar }) => calendar)
  const unknown = exclude.find((name) => !names.includes(name))
  if (unknown !== undefined) return Result.fail(notFound(unknown, names))
  if (exclude.length > 0 && when.recurrence.kind === "once") {
    return refuse("invalidRequest", "a task that runs once excludes no days: it would never run")
  }
  if (byMessage && (exclude.length > 0 || (request.spreadMs ?? 0) > 0)) {
    const which = exclude.length > 0 ? "excludes no days" : "is not spread"
    return refuse("invalidRequest", `a task that messages start ${which}: they come when they come`)
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
    priority: request.priority ?? 0,
    ...(request.key === undefined ? {} : { concurrencyKey: request.key }),
    tags: [...new Set(request.tags ?? [])],
    overlap,
    catchUp: request.catchUp ?? "latest",
    catchUpWindowMs: request.catchUpWindowMs ?? 86_400_000,
    ...(request.catchUpMax === undefined ? {} : { catchUpMax: request.catchUpMax }),
    ...(request.catchUpRate === undefined ? {} : { catchUpRate: request.catchUpRate }),
    maxRetries: request.maxRetries ?? type?.retry.maxRetries ?? 3,
    backoffMs: request.backoffMs ?? type?.retry.backoffMs ?? 1000,
    ...retryOf(request, type?.retry ?? {}),
    timeoutMs,
    hardTimeoutMs,
    startAt,
    endAt,
    maxRuns,
    ...(spreadMs === 0 ? {} : { spreadMs, offsetMs: Spread.offset(taskId, spreadMs, series, door.now) }),
    ...(request.expiresMs === undefined ? {} : { expiresMs: request.expiresMs }),
    ...(request.pauseAfterFailures === undefined ? {} : { pauseAfterFailures: request.pauseAfterFailures }),
    ...(exclude.length === 0 ? {} : { exclude }),
    ...(request.managedBy === undefined ? {} : { managedBy: request.managedBy }),
    createdBy: request.actor ?? door.actor
  }
  return Result.succeed({
    definition: { ...definition, fingerprint: fingerprint(definition, request) },
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
