/** What happened in a run, as data: everything that the checks look at, and nothing that still goes on. */
import type { Answered } from "../../src/service/Answered.ts"
import type { ReadModelStore } from "../../src/projections/ReadModelStore.ts"
import type { Grant, Run } from "./Executions.ts"
import type { Health } from "./Health.ts"
import type { Ledger } from "./Ledger.ts"
import type { Plan } from "./Plan.ts"
import type { Wish } from "./Wish.ts"
import type { Announced, Line } from "./world/Server.ts"

/** A command as its client saw it. */
export interface Asked {
  readonly commandId: string
  readonly verb: Wish["verb"]
  /** The task, or what tasks share. */
  readonly about: string
  /** It was to be carried out only at this revision of its task. */
  readonly ifRevision?: number
  readonly askedAt: number
  answeredAt: number | null
  /** `unknown`: nobody has answered for as long as the client asked. */
  outcome: "ok" | "refused" | "unknown"
  /** How often it has reached a node. */
  served: number
  /** Everything that was answered, first to last. */
  readonly answers: Array<Answered>
}

/** What a reader saw who asked for a log sequence that a command had returned. */
export interface ReadAfter {
  readonly commandId: string
  readonly about: string
  readonly sequence: number
  readonly seen: number
  /** Whether the task was there; true for what tasks share. */
  readonly found: boolean
}

export interface History {
  readonly plan: Plan
  readonly lines: ReadonlyArray<Line>
  readonly ledger: Ledger
  readonly asked: ReadonlyArray<Asked>
  readonly reads: ReadonlyArray<ReadAfter>
  readonly runs: ReadonlyArray<Run>
  readonly grants: ReadonlyArray<Grant>
  /** When each life of a process began. */
  readonly births: ReadonlyMap<string, number>
  /** Announcements as they were stored, and those that the server still holds. */
  readonly heard: ReadonlyArray<Announced>
  readonly held: ReadonlyArray<Announced>
  readonly health: Health
  /** When everything was healed, and when what was open had ended; null where it never did. */
  readonly healedAt: number
  readonly drainedAt: number | null
  /** Attempts that were neither in line nor in anybody's hands a while after the heal. */
  readonly forgotten: ReadonlyArray<string>
  /** What was still open at the end, in words. */
  readonly left: ReadonlyArray<string>
  /** Commits before and after everything was restarted without anything to do. */
  readonly restarted: readonly [before: number, after: number]
  /** Rows of the reader that lived through it all. */
  readonly rows: ReadonlyArray<string>
  /** Errors that processes logged. */
  readonly complaints: ReadonlyArray<string>
  readonly reached: ReadonlyMap<string, number>
  readonly virtualMs: number
  readonly turns: number
  /** The same for the same plan, whatever else. */
  readonly fingerprint: string
}

/** The rows of a read model, each as a text. */
export const rowsOf = (store: ReadModelStore): ReadonlyArray<string> =>
  [
    ...store.all("SELECT id, status, sort, row FROM task ORDER BY n"),
    ...store.all("SELECT n, definition FROM definition ORDER BY n"),
    ...store.all("SELECT id, status, due, row FROM execution ORDER BY n")
  ].map((row) => JSON.stringify(row))

/** The log sequence that a command was said to be at. */
export const sequenceIn = (answer: Answered): number | null => {
  if ("error" in answer) return null
  const { logSequence } = answer.answer as { readonly logSequence?: number | null }
  return logSequence ?? null
}
