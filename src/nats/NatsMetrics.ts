/**
 * The metrics of nodes over NATS, for where there is no HTTP: `nagatha.query.metrics` is answered by any node that decides
 * or answers, `nagatha.query.metrics-<node>` by that one. A node that only works has no right to answer anything.
 */
import { Effect, Layer, Schema } from "effect"
import { Refused } from "../actors/door/TaskRequest.ts"
import { Unreachable } from "../Scheduler.ts"
import { isNoResponders, Lost, NatsConnection } from "./NatsConnection.ts"
import { answering, NatsService } from "./NatsService.ts"

/** Nodes share the questions that name none. */
const GROUP = "nagatha"

export const NodeMetrics = Schema.Struct({
  nodeId: Schema.String,
  /** In Prometheus' text format. */
  text: Schema.String
})
export type NodeMetrics = typeof NodeMetrics.Type

const decodeMetrics = Schema.decodeUnknownEffect(Schema.fromJsonString(NodeMetrics))

const nameOf = (nodeId: string | undefined): string => (nodeId === undefined ? "metrics" : `metrics-${nodeId}`)

/** Answers for this node with its metrics. */
export const layer = (text: Effect.Effect<string>): Layer.Layer<never, never, NatsConnection | NatsService> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { subjects } = yield* NatsConnection
      const { endpoint, identity } = yield* NatsService
      const services = yield* Effect.context<never>()
      const { nodeId } = identity
      const answer = answering(services, "metrics", () =>
        Effect.map(text, (told): NodeMetrics => ({ nodeId, text: told }))
      )
      yield* endpoint("metrics", subjects.query(nameOf(undefined)), GROUP, answer)
      yield* endpoint("metrics-of-node", subjects.query(nameOf(nodeId)), null, answer)
    })
  )

/** The metrics of a node, or of any where none is named. */
export const ask = Effect.fnUntraced(function* (nodeId: string | undefined) {
  const nats = yield* NatsConnection
  if (nodeId !== undefined && !/^[A-Za-z0-9_-]{1,64}$/.test(nodeId)) return yield* noNode(nodeId)
  const reply = yield* Effect.callback<Parameters<Parameters<typeof nats.request>[2]>[0]>((resume) => {
    nats.request(nats.subjects.query(nameOf(nodeId)), "", (told) => resume(Effect.succeed(told)))
  })
  if (reply instanceof Lost)
    return yield* new Unreachable({ message: `no answer from ${nats.servers}: ${reply.reason}` })
  if (isNoResponders(reply)) {
    if (nodeId !== undefined) return yield* noNode(nodeId)
    return yield* new Unreachable({
      message: `NATS at ${nats.servers} is there, but no scheduler node answers`,
      hint: "start one: nagatha up"
    })
  }
  return yield* Effect.mapError(
    decodeMetrics(reply.string()),
    () =>
      new Refused({
        code: "internal",
        message: "the node's answer cannot be read",
        hint: "use the same version on both sides"
      })
  )
})

const noNode = (nodeId: string) =>
  new Refused({
    code: "notFound",
    message: `no node ${JSON.stringify(nodeId)} answers`,
    hint: "nagatha status lists the nodes; one that only works is not asked over NATS"
  })
