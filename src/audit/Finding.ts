import type { Damage } from "../events/Acceptance.ts"

/** What an audit may find: each kind breaks a promise. A log without findings keeps them all. */
export const FINDINGS = {
  gap: "log sequences are missing",
  brokenChain: "a commit does not follow the one before it in its partition",
  unreadable: "a stored message is no commit",
  newer: "a newer version has written what this one does not understand",
  wrongPartition: "events stand in a partition that is not that of their task",
  unexplained: "an instant of the recurrence was never decided",
  duplicate: "an instant was decided again",
  offGrid: "a decision is for no instant of the recurrence",
  early: "a decision was made before its instant",
  wrongDue: "an execution is due at another instant than its task says",
  wrongCount: "a skipped stretch stands for another number of instants",
  wrongReason: "an instant was skipped for a reason that did not hold",
  whilePaused: "something became due while its task was paused",
  afterCancelled: "something was decided after its task was cancelled",
  afterCompleted: "something was decided after its task was over",
  completedEarly: "a task is over although an instant was to come",
  unknownTask: "an event of a task that was never scheduled",
  scheduledTwice: "a task was scheduled under an id in use",
  twoOutcomes: "an execution has ended twice",
  neverDue: "an execution was begun or ended that never became due",
  noOutcome: "an execution has not ended although its task is over",
  wrongAttempt: "an attempt was told out of order",
  overlap: "two executions were open at once, against the task's policy"
} as const

export type FindingKind = keyof typeof FINDINGS

export interface Finding {
  readonly kind: FindingKind
  /** Where in the log it was seen. */
  readonly logSequence: number
  readonly partition: number
  readonly taskId?: string
  /** The instant that it is about, or the first of several. */
  readonly at?: string
  readonly executionId?: string
  readonly message: string
  /** Of a history that is not whole: what an operator may accept. */
  readonly damage?: Damage
}
