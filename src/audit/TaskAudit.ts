/**
 * One task held against its history: which instant must be decided next, by the grid of its definition. Each event moves
 * that on, and tells what is wrong with it; what becomes of its executions is `ExecutionsAudit`'s.
 */
import type { EventOf, TaskEvent } from "../events/TaskEvent.ts"
import { executionIdOf, messageExecutionId } from "../events/ExecutionId.ts"
import { isAfter, type MessageHead, type MessagePlace } from "../events/Message.ts"
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import { fromMillis, toMillis } from "../recurrence/Instant.ts"
import { onTheClock, partsOf } from "../recurrence/Occurrences.ts"
import { scheduleType } from "../recurrence/Recurrence.ts"
import { tzdataVersion } from "../recurrence/zone/Zone.ts"
import type { CalendarHistory } from "./CalendarHistory.ts"
import { ExecutionsAudit } from "./ExecutionsAudit.ts"
import type { Finding, FindingKind } from "./Finding.ts"
import { type Grid, gridOf, without } from "./Grid.ts"
import { LostWalk } from "./LostWalk.ts"
import type { Pulse } from "./Pulse.ts"
import type { Tally } from "./Tally.ts"

/** Later than this after its instant a decision counts as late, milliseconds. */
const LATE_MS = 5000
/** How much longer than its hard limit an execution may take to end once its task is cancelled, milliseconds. */
const WINDING_UP_MS = 600_000

/** Where in the log an event stands. */
export interface Place {
  readonly logSequence: number
  readonly partition: number
}

export interface World {
  readonly calendars: CalendarHistory
  /** Counts of what is looked at now. */
  tally(): Tally
  found(finding: Finding): void
}

/** Whether a new schedule follows from a change of calendars, and not from a command. */
export const byCalendars = (event: EventOf<"rescheduled">): boolean =>
  event.causedBy.actor === "scheduler" && event.causedBy.commandId.startsWith(`${event.taskId}@`)

export class TaskAudit {
  readonly #taskId: string
  readonly #world: World
  readonly #pulse: Pulse
  readonly #executions: ExecutionsAudit
  #definition: TaskDefinition
  #tzdata: string
  #grid: Grid
  #calendarsAt: number
  /** Every instant up to here is decided, or explained. */
  #cursor: number
  #leftOut: ReadonlyArray<number> = []
  readonly #lost = new LostWalk()
  #runs = 0
  /** The newest message that was decided about. */
  #heard: MessagePlace | undefined
  #phase: "scheduled" | "paused" | "completed" | "cancelled" = "scheduled"
  #pausedUntil: number | null = null
  #overSince = 0
  /** What the newest event promised as the next instant: counts only where the zone data have changed since. */
  #promised: number | null
  #place: Place

