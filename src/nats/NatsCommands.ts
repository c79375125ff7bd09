/**
 * Commands over NATS. `nagatha.command.<verb>` takes one request on any node and hands it to the partition's owner;
 * `nagatha.partition.<p>.command` takes a list of them straight to the owner; workers' claims, heartbeats and reports
 * come the same way. Every answer is given after what it says is in the log.
 */
import type { Msg } from "@nats-io/transport-node"
import { Effect, Layer, Schema } from "effect"
import { randomUUID } from "node:crypto"
import type { Calendars } from "../actors/Calendars.ts"
import { Refused } from "../actors/door/TaskRequest.ts"
import { Partitions } from "../actors/Partitions.ts"
import { type Answered, decodeWith, type errorJson } from "../service/Answered.ts"
import * as Commands from "../service/Commands.ts"
import { Commanded, notTaken, refuseTooMany, VERBS } from "../service/Commands.ts"
import * as Settings from "../Settings.ts"
import type { TaskTypes } from "../work/TaskTypes.ts"
import { ClaimRequest, Heartbeat, Report } from "../work/Work.ts"
import { isNoResponders, Lost, NatsConnection } from "./NatsConnection.ts"
import { answering, NatsService, readJson, respond, respondError } from "./NatsService.ts"
import { ensureQueue } from "./Provision.ts"

const decodeCommands = decodeWith(Schema.Array(Commanded))
const decodeClaims = decodeWith(Schema.Array(ClaimRequest))
const decodeHeartbeats = decodeWith(Schema.Array(Heartbeat))
const decodeReports = decodeWith(Schema.Array(Report))
const decodeRegister = decodeWith(Schema.Struct({ queues: Schema.Array(ClaimRequest.fields.taskId) }))
const decodeMany = decodeWith(Commands.Many)
const decodeObject = decodeWith(Schema.Record(Schema.String, Schema.Unknown))

const GROUP = "nagatha"
export interface CommandsOptions {
  /** Zone of requests that name none. */
  readonly timezone: string
}

export const layer = (
  options: CommandsOptions
): Layer.Layer<never, never, NatsConnection | NatsService | Partitions | TaskTypes | Calendars> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const nats = yield* NatsConnection
      const partitions = yield* Partitions
      const settings = yield* Settings.Current
      const services = yield* Effect.context<NatsConnection>()
      const { endpoint } = yield* NatsService
      const { subjects } = nats

      const { addressed, carryOut } = yield* Commands.make({ ...options, actor: "nats", newId: randomUUID })

      const give = (message: Msg, answered: Answered) =>
        "error" in answered
          ? respondError(message, new Refused({ ...answered.error }))
          : respond(message, answered.answer)

      /** Hands commands to another node. When that gives no answer there is none here: the asker's outcome is unknown, and it asks again. */
      const forward = (
        partition: number,
        commands: ReadonlyArray<Commanded>,
        done: (answered: ReadonlyArray<Answered>) => void
      ) =>
        nats.request(subjects.partition(partition, "command"), JSON.stringify(commands), (reply) => {
          if (reply instanceof Lost || isNoResponders(reply)) return
          const answered = reply.json<ReadonlyArray<Answered> | { readonly error: ReturnType<typeof errorJson> }>()
          done("error" in answered ? commands.map(() => answered) : answered)
        })

      const owned = new Set(partitions.owned())
      for (const verb of VERBS) {
        yield* endpoint(`command-${verb}`, subjects.command(verb), GROUP, (message) => {
          const { commanded, partition } = addressed(verb, decodeObject(readJson(message)))
          if (owned.has(partition)) return carryOut(commanded, (answered) => give(message, answered))
          forward(partition, [commanded], ([answered]) => {
            if (answered !== undefined) give(message, answered)
          })
        })
      }

      /** Many schedule requests at once, each answered by itself, in the order of the requests. */
      yield* endpoint("command-scheduleMany", subjects.command("scheduleMany"), GROUP, (message) => {
        const { requests } = decodeMany(readJson(message))
        refuseTooMany(requests.length)
        const answers: Array<Answered> = []
        let open = requests.length
        if (open === 0) return respond(message, [])
        const answer = (index: number) => (answered: Answered) => {
          answers[index] = answered
          open -= 1
          if (open === 0) respond(message, answers)
        }
        const elsewhere = new Map<number, Array<{ readonly index: number; readonly commanded: Commanded }>>()
        for (const [index, given] of requests.entries()) {
          const { commanded, partition } = addressed("schedule", given)
          if (owned.has(partition)) carryOut(commanded, answer(index))
          else elsewhere.set(partition, [...(elsewhere.get(partition) ?? []), { index, commanded }])
        }
        for (const [partition, group] of elsewhere) {
          forward(
            partition,
            group.map(({ commanded }) => commanded),
            (answered) => {
              for (const [position, { index }] of group.entries()) {
                const one = answered[position]
                if (one !== undefined) answer(index)(one)
              }
            }
          )
        }
      })

      const submitAll = (partition: number, message: Msg, envelope: Parameters<typeof partitions.submit>[1]) => {
        if (partitions.submit(partition, envelope) !== "accepted")
          respondError(message, notTaken(partitions, partition))
      }
      const answerWith = (message: Msg) => (answers: unknown) => respond(message, answers)

      for (const partition of owned) {
        yield* endpoint(`partition-${partition}-command`, subjects.partition(partition, "command"), null, (message) => {
          const commands = decodeCommands(readJson(message))
          refuseTooMany(commands.length)
          const answers: Array<Answered> = []
          let open = commands.length
          if (open === 0) return respond(message, [])
          for (const [index, commanded] of commands.entries()) {
            carryOut(commanded, (answered) => {
              answers[index] = answered
              open -= 1
              if (open === 0) respond(message, answers)
            })
          }
        })
        yield* endpoint(`partition-${partition}-claim`, subjects.partition(partition, "claim"), null, (message) =>
          submitAll(partition, message, {
            _tag: "claims",
            claims: decodeClaims(readJson(message)),
            reply: answerWith(message)
          })
        )
        yield* endpoint(
          `partition-${partition}-heartbeat`,
          subjects.partition(partition, "heartbeat"),
          null,
          (message) =>
            submitAll(partition, message, {
              _tag: "heartbeats",
              heartbeats: decodeHeartbeats(readJson(message)),
              reply: answerWith(message)
            })
        )
        yield* endpoint(`partition-${partition}-report`, subjects.partition(partition, "report"), null, (message) =>
          submitAll(partition, message, {
            _tag: "reports",
            reports: decodeReports(readJson(message)),
            reply: answerWith(message)
          })
        )
      }

      for (const { answer, name } of yield* Commands.logCommands({ actor: "nats", newId: randomUUID })) {
        yield* endpoint(`command-${name}`, subjects.command(name), GROUP, answering(services, name, answer))
      }

      yield* endpoint("worker-register", subjects.register, GROUP, (message) => {
        const { queues } = decodeRegister(readJson(message))
        Effect.runForkWith(services)(
          Effect.forEach(queues, (queue) => ensureQueue(queue, settings), { discard: true }).pipe(
            Effect.match({
              onSuccess: () => respond(message, {}),
              onFailure: (error) => respondError(message, new Refused({ code: "internal", message: error.message }))
            })
          )
        )
      })
      // Ready means that the server knows: a request sent from now on finds somebody.
      yield* Effect.promise(() => nats.connection.flush())
    })
  )
