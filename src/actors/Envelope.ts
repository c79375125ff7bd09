/**
 * What an actor's mailbox holds: a question and the way to answer it. `reply` is called once, after everything that the
 * answer says is in the log, and not at all when the actor stops first (the asker's outcome is then unknown).
 */
import type { ClaimAnswer, ClaimRequest, Heartbeat, HeartbeatAnswer, Report, ReportAnswer } from "../work/Work.ts"
import type { TaskCommand } from "./task/Task.ts"
import type { Refused } from "./door/TaskRequest.ts"
import type { TaskPhase } from "./task/TaskState.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"

export type CommandAnswer =
  | {
      readonly _tag: "done"
      readonly taskId: string
      readonly status: TaskPhase
      readonly revision: number
      readonly logSequence: number
      /** False when the command changed nothing, because what it asks for was there already. */
      readonly changed: boolean
      /** The task's definition, while it is alive. */
      readonly definition: TaskDefinition | null
      /** The execution that the command began, or cancelled. */
      readonly executionId?: string
      /** Whether that has not ended. */
      readonly open?: boolean
      readonly executions?: number
    }
  | { readonly _tag: "refused"; readonly refused: Refused }

export type Envelope =
  | { readonly _tag: "command"; readonly command: TaskCommand; reply(answer: CommandAnswer): void }
  | {
      readonly _tag: "claims"
      readonly claims: ReadonlyArray<ClaimRequest>
      reply(answers: ReadonlyArray<ClaimAnswer>): void
    }
  | {
      readonly _tag: "heartbeats"
      readonly heartbeats: ReadonlyArray<Heartbeat>
      reply(answers: ReadonlyArray<HeartbeatAnswer>): void
    }
  | {
      readonly _tag: "reports"
      readonly reports: ReadonlyArray<Report>
      reply(answers: ReadonlyArray<ReportAnswer>): void
    }
  /** Another owner may have stored something: what is missed is to be read. */
  | { readonly _tag: "look" }
  /** The days that calendars exclude have changed. */
  | { readonly _tag: "calendars" }
  /** The work queue holds only these offers: the others are to be made again. */
  | { readonly _tag: "reoffer"; readonly held: ReadonlySet<string> }
