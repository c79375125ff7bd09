/**
 * The front door over whatever carries requests: each command and each query as a name and JSON, each answer read by its
 * schema. What a program meets is so the same over NATS and in memory.
 */
import { Effect, Predicate, Schema, type Scope, Stream } from "effect"
import { AcceptLogAnswer } from "../actors/door/AcceptLogRequest.ts"
import { CalendarAnswer, CalendarView } from "../actors/door/CalendarRequest.ts"
import { QueueAnswer, QueueView } from "../actors/door/QueueRequest.ts"
import { Preview } from "../actors/door/PreviewRequest.ts"
import {
  BackfillAnswer,
  CancelExecutionAnswer,
  type CancelExecutionRequest,
  CancelWaitingAnswer,
  ChangeAnswer,
  Refused,
  type RetryRequest,
  RunAnswer,
  ScheduleAnswer,
  type ScheduleRequest,
  TaskAnswer
} from "../actors/door/TaskRequest.ts"
import { WhyAnswer } from "../audit/WhyAnswer.ts"
import { isEnded } from "../projections/ExecutionRow.ts"
import { ChangesPage, Counts, ExecutionsPage, TasksPage } from "../projections/Queries.ts"
import { ScheduledTask } from "../projections/ScheduledTask.ts"
import { TaskExecution } from "../projections/TaskExecution.ts"
import { consume, pages } from "./Consuming.ts"
import { Subscription } from "./Cursors.ts"
import { SubscribeAnswer } from "./Subscriptions.ts"
import type { OutputPiece } from "../work/LiveFeed.ts"
import {
  type AnnouncedEvent,
  type FrontDoor,
  type RetryOfTask,
  Occurrences,
  type OutcomeUnknown,
  type SchedulerError,
  ServiceStatus,
  TaskInfo,
  type Unreachable
} from "./FrontDoor.ts"
import { SchedulesPage } from "./Schedules.ts"
import { StoredLogPage } from "./StoredLog.ts"

/** Requests sent in one message, and bytes of it. */
const CHUNK = 250
const CHUNK_BYTES = 400_000
/** Messages of a bulk call that are under way at the same time. */
const IN_FLIGHT = 8

type Subscribing<A> = Effect.Effect<Stream.Stream<A, Unreachable>, Unreachable, Scope.Scope>

/** What carries requests. */
export interface Carrier {
  /** Sends a command, and gives the JSON text of its answer; `commandId` is what `OutcomeUnknown` names. */
  command(verb: string, payload: string, commandId: string): Effect.Effect<string, SchedulerError>
  /** Asks, and gives the JSON text of the answer. */
  query(name: string, payload: string): Effect.Effect<string, Refused | Unreachable>
  /** What is published on subjects of a pattern from the moment that the effect has run, for as long as its scope is open. */
  subscribe(pattern: string | undefined): Subscribing<AnnouncedEvent>
  /** What an execution writes, likewise. */
  output(executionId: string): Subscribing<OutputPiece>
}

export interface ClientOptions {
  /** Who sends the commands, where a request does not say. */
  readonly actor: string
  /** Makes an id that no other command has. */
  newId(): string
}

export const RefusedJson = Schema.Struct({
  error: Schema.Struct({
    code: Schema.String,
    message: Schema.String,
    detail: Schema.optionalKey(Schema.Json),
    hint: Schema.optionalKey(Schema.String)
  })
})
const isEvent = (value: unknown): value is AnnouncedEvent =>
  Predicate.isObject(value) &&
  ["id", "type", "time", "taskId"].every((key) => Predicate.isString(Reflect.get(value, key)))
export const PastEventsAnswer = Schema.Struct({
  items: Schema.Array(Schema.declare(isEvent)),
  nextCursor: Schema.NullOr(Schema.String)
})
export const EventPageJson = Schema.Struct({
  items: Schema.Array(Schema.declare(isEvent)),
  cursor: Schema.String,
  more: Schema.Boolean
})
export const ManyAnswers = Schema.Array(Schema.Union([Schema.Struct({ answer: ScheduleAnswer }), RefusedJson]))

