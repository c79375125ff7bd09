/** What may be asked of the queues: the JSON of `nagatha.command.setQueue` and its like, and of `nagatha.query.queues`. */
import { Result, Schema } from "effect"
import { Concurrency, HeldBy, MAX_STARTS, QueueLimits } from "../../events/QueueEvent.ts"
import { Rate } from "../../events/Rate.ts"
import { QueueName } from "../../events/TaskDefinition.ts"
import { suggestion } from "../../work/Suggestion.ts"
import type { QueueCommand, QueueFacts } from "../Queues.ts"
import type { LineView } from "../queue/Dispatch.ts"
import type { Sender } from "./CalendarRequest.ts"
import { CommandOrigin, Refused } from "./TaskRequest.ts"

/** Limits that are named are changed, all others stay; null takes one away. */
export const SetQueueRequest = Schema.Struct({
  ...CommandOrigin,
  queue: QueueName,
  /** Executions that run at the same time, over all workers. */
  concurrency: Schema.optionalKey(Schema.NullOr(Concurrency)),
  /** Executions that begin within a time. */
  rate: Schema.optionalKey(Schema.NullOr(Rate)),
  /** The same for the executions of each key. */
  keyConcurrency: Schema.optionalKey(Schema.NullOr(Concurrency)),
  keyRate: Schema.optionalKey(Schema.NullOr(Rate))
})
export type SetQueueRequest = typeof SetQueueRequest.Type

/** Nothing of the queue begins until it goes on; what runs goes on. */
export const PauseQueueRequest = Schema.Struct({ ...CommandOrigin, queue: QueueName })
export type PauseQueueRequest = typeof PauseQueueRequest.Type

export const ResumeQueueRequest = PauseQueueRequest
export type ResumeQueueRequest = PauseQueueRequest

export const QueueAnswer = Schema.Struct({
  queue: Schema.String,
  limits: QueueLimits,
  paused: Schema.Boolean,
  /** Counted from 1; 0 where nothing was ever said about the queue. */
  revision: Schema.Int,
  logSequence: Schema.Int
})
export type QueueAnswer = typeof QueueAnswer.Type

export const QueuesQuery = Schema.Struct({
  /** Only this one. */
  queue: Schema.optionalKey(QueueName)
})
export type QueuesQuery = typeof QueuesQuery.Type

/** A queue as readers see it. */
export const QueueView = Schema.Struct({
  queue: Schema.String,
  limits: QueueLimits,
  /** Null while it is not. */
  paused: Schema.NullOr(
    Schema.Struct({ since: Schema.String, by: Schema.String, reason: Schema.NullOr(Schema.String) })
  ),
  /** Executions that have begun and not ended. */
  running: Schema.Int,
  /** Executions that are due and have not begun. */
  waiting: Schema.Int,
  /** Of those, how many are held back, and by which limit; the others wait for a free worker. */
  held: Schema.Record(HeldBy, Schema.optionalKey(Schema.Int)),
  /** 0 where nothing was ever said about it. */
  revision: Schema.Int,
  changedAt: Schema.NullOr(Schema.String)
})
export type QueueView = typeof QueueView.Type

const causedBy = (request: PauseQueueRequest, sender: Sender): QueueCommand["causedBy"] => ({
  commandId: request.commandId ?? sender.commandId,
  actor: request.actor ?? sender.actor,
  ...(request.reason === undefined ? {} : { reason: request.reason })
})

const invalid = (message: string, hint: string) => Result.fail(new Refused({ code: "invalidRequest", message, hint }))

const LIMITS = ["concurrency", "rate", "keyConcurrency", "keyRate"] as const

export const setQueue = (request: SetQueueRequest, sender: Sender): Result.Result<QueueCommand, Refused> => {
  const changes = Object.fromEntries(
    LIMITS.flatMap((limit) => (request[limit] === undefined ? [] : [[limit, request[limit]]]))
  )
  if (Object.keys(changes).length === 0) {
    return invalid("the request changes nothing", `name a limit: ${LIMITS.join(", ")}`)
  }
  const high = (["rate", "keyRate"] as const).find((limit) => (request[limit]?.count ?? 0) > MAX_STARTS)
  if (high !== undefined) {
    return invalid(
      `${high}: a queue's rate counts at most ${MAX_STARTS} starts, not ${request[high]?.count ?? 0}`,
      "say the same for a shorter time, such as 1000 a minute for 60000 an hour"
    )
  }
  return Result.succeed({ type: "set", queue: request.queue, changes, causedBy: causedBy(request, sender) })
}

export const pauseQueue = (request: PauseQueueRequest, sender: Sender): Result.Result<QueueCommand, Refused> =>
  Result.succeed({ type: "pause", queue: request.queue, causedBy: causedBy(request, sender) })

export const resumeQueue = (request: ResumeQueueRequest, sender: Sender): Result.Result<QueueCommand, Refused> =>
  Result.succeed({ type: "resume", queue: request.queue, causedBy: causedBy(request, sender) })

/** A question about a queue that nobody knows, with the one that was meant perhaps. */
export const unknownQueue = (queue: string, known: ReadonlyArray<string>): Refused => {
  const guess = suggestion(queue, known)
  const all = known.length === 0 ? "there are none" : `there are: ${known.join(", ")}`
  return new Refused({
    code: "notFound",
    message: `no queue ${JSON.stringify(queue)} is known: nothing was said about it, nothing waits in it, and no worker serves it`,
    hint: guess === undefined ? all : `did you mean ${JSON.stringify(guess)}? ${all}`
  })
}

/** Queues by name: what was said about them, those in which something waits or runs, and those that workers serve. */
export const viewsOf = (
  facts: ReadonlyArray<QueueFacts>,
  lines: ReadonlyArray<LineView>,
  served: ReadonlyArray<string>
): ReadonlyArray<QueueView> => {
  const names = new Set([...facts.map(({ queue }) => queue), ...lines.map(({ queue }) => queue), ...served])
  return [...names].sort().map((queue) => {
    const said = facts.find((one) => one.queue === queue)
    const held: Partial<Record<HeldBy, number>> = {}
    let [running, waiting] = [0, 0]
    for (const line of lines) {
      if (line.queue !== queue) continue
      running += line.running
      waiting += line.waiting
      for (const by of HeldBy.literals) {
        const count = line.held[by]
        if (count !== undefined) held[by] = (held[by] ?? 0) + count
      }
    }
    return {
      queue,
      limits: said?.limits ?? {},
      paused: said?.paused ?? null,
      running,
      waiting,
      held,
      revision: said?.revision ?? 0,
      changedAt: said?.changedAt ?? null
    }
  })
}
