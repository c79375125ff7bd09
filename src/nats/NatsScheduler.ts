/**
 * The front door over NATS: commands and queries as requests, events as a subscription.
 *
 * A command whose answer is lost is sent again with the same id, which carries it out at most once; when the second
 * answer is lost as well the outcome is reported as unknown, with the id.
 */
import type { Msg } from "@nats-io/transport-node"
import { Cause, Effect, Layer, Predicate, Queue, Result, Schema, Stream } from "effect"
import { randomUUID } from "node:crypto"
import {
  BackfillAnswer,
  ChangeAnswer,
  Refused,
  RunAnswer,
  ScheduleAnswer,
  type ScheduleRequest,
  TaskAnswer
} from "../actors/door/TaskRequest.ts"
import { ExecutionsPage, TasksPage } from "../projections/Queries.ts"
import { ScheduledTask } from "../projections/ScheduledTask.ts"
import { TaskExecution } from "../projections/TaskExecution.ts"
import {
  type AnnouncedEvent,
  CalendarAnswer,
  CalendarView,
  Occurrences,
  OutcomeUnknown,
  type OutputPiece,
  Preview,
  Scheduler,
  type SchedulerError,
  ServiceStatus,
  TaskInfo,
  Unreachable
} from "../Scheduler.ts"
import { FOLLOW_MS } from "../work/LiveFeed.ts"
import { isNoResponders, Lost, NatsConnection } from "./NatsConnection.ts"
import { BEGINS } from "./NatsLiveFeed.ts"
import { PUBLIC_EVENTS, publicOutput } from "./Subjects.ts"

/** Requests sent in one message, and bytes of it. */
const CHUNK = 250
const CHUNK_BYTES = 400_000
/** Messages of a bulk call that are under way at the same time. */
const IN_FLIGHT = 8
/** How often a request whose answer was lost is sent. */
const TRIES = 2
/** How long to wait for a lost connection before asking again, milliseconds. */
const RECONNECT_MS = 5000