/** The answer came, and is not what this version understands. */
export const unreadable = (what: string) =>
  new Refused({
    code: "internal",
    message: `the service's answer to ${what} cannot be read`,
    hint: "use the same version on both sides"
  })

/** The front door over a carrier. */
export const make = (carrier: Carrier, { actor, newId }: ClientOptions): FrontDoor => {
  const read = <A>(what: string, schema: Schema.ConstraintCodec<A, unknown>) => {
    const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(schema))
    return (text: string) => Effect.mapError(decode(text), () => unreadable(what))
  }

  /** Newest log sequence of an answer: whoever asks after it sees what it has done. */
  let newest = 0
  const noted = ({ logSequence }: { readonly logSequence: number | null }) => {
    newest = Math.max(newest, logSequence ?? 0)
  }

  /** A command whose answer says nothing of the log. */
  const keeping = <A>(verb: string, schema: Schema.ConstraintCodec<A, unknown>) => {
    const answer = read(verb, schema)
    return Effect.fnUntraced(function* (body: object, given?: string) {
      const commandId = given ?? newId()
      return yield* answer(yield* carrier.command(verb, JSON.stringify({ actor, ...body, commandId }), commandId))
    })
  }

  const command = <A extends { readonly logSequence: number | null }>(
    verb: string,
    schema: Schema.ConstraintCodec<A, unknown>
  ) => {
    const send = keeping(verb, schema)
    return (body: object, given?: string) => Effect.tap(send(body, given), (told) => Effect.sync(() => noted(told)))
  }

  const query = <A>(name: string, schema: Schema.ConstraintCodec<A, unknown>) => {
    const answer = read(name, schema)
    return (body: object) =>
      carrier.query(name, JSON.stringify(body)).pipe(
        // A moment of the past takes as long as its log: the service goes on building it while nobody waits.
        Effect.retry({ while: (error) => error._tag === "Refused" && error.code === "rebuilding" }),
        Effect.flatMap(answer)
      )
  }

  /** A question about the state as it is, which includes what this door has done. */
  const fresh = <A>(name: string, schema: Schema.ConstraintCodec<A, unknown>) => {
    const ask = query(name, schema)
    return (body: object) =>
      Effect.suspend(() => {
        const asked: { readonly after?: number; readonly asOf?: string } = body
        const after = Math.max(newest, asked.after ?? 0)
        return ask(after === 0 || asked.asOf !== undefined ? body : { ...body, after })
      })
  }

  const task = fresh("task", Schema.Struct({ task: ScheduledTask }))
  /** An id that no task has may be the beginning of one. */
  const ofTask =
    <Body extends { readonly taskId: string; readonly commandId?: string }, A>(
      send: (body: object, commandId?: string) => Effect.Effect<A, SchedulerError>
    ) =>
    (body: Body): Effect.Effect<A, SchedulerError> =>
      send(body, body.commandId).pipe(
        Effect.catchIf(
          (error) => error._tag === "Refused" && error.code === "notFound",
          () =>
            Effect.flatMap(task({ id: body.taskId }), ({ task: { taskId } }) =>
              send({ ...body, taskId }, body.commandId)
            )
        )
      )

  const execution = fresh("execution", TaskExecution)
  const executions = fresh("executions", ExecutionsPage)
  const cancelOne = command("cancelExecution", CancelExecutionAnswer)
  const retryOne = command("retry", RunAnswer)

  /** What its owner does not know is over, or the id is the beginning of one. */
  const cancelExecution = (body: CancelExecutionRequest) =>
    cancelOne(body, body.commandId).pipe(
      Effect.catchIf(
        (error) => error._tag === "Refused" && error.code === "notFound",
        () =>
          Effect.flatMap(execution({ id: body.executionId }), (found) =>
            isEnded(found)
              ? Effect.fail(new Refused({ code: "ended", message: howEnded(found) }))
              : cancelOne({ ...body, executionId: found.executionId }, body.commandId)
          )
      )
    )

  /** The newest execution of a task that has failed. */
  const newestFailed = Effect.fnUntraced(function* (id: string) {
    const { taskId } = (yield* task({ id })).task
    const { items } = yield* executions({ taskId, status: "failed", steps: false, limit: 1 })
    const [newest] = items
    if (newest !== undefined) return newest.executionId
    return yield* new Refused({
      code: "nothingFailed",
      message: `no execution of task ${taskId} has failed`,
      hint: "one that was cancelled is retried by its own id: nagatha history shows it"
    })
  })

  const retry = Effect.fnUntraced(function* (body: RetryRequest | RetryOfTask) {
    const { commandId, fromStart, reason } = body
    const executionId = "executionId" in body ? body.executionId : yield* newestFailed(body.taskId)
    const common = {
      ...(body.actor === undefined ? {} : { actor: body.actor }),
      ...(reason === undefined ? {} : { reason }),
      ...(fromStart === undefined ? {} : { fromStart })
    }
    const endedAt = "endedAt" in body ? body.endedAt : undefined
    const first = { ...common, executionId, ...(endedAt === undefined ? {} : { endedAt }) }
    return yield* retryOne(first, commandId).pipe(
      Effect.catchIf(
        (error) => error._tag === "Refused" && error.code === "notFound" && endedAt === undefined,
        () =>
          Effect.flatMap(execution({ id: executionId }), (found) =>
            found.endLogSequence === null
              ? Effect.fail(
                  new Refused({
                    code: found.status === "skipped" ? "invalidRequest" : "notEnded",
                    message: howEnded(found),
                    hint: "nagatha backfill runs what was skipped; nagatha run begins a run by hand"
                  })
                )
              : retryOne({ ...common, executionId: found.executionId, endedAt: found.endLogSequence }, commandId)
          )
      )
    )
  })

  const schedule = command("schedule", ScheduleAnswer)
  const setCalendar = command("setCalendar", CalendarAnswer)
  const removeCalendar = command("removeCalendar", CalendarAnswer)
  const setQueue = command("setQueue", QueueAnswer)
  const pauseQueue = command("pauseQueue", QueueAnswer)
  const resumeQueue = command("resumeQueue", QueueAnswer)
  const acceptLog = command("acceptLog", AcceptLogAnswer)
  const readMany = read("scheduleMany", ManyAnswers)

  const scheduleChunk = Effect.fnUntraced(function* (
    requests: ReadonlyArray<ScheduleRequest>
  ): Effect.fn.Return<ReadonlyArray<ScheduleAnswer | Refused>, Unreachable | OutcomeUnknown> {
    const payload = JSON.stringify({ requests })
    const text = yield* carrier
      .command("scheduleMany", payload, requests[0]?.commandId ?? "")
      .pipe(Effect.catchTag("Refused", (refused) => Effect.succeed(refused)))
    if (text instanceof Refused) return requests.map(() => text)
    const answers = yield* Effect.orDie(readMany(text))
    return answers.map((one) => {
      if ("error" in one) return new Refused(one.error)
      noted(one.answer)
      return one.answer
    })
  })

  const subscribing = keeping("subscribe", SubscribeAnswer)
  const acknowledging = keeping("acknowledge", Subscription)
  const unsubscribing = keeping("unsubscribe", Subscription)
  const page = query("eventPage", EventPageJson)

  return {
    consume: (options) =>
      consume(
        { subscribe: subscribing, acknowledge: acknowledging, page, hear: carrier.subscribe(undefined) },
        options
      ),
    eventPage: page,
    eventPages: (body) => pages({ page, hear: carrier.subscribe(undefined) }, body),
    makeSubscription: (body) => subscribing(body, body.commandId),
    acknowledge: (body) => acknowledging(body, body.commandId),
    unsubscribe: (body) => unsubscribing(body, body.commandId),
    subscriptions: Effect.suspend(() => query("subscriptions", Schema.Array(Subscription))({})),
    schedule: (body) => schedule(body, body.commandId),
    scheduleMany: (requests) =>
      Effect.map(
        Effect.forEach(chunks(requests.map((one) => ({ actor, commandId: newId(), ...one }))), scheduleChunk, {
          concurrency: IN_FLIGHT
        }),
        (answers) => answers.flat()
      ),
    cancel: ofTask(command("cancel", TaskAnswer)),
    cancelExecution,
    cancelWaiting: ofTask(command("cancelWaiting", CancelWaitingAnswer)),
    run: ofTask(command("run", RunAnswer)),
    retry,
    restore: ofTask(command("restore", ChangeAnswer)),
    undo: ofTask(command("undo", ChangeAnswer)),
    revert: ofTask(command("revert", ChangeAnswer)),
    changes: fresh("changes", ChangesPage),
    pause: ofTask(command("pause", TaskAnswer)),
    resume: ofTask(command("resume", TaskAnswer)),
    skip: ofTask(command("skip", TaskAnswer)),
    backfill: ofTask(command("backfill", BackfillAnswer)),
    occurrences: query("occurrences", Occurrences),
    reschedule: ofTask(command("reschedule", ChangeAnswer)),
    update: ofTask(command("update", ChangeAnswer)),
    setCalendar: (body) => setCalendar(body, body.commandId),
    removeCalendar: (body) => removeCalendar(body, body.commandId),
    setQueue: (body) => setQueue(body, body.commandId),
    pauseQueue: (body) => pauseQueue(body, body.commandId),
    resumeQueue: (body) => resumeQueue(body, body.commandId),
    acceptLog: (body) => acceptLog(body, body.commandId),
    queues: query("queues", Schema.Array(QueueView)),
    calendars: Effect.suspend(() => query("calendars", Schema.Array(CalendarView))({})),
    next: query("next", Preview),
    tasks: fresh("tasks", TasksPage),
    info: fresh("info", TaskInfo),
    executions,
    execution,
    counts: fresh("counts", Counts),
    executionCounts: fresh("executionCounts", Counts),
    status: Effect.suspend(() => query("status", ServiceStatus)({})),
    schedules: query("schedules", SchedulesPage),
    why: query("why", WhyAnswer),
    storedLog: query("log", StoredLogPage),
    pastEvents: query("events", PastEventsAnswer),
    subscribe: (pattern) => carrier.subscribe(pattern),
    events: (pattern) => Stream.unwrap(carrier.subscribe(pattern)),
    output: (executionId) => Stream.unwrap(carrier.output(executionId))
  }
}

const howEnded = ({ errorCode, executionId, status }: TaskExecution): string => {
  if (status === "skipped") return `execution ${executionId} was not run: it was skipped (${errorCode ?? ""})`
  if (status === "queued" || status === "running" || status === "retrying") return `execution ${executionId} is open`
  return `execution ${executionId} has ended already: ${status === "completed" ? "success" : (errorCode ?? status)}`
}

/** Groups that fit into a message. */
const chunks = (requests: ReadonlyArray<ScheduleRequest>): ReadonlyArray<ReadonlyArray<ScheduleRequest>> => {
  const all: Array<Array<ScheduleRequest>> = []
  let bytes = Infinity
  for (const request of requests) {
    const size = Buffer.byteLength(JSON.stringify(request))
    const last = all.at(-1)
    if (last === undefined || last.length >= CHUNK || bytes + size > CHUNK_BYTES) {
      all.push([request])
      bytes = size
    } else {
      last.push(request)
      bytes += size
    }
  }
  return all
}
