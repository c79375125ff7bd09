/**
 * The front door over NATS: commands and queries as requests, events as a subscription.
 *
 * A command whose answer is lost is sent again with the same id, which carries it out at most once; when the second
 * answer is lost as well the outcome is reported as unknown, with the id.
 */
import type { Msg } from "@nats-io/transport-node"
import { Cause, Effect, Layer, Queue, Result, Schema, Stream } from "effect"
import { randomUUID } from "node:crypto"
import { Refused } from "../actors/door/TaskRequest.ts"
import { type AnnouncedEvent, OutcomeUnknown, type OutputPiece, Scheduler, Unreachable } from "../Scheduler.ts"
import * as Client from "../service/Client.ts"
import { FOLLOW_MS } from "../work/LiveFeed.ts"
import { isNoResponders, Lost, NatsConnection } from "./NatsConnection.ts"
import { BEGINS } from "./NatsLiveFeed.ts"
import { PUBLIC_EVENTS, publicOutput } from "../service/Announced.ts"

/** How often a request whose answer was lost is sent. */
const TRIES = 2
/** How long to wait for a lost connection before asking again, milliseconds. */
const RECONNECT_MS = 5000

const decodeRefused = Schema.decodeUnknownOption(Schema.fromJsonString(Client.RefusedJson))

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
        return Effect.fail(refused._tag === "Some" ? new Refused(refused.value.error) : Client.unreadable(subject))
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

      /** What is published on subjects, from the moment that the server has taken the subscription. */
      const subscribe = Effect.fnUntraced(function* <Message>(subject: string) {
        const queue = yield* Effect.acquireRelease(Queue.unbounded<Message, Unreachable>(), Queue.shutdown)
        yield* Effect.acquireRelease(
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
        )
        return Stream.fromQueue(queue)
      })

      /** Says that an execution is followed, for as long as it runs. */
      const follow = (executionId: string) => {
        const say = (words: string) =>
          Effect.sync(() => {
            if (nats.isConnected()) connection.publish(subjects.follow(executionId), words)
          })
        return Effect.andThen(say(BEGINS), Effect.forever(Effect.andThen(Effect.sleep(FOLLOW_MS / 3), say(""))))
      }

      const carrier: Client.Carrier = {
        command: Effect.fnUntraced(function* (verb, payload, commandId) {
          const reply = yield* request(subjects.command(verb), payload)
          if (!(reply instanceof Lost)) return reply.string()
          return yield* new OutcomeUnknown({
            commandId,
            message: `no answer to the command (${reply.reason}); it may have been carried out. Ask again with the command id ${commandId}: it is carried out at most once`
          })
        }),
        query: Effect.fnUntraced(function* (name, payload) {
          const reply = yield* request(subjects.query(name), payload)
          if (!(reply instanceof Lost)) return reply.string()
          return yield* new Unreachable({ message: `no answer to the query ${name}: ${reply.reason}` })
        }),
        subscribe: (pattern = PUBLIC_EVENTS) => subscribe<AnnouncedEvent>(pattern),
        output: (executionId) =>
          Effect.tap(subscribe<OutputPiece>(publicOutput(executionId)), () => Effect.forkScoped(follow(executionId)))
      }
      return Client.make(carrier, { ...options, newId: randomUUID })
    })
  )