const RefusedJson = Schema.Struct({
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
const decodeRefused = Schema.decodeUnknownOption(Schema.fromJsonString(RefusedJson))

const unreadable = (what: string) =>
  new Refused({
    code: "internal",
    message: `the service's answer to ${what} cannot be read`,
    hint: "use the same version on both sides"
  })

export interface SchedulerOptions {
  /** Who sends the commands, where a request does not say. */
  readonly actor: string
}

export const layer = (options: SchedulerOptions): Layer.Layer<Scheduler, never, NatsConnection> =>
  Layer.effect(
    Scheduler,
    Effect.gen(function* () {
      const nats = yield* NatsConnection
      const { connection, subjects } = nats

      const nobody = new Unreachable({
        message: `NATS at ${nats.servers} is there, but no scheduler node answers`,
        hint: "start one: nagatha up"
      })

      const once = (subject: string, payload: string) =>
        Effect.callback<Msg | Lost>((resume) => {
          nats.request(subject, payload, (reply) => resume(Effect.succeed(reply)))
        })

      /** What a reply says: itself, or the refusal in it. */
      const heard = (subject: string, reply: Msg): Effect.Effect<Msg, Refused> => {
        if ((reply.headers?.get("Nats-Service-Error-Code") ?? "") === "") return Effect.succeed(reply)
        const refused = decodeRefused(reply.string())
        return Effect.fail(refused._tag === "Some" ? new Refused(refused.value.error) : unreadable(subject))
      }

      /**
       * A reply, or why there is none. `Lost` when none came to what was sent: it may have been carried out, whatever
       * became of asking again.
       */
      const request = Effect.fnUntraced(function* (subject: string, payload: string) {
        const bytes = Buffer.byteLength(payload)
        if (bytes > nats.maxPayload) {
          return yield* new Refused({
            code: "tooLarge",
            message: `the request has ${bytes} bytes; at most ${nats.maxPayload} can be sent`,
            hint: "pass a reference (a path, a URL) in place of the data"
          })
        }
        let unanswered: Lost | null = null
        for (let tried = 1; ; tried++) {
          const reply = yield* once(subject, payload)
          if (reply instanceof Lost) {
            if (reply.sent) unanswered = reply
            if (tried < TRIES) yield* Effect.timeoutOption(nats.connected, RECONNECT_MS)
            else if (unanswered !== null) return unanswered
            else return yield* new Unreachable({ message: `cannot reach NATS at ${nats.servers}: ${reply.reason}` })
          } else if (isNoResponders(reply)) {
            return unanswered ?? (yield* nobody)
          } else {
            const answer = yield* Effect.result(heard(subject, reply))
            // Too busy for the second question says nothing about the first.
            if (unanswered !== null && Result.isFailure(answer) && answer.failure.code === "busy") return unanswered
            return yield* Effect.fromResult(answer)
          }
        }
      })

      const read = <A>(subject: string, schema: Schema.ConstraintCodec<A, unknown>) => {
        const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(schema))
        return (reply: Msg) => Effect.mapError(decode(reply.string()), () => unreadable(subject))
      }

      const command = <A>(verb: string, schema: Schema.ConstraintCodec<A, unknown>) => {
        const subject = subjects.command(verb)
        const answer = read(subject, schema)
        return Effect.fnUntraced(function* (body: object, given?: string) {
          const commandId = given ?? randomUUID()
          const reply = yield* request(subject, JSON.stringify({ actor: options.actor, ...body, commandId }))
          return yield* reply instanceof Lost ? unknown(commandId, reply) : answer(reply)
        })
      }

      const unknown = (commandId: string, lost: Lost) =>
        new OutcomeUnknown({
          commandId,
          message: `no answer to the command (${lost.reason}); it may have been carried out. Ask again with the command id ${commandId}: it is carried out at most once`
        })

      const query = <A>(name: string, schema: Schema.ConstraintCodec<A, unknown>) => {
        const subject = subjects.query(name)
        const answer = read(subject, schema)
        return Effect.fnUntraced(function* (body: object) {
          const reply = yield* request(subject, JSON.stringify(body))
          if (reply instanceof Lost) {
            return yield* new Unreachable({ message: `no answer to the query ${name}: ${reply.reason}` })
          }
          return yield* answer(reply)
        })
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
      const cancel = command("cancel", TaskAnswer)
      const run = command("run", RunAnswer)
      const setCalendar = command("setCalendar", CalendarAnswer)
      const removeCalendar = command("removeCalendar", CalendarAnswer)
      const subjectOfMany = subjects.command("scheduleMany")
      const readMany = read(subjectOfMany, ManyAnswers)

      const scheduleChunk = Effect.fnUntraced(function* (requests: ReadonlyArray<ScheduleRequest>) {
        const reply = yield* request(subjectOfMany, JSON.stringify({ requests })).pipe(
          Effect.catchTag("Refused", (refused) => Effect.succeed(refused))
        )
        if (reply instanceof Refused) return requests.map(() => reply)
        if (reply instanceof Lost) return yield* unknown(requests[0]?.commandId ?? "", reply)
        const answers = yield* Effect.orDie(readMany(reply))
        return answers.map((one) => ("error" in one ? new Refused(one.error) : one.answer))
      })

      /** What is published on a subject, from now on; `then` runs beside it once it is heard. */
      const heardOn = <Message>(subject: string, then: Effect.Effect<void> = Effect.void) =>
        Stream.callback<Message, Unreachable>((queue) =>
          Effect.acquireRelease(
            Effect.tryPromise({
              try: async () => {
                const subscription = nats.listen(
                  subject,
                  (message) => void Queue.offerUnsafe(queue, message.json<Message>()),
                  {
                    refused: (reason) =>
                      void Queue.failCauseUnsafe(queue, Cause.fail(new Unreachable({ message: reason })))
                  }
                )
                await connection.flush()
                return subscription
              },
              catch: (cause) => new Unreachable({ message: String(cause) })
            }),
            (subscription) =>
              Effect.sync(() => {
                if (!connection.isClosed()) subscription.unsubscribe()
              })
          ).pipe(Effect.andThen(then))
        )

      /** Says that an execution is followed, for as long as it runs. */
      const follow = (executionId: string) => {
        const say = (words: string) =>
          Effect.sync(() => {
            if (nats.isConnected()) connection.publish(subjects.follow(executionId), words)
          })
        return Effect.andThen(say(BEGINS), Effect.forever(Effect.andThen(Effect.sleep(FOLLOW_MS / 3), say(""))))
      }

      return Scheduler.of({
        schedule: (body) => schedule(body, body.commandId),
        scheduleMany: (requests) =>
          Effect.map(
            Effect.forEach(
              chunks(requests.map((one) => ({ actor: options.actor, commandId: randomUUID(), ...one }))),
              scheduleChunk,
              { concurrency: IN_FLIGHT }
            ),
            (answers) => answers.flat()
          ),
        cancel: ofTask(cancel),
        run: ofTask(run),
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
        status: Effect.suspend(() => query("status", ServiceStatus)({})),
        pastEvents: query("events", PastEventsAnswer),
        events: (pattern = PUBLIC_EVENTS) => heardOn<AnnouncedEvent>(pattern),
        output: (executionId) => heardOn<OutputPiece>(publicOutput(executionId), follow(executionId))
      })
    })
  )

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
