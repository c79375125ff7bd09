/** Queries over NATS: `nagatha.query.<name>`, answered by any node with read models; nodes share the load. */
import { createInbox } from "@nats-io/transport-node"
import { Clock, Effect, Layer, Option, Schema } from "effect"
import { viewOf } from "../actors/door/CalendarRequest.ts"
import { Calendars } from "../actors/Calendars.ts"
import * as Intake from "../actors/door/Intake.ts"
import { Partitions } from "../actors/Partitions.ts"
import { preview, PreviewRequest } from "../actors/door/Preview.ts"
import { Refused } from "../actors/door/TaskRequest.ts"
import { EventLog } from "../events/EventLog.ts"
import { ExecutionsQuery, Queries, type QueryError, TaskQuery, TasksQuery } from "../projections/Queries.ts"
import { clockNotes } from "../recurrence/ClockNotes.ts"
import { toMillis } from "../recurrence/Instant.ts"
import * as Series from "../recurrence/Series.ts"
import { isZone } from "../recurrence/zone/Zone.ts"
import { isEnded } from "../projections/ExecutionRow.ts"
import type { TaskExecution } from "../projections/TaskExecution.ts"
import { OccurrencesQuery, PastEventsQuery, type ServiceStatus } from "../Scheduler.ts"
import { Progress } from "../work/LiveFeed.ts"
import { MAX_STEPS, SEQUENCE } from "../work/sequence/SequenceArgs.ts"
import { NatsConnection } from "./NatsConnection.ts"
import { decodeWith, NatsService, readJson, respond, respondError, SERVICE } from "./NatsService.ts"
import { pastEvents } from "./PastEvents.ts"
import { inboxPrefix } from "./Roles.ts"
import { publicEvent } from "./Subjects.ts"

const GROUP = "nagatha"
/** Coming runs shown with a task. */
const SHOWN_RUNS = 10
/** Occurrences left out by hand that are looked for. */
const MAX_LEFT_OUT = 100
/** How long `status` listens for the answers of other nodes, milliseconds. */
const GATHER_MS = 200

/** Executions whose progress is remembered. */
const MAX_PROGRESS = 10_000
const decodeProgress = Schema.decodeUnknownOption(Schema.fromJsonString(Progress))

export const InfoQuery = Schema.Struct({ ...TaskQuery.fields, executions: Schema.optionalKey(Schema.Int) })

const CODES: Readonly<Record<QueryError["_tag"], string>> = {
  NotFound: "notFound",
  AmbiguousId: "ambiguousId",
  ProjectionBehind: "behind",
  InvalidCursor: "invalidRequest"
}

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
    })
  )

export interface QueriesOptions {
  /** Zone of questions that name none. */
  readonly timezone: string
}

