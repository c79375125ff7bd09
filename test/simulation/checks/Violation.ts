/** What must hold of every history, by the names under which it is promised. */
export type Invariant =
  | "oneDecision"
  | "onGrid"
  | "noDueAfterCancel"
  | "resumeNeverFloods"
  | "catchUpPolicy"
  | "neverEarly"
  | "boundedLateness"
  | "ackedOnce"
  | "readYourWrites"
  | "guarded"
  | "chain"
  | "announcedAll"
  | "replayEqualsLive"
  | "fixedPoint"
  | "oneOutcome"
  | "claimAfterOpen"
  | "idempotencyKey"
  | "startedOnce"
  | "guardedEdit"
  | "queueLimit"
  | "queuePause"
  | "queueOrder"
  | "overlapPolicy"
  | "sequenceOrder"
  | "backlogDrains"
  | "auditFindsNothing"
  | "noDefect"

export interface Violation {
  readonly invariant: Invariant
  readonly what: string
}
