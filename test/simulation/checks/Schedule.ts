/**
 * The decisions of each task, walked in the order of the log beside the oracle: every instant has exactly one, in time,
 * and none where there should be none.
 */
import type { TaskDefinition } from "../../../src/events/TaskDefinition.ts"
import { defaults } from "../../../src/Settings.ts"
import type { Booked, Placed } from "../Ledger.ts"
import { instants, lostAfter, nextAfter } from "../Oracle.ts"
import type { History } from "../History.ts"
import type { Invariant, Violation } from "./Violation.ts"

/** Older instants count as missed, milliseconds. */
const ON_TIME_MS = 5000

/** By how much a clock of the plan may be ahead or behind, milliseconds. */
export const clockBound = ({ plan }: History): number => {
  const skews = Object.values(plan.options.skews).map(Math.abs)
  const steps = plan.faults.flatMap(({ amount, kind }) => (kind === "step" ? [Math.abs(amount)] : []))
  return Math.max(0, ...skews) + steps.reduce((sum, step) => sum + step, 0)
}

/** Healthy time within which a decision must be in the log, milliseconds; an owner may have to learn of a task from the log. */
export const latenessBound = ({ plan: { options } }: History): number =>
  3000 + 2 * options.requestTimeoutMs + (options.nodes > 1 ? 2 * defaults.lookMs : 0)

class Walk {
  readonly violations: Array<Violation> = []
  readonly #history: History
  readonly #bound: number
  #definition: TaskDefinition
  /** The next instant that is to be decided, by the oracle, and since when that is so. */
  #next: number | null = null
  #armedAt = 0
  /** The instant before it that the clocks take away, and that is to be told. */
  #lost: number | null = null
  #leftOut: ReadonlyArray<number> = []
  #paused = false
  #pausedUntil: number | null = null
  #over: "cancelled" | "completed" | null = null
  #runs = 0
  /** When the newest is due that is run late at a pace. */
  #pacedUntil = -Infinity
  /** How many of one commit are run late. */
  #late = { sequence: 0, count: 0 }
  readonly #retries = new Set<string>()
  readonly #taskId: string

  constructor(history: History, { events, taskId }: Booked) {
    this.#history = history
    this.#bound = clockBound(history)
    this.#taskId = taskId
    const [first] = events
    if (first?.event.type !== "scheduled") throw new Error(`${taskId} does not begin with its schedule`)
    this.#definition = first.event.definition
    for (const placed of events) this.#step(placed)
  }

