/**
 * Commands, whatever carries them: a request in, and one answer after what it says is in the log. A command that is read
 * and refused here has stored nothing.
 */
import { Clock, Effect, Result, Schema } from "effect"
import { Calendars } from "../actors/Calendars.ts"
import { AcceptLogRequest } from "../actors/door/AcceptLogRequest.ts"
import {
  RemoveCalendarRequest,
  removeCalendar,
  type Sender,
  SetCalendarRequest,
  setCalendar
} from "../actors/door/CalendarRequest.ts"
import { ownSubject } from "../actors/door/Define.ts"
import * as Intake from "../actors/door/Intake.ts"
import { haltedRefusal } from "../actors/Halted.ts"
import { Refused, TASK_VERBS } from "../actors/door/TaskRequest.ts"
import {
  PauseQueueRequest,
  pauseQueue,
  ResumeQueueRequest,
  resumeQueue,
  SetQueueRequest,
  setQueue
} from "../actors/door/QueueRequest.ts"
import { Partitions } from "../actors/Partitions.ts"
import type { CalendarCommand } from "../actors/Calendars.ts"
import { MessageSources } from "../actors/MessageSources.ts"
import { type QueueCommand, Queues } from "../actors/Queues.ts"
import { partitionOf } from "../events/Partition.ts"
import { shownFields } from "../projections/TaskRow.ts"
import { ownEvent, subjectOf } from "../recurrence/MessageWords.ts"
import type { StreamPosition } from "../recurrence/Recurrence.ts"
import * as Settings from "../Settings.ts"
import { TaskTypes } from "../work/TaskTypes.ts"
import { type Answered, decodeWith, errorJson, type Question } from "./Answered.ts"

export const VERBS = ["schedule", ...TASK_VERBS] as const
export type Verb = (typeof VERBS)[number]

/** One command as it travels to an owner. */
export const Commanded = Schema.Struct({
  verb: Schema.Literals(VERBS),
  /** Read in full by the owner. */
  request: Schema.Record(Schema.String, Schema.Unknown)
})
export type Commanded = typeof Commanded.Type

/** A request to schedule many tasks. */
export const Many = Schema.Struct({ requests: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)) })

/** Most commands in one message: their answers leave as one message too. */
export const MOST_AT_ONCE = 500

export const busy = () => new Refused({ code: "busy", message: "too many requests wait for this partition; ask again" })

/** Why a mailbox did not take something. */
export const notTaken = (partitions: Pick<Partitions["Service"], "halted">, partition: number): Refused => {
  const halted = partitions.halted(partition)
  return halted === undefined ? busy() : haltedRefusal(halted)
}

export const refuseTooMany = (count: number): void => {
  if (count <= MOST_AT_ONCE) return
  throw new Refused({
    code: "tooLarge",
    message: `${count} requests in one message; at most ${MOST_AT_ONCE} are taken, for their answers leave as one message too`,
    hint: "send them in several messages"
  })
}

export interface CommandsOptions {
  /** Zone of requests that name none. */
  readonly timezone: string
  /** Who sends commands that do not say so. */
  readonly actor: string
  /** Makes an id that no other command has. */
  newId(): string
}

/** A command, and the partition whose owner must carry it out. */
export interface Addressed {
  readonly partition: number
  readonly commanded: Commanded
}

export interface Commands {
  /** What a request is about; an id that it leaves out is made up here, so that any owner makes up the same. */
  addressed(verb: Verb, request: Commanded["request"]): Addressed
  /** Carries out one command of an owned partition and calls back once. */
  carryOut(commanded: Commanded, done: (answered: Answered) => void): void
}

