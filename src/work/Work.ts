/**
 * What travels between the owner of a task and its workers.
 *
 * An attempt is named by `(executionId, attempt)`. A worker asks for it (claim), keeps it (heartbeat), and says what
 * became of it (report). Only the owner's answer to a claim allows a run to begin; a message from the queue does not.
 */
import { Schema } from "effect"
import { Message } from "../events/Message.ts"
import { ExecutionError, KeptOutput } from "../events/TaskEvent.ts"
import { QueueName, TaskArgs, TaskId } from "../events/TaskDefinition.ts"
import { Instant } from "../recurrence/Instant.ts"

/** One attempt offered to the workers of a queue: all that is needed to run it. */
export const WorkItem = Schema.Struct({
  v: Schema.Literal(1),
  partition: Schema.Int,
  taskId: TaskId,
  taskName: Schema.String,
  taskType: Schema.String,
  taskArgs: TaskArgs,
  queue: QueueName,
  executionId: Schema.String,
  /** Numbered from 1. */
  attempt: Schema.Int,
  nominalAt: Instant,
  dueAt: Instant,
  /** What started it. */
  message: Schema.optionalKey(Message),
  /** How many executions in a row were each started by the one before. */
  chain: Schema.optionalKey(Schema.Int),
  timeoutMs: Schema.Int,
  hardTimeoutMs: Schema.Int
})
export type WorkItem = typeof WorkItem.Type

/** The id that makes offering an attempt twice one offer. */
export const offerId = (item: Pick<WorkItem, "executionId" | "attempt">): string =>
  `${item.executionId}#${item.attempt}`

/** May this attempt begin? */
export const ClaimRequest = Schema.Struct({
  taskId: TaskId,
  executionId: Schema.String,
  attempt: Schema.Int,
  /** Unique name of the worker process. */
  worker: Schema.String
})
export type ClaimRequest = typeof ClaimRequest.Type

/**
 * - `granted`: begin, and report before `leaseMs` has passed without a heartbeat;
 * - `held`: another worker holds it, ask again after `retryAfterMs`;
 * - `gone`: it has ended, was cancelled, or another attempt took its place: forget it (acknowledge the delivery).
 */
export const ClaimAnswer = Schema.Union([
  Schema.Struct({ answer: Schema.Literal("granted"), leaseMs: Schema.Int }),
  Schema.Struct({ answer: Schema.Literal("held"), retryAfterMs: Schema.Int }),
  Schema.Struct({ answer: Schema.Literal("gone") })
])
export type ClaimAnswer = typeof ClaimAnswer.Type

/** Still running; re-asserts the claim to an owner that may be new. */
export const Heartbeat = Schema.Struct({
  taskId: TaskId,
  executionId: Schema.String,
  attempt: Schema.Int,
  worker: Schema.String,
  startedAt: Instant
})
export type Heartbeat = typeof Heartbeat.Type

/** `stop`: the attempt is no longer wanted (cancelled, ended, or taken by another worker): interrupt it. */
export const HeartbeatAnswer = Schema.Literals(["continue", "stop"])
export type HeartbeatAnswer = typeof HeartbeatAnswer.Type

/** All that a task type may say. */
export const Outcome = Schema.Union([
  Schema.Struct({ outcome: Schema.Literal("done"), result: Schema.Json }),
  /** Retry by the task's policy. */
  Schema.Struct({ outcome: Schema.Literal("failed"), error: ExecutionError }),
  /** Trying again is of no use. */
  Schema.Struct({ outcome: Schema.Literal("failedForGood"), error: ExecutionError }),
  /** Stopped because its owner asked for it. */
  Schema.Struct({ outcome: Schema.Literal("cancelled"), error: ExecutionError }),
  /** Not now: does not use up a retry. */
  Schema.Struct({ outcome: Schema.Literal("comeBackLater"), delayMs: Schema.Int, error: ExecutionError })
])
export type Outcome = typeof Outcome.Type

/** What became of an attempt. */
export const Report = Schema.Struct({
  taskId: TaskId,
  executionId: Schema.String,
  attempt: Schema.Int,
  worker: Schema.String,
  startedAt: Instant,
  finishedAt: Instant,
  outcome: Outcome,
  /** What the run said about itself. */
  output: Schema.optionalKey(KeptOutput)
})
export type Report = typeof Report.Type

/**
 * - `recorded`: the outcome is in the log (now or already);
 * - `refused`: the execution has ended otherwise, or a later attempt took its place: the outcome is dropped.
 * Both allow the delivery to be acknowledged.
 */
export const ReportAnswer = Schema.Literals(["recorded", "refused"])
export type ReportAnswer = typeof ReportAnswer.Type