export const layer = (
  options: QueriesOptions
): Layer.Layer<never, never, NatsConnection | NatsService | Queries | EventLog | Calendars> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const nats = yield* NatsConnection
      const queries = yield* Queries
      const log = yield* EventLog
      const calendars = yield* Calendars
      const { endpoint } = yield* NatsService
      const { connection, jsm, listen, subjects } = nats
      const services = yield* Effect.context<never>()

      const answering = <A>(
        name: string,
        schema: Schema.ConstraintDecoder<A>,
        handle: (query: A) => Effect.Effect<unknown, QueryError | Refused>
      ) => {
        const decode = decodeWith(schema)
        return endpoint(`query-${name}`, subjects.query(name), GROUP, (message) => {
          const query = decode(readJson(message))
          Effect.runForkWith(services)(
            handle(query).pipe(
              Effect.match({
                onSuccess: (answer) => respond(message, answer),
                onFailure: (error) =>
                  respondError(
                    message,
                    error._tag === "Refused" ? error : new Refused({ code: CODES[error._tag], message: error.message })
                  )
              }),
              Effect.catchCause((cause) =>
                Effect.andThen(
                  Effect.logError(`query ${name} failed`, cause),
                  Effect.sync(() =>
                    respondError(
                      message,
                      new Refused({ code: "internal", message: "the query failed; the node's log tells why" })
                    )
                  )
                )
              )
            )
          )
        })
      }

      /** The newest that running attempts have told, oldest first. */
      const progress = new Map<string, Progress>()
      listen(publicEvent("progress"), (message) => {
        const told = decodeProgress(message.string())
        if (Option.isNone(told)) return
        const { executionId } = told.value
        progress.delete(executionId)
        progress.set(executionId, told.value)
        if (progress.size > MAX_PROGRESS) progress.delete(progress.keys().next().value ?? executionId)
      })
      const withProgress = (execution: TaskExecution): TaskExecution => {
        const told = progress.get(execution.executionId)
        if (told === undefined) return execution
        if (isEnded(execution)) progress.delete(execution.executionId)
        if (execution.status !== "running" || told.attempt !== execution.attempt) return execution
        const { fraction, text, time } = told
        return { ...execution, progress: { fraction, text, at: time } }
      }

      /** An execution, and its steps behind it in the order in which they became due. */
      const tree = (execution: TaskExecution): Effect.Effect<ReadonlyArray<TaskExecution>, QueryError> =>
        execution.taskType === SEQUENCE
          ? queries.executions({ taskId: execution.taskId, parent: execution.executionId, limit: MAX_STEPS }).pipe(
              Effect.flatMap(({ items }) => Effect.forEach(items.toReversed(), tree)),
              Effect.map((steps) => [execution, ...steps.flat()])
            )
          : Effect.succeed([execution])

      const info = Effect.fnUntraced(function* (query: typeof InfoQuery.Type) {
        const { definition, logSequence, task } = yield* queries.task(query)
        const { items: newest } = yield* queries.executions({
          taskId: task.taskId,
          steps: false,
          limit: query.executions ?? 10
        })
        const items =
          task.taskType === SEQUENCE ? yield* Effect.map(Effect.forEach(newest, tree), (all) => all.flat()) : newest
        const exclusions = calendars.excluded.of(definition)
        const { nextNominalAt, nextRunAt } = task
        // While it is paused nothing runs; what was left out by hand stands among the executions.
        const { items: skipped } = yield* queries.executions({
          taskId: task.taskId,
          status: "skipped",
          limit: MAX_LEFT_OUT
        })
        const leftOut = new Set(skipped.map(({ nominalAt }) => nominalAt))
        const from = task.status === "paused" ? task.pausedUntil : nextRunAt
        const nextRuns =
          nextRunAt === null || from === null
            ? []
            : Intake.nextRuns(
                definition,
                Math.max(toMillis(nextRunAt), toMillis(from)) - 1,
                SHOWN_RUNS + leftOut.size,
                exclusions
              )
                .filter(({ at }) => !leftOut.has(at))
                .slice(0, SHOWN_RUNS)
        const notes =
          nextNominalAt === null
            ? []
            : clockNotes(Series.of(definition, exclusions), definition, toMillis(nextNominalAt) - 1)
        return { task, nextRuns, notes, executions: items.map(withProgress), logSequence }
      })

      const occurrences = Effect.fnUntraced(function* ({ from, id, limit = 100, to }: typeof OccurrencesQuery.Type) {
        const { definition } = yield* queries.task({ id })
        const exclusions = calendars.excluded.of(definition)
        const [begin, end] = [Date.parse(from) - 1, Date.parse(to) - 1]
        const found = end <= begin ? null : Series.of(definition, exclusions).range(begin, end)
        const runs =
          found === null
            ? []
            : Intake.nextRuns({ ...definition, maxRuns: null }, begin, Math.min(limit, found.count), exclusions)
        return { count: found?.count ?? 0, runs, timezone: definition.timezone }
      })

      const next = Effect.fnUntraced(function* (request: PreviewRequest) {
        const zone = request.timezone ?? options.timezone
        if (!isZone(zone))
          yield* new Refused({ code: "invalidRequest", message: `${JSON.stringify(zone)} is not a time zone` })
        const days = calendars.excluded.of({ exclude: request.exclude ?? [] })
        const made = preview(request, { now: yield* Clock.currentTimeMillis, timezone: zone }, days)
        return yield* Effect.mapError(
          Effect.fromResult(made),
          ({ message }) => new Refused({ code: "invalidSchedule", message })
        )
      })

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
        const logSequence = yield* queries.logSequence
        const newest = yield* Effect.orElseSucceed(log.lastSequence, () => logSequence)
        const server = connection.info
        return {
          server: { name: server?.server_name ?? "", version: server?.version ?? "", url: nats.servers },
          nodes: pings.flatMap(nodeOf),
          partitions: partitions.flat().sort(byPartition),
          queues: lines,
          projection: { logSequence, lag: Math.max(0, newest - logSequence), tasks, executions }
        }
      })

      yield* answering("tasks", TasksQuery, (query) => queries.tasks(query))
      yield* answering("task", TaskQuery, (query) =>
        Effect.map(queries.task(query), ({ logSequence, task }) => ({ task, logSequence }))
      )
      yield* answering("info", InfoQuery, info)
      yield* answering("occurrences", OccurrencesQuery, occurrences)
      yield* answering("events", PastEventsQuery, (query) =>
        Effect.provideService(pastEvents(query), NatsConnection, nats)
      )
      yield* answering("executions", ExecutionsQuery, (query) =>
        Effect.map(queries.executions(query), (page) => ({ ...page, items: page.items.map(withProgress) }))
      )
      yield* answering("execution", TaskQuery, (query) =>
        Effect.map(queries.execution(query), (found) => ({ ...found, ...withProgress(found) }))
      )
      yield* answering("next", PreviewRequest, next)
      yield* answering("calendars", Schema.Struct({}), () => Effect.sync(() => calendars.all().map(viewOf)))
      yield* answering("status", Schema.Struct({}), () => status)
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