/** The commands about tasks. */
export const make = Effect.fnUntraced(function* (options: CommandsOptions) {
  const partitions = yield* Partitions
  const taskTypes = yield* TaskTypes
  const calendars = yield* Calendars
  const settings = yield* Settings.Current
  const clock = yield* Clock.Clock

  const sources = yield* MessageSources
  const fork = Effect.runForkWith(yield* Effect.context<never>())

  const door = (from?: StreamPosition): Intake.Door => ({
    now: clock.currentTimeMillisUnsafe(),
    commandId: options.newId(),
    actor: options.actor,
    timezone: options.timezone,
    settings,
    taskTypes,
    calendars,
    ...(from === undefined ? {} : { from })
  })

  /** The subject whose messages a request asks to be started by; its stream is looked for before anything is decided. */
  const subjectIn = (request: Commanded["request"]): string | undefined => {
    const words = request["schedule"]
    const subject = typeof words === "string" ? subjectOf(words) : undefined
    return subject === undefined || ownEvent(subject) !== undefined || request["dryRun"] === true ? undefined : subject
  }

  const submit = (
    command: Parameters<typeof Intake.answer>[0]["command"] | Intake.TaskRequestCommand,
    refuse: (refused: Refused) => void,
    done: (decided: Intake.Done) => void
  ) => {
    const partition = partitionOf(command.taskId, settings.partitions)
    const submitted = partitions.submit(partition, {
      _tag: "command",
      command,
      reply: (decided) => (decided._tag === "done" ? done(decided) : refuse(decided.refused))
    })
    if (submitted !== "accepted") refuse(notTaken(partitions, partition))
  }

  const carryOut: Commands["carryOut"] = (commanded, done) => {
    const subject = subjectIn(commanded.request)
    if (subject === undefined) return carry(commanded, door(), done)
    // What is refused for another reason leaves no trace.
    const sound: Result.Result<unknown, Refused> =
      commanded.verb === "schedule"
        ? Result.flatMap(Intake.readSchedule(commanded.request), (request) => Intake.schedule(request, door()))
        : Intake.request(commanded.verb, commanded.request, door())
    const refused = Result.isFailure(sound) ? sound.failure : ownSubject(subject, settings.namespace)
    if (refused !== undefined) return done({ error: errorJson(refused) })
    fork(
      Effect.match(sources.locate(subject), {
        onFailure: (refused) => done({ error: errorJson(refused) }),
        onSuccess: (from) => carry(commanded, door(from), done)
      })
    )
  }

  const carry = (commanded: Commanded, at: Intake.Door, done: (answered: Answered) => void) => {
    const refuse = (refused: Refused) => done({ error: errorJson(refused) })
    if (commanded.verb === "schedule") {
      const intended = Result.flatMap(Intake.readSchedule(commanded.request), (request) =>
        Result.map(Intake.schedule(request, at), (made) => ({ made, dryRun: request.dryRun ?? false }))
      )
      if (Result.isFailure(intended)) return refuse(intended.failure)
      const { dryRun, made } = intended.success
      if (dryRun && made.command.tooLate !== undefined) return refuse(made.command.tooLate)
      if (dryRun) {
        const wouldBe = shownFields(made.command.definition)
        return done({ answer: { ...Intake.answer(made, null, at), wouldBe } })
      }
      return submit(made.command, refuse, (decided) => done({ answer: Intake.answer(made, decided, at) }))
    }
    const { verb } = commanded
    const command = Intake.request(verb, commanded.request, at)
    if (Result.isFailure(command)) return refuse(command.failure)
    return submit(command.success, refuse, (decided) => done({ answer: Intake.answerTo(verb, decided, at) }))
  }

  const addressed: Commands["addressed"] = (verb, request) => {
    const { executionId } = request
    const named = request["taskId"] ?? (typeof executionId === "string" ? executionId.split("@")[0] : undefined)
    const commandId = typeof request["commandId"] === "string" ? request["commandId"] : options.newId()
    const taskId = typeof named === "string" ? named : verb === "schedule" ? Intake.taskIdOf(commandId) : ""
    return {
      partition: partitionOf(taskId, settings.partitions),
      commanded: { verb, request: { ...request, commandId } }
    }
  }

  return { addressed, carryOut } satisfies Commands
})

/** The commands about calendars of excluded days; any node that decides takes them. */
export const calendarCommands = Effect.fnUntraced(function* ({ actor, newId }: Omit<CommandsOptions, "timezone">) {
  const calendars = yield* Calendars
  const changing = <A>(
    name: string,
    schema: Schema.ConstraintDecoder<A>,
    commandOf: (request: A, sender: Sender) => Result.Result<CalendarCommand, Refused>
  ): Question => {
    const decode = decodeWith(schema)
    return {
      name,
      answer: (body) =>
        Effect.flatMap(Effect.fromResult(commandOf(decode(body), { commandId: newId(), actor })), calendars.change)
    }
  }
  return [
    changing("setCalendar", SetCalendarRequest, setCalendar),
    changing("removeCalendar", RemoveCalendarRequest, (request, sender) =>
      Result.succeed(removeCalendar(request, sender))
    )
  ]
})

/** The commands about queues; any node that decides takes them. */
export const queueCommands = Effect.fnUntraced(function* ({ actor, newId }: Omit<CommandsOptions, "timezone">) {
  const queues = yield* Queues
  const changing = <A>(
    name: string,
    schema: Schema.ConstraintDecoder<A>,
    commandOf: (request: A, sender: Sender) => Result.Result<QueueCommand, Refused>
  ): Question => {
    const decode = decodeWith(schema)
    return {
      name,
      answer: (body) =>
        Effect.flatMap(Effect.fromResult(commandOf(decode(body), { commandId: newId(), actor })), queues.change)
    }
  }
  return [
    changing("setQueue", SetQueueRequest, setQueue),
    changing("pauseQueue", PauseQueueRequest, pauseQueue),
    changing("resumeQueue", ResumeQueueRequest, resumeQueue)
  ]
})

/** The commands about the log itself. */
export const logCommands = Effect.fnUntraced(function* ({ actor }: Omit<CommandsOptions, "timezone">) {
  const partitions = yield* Partitions
  const decode = decodeWith(AcceptLogRequest)
  const acceptLog: Question = {
    name: "acceptLog",
    answer: (body) => {
      const request = decode(body)
      return partitions.accept(request.partition, { actor: request.actor ?? actor, reason: request.reason })
    }
  }
  return [acceptLog]
})
