/** The owner of tasks in the same process: claims, heartbeats and reports go straight into its mailbox. */
import { Effect, Layer } from "effect"
import type { Envelope } from "../actors/Envelope.ts"
import { Partitions } from "../actors/Partitions.ts"
import { OwnerUnavailable, TaskOwner } from "../work/TaskOwner.ts"
import type { ClaimAnswer, HeartbeatAnswer, ReportAnswer } from "../work/Work.ts"

export const layer: Layer.Layer<TaskOwner, never, Partitions> = Layer.effect(
  TaskOwner,
  Effect.map(Partitions, (partitions) => {
    const ask = <A>(partition: number, question: (reply: (answers: ReadonlyArray<A>) => void) => Envelope) =>
      Effect.callback<ReadonlyArray<A>, OwnerUnavailable>((resume) => {
        const submitted = partitions.submit(
          partition,
          question((answers) => resume(Effect.succeed(answers)))
        )
        if (submitted !== "accepted") resume(Effect.fail(new OwnerUnavailable({ partition, reason: submitted })))
      })
    return TaskOwner.of({
      claim: (partition, claims) => ask<ClaimAnswer>(partition, (reply) => ({ _tag: "claims", claims, reply })),
      heartbeat: (partition, heartbeats) =>
        ask<HeartbeatAnswer>(partition, (reply) => ({ _tag: "heartbeats", heartbeats, reply })),
      report: (partition, reports) => ask<ReportAnswer>(partition, (reply) => ({ _tag: "reports", reports, reply }))
    })
  })
)
