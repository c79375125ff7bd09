/**
 * What the log says of one task, in the order in which it happened: its definitions, pauses and end, the decisions about its
 * instants and messages, and what became of its executions.
 */
import type { Commit } from "../events/Commit.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { CausedBy, EventOf, ExecutionError, TaskEvent } from "../events/TaskEvent.ts"
import { toMillis } from "../recurrence/Instant.ts"
import { CalendarHistory } from "./CalendarHistory.ts"
import { byCalendars } from "./TaskAudit.ts"

/** Something in the log: when it was decided, and on whose account. */
export interface Fact {
  readonly logSequence: number
  /** Milliseconds. */
  readonly time: number
  readonly revision: number
  readonly causedBy: CausedBy
}

/** A definition, from when on it counted for the task's instants. */
export interface Definition extends Fact {
  readonly definition: TaskDefinition
  /** Log sequence of the calendars that it knew. */
  readonly calendarsAt: number
  readonly kind: "scheduled" | "rescheduled" | "updated" | "calendars" | "restored"
}

/** A cancellation or completion of the task, and when it went on again. */
export interface End extends Fact {
  readonly kind: "cancelled" | "completed"
  readonly restored: Fact | null
}

export interface Pause extends Fact {
  readonly until: string | null
  readonly resumed: Fact | null
}

export interface ToldExecution {
  readonly due: EventOf<"due">
  readonly logSequence: number
  readonly started: EventOf<"started"> | null
  readonly retries: number
  readonly lastError: ExecutionError | null
  /** Null while it is open. */
  readonly outcome: EventOf<"success"> | EventOf<"failure"> | null
  readonly cancelled: Fact | null
}

export interface Skip {
  readonly event: EventOf<"skipped">
  readonly logSequence: number
  /** Executions of the schedule that were open then. */
  readonly open: ReadonlyArray<string>
  /** The pause in which it lies. */
  readonly pause: Pause | null
}

type Writable<A> = { -readonly [Key in keyof A]: A[Key] }

export class TaskHistory {
  readonly taskId: string
  readonly calendars = new CalendarHistory()
  readonly definitions: Array<Definition> = []
  readonly pauses: Array<Writable<Pause>> = []
  readonly executions = new Map<string, Writable<ToldExecution>>()
  readonly skips: Array<Skip> = []
  readonly ends: Array<Writable<End>> = []
  /** Runs of the schedule. */
  runs = 0
  /** Log sequence up to which it was read. */
  through = 0
  readonly #open = new Set<string>()

  constructor(taskId: string) {
    this.taskId = taskId
  }

  /** The end after which an instant lies, and before it went on again; null while the task was alive. */
  overAt(time: number): End | null {
    return this.ends.findLast((one) => one.time < time && (one.restored === null || one.restored.time >= time)) ?? null
  }

  take(sequence: number, commit: Commit): void {
    this.through = sequence
    for (const event of commit.calendars ?? []) this.calendars.take(event, sequence)
    for (const event of commit.events) if (event.taskId === this.taskId) this.#event(event, sequence)
  }

  #event(event: TaskEvent, logSequence: number): void {
    const { causedBy, revision } = event
    const fact: Fact = { logSequence, time: toMillis(event.time), revision, causedBy }
    switch (event.type) {
      case "restored": {
        const end = this.ends.at(-1)
        if (end !== undefined) end.restored = fact
        const { calendarsAt = 0, definition } = event
        this.definitions.push({ ...fact, definition, calendarsAt, kind: "restored" })
        break
      }
      case "scheduled":
      case "updated":
      case "rescheduled": {
        const kind = event.type === "rescheduled" && byCalendars(event) ? "calendars" : event.type
        this.definitions.push({ ...fact, definition: event.definition, calendarsAt: event.calendarsAt ?? 0, kind })
        break
      }
      case "paused":
        this.pauses.push({ ...fact, until: event.until, resumed: null })
        break
      case "resumed": {
        const pause = this.pauses.at(-1)
        if (pause !== undefined) pause.resumed = fact
        break
      }
      case "cancelled":
        this.ends.push({ ...fact, kind: "cancelled", restored: null })
        for (const executionId of event.executions) {
          const execution = this.executions.get(executionId)
          if (execution !== undefined) execution.cancelled = fact
          this.#open.delete(executionId)
        }
        break
      case "completed":
        this.ends.push({ ...fact, kind: "completed", restored: null })
        break
      case "due":
        if (event.parentExecutionId !== undefined) break
        this.executions.set(event.executionId, {
          due: event,
          logSequence,
          started: null,
          retries: 0,
          lastError: null,
          outcome: null,
          cancelled: null
        })
        if (event.manual === true) break
        this.runs += 1
        this.#open.add(event.executionId)
        break
      case "skipped":
        this.skips.push({
          event,
          logSequence,
          open: [...this.#open],
          pause: event.reason === "paused" ? (this.pauses.at(-1) ?? null) : null
        })
        break
      case "started":
      case "retry":
      case "success":
      case "failure": {
        const execution = this.executions.get(event.executionId)
        if (execution === undefined) break
        if (event.type === "started") execution.started = event
        else if (event.type === "retry") {
          execution.retries += 1
          execution.lastError = event.error
        } else {
          execution.outcome = event
          this.#open.delete(event.executionId)
        }
        break
      }
      default:
    }
  }
}
