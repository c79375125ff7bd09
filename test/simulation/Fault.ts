/** What can go wrong: a kind of fault, whom it is aimed at, and for how long. */
export const FAULTS = [
  "crash",
  "restart",
  "pause",
  "suspend",
  "cutOut",
  "cutIn",
  "outage",
  "full",
  "loss",
  "twice",
  "late",
  "slow",
  "torn",
  "step",
  "stray",
  "again",
  "wake"
] as const
export type FaultKind = (typeof FAULTS)[number]

export interface Fault {
  readonly at: number
  readonly kind: FaultKind
  /** Process; empty for all. */
  readonly target: string
  readonly forMs: number
  /** Share, milliseconds or number, as the kind has it. */
  readonly amount: number
}
