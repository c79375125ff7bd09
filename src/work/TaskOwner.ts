/**
 * The owner of a task, as its workers see it: who grants claims, hears heartbeats and records outcomes.
 *
 * Each call may be repeated: the same claim by the same worker is granted again, a report that is in the log already is
 * `recorded`. A failure means that the answer is unknown: ask again, with the delivery kept alive meanwhile.
 */
import { Context, type Effect, Schema } from "effect"
import type { ClaimAnswer, ClaimRequest, Heartbeat, HeartbeatAnswer, Report, ReportAnswer } from "./Work.ts"

/** No owner answered in time (a takeover, or a lost connection); what was asked may have happened. */
export class OwnerUnavailable extends Schema.TaggedError<OwnerUnavailable>()("OwnerUnavailable", {
  partition: Schema.Int,
  reason: Schema.String
}) {
  override get message() {
    return `the owner of partition ${this.partition} did not answer: ${this.reason}`
  }
}

/** Answers are in the order of the questions. All questions of one call belong to tasks of `partition`. */
export class TaskOwner extends Context.Service<
  TaskOwner,
  {
    claim(
      partition: number,
      claims: ReadonlyArray<ClaimRequest>
    ): Effect.Effect<ReadonlyArray<ClaimAnswer>, OwnerUnavailable>
    heartbeat(
      partition: number,
      heartbeats: ReadonlyArray<Heartbeat>
    ): Effect.Effect<ReadonlyArray<HeartbeatAnswer>, OwnerUnavailable>
    report(
      partition: number,
      reports: ReadonlyArray<Report>
    ): Effect.Effect<ReadonlyArray<ReportAnswer>, OwnerUnavailable>
  }
>()("nagatha/work/TaskOwner") {}
