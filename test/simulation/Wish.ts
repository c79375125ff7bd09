/** What clients wish for. */
import type { ScheduleRequest } from "../../src/actors/door/TaskRequest.ts"
import type { QueueLimits } from "../../src/events/QueueEvent.ts"

/** About a task, `at` milliseconds after the beginning. */
export type TaskWish = { readonly at: number; readonly task: number } & (
  | { readonly verb: "schedule"; readonly request: Omit<ScheduleRequest, "taskId" | "commandId"> }
  | { readonly verb: "cancel" | "resume" | "run" | "cancelWaiting" | "undo" | "restore" }
  /** One that is open, as the draw falls. */
  | { readonly verb: "cancelExecution"; readonly which: number }
  /** The newest that has failed. */
  | { readonly verb: "retry"; readonly fromStart: boolean }
  | { readonly verb: "revert"; readonly toRevision: number }
  | { readonly verb: "pause"; readonly forMs: number | null }
  /** The instant so many after the next one. */
  | { readonly verb: "skip"; readonly ahead: number }
  | { readonly verb: "backfill"; readonly backMs: number; readonly atOnce: boolean }
  | { readonly verb: "reschedule"; readonly schedule: string }
  | {
      readonly verb: "update"
      readonly changes: Readonly<Record<string, unknown>>
      /** Only at the revision that the client has seen. */
      readonly asSeen?: boolean
    }
)

/** About what tasks share. */
export type SharedWish = { readonly at: number } & (
  | { readonly verb: "setQueue"; readonly queue: string; readonly limits: LimitChanges }
  | { readonly verb: "pauseQueue" | "resumeQueue"; readonly queue: string }
)

/** Limits as they are asked for: null takes one away. */
export type LimitChanges = { readonly [Limit in keyof QueueLimits]: QueueLimits[Limit] | null }

export type Wish = TaskWish | SharedWish
export type Verb = TaskWish["verb"]

const SHARED: ReadonlySet<string> = new Set<SharedWish["verb"]>(["setQueue", "pauseQueue", "resumeQueue"])

export const isShared = (verb: Wish["verb"]): verb is SharedWish["verb"] => SHARED.has(verb)

/** What the tasks of a plan are called. */
export const taskIdOf = (task: number): string => `task-${task}`
/** The other way round. */
export const taskOf = (taskId: string): number => Number(taskId.slice("task-".length))
