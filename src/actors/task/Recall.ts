/** What a decision may need beyond what the owner of a task keeps of it: what the log says, and what has ended lately. */
import type { TaskEvent } from "../../events/TaskEvent.ts"

/** How an execution ended. */
export interface EndedExecution {
  readonly executionId: string
  /** In words: `success`, or the code of its error. */
  readonly how: string
  /** Log sequence of its end. */
  readonly sequence: number
}

export interface Recall {
  /** What one commit of the log says of the task; undefined: it has not been read yet. */
  events(sequence: number): ReadonlyArray<TaskEvent> | undefined
  /** The end of an execution, where that was lately enough. */
  ended(executionId: string): EndedExecution | undefined
}

export const nothing: Recall = { events: () => undefined, ended: () => undefined }
