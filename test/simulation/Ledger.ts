/** The log of a simulation as it grows, kept by task: what is open and what is to come, by simple bookkeeping of its own. */
import type { QueueEvent, QueueLimits } from "../../src/events/QueueEvent.ts"
import type { TaskDefinition } from "../../src/events/TaskDefinition.ts"
import type { TaskEvent } from "../../src/events/TaskEvent.ts"
import type { Line } from "./world/Server.ts"

export interface Stored {
  readonly sequence: number
  readonly partition: number
  readonly storedAt: number
  readonly commitId: string
  readonly previousSequence: number
  readonly previousHash: string
  readonly events: ReadonlyArray<TaskEvent>
  readonly queues?: ReadonlyArray<QueueEvent>
}

/** A queue from one change on. */
export interface QueueState {
  readonly revision: number
  readonly limits: QueueLimits
  readonly isPaused: boolean
  readonly storedAt: number
  readonly sequence: number
}

const FREE: QueueState = { revision: 0, limits: {}, isPaused: false, storedAt: -Infinity, sequence: 0 }

/** An event and where it stands. */
export interface Placed {
  readonly event: TaskEvent
  readonly sequence: number
  readonly storedAt: number
}

export interface Booked {
  readonly taskId: string
  definition: TaskDefinition
  revision: number
  over: boolean
  nextAt: string | null
  readonly events: Array<Placed>
}

export class Ledger {
  readonly commits: Array<Stored> = []
  readonly tasks = new Map<string, Booked>()
  /** Executions that have become due and have not ended, with the task of each. */
  readonly open = new Map<string, string>()
  /** Where an execution ended. */
  readonly ends = new Map<string, { readonly sequence: number; readonly storedAt: number }>()

  /** What was said about each queue, oldest first. */
  readonly queues = new Map<string, ReadonlyArray<QueueState>>()

  readonly #taskOf = new Map<string, string>()
  readonly #queueOf = new Map<string, string>()

  taskOf(executionId: string): string | undefined {
    return this.#taskOf.get(executionId)
  }

  /** The queue in which an execution stands: that of its task, of a step that of its type. */
  queueOf(executionId: string): string {
    return this.#queueOf.get(executionId) ?? ""
  }

  add(line: Line): Stored {
    const raw = JSON.parse(line.text) as Omit<Stored, "sequence" | "storedAt">
    const stored: Stored = { ...raw, sequence: line.sequence, storedAt: line.storedAt }
    this.commits.push(stored)
    for (const event of stored.events) this.#book(event, stored)
    for (const event of stored.queues ?? []) this.#queue(event, stored)
    return stored
  }

  #queue(event: QueueEvent, { sequence, storedAt }: Stored): void {
    const { queue, revision } = event
    const before = this.queueAt(queue)
    const limits = event.type === "queueSet" ? event.limits : before.limits
    const isPaused = event.type === "queueSet" ? before.isPaused : event.type === "queuePaused"
    const states = this.queues.get(queue) ?? []
    this.queues.set(queue, [...states, { revision, limits, isPaused, storedAt, sequence }])
  }

  /** A queue as of a revision; as it is now without one. */
  queueAt(queue: string, revision = Infinity): QueueState {
    return this.queues.get(queue)?.findLast((state) => state.revision <= revision) ?? FREE
  }

  #end(executionId: string, { sequence, storedAt }: Stored): void {
    this.open.delete(executionId)
    if (!this.ends.has(executionId)) this.ends.set(executionId, { sequence, storedAt })
  }

  #book(event: TaskEvent, stored: Stored): void {
    const placed: Placed = { event, sequence: stored.sequence, storedAt: stored.storedAt }
    const known = this.tasks.get(event.taskId)
    if (known === undefined) {
      if (event.type !== "scheduled") return
      const { definition, nextAt, revision, taskId } = event
      this.tasks.set(taskId, { taskId, definition, revision, over: false, nextAt, events: [placed] })
      return
    }
    known.events.push(placed)
    known.revision = Math.max(known.revision, event.revision)
    if ("nextAt" in event) known.nextAt = event.nextAt
    if ("definition" in event && event.definition !== undefined) known.definition = event.definition
    if (event.type === "restored") known.over = false
    if (event.type === "completed" || event.type === "cancelled") known.over = true
    if (event.type === "due") {
      this.open.set(event.executionId, event.taskId)
      this.#taskOf.set(event.executionId, event.taskId)
      this.#queueOf.set(event.executionId, event.stepType ?? known.definition.queue)
    }
    if (event.type === "success" || event.type === "failure") this.#end(event.executionId, stored)
    if (event.type === "cancelled") for (const id of event.executions) this.#end(id, stored)
  }
}
