/**
 * Commands over NATS. `nagatha.command.<verb>` takes one request on any node and hands it to the partition's owner;
 * `nagatha.partition.<p>.command` takes a list of them straight to the owner; workers' claims, heartbeats and reports
 * come the same way. Every answer is given after what it says is in the log.
 */
import type { Msg } from "@nats-io/transport-node"
import { Clock, Effect, Layer, Result, Schema } from "effect"
import { randomUUID } from "node:crypto"
import { Calendars } from "../actors/Calendars.ts"
import * as Intake from "../actors/door/Intake.ts"
import { Partitions } from "../actors/Partitions.ts"
import { Refused, TASK_VERBS } from "../actors/door/TaskRequest.ts"
import { partitionOf } from "../events/Partition.ts"
import * as Settings from "../Settings.ts"
import { TaskTypes } from "../work/TaskTypes.ts"
import { ClaimRequest, Heartbeat, Report } from "../work/Work.ts"
import { isNoResponders, Lost, NatsConnection } from "./NatsConnection.ts"
import { decodeWith, errorJson, NatsService, readJson, respond, respondError } from "./NatsService.ts"
import { ensureQueue } from "./Provision.ts"

export const VERBS = ["schedule", ...TASK_VERBS] as const
export type Verb = (typeof VERBS)[number]

/** One command as it travels to an owner. */
export const Commanded = Schema.Struct({
  verb: Schema.Literals(VERBS),
  /** Read in full by the owner. */
  request: Schema.Record(Schema.String, Schema.Unknown)
})
export type Commanded = typeof Commanded.Type

/** What an owner answers to one command. */
export type Answered = { readonly answer: unknown } | { readonly error: ReturnType<typeof errorJson> }

export interface CommandsOptions {
  /** Zone of requests that name none. */
  readonly timezone: string
}

const decodeCommands = decodeWith(Schema.Array(Commanded))
const decodeClaims = decodeWith(Schema.Array(ClaimRequest))
const decodeHeartbeats = decodeWith(Schema.Array(Heartbeat))
const decodeReports = decodeWith(Schema.Array(Report))
const decodeRegister = decodeWith(Schema.Struct({ queues: Schema.Array(ClaimRequest.fields.taskId) }))
const decodeMany = decodeWith(Schema.Struct({ requests: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)) }))
const decodeObject = decodeWith(Schema.Record(Schema.String, Schema.Unknown))

const GROUP = "nagatha"
/** Most commands in one message: their answers leave as one message too. */
export const MOST_AT_ONCE = 500
const busy = () => new Refused({ code: "busy", message: "too many requests wait for this partition; ask again" })

export const layer = (
  options: CommandsOptions
): Layer.Layer<never, never, NatsConnection | NatsService | Partitions | TaskTypes | Calendars> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const nats = yield* NatsConnection
      const partitions = yield* Partitions
      const taskTypes = yield* TaskTypes
      const calendars = yield* Calendars
      const settings = yield* Settings.Current
      const clock = yield* Clock.Clock
      const services = yield* Effect.context<NatsConnection>()
      const { endpoint } = yield* NatsService
      const { subjects } = nats

      const door = (): Intake.Door => ({
        now: clock.currentTimeMillisUnsafe(),
        commandId: randomUUID(),
        actor: "nats",
        timezone: options.timezone,
        settings,
        taskTypes,
        calendars
      })

      /** Carries out one command of an owned partition and calls back once. */
      const carryOut = (commanded: Commanded, done: (answered: Answered) => void) => {
        const at = door()
        const refuse = (refused: Refused) => done({ error: errorJson(refused) })
        if (commanded.verb === "schedule") {
          const intended = Result.flatMap(Intake.readSchedule(commanded.request), (request) =>
            Result.map(Intake.schedule(request, at), (made) => ({ made, dryRun: request.dryRun ?? false }))
          )
          if (Result.isFailure(intended)) return refuse(intended.failure)
          const { dryRun, made } = intended.success
          if (dryRun) return done({ answer: Intake.answer(made, null, at) })
          return submit(made.command, refuse, (decided) => done({ answer: Intake.answer(made, decided, at) }))
        }
        const { verb } = commanded
        const command = Intake.request(verb, commanded.request, at)
        if (Result.isFailure(command)) return refuse(command.failure)
        return submit(command.success, refuse, (decided) => done({ answer: Intake.answerTo(verb, decided, at) }))
      }

      const submit = (
        command: Parameters<typeof Intake.answer>[0]["command"] | Intake.TaskRequestCommand,
        refuse: (refused: Refused) => void,
        done: (decided: Intake.Done) => void
      ) => {
        const submitted = partitions.submit(partitionOf(command.taskId, settings.partitions), {
          _tag: "command",
          command,
          reply: (decided) => (decided._tag === "done" ? done(decided) : refuse(decided.refused))
        })
        if (submitted !== "accepted") refuse(busy())
      }

      const give = (message: Msg, answered: Answered) =>
        "error" in answered
          ? respondError(message, new Refused({ ...answered.error }))
          : respond(message, answered.answer)

      /** The id of the task that a request is about, made up here where it names none so that any owner makes up the same. */
      const addressed = (
        verb: Verb,
        request: Commanded["request"]
      ): { readonly taskId: string; readonly request: Commanded["request"] } => {
        const named = request["taskId"]
        const commandId = typeof request["commandId"] === "string" ? request["commandId"] : randomUUID()
        const taskId = typeof named === "string" ? named : verb === "schedule" ? Intake.taskIdOf(commandId) : ""
        return { taskId, request: { ...request, commandId } }
      }

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
          const { request, taskId } = addressed(verb, decodeObject(readJson(message)))
          const partition = partitionOf(taskId, settings.partitions)
          const commanded: Commanded = { verb, request }
          if (owned.has(partition)) return carryOut(commanded, (answered) => give(message, answered))
          forward(partition, [commanded], ([answered]) => {
            if (answered !== undefined) give(message, answered)
          })
        })
      }

      const refuseTooMany = (count: number) => {
        if (count <= MOST_AT_ONCE) return
        throw new Refused({
          code: "tooLarge",
          message: `${count} requests in one message; at most ${MOST_AT_ONCE} are taken, for their answers leave as one message too`,
          hint: "send them in several messages"
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
          const { request, taskId } = addressed("schedule", given)
          const partition = partitionOf(taskId, settings.partitions)
          const commanded: Commanded = { verb: "schedule", request }
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
        if (partitions.submit(partition, envelope) !== "accepted") respondError(message, busy())
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