  constructor(event: EventOf<"scheduled">, place: Place, world: World, pulse: Pulse) {
    this.#taskId = event.taskId
    this.#world = world
    this.#pulse = pulse
    this.#executions = new ExecutionsAudit(
      () => world.tally(),
      (kind, message, more) => this.#found(kind, message, more)
    )
    this.#definition = event.definition
    this.#tzdata = event.tzdata
    this.#calendarsAt = event.calendarsAt ?? 0
    this.#grid = this.#gridNow()
    this.#cursor = this.#beginning(toMillis(event.time))
    this.#lost.begin(this.#cursor, event)
    this.#promised = event.nextAt === null ? null : toMillis(event.nextAt)
    this.#place = place
  }

  get phase(): "scheduled" | "paused" | "completed" | "cancelled" {
    return this.#phase
  }

  get open(): number {
    return this.#executions.open.size
  }

  take(event: TaskEvent, place: Place): void {
    const { partition } = this.#place
    this.#place = place
    if (place.partition !== partition) {
      const message = `${event.type} of task ${this.#taskId} stands in partition ${place.partition}; it belongs to ${partition}`
      this.#found("wrongPartition", message)
    }
    if (this.#phase === "cancelled" || this.#phase === "completed") return this.#afterwards(event)
    switch (event.type) {
      case "scheduled":
        return this.#found("scheduledTwice", `task ${this.#taskId} was scheduled again while its id was in use`)
      case "updated":
        this.#definition = event.definition
        this.#calendarsAt = event.calendarsAt ?? this.#calendarsAt
        this.#grid = this.#gridNow()
        return
      case "rescheduled":
        return this.#rescheduled(event)
      case "paused":
        this.#phase = "paused"
        this.#pausedUntil = event.until === null ? null : toMillis(event.until)
        return
      case "resumed":
        return this.#resumed(event)
      case "cancelled":
        return this.#cancelled(event)
      case "completed":
        return this.#completed(event)
      case "due":
        return this.#due(event)
      case "skipped":
        return this.#skipped(event)
      default:
        return this.#executions.take(event)
    }
  }

  /** At the end of the log: what should have been decided, and what waits. True where an instant is due and not decided yet. */
  end(newest: number): boolean {
    const now = Math.max(this.#pulse.newest, 0)
    if (this.#phase === "scheduled") {
      const at = this.#expected()
      const lost = this.#expectedLost()
      for (const one of [lost, at]) {
        if (one !== null && this.#pulse.overdue(one + this.#offset, now)) this.#passedOver(one, now)
      }
      return at !== null && at + this.#offset <= newest
    }
    const limit = this.#overSince + this.#definition.hardTimeoutMs + WINDING_UP_MS
    if (this.#executions.open.size > 0 && this.#phase === "cancelled" && this.#pulse.overdue(limit, now)) {
      for (const executionId of this.#executions.open.keys()) {
        const message = `execution ${executionId} was running when task ${this.#taskId} was cancelled, and has not ended long after its limit`
        this.#found("noOutcome", message, { executionId })
      }
    }
    return false
  }

  get #offset(): number {
    return this.#definition.offsetMs ?? 0
  }

  #found(kind: FindingKind, message: string, more: { readonly at?: number; readonly executionId?: string } = {}): void {
    const { at, executionId } = more
    this.#world.found({
      kind,
      ...this.#place,
      taskId: this.#taskId,
      ...(at === undefined ? {} : { at: fromMillis(at) }),
      ...(executionId === undefined ? {} : { executionId }),
      message
    })
  }

  #gridNow(): Grid {
    const days = this.#world.calendars.daysAt(this.#definition, this.#calendarsAt)
    this.#lost.within(this.#definition, days)
    return gridOf(this.#definition, days)
  }

  /** Looks at the grid by the calendars that a decision knew. */
  #within(calendarsAt: number | undefined): void {
    if (calendarsAt === undefined || calendarsAt === this.#calendarsAt) return
    this.#calendarsAt = calendarsAt
    this.#grid = this.#gridNow()
  }

  /** Where the grid of a definition begins that was made, or made anew, at an instant. */
  #beginning(time: number): number {
    const { recurrence } = this.#definition
    return recurrence.kind === "once" ? toMillis(recurrence.at) - 1 : time
  }

  /** The instant that must be decided next; null when there is none. */
  #expected(): number | null {
    const { maxRuns } = this.#definition
    if (maxRuns !== null && this.#runs >= maxRuns) return null
    return this.#leftOut.length === 0
      ? this.#grid.next(this.#cursor)
      : without(this.#grid, this.#leftOut).next(this.#cursor)
  }

  /** What a change of the clocks takes away before that, and the log owes a word about; null when there is none. */
  #expectedLost(): number | null {
    const { maxRuns } = this.#definition
    if ((maxRuns !== null && this.#runs >= maxRuns) || this.#tzdata !== tzdataVersion) return null
    return this.#lost.owed(this.#expected())
  }

  #passedOver(at: number, now: number): void {
    this.#found(
      "unexplained",
      `task ${this.#taskId}: ${fromMillis(at)} was never decided, although its partition was at work until ${fromMillis(now)}`,
      { at }
    )
  }

  /** What had come and was not decided when a command ended it: that is explained, unless it was overdue by then. */
  #ended(time: number): void {
    if (this.#phase === "paused") return
    const at = this.#expected()
    const lost = this.#expectedLost()
    if (lost !== null && this.#pulse.overdue(lost + this.#offset, time)) this.#passedOver(lost, time)
    if (at === null || at + this.#offset > time) return
    if (this.#pulse.overdue(at + this.#offset, time)) this.#passedOver(at, time)
    else this.#world.tally().forgone += 1
  }

  #rescheduled(event: EventOf<"rescheduled">): void {
    const time = toMillis(event.time)
    if (byCalendars(event)) {
      const next = this.#expected()
      // What has come is still to be decided; an instant that has passed does not come back.
      const lost = this.#expectedLost()
      this.#cursor = Math.max(this.#cursor, Math.min((next ?? Infinity) - 1, time - this.#offset))
      this.#lost.explain(Math.min((lost ?? Infinity) - 1, time - this.#offset))
    } else {
      this.#ended(time)
    }
    const { definition } = event
    this.#definition = definition
    this.#tzdata = event.tzdata
    this.#calendarsAt = event.calendarsAt ?? 0
    this.#grid = this.#gridNow()
    this.#promised = event.nextAt === null ? null : toMillis(event.nextAt)
    this.#lost.hear(event)
    if (byCalendars(event)) return
    this.#cursor = this.#beginning(time)
    this.#lost.begin(this.#cursor, event)
    const next = this.#grid.next(this.#cursor)
    this.#leftOut = this.#leftOut.filter((at) => next !== null && at > next)
  }

  #resumed(event: EventOf<"resumed">): void {
    if (this.#phase !== "paused") return
    const time = toMillis(event.time)
    const since = event.causedBy.actor === "scheduler" ? (this.#pausedUntil ?? time) : time
    this.#phase = "scheduled"
    this.#pausedUntil = null
    this.#within(event.calendarsAt)
    const at = this.#expected()
    const recurring = scheduleType(this.#definition.recurrence) === "recurring"
    if (recurring && at !== null && at + this.#offset < since) {
      const message = `task ${this.#taskId}: ${fromMillis(at)} passed while it was paused, and was not skipped when it went on at ${fromMillis(since)}`
      this.#found("unexplained", message, { at })
      this.#cursor = since - this.#offset - 1
    }
    // What the clocks took away while it was paused would not have run anyway.
    this.#lost.explain(since - this.#offset - 1)
    this.#lost.hear(event)
    this.#promised = event.nextAt === null ? null : toMillis(event.nextAt)
  }

  /** It goes on from now, without what was left out by hand before. */
  #restored(event: EventOf<"restored">): void {
    this.#phase = "scheduled"
    this.#pausedUntil = null
    this.#definition = event.definition
    this.#tzdata = event.tzdata
    this.#calendarsAt = event.calendarsAt ?? 0
    this.#grid = this.#gridNow()
    const begins = this.#beginning(toMillis(event.time))
    // What was decided ahead of its time, left out by hand, stays decided.
    this.#cursor = this.#definition.recurrence.kind === "once" ? begins : Math.max(this.#cursor, begins)
    this.#lost.explain(begins)
    this.#lost.hear(event)
    this.#promised = event.nextAt === null ? null : toMillis(event.nextAt)
    this.#leftOut = this.#leftOut.filter((at) => at > this.#cursor)
  }

  /** Whether an instant, which the grid here does not know, was promised by other zone data than those here. */
  #isPromised(at: number, promised: number | null): boolean {
    return (
      at === promised &&
      this.#tzdata !== tzdataVersion &&
      partsOf(this.#definition.recurrence).some((part) => onTheClock(part) && part.timezone !== "UTC")
    )
  }

  #cancelled(event: EventOf<"cancelled">): void {
    const time = toMillis(event.time)
    this.#ended(time)
    this.#phase = "cancelled"
    this.#overSince = time
    for (const executionId of event.executions) this.#executions.cancelled(executionId)
  }

  #completed(event: EventOf<"completed">): void {
    const at = this.#expectedLost() ?? this.#expected()
    if (at !== null) {
      const message = `task ${this.#taskId} is over since ${event.time}, although ${fromMillis(at)} was to come`
      this.#found("completedEarly", message, { at })
    }
    for (const executionId of this.#executions.open.keys()) {
      const message = `task ${this.#taskId} is over, and its execution ${executionId} has not ended`
      this.#found("noOutcome", message, { executionId })
    }
    this.#executions.clear()
    this.#phase = "completed"
    this.#overSince = toMillis(event.time)
  }

  #afterwards(event: TaskEvent): void {
    switch (event.type) {
      case "restored":
        return this.#restored(event)
      case "started":
      case "stopping":
      case "success":
      case "failure":
      case "retry":
        if (this.#executions.knows(event.executionId)) return this.#executions.take(event)
        break
      case "due": {
        // What has failed may be done again by hand, and the steps of a sequence with it.
        const parent = event.parentExecutionId
        const byHand = event.manual === true && (this.#phase === "completed" || event.retryOf !== undefined)
        if (byHand || (parent !== undefined && this.#executions.open.has(parent))) return this.#executions.opened(event)
        break
      }
      default:
    }
    const over = this.#phase === "cancelled" ? "cancelled" : "over"
    this.#found(
      this.#phase === "cancelled" ? "afterCancelled" : "afterCompleted",
      `task ${this.#taskId} was ${over} at ${fromMillis(this.#overSince)}, and ${event.type} follows at ${event.time}`,
      "nominalAt" in event ? { at: toMillis(event.nominalAt) } : {}
    )
  }

  #due(event: EventOf<"due">): void {
    if (event.parentExecutionId !== undefined || event.manual === true) return this.#executions.opened(event)
    if (event.message !== undefined) return this.#startedBy(event, event.message)
    const at = toMillis(event.nominalAt)
    this.#within(event.calendarsAt)
    this.#lostBefore(event, at, at)
    const decided = this.#decided(at, at, 1, event.nextAt)
    const due = toMillis(event.dueAt)
    const wanted = at + this.#offset
    if (due < wanted || (due > wanted && event.paced !== true)) {
      const message = `execution ${event.executionId} is due at ${event.dueAt}, not at ${fromMillis(wanted)}`
      this.#found("wrongDue", message, { at, executionId: event.executionId })
    }
    this.#timely(event, at)
    if (event.executionId !== executionIdOf(this.#taskId, at)) {
      const message = `the execution of ${event.nominalAt} has the id ${event.executionId}`
      this.#found("offGrid", message, { at, executionId: event.executionId })
    }
    if (this.#phase === "paused") {
      this.#found("whilePaused", `task ${this.#taskId}: ${event.nominalAt} became due while it was paused`, { at })
    }
    if (decided) this.#runs += 1
    this.#againstPolicy(event, at)
    this.#executions.opened(event)
  }

  /** An execution that a message starts, or a decision against one: messages are decided about in their order, each once. */
  #heardOf(event: EventOf<"due"> | EventOf<"skipped">, { id, place }: MessageHead): boolean {
    const isNew = isAfter(place, this.#heard)
    if (isNew) this.#heard = place
    else {
      const message = `task ${this.#taskId}: the message ${id} was decided about before, and is decided about again`
      this.#found("duplicate", message, { at: toMillis(event.nominalAt) })
    }
    return isNew
  }

  #startedBy(event: EventOf<"due">, message: MessageHead): void {
    const at = toMillis(event.nominalAt)
    if (this.#heardOf(event, message)) this.#runs += 1
    const { executionId } = event
    if (executionId !== messageExecutionId(this.#taskId, message)) {
      this.#found("offGrid", `the execution of the message ${message.id} has the id ${executionId}`, {
        at,
        executionId
      })
    }
    if (this.#phase === "paused") {
      this.#found("whilePaused", `task ${this.#taskId}: the message ${message.id} started it while it was paused`, {
        at
      })
    }
    this.#againstPolicy(event, at)
    this.#executions.opened(event)
  }

  #timely(event: EventOf<"due"> | EventOf<"skipped">, at: number): void {
    const lateness = toMillis(event.time) - at - this.#offset
    if (lateness < 0) {
      const message = `task ${this.#taskId}: ${fromMillis(at)} was decided ${-lateness} ms before it was due`
      return this.#found("early", message, { at })
    }
    if (event.type === "skipped" || lateness <= LATE_MS) return
    this.#world.tally().late += 1
    this.#world.tally().latestMs = Math.max(this.#world.tally().latestMs, lateness)
  }

  #againstPolicy(event: EventOf<"due">, at: number): void {
    if (this.#definition.overlap !== "skip" || event.buffered === true || event.paced === true) return
    const other = this.#executions.scheduled
    if (other === undefined) return
    const message = `task ${this.#taskId}: ${event.nominalAt} became due while ${other} was open, and its policy is to skip it then`
    this.#found("overlap", message, { at, executionId: event.executionId })
  }

  #skipped(event: EventOf<"skipped">): void {
    const at = toMillis(event.nominalAt)
    const last = toMillis(event.throughAt)
    const { skipped } = this.#world.tally()
    skipped.set(event.reason, (skipped.get(event.reason) ?? 0) + event.count)
    if (event.message !== undefined) {
      this.#heardOf(event, event.message)
      if (!this.#holds(event, at)) this.#unfounded(event, at)
      return
    }
    this.#within(event.calendarsAt)
    if (event.reason === "skippedByUser") {
      const next = this.#expected()
      if (next !== null && at > next && this.#grid.isOne(at)) {
        this.#leftOut = [...this.#leftOut.filter((one) => one > this.#cursor), at]
        return
      }
      if (event.lostAt !== undefined) this.#lost.hear(event)
      this.#decided(at, last, event.count, event.nextAt)
      return
    }
    if (event.reason === "dstGap") return this.#takenAway(event, at)
    if (!this.#holds(event, at)) this.#unfounded(event, at)
    this.#timely(event, last)
    if (event.reason === "paused") this.#lost.explain(last)
    this.#lostBefore(event, at, last)
    this.#decided(at, last, event.count, event.nextAt)
  }

  /** Whether all is told that a change of the clocks took away before, and among, the instants of a decision. */
  #lostBefore(event: EventOf<"due"> | EventOf<"skipped">, first: number, last: number): void {
    const owed = this.#expectedLost()
    const before = owed !== null && owed < first ? owed : null
    this.#lost.hear(event)
    const paused = event.type === "skipped" && event.reason === "paused"
    const among = this.#tzdata === tzdataVersion && !paused ? this.#lost.among(first, last) : null
    this.#lost.explain(last)
    const at = before ?? among
    if (at === null) return
    const message = `task ${this.#taskId}: ${fromMillis(at)}, which a change of the clocks took away, was never told; the next decision is for ${fromMillis(first)}`
    this.#found("unexplained", message, { at })
  }

  /** An instant that is told to have been taken away by a change of the clocks: it was, once, and in its turn. */
  #takenAway(event: EventOf<"skipped">, at: number): void {
    const { maxRuns } = this.#definition
    const shown = fromMillis(at)
    const otherRules = at === this.#lost.promised && this.#tzdata !== tzdataVersion
    const enough = maxRuns !== null && this.#runs >= maxRuns
    const before = this.#expectedLost() ?? at
    const next = this.#expected() ?? at
    this.#timely(event, at)
    if (enough || (!this.#lost.isOne(at) && !otherRules)) {
      const message = `task ${this.#taskId}: no instant was taken away by a change of the clocks at ${shown}`
      this.#found("offGrid", message, { at })
    } else if (this.#lost.isTold(at)) {
      this.#found("duplicate", `task ${this.#taskId}: ${shown} was told before, and is told again`, { at })
    } else if (Math.min(before, next) < at) {
      const missing = fromMillis(Math.min(before, next))
      const message = `task ${this.#taskId}: ${missing} was not decided before ${shown}`
      this.#found("unexplained", message, { at: Math.min(before, next) })
    }
    if (this.#phase === "paused") {
      this.#found("whilePaused", `task ${this.#taskId}: ${shown} was skipped (dstGap) while it was paused`, { at })
    }
    this.#lost.hear(event)
    this.#lost.explain(at)
  }

  #unfounded(event: EventOf<"skipped">, at: number): void {
    const message = `task ${this.#taskId}: ${event.nominalAt} was skipped (${event.reason}), which did not hold at ${event.time}`
    this.#found("wrongReason", message, { at })
  }

  #holds(event: EventOf<"skipped">, at: number): boolean {
    switch (event.reason) {
      case "paused":
        return this.#phase === "paused"
      case "overlap":
        return this.#executions.isBusy
      case "catchUp":
        return toMillis(event.time) - at - this.#offset > LATE_MS
      default:
        return true
    }
  }

  /** A decision about the instants `first … last`; true where they are the next ones. */
  #decided(first: number, last: number, count: number, nextAt: string | null): boolean {
    const promised = this.#promised
    this.#promised = nextAt === null ? null : toMillis(nextAt)
    const next = this.#expected()
    if (first > this.#cursor && !this.#grid.isOne(first) && this.#isPromised(first, promised)) {
      this.#cursor = last
      return true
    }
    const shown = fromMillis(first)
    if (first <= this.#cursor) {
      const grid = this.#grid.isOne(first)
      this.#found(
        grid ? "duplicate" : "offGrid",
        grid
          ? `task ${this.#taskId}: ${shown} was decided before, and is decided again`
          : `task ${this.#taskId}: ${shown} is no instant of its recurrence`,
        { at: first }
      )
      return false
    }
    if (next === null || !this.#grid.isOne(first)) {
      const rest = next === null ? "nothing more is to come" : `the next one is ${fromMillis(next)}`
      this.#found("offGrid", `task ${this.#taskId}: ${shown} is no instant of its recurrence; ${rest}`, { at: first })
      return false
    }
    if (first > next) {
      const missing = without(this.#grid, this.#leftOut).range(this.#cursor, first - 1)
      const more =
        missing === null || missing.count < 2 ? "" : ` and ${missing.count - 1} more up to ${fromMillis(missing.last)}`
      const message = `task ${this.#taskId}: ${fromMillis(next)}${more} was never decided; the next decision is for ${shown}`
      this.#found("unexplained", message, { at: next })
    }
    if (last > first) {
      const range = without(this.#grid, this.#leftOut).range(first - 1, last)
      if (range?.count !== count || range.last !== last) {
        const message = `task ${this.#taskId}: ${count} instants from ${shown} to ${fromMillis(last)} were skipped, but there are ${range?.count ?? 0}`
        this.#found("wrongCount", message, { at: first })
      }
    }
    this.#cursor = last
    return true
  }
}
