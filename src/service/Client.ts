/**
 * The front door over whatever carries requests: each command and each query as a name and JSON, each answer read by its
 * schema. What a program meets is so the same over NATS and in memory.
 */
import { Effect, Predicate, Schema, type Scope, Stream } from "effect"
import { CalendarAnswer, CalendarView } from "../actors/door/CalendarRequest.ts"
import { Preview } from "../actors/door/Preview.ts"
import {
  BackfillAnswer,
  ChangeAnswer,
  Refused,
  RunAnswer,
  ScheduleAnswer,
  type ScheduleRequest,
  TaskAnswer
} from "../actors/door/TaskRequest.ts"
import { Counts, ExecutionsPage, TasksPage } from "../projections/Queries.ts"
import { ScheduledTask } from "../projections/ScheduledTask.ts"
import { TaskExecution } from "../projections/TaskExecution.ts"
import type { OutputPiece } from "../work/LiveFeed.ts"
import {
  type AnnouncedEvent,
  type FrontDoor,
  Occurrences,
  type OutcomeUnknown,
  type SchedulerError,
  ServiceStatus,
  TaskInfo,
  type Unreachable
} from "./FrontDoor.ts"
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
const PastEventsAnswer = Schema.Struct({
  items: Schema.Array(Schema.declare(isEvent)),
  nextCursor: Schema.NullOr(Schema.String)
})
const ManyAnswers = Schema.Array(Schema.Union([Schema.Struct({ answer: ScheduleAnswer }), RefusedJson]))

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

  const command = <A>(verb: string, schema: Schema.ConstraintCodec<A, unknown>) => {
    const answer = read(verb, schema)
    return Effect.fnUntraced(function* (body: object, given?: string) {
      const commandId = given ?? newId()
      return yield* answer(yield* carrier.command(verb, JSON.stringify({ actor, ...body, commandId }), commandId))
    })
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

  const task = query("task", Schema.Struct({ task: ScheduledTask }))
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

  const schedule = command("schedule", ScheduleAnswer)
  const setCalendar = command("setCalendar", CalendarAnswer)
  const removeCalendar = command("removeCalendar", CalendarAnswer)
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
    return answers.map((one) => ("error" in one ? new Refused(one.error) : one.answer))
  })

  return {
    schedule: (body) => schedule(body, body.commandId),
    scheduleMany: (requests) =>
      Effect.map(
        Effect.forEach(chunks(requests.map((one) => ({ actor, commandId: newId(), ...one }))), scheduleChunk, {
          concurrency: IN_FLIGHT
        }),
        (answers) => answers.flat()
      ),
    cancel: ofTask(command("cancel", TaskAnswer)),
    run: ofTask(command("run", RunAnswer)),
    pause: ofTask(command("pause", TaskAnswer)),
    resume: ofTask(command("resume", TaskAnswer)),
    skip: ofTask(command("skip", TaskAnswer)),
    backfill: ofTask(command("backfill", BackfillAnswer)),
    occurrences: query("occurrences", Occurrences),
    reschedule: ofTask(command("reschedule", ChangeAnswer)),
    update: ofTask(command("update", ChangeAnswer)),
    setCalendar: (body) => setCalendar(body, body.commandId),
    removeCalendar: (body) => removeCalendar(body, body.commandId),
    calendars: Effect.suspend(() => query("calendars", Schema.Array(CalendarView))({})),
    next: query("next", Preview),
    tasks: query("tasks", TasksPage),
    info: query("info", TaskInfo),
    executions: query("executions", ExecutionsPage),
    execution: query("execution", TaskExecution),
    counts: query("counts", Counts),
    executionCounts: query("executionCounts", Counts),
    status: Effect.suspend(() => query("status", ServiceStatus)({})),
    storedLog: query("log", StoredLogPage),
    pastEvents: query("events", PastEventsAnswer),
    subscribe: (pattern) => carrier.subscribe(pattern),
    events: (pattern) => Stream.unwrap(carrier.subscribe(pattern)),
    output: (executionId) => Stream.unwrap(carrier.output(executionId))
  }
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
