/** How what is due stands in the queues, asked of its owners over NATS: of all for the lines, of one for a task. */
import { Effect, Schema } from "effect"
import { HeldBy } from "../events/QueueEvent.ts"
import { partitionOf } from "../events/Partition.ts"
import { decodeWith } from "../service/Answered.ts"
import type { QueueLines } from "../service/QueueLines.ts"
import type { NatsConnection } from "./NatsConnection.ts"
import { isNoResponders, Lost } from "./NatsConnection.ts"

/** The executions that an owner is asked about. */
export const decodeAsked = decodeWith(Schema.Array(Schema.String))

const LineJson = Schema.Struct({
  queue: Schema.String,
  running: Schema.Int,
  waiting: Schema.Int,
  held: Schema.Record(HeldBy, Schema.optionalKey(Schema.Int))
})
const decodeLines = Schema.decodeUnknownOption(Schema.Array(LineJson))
const decodeHeld = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, HeldBy)))

export interface NatsQueueLinesOptions {
  readonly nats: NatsConnection["Service"]
  readonly partitions: number
  /** Answers of all nodes that listen on a subject. */
  readonly gather: (subject: string) => Effect.Effect<ReadonlyArray<unknown>>
}

export const make = ({ gather, nats, partitions }: NatsQueueLinesOptions): QueueLines => ({
  lines: Effect.map(gather(nats.subjects.query("lines")), (answers) =>
    answers.flatMap((answer) => {
      const lines = decodeLines(answer)
      return lines._tag === "Some" ? lines.value : []
    })
  ),
  served: Effect.tryPromise(async () => {
    const names: Array<string> = []
    for await (const { name } of nats.jsm.consumers.list(nats.subjects.workStream)) names.push(name)
    return names
  }).pipe(Effect.orElseSucceed(() => [])),
  heldBy: (taskId, executionIds) =>
    Effect.callback((resume) => {
      const subject = nats.subjects.partition(partitionOf(taskId, partitions), "held")
      nats.request(subject, JSON.stringify(executionIds), (reply) => {
        const held = reply instanceof Lost || isNoResponders(reply) ? undefined : decodeHeld(reply.string())
        resume(Effect.succeed(held?._tag === "Some" ? held.value : {}))
      })
    })
})
