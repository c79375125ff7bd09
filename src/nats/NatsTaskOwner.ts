/** The owner of a task over NATS: one request to the partition's subject for each group of claims, heartbeats or reports. */
import { Effect, Layer, Schema } from "effect"
import { OwnerUnavailable, TaskOwner } from "../work/TaskOwner.ts"
import { ClaimAnswer, HeartbeatAnswer, ReportAnswer } from "../work/Work.ts"
import { isNoResponders, Lost, NatsConnection } from "./NatsConnection.ts"

export const layer: Layer.Layer<TaskOwner, never, NatsConnection> = Layer.effect(
  TaskOwner,
  Effect.gen(function* () {
    const nats = yield* NatsConnection

    const ask = <A>(verb: string, answer: Schema.ConstraintCodec<A, unknown>) => {
      const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Array(answer)))
      return (partition: number, questions: ReadonlyArray<unknown>) =>
        Effect.callback<ReadonlyArray<A>, OwnerUnavailable>((resume) => {
          const unavailable = (reason: string) => resume(Effect.fail(new OwnerUnavailable({ partition, reason })))
          nats.request(nats.subjects.partition(partition, verb), JSON.stringify(questions), (reply) => {
            if (reply instanceof Lost) return unavailable(reply.reason)
            if (isNoResponders(reply)) return unavailable("nobody owns the partition now")
            const error = reply.headers?.get("Nats-Service-Error")
            if (error !== undefined && error !== "") return unavailable(error)
            const answers = decode(reply.string())
            if (answers._tag === "None" || answers.value.length !== questions.length) {
              return unavailable("its answer cannot be read")
            }
            resume(Effect.succeed(answers.value))
          })
        })
    }

    return TaskOwner.of({
      claim: ask("claim", ClaimAnswer),
      heartbeat: ask("heartbeat", HeartbeatAnswer),
      report: ask("report", ReportAnswer)
    })
  })
)
