/** The executions of one task held against its history: each becomes due once, ends once, and its attempts follow each other. */
import type { EventOf, TaskEvent } from "../events/TaskEvent.ts"
import { toMillis } from "../recurrence/Instant.ts"
import type { FindingKind } from "./Finding.ts"
import type { Tally } from "./Tally.ts"

/** Ended executions of a task that are remembered, to tell a second end from the end of what never was. */
const REMEMBERED = 32

interface Open {
  attempt: number
  /** Of the schedule itself: neither by hand, nor a step, nor run late at a pace. */
  readonly scheduled: boolean
  /** Run late at a pace: once it has begun it keeps others out like any other. */
  readonly paced: boolean
}

type Found = (kind: FindingKind, message: string, more: { readonly at?: number; readonly executionId?: string }) => void

export class ExecutionsAudit {
  readonly #tally: () => Tally
  readonly #found: Found
  readonly #open = new Map<string, Open>()
  #recent: Array<string> = []

  constructor(tally: () => Tally, found: Found) {
    this.#tally = tally
    this.#found = found
  }

  get open(): ReadonlyMap<string, unknown> {
    return this.#open
  }

  /** One of the schedule itself that is open. */
  get scheduled(): string | undefined {
    return [...this.#open].find(([, { scheduled }]) => scheduled)?.[0]
  }

  /** Whether one is open that may keep an occurrence from running: of the schedule, or run late at a pace. */
  get isBusy(): boolean {
    return [...this.#open.values()].some(({ paced, scheduled }) => scheduled || paced)
  }

  /** Whether it is open, or has ended lately. */
  knows(executionId: string): boolean {
    return this.#open.has(executionId) || this.#recent.includes(executionId)
  }

  opened(event: EventOf<"due">): void {
    const { executionId } = event
    const tally = this.#tally()
    if (event.parentExecutionId !== undefined) tally.steps += 1
    else if (event.manual === true) tally.manual += 1
    else tally.due += 1
    if (this.knows(executionId)) {
      const message = `execution ${executionId} became due again`
      return this.#found("duplicate", message, { at: toMillis(event.nominalAt), executionId })
    }
    const paced = event.paced === true
    const scheduled = event.parentExecutionId === undefined && event.manual !== true && !paced
    this.#open.set(executionId, { attempt: event.attempt, scheduled, paced })
  }

  /** It ends with its task. */
  cancelled(executionId: string): void {
    if (this.#open.has(executionId)) this.#close(executionId)
    else this.#found("neverDue", `the cancelled execution ${executionId} was not open`, { executionId })
  }

  clear(): void {
    this.#open.clear()
  }

  /** What has become of an execution; events of other kinds say nothing about one. */
  take(event: Exclude<TaskEvent, { readonly type: "due" | "skipped" }>): void {
    if (!("executionId" in event)) return
    const { attempt, executionId } = event
    const open = this.#open.get(executionId)
    if (open === undefined) {
      if (this.#recent.includes(executionId)) {
        const message = `execution ${executionId} had ended, and ${event.type} follows at ${event.time}`
        return this.#found("twoOutcomes", message, { executionId })
      }
      return this.#found("neverDue", `execution ${executionId} (${event.type}) is not known to have become due`, {
        executionId
      })
    }
    if (attempt !== open.attempt) {
      const message = `execution ${executionId}: ${event.type} of attempt ${attempt}, but attempt ${open.attempt} was the next`
      this.#found("wrongAttempt", message, { executionId })
    }
    if (event.type === "started" || event.type === "stopping") return
    this.#tally()[event.type] += 1
    if (event.type === "retry") open.attempt = attempt + 1
    else this.#close(executionId)
  }

  #close(executionId: string): void {
    this.#open.delete(executionId)
    this.#recent.push(executionId)
    if (this.#recent.length > REMEMBERED) this.#recent = this.#recent.slice(-REMEMBERED / 2)
  }
}
