/**
 * An owner of tasks for tests of workers: grants each attempt to the first worker that asks, records all it hears, and
 * can be told to hold, to refuse, to stop an attempt, or not to answer at all.
 */
import { Effect, Layer, Queue } from "effect"
import { OwnerUnavailable, TaskOwner } from "../../src/work/TaskOwner.ts"
import {
  type ClaimAnswer,
  type ClaimRequest,
  type Heartbeat,
  type HeartbeatAnswer,
  offerId,
  type Report
} from "../../src/work/Work.ts"

export interface TestOwner {
  readonly claims: Array<ClaimRequest>
  readonly heartbeats: Array<Heartbeat>
  readonly reports: Array<Report>
  /** Sizes of the calls, in order. */
  readonly calls: Array<{ readonly kind: "claim" | "heartbeat" | "report"; readonly size: number }>
  /** Answers to claims by `offerId`; `granted` where there is none. Taken out once given. */
  readonly answers: Map<string, ClaimAnswer>
  /** Executions whose next heartbeat is answered with `stop`. */
  readonly stop: Set<string>
  /** How many calls are left unanswered from now on. */
  silentCalls: number
  /** The next report, in the order in which they came. */
  readonly nextReport: Effect.Effect<Report>
  /** The next heartbeat, likewise. */
  readonly nextHeartbeat: Effect.Effect<Heartbeat>
  readonly layer: Layer.Layer<TaskOwner>
}

export const makeTestOwner = (leaseMs = 10_000): Effect.Effect<TestOwner> =>
  Effect.gen(function* () {
    const reported = yield* Queue.unbounded<Report>()
    const beaten = yield* Queue.unbounded<Heartbeat>()
    const owner: Omit<TestOwner, "layer"> = {
      claims: [],
      heartbeats: [],
      reports: [],
      calls: [],
      answers: new Map(),
      stop: new Set(),
      silentCalls: 0,
      nextReport: Queue.take(reported),
      nextHeartbeat: Queue.take(beaten)
    }
    const heard = <A>(kind: "claim" | "heartbeat" | "report", partition: number, size: number, answer: () => A) =>
      Effect.suspend(() => {
        if (owner.silentCalls > 0) {
          owner.silentCalls--
          return Effect.fail(new OwnerUnavailable({ partition, reason: "it is not there" }))
        }
        owner.calls.push({ kind, size })
        return Effect.succeed(answer())
      })
    const claim = (one: ClaimRequest): ClaimAnswer => {
      owner.claims.push(one)
      const answer = owner.answers.get(offerId(one))
      owner.answers.delete(offerId(one))
      return answer ?? { answer: "granted", leaseMs }
    }
    const heartbeat = (one: Heartbeat): HeartbeatAnswer => {
      owner.heartbeats.push(one)
      Queue.offerUnsafe(beaten, one)
      return owner.stop.delete(one.executionId) ? "stop" : "continue"
    }
    const report = (one: Report) => {
      owner.reports.push(one)
      Queue.offerUnsafe(reported, one)
      return "recorded" as const
    }
    const layer = Layer.succeed(TaskOwner, {
      claim: (partition, claims) => heard("claim", partition, claims.length, () => claims.map(claim)),
      heartbeat: (partition, beats) => heard("heartbeat", partition, beats.length, () => beats.map(heartbeat)),
      report: (partition, reports) => heard("report", partition, reports.length, () => reports.map(report))
    })
    return Object.assign(owner, { layer })
  })