  #violation(invariant: Invariant, { sequence, event }: Placed, what: string): void {
    this.violations.push({ invariant, what: `${this.#taskId}, log sequence ${sequence} (${event.type}): ${what}` })
  }

  get #offset(): number {
    return this.#definition.offsetMs ?? 0
  }

  #after(at: number): number | null {
    if (this.#definition.maxRuns !== null && this.#runs >= this.#definition.maxRuns) return null
    let next = nextAfter(this.#definition, at)
    while (next !== null && this.#leftOut.includes(next)) next = nextAfter(this.#definition, next)
    return next
  }

  get #enough(): boolean {
    const { maxRuns } = this.#definition
    return maxRuns !== null && this.#runs >= maxRuns
  }

  /** A schedule begins: what the clocks take away after this is to be told. */
  #begin(after: number): void {
    this.#lost = this.#enough ? null : lostAfter(this.#definition, after)
  }

  /** Whether what the clocks took away before an instant has been told. */
  #toldBefore(placed: Placed, at: number): void {
    if (this.#lost === null || this.#lost >= at) return
    const lost = new Date(this.#lost).toISOString()
    this.#violation("oneDecision", placed, `${lost}, which the clocks took away, was passed over`)
    this.#lost = null
  }

  #takenAway(placed: Placed, nominalAt: string): void {
    this.#alive(placed)
    const at = Date.parse(nominalAt)
    if (this.#lost !== at)
      this.#violation("onGrid", placed, `the clocks take nothing away at ${nominalAt}, or it was told`)
    if (placed.storedAt < at + this.#offset - this.#bound) {
      this.#violation("neverEarly", placed, `${nominalAt} was told before it came`)
    }
    const healthy = this.#history.health.longest(
      Math.max(at + this.#offset + this.#bound, this.#armedAt),
      placed.storedAt
    )
    const bound = latenessBound(this.#history)
    if (healthy > bound) {
      this.#violation("boundedLateness", placed, `${nominalAt} waited through ${healthy} healthy ms (at most ${bound})`)
    }
    this.#lost = null
    const next = "nextAt" in placed.event && placed.event.nextAt !== null ? Date.parse(placed.event.nextAt) : null
    if (next !== this.#next) this.#violation("onGrid", placed, "changes what is next")
  }

  /** From now on this instant is to come. */
  #arm(next: number | null, { storedAt }: Placed): void {
    this.#next = next
    this.#armedAt = storedAt
    this.#leftOut = this.#leftOut.filter((at) => next !== null && at > next)
  }

  #first(now: number): number | null {
    const { maxRuns, recurrence } = this.#definition
    if (maxRuns !== null && this.#runs >= maxRuns) return null
    return recurrence.kind === "once" ? Date.parse(recurrence.at) : nextAfter(this.#definition, now)
  }

  /** The next instant is decided, or given up: was it in time? */
  #timely(placed: Placed): void {
    if (this.#next === null || this.#paused) return
    const since = Math.max(this.#next + this.#offset + this.#bound, this.#armedAt)
    const healthy = this.#history.health.longest(since, placed.storedAt)
    const bound = latenessBound(this.#history)
    if (healthy > bound) {
      const instant = new Date(this.#next).toISOString()
      this.#violation("boundedLateness", placed, `${instant} waited through ${healthy} healthy ms (at most ${bound})`)
    }
  }

  #alive(placed: Placed): void {
    if (this.#over !== null) this.#violation("noDueAfterCancel", placed, `decided after the task was ${this.#over}`)
    else if (this.#paused) this.#violation("noDueAfterCancel", placed, "decided while the task was paused")
  }

  #decided(placed: Placed, first: string, last: string, count: number): void {
    const from = Date.parse(first)
    const to = Date.parse(last)
    const { recurrence } = this.#definition
    const grid = recurrence.kind === "once" ? [Date.parse(recurrence.at)] : instants(this.#definition, from - 1, to)
    const own = grid.filter((at) => !this.#leftOut.includes(at))
    if (own[0] !== from || own.at(-1) !== to) {
      this.#violation("onGrid", placed, `${first} … ${last} does not begin and end with instants of the task`)
    } else if (own.length !== count) {
      this.#violation("onGrid", placed, `${first} … ${last} are ${own.length} instants, not ${count}`)
    }
    if (from !== this.#next) {
      const next = this.#next === null ? "nothing" : new Date(this.#next).toISOString()
      const why = this.#next !== null && from > this.#next ? "was passed over" : "was decided before"
      this.#violation("oneDecision", placed, `decides ${first} where ${next} is next: an instant ${why}`)
    }
    if (placed.event.type !== "skipped" || placed.event.reason !== "paused") this.#toldBefore(placed, to)
    this.#timely(placed)
  }

  #follows(placed: Placed, at: number): void {
    this.#arm(this.#after(at), placed)
    if (!("nextAt" in placed.event)) return
    const said = placed.event.nextAt === null ? null : Date.parse(placed.event.nextAt)
    if (said !== this.#next) {
      const next = this.#next === null ? "none" : new Date(this.#next).toISOString()
      this.#violation(
        "onGrid",
        placed,
        `says that ${placed.event.nextAt ?? "none"} is next; by the oracle it is ${next}`
      )
    }
  }

  #step(placed: Placed): void {
    const { event, storedAt } = placed
    const now = Date.parse(event.time)
    switch (event.type) {
      case "scheduled":
        this.#arm(this.#first(now), placed)
        this.#begin(now)
        return
      case "updated":
        this.#definition = event.definition
        return
      case "rescheduled": {
        this.#timely(placed)
        this.#definition = event.definition
        this.#arm(this.#first(now), placed)
        this.#begin(now)
        return
      }
      case "restored":
        this.#definition = event.definition
        this.#pacedUntil = -Infinity
        this.#over = null
        this.#paused = false
        this.#arm(this.#definition.recurrence.kind === "once" ? this.#first(now) : this.#after(now), placed)
        this.#begin(this.#lost === null ? Infinity : now)
        return
      case "paused":
        this.#timely(placed)
        this.#paused = true
        this.#pausedUntil = event.until === null ? null : Date.parse(event.until)
        return
      case "resumed": {
        const from = event.causedBy.actor === "scheduler" ? (this.#pausedUntil ?? now) : now
        this.#paused = false
        const recurring = this.#definition.recurrence.kind !== "once"
        if (recurring && this.#next !== null && this.#next + this.#offset < from) {
          const next = new Date(this.#next).toISOString()
          this.#violation("resumeNeverFloods", placed, `goes on with ${next}, which passed while it was paused`)
        }
        this.#armedAt = storedAt
        // What passed while it was paused is not told.
        if (this.#lost !== null && this.#lost + this.#offset < from) this.#lost = null
        return
      }
      case "cancelled":
        this.#timely(placed)
        this.#over = "cancelled"
        return
      case "completed":
        if (this.#next !== null && this.#over === null) {
          this.#violation("oneDecision", placed, `ends with ${new Date(this.#next).toISOString()} still to come`)
        }
        this.#toldBefore(placed, this.#over === null ? Infinity : -Infinity)
        this.#over ??= "completed"
        return
      case "due": {
        if (event.retryOf !== undefined) {
          // What has failed can be tried again, also where its task is over.
          this.#retries.add(event.executionId)
          return
        }
        if (event.parentExecutionId !== undefined) {
          if (this.#over === "cancelled" && !this.#retries.has(event.parentExecutionId))
            this.#violation("noDueAfterCancel", placed, "a step begins after the cancel")
          return
        }
        if (event.manual === true) {
          if (this.#over === "cancelled") this.#violation("noDueAfterCancel", placed, "a run after the cancel")
          return
        }
        this.#alive(placed)
        this.#decided(placed, event.nominalAt, event.nominalAt, 1)
        const dueAt = Date.parse(event.nominalAt) + this.#offset
        const { catchUp, catchUpWindowMs, recurrence } = this.#definition
        const late = now - dueAt
        if (event.paced === true) this.#atPace(placed, Date.parse(event.dueAt), now)
        else if (Date.parse(event.dueAt) !== dueAt) {
          this.#violation("onGrid", placed, `is due at ${event.dueAt}, not at its instant and the task's own delay`)
        }
        if ((event.paced === true) !== (this.#everyMs !== null && late > ON_TIME_MS)) {
          const how = event.paced === true ? "at a pace" : "at once"
          this.#violation("catchUpPolicy", placed, `${event.nominalAt} is run ${late} ms late, and ${how}`)
        }
        if (storedAt < dueAt - this.#bound) {
          this.#violation("neverEarly", placed, `${event.dueAt} became due ${dueAt - storedAt} ms early`)
        }
        if (recurrence.kind !== "once" && late > ON_TIME_MS) this.#oneMoreLate(placed)
        if (recurrence.kind !== "once" && late > ON_TIME_MS && (catchUp === "none" || late > catchUpWindowMs)) {
          this.#violation(
            "catchUpPolicy",
            placed,
            `${event.nominalAt} runs ${late} ms late, against the policy ${catchUp}`
          )
        }
        this.#runs += 1
        if (this.#enough) this.#lost = null
        this.#follows(placed, Date.parse(event.nominalAt))
        return
      }
      case "skipped": {
        if (event.reason === "dstGap") return this.#takenAway(placed, event.nominalAt)
        if (event.reason === "skippedByUser") return this.#skippedByUser(placed, Date.parse(event.nominalAt))
        if (event.reason === "paused" ? this.#over !== null : this.#over !== null || this.#paused) this.#alive(placed)
        this.#decided(placed, event.nominalAt, event.throughAt, event.count)
        const age = now - Date.parse(event.throughAt) - this.#offset
        const { catchUp, catchUpWindowMs } = this.#definition
        const each = catchUp === "all" && this.#definition.catchUpMax === undefined
        const least = each ? Math.max(ON_TIME_MS, catchUpWindowMs) : ON_TIME_MS
        if (event.reason === "catchUp" && catchUp === "all" && this.#late.sequence === placed.sequence) {
          this.#violation("catchUpPolicy", placed, `${event.throughAt} was missed, and what is older is run`)
        }
        if (event.reason === "catchUp" && age <= least) {
          this.#violation(
            "catchUpPolicy",
            placed,
            `${event.throughAt} was skipped as missed after ${age} ms (${catchUp})`
          )
        }
        this.#follows(placed, Date.parse(event.throughAt))
        return
      }
      default:
        return
    }
  }

  /** How far apart the missed are run late; null where they have no pace. */
  get #everyMs(): number | null {
    const { catchUp, catchUpRate, overlap, recurrence } = this.#definition
    const replaces = overlap === "cancelOther" || overlap === "terminateOther"
    if (catchUp !== "all" || catchUpRate === undefined || replaces || recurrence.kind === "once") return null
    return catchUpRate.perMs / catchUpRate.count
  }

  #atPace(placed: Placed, dueAt: number, now: number): void {
    const least = Math.max(now, this.#pacedUntil + (this.#everyMs ?? 0))
    if (dueAt < least) {
      this.#violation("catchUpPolicy", placed, `is run late ${least - dueAt} ms sooner than its pace has it`)
    }
    this.#pacedUntil = dueAt
  }

  /** Of what is decided together no more are run late than the policy has it, and these are the newest of all. */
  #oneMoreLate(placed: Placed): void {
    const { catchUp, catchUpMax } = this.#definition
    const before = this.#late.sequence === placed.sequence ? this.#late.count : 0
    this.#late = { sequence: placed.sequence, count: before + 1 }
    const most = catchUp === "all" ? (catchUpMax ?? Infinity) : 1
    if (before + 1 > most) {
      this.#violation("catchUpPolicy", placed, `is number ${before + 1} of those run late together, of ${most}`)
    }
  }

  #skippedByUser(placed: Placed, at: number): void {
    if (this.#over !== null) this.#alive(placed)
    if (this.#next === null || at < this.#next) {
      this.#violation("oneDecision", placed, "leaves out an instant that had been decided")
    } else if (at === this.#next) this.#follows(placed, at)
    else this.#leftOut = [...this.#leftOut, at]
  }
}

export const schedule = (history: History): ReadonlyArray<Violation> =>
  [...history.ledger.tasks.values()]
    // Those that messages start have no instants.
    .filter(({ definition }) => definition.recurrence.kind !== "after")
    .flatMap((task) => new Walk(history, task).violations)
