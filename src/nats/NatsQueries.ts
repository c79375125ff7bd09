/** Queries over NATS: `nagatha.query.<name>`, answered by any node with read models; nodes share the load. */
import { createInbox } from "@nats-io/transport-node"
import { Effect, Layer, Option, Schema } from "effect"
import type { Calendars } from "../actors/Calendars.ts"
import type { Queues } from "../actors/Queues.ts"
import { Partitions } from "../actors/Partitions.ts"
import { EventLog } from "../events/EventLog.ts"
import { Queries } from "../projections/Queries.ts"
import { PastEventsQuery, type ServiceStatus } from "../Scheduler.ts"
import * as Answers from "../service/Answers.ts"
import * as RunningProgress from "../service/RunningProgress.ts"
import * as ScheduleAnswers from "../service/ScheduleAnswers.ts"
import * as StoredLogAnswers from "../service/StoredLogAnswers.ts"
import * as WhyAnswers from "../service/WhyAnswers.ts"
import { Progress } from "../work/LiveFeed.ts"
import * as Settings from "../Settings.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { answering, NatsService, readJson, respond, SERVICE } from "./NatsService.ts"
import * as NatsQueueLines from "./NatsQueueLines.ts"
import { decodeAsked } from "./NatsQueueLines.ts"
import { pastEvents } from "./PastEvents.ts"
import { inboxPrefix } from "./Roles.ts"
import { publicEvent } from "../service/Announced.ts"

const GROUP = "nagatha"
/** How long `status` listens for the answers of other nodes, milliseconds. */
const GATHER_MS = 200

const decodeProgress = Schema.decodeUnknownOption(Schema.fromJsonString(Progress))

/** Partitions of this node, for `status` on any node. */
export const layerPartitions: Layer.Layer<never, never, NatsConnection | NatsService | Partitions> =
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { subjects } = yield* NatsConnection
      const partitions = yield* Partitions
      const { endpoint, identity } = yield* NatsService
      yield* endpoint("query-partitions", subjects.query("partitions"), null, (message) => {
        const stats = partitions.stats().map((one) => ({ ...one, owner: identity.nodeId }))
        respond(message, stats)
      })
      yield* endpoint("query-lines", subjects.query("lines"), null, (message) => respond(message, partitions.lines()))
      for (const partition of partitions.owned()) {
        yield* endpoint(`partition-${partition}-held`, subjects.partition(partition, "held"), null, (message) => {
          const held = decodeAsked(readJson(message)).map((id) => [id, partitions.heldBy(id)] as const)
          respond(message, Object.fromEntries(held.filter(([, by]) => by !== undefined)))
        })
      }
    })
  )

export interface QueriesOptions {
  /** Zone of questions that name none. */
  readonly timezone: string
}

export const layer = (
  options: QueriesOptions
): Layer.Layer<never, never, NatsConnection | NatsService | Queries | EventLog | Calendars | Queues> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const nats = yield* NatsConnection
      const queries = yield* Queries
      const log = yield* EventLog
      const settings = yield* Settings.Current
      const { endpoint } = yield* NatsService
      const { connection, jsm, listen, subjects } = nats
      const services = yield* Effect.context<never>()

      const progress = RunningProgress.make()
      listen(publicEvent("progress"), (message) => Option.map(decodeProgress(message.string()), progress.told))

      /** Answers of all nodes that listen on a subject. */
      const gather = (subject: string) =>
        Effect.scoped(
          Effect.gen(function* () {
            const answers: Array<unknown> = []
            const inbox = createInbox(inboxPrefix("core"))
            yield* Effect.acquireRelease(
              Effect.sync(() =>
                listen(inbox, (message) => {
                  if (message.data.length > 0) answers.push(message.json())
                })
              ),
              (subscription) => Effect.sync(() => subscription.unsubscribe())
            )
            connection.publish(subject, "", { reply: inbox })
            yield* Effect.sleep(GATHER_MS)
            return answers
          })
        )

      const queueLines = NatsQueueLines.make({ nats, gather, partitions: settings.partitions })

      const queues = Effect.tryPromise(async () => {
        const all: Array<ServiceStatus["queues"][number]> = []
        for await (const consumer of jsm.consumers.list(subjects.workStream)) {
          all.push({
            queue: consumer.name,
            waiting: consumer.num_pending,
            inProgress: consumer.num_ack_pending,
            redelivered: consumer.num_redelivered
          })
        }
        return all
      }).pipe(Effect.orElseSucceed(() => []))

      const status = Effect.gen(function* () {
        const [pings, partitions, lines] = yield* Effect.all(
          [gather(`$SRV.PING.${SERVICE}`), gather(subjects.query("partitions")), queues],
          { concurrency: "unbounded" }
        )
        const { executions, tasks } = yield* queries.counts
        const { count, first } = yield* queries.parked
        const logSequence = yield* queries.logSequence
        const newest = yield* Effect.orElseSucceed(log.lastSequence, () => logSequence)
        const server = connection.info
        return {
          server: { name: server?.server_name ?? "", version: server?.version ?? "", url: nats.servers },
          nodes: pings.flatMap(nodeOf),
          partitions: partitions.flat().sort(byPartition),
          queues: lines,
          projection: {
            logSequence,
            lag: Math.max(0, newest - logSequence),
            tasks,
            executions,
            ...(first === undefined ? {} : { parked: { count, first } })
          }
        }
      })

      const questions = [
        ...(yield* Answers.make({ ...options, progress, queueLines })),
        yield* StoredLogAnswers.make,
        yield* ScheduleAnswers.make,
        yield* WhyAnswers.make,
        yield* Answers.queues(queueLines),
        Answers.question("events", PastEventsQuery, (query) =>
          Effect.provideService(pastEvents(query), NatsConnection, nats)
        ),
        Answers.question("status", Schema.Struct({}), () => status)
      ]
      for (const { answer, name } of questions) {
        yield* endpoint(`query-${name}`, subjects.query(name), GROUP, answering(services, name, answer))
      }
      yield* Effect.promise(() => connection.flush())
    })
  )

const decodePing = Schema.decodeUnknownOption(
  Schema.Struct({
    id: Schema.String,
    version: Schema.String,
    metadata: Schema.Struct({
      host: Schema.String,
      pid: Schema.NumberFromString,
      roles: Schema.String,
      startedAt: Schema.String
    })
  })
)

const nodeOf = (ping: unknown): ReadonlyArray<ServiceStatus["nodes"][number]> => {
  const decoded = decodePing(ping)
  if (decoded._tag === "None") return []
  const { id, metadata, version } = decoded.value
  return [{ nodeId: id, ...metadata, roles: metadata.roles.split(","), version }]
}

const byPartition = (a: unknown, b: unknown): number => partitionNumber(a) - partitionNumber(b)
const partitionNumber = (stats: unknown): number =>
  typeof stats === "object" && stats !== null && "partition" in stats ? Number(stats.partition) : 0
