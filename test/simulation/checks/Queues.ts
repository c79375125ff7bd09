/**
 * What the limits of queues promise, by the account of each owner: it grants no more than the limits that it knows allow,
 * of a queue and of each key, it grants nothing of a queue that it knows to be paused, and it learns of changes in time. In
 * a world where nothing goes wrong what has waited longer, by its priority, begins first.
 */
import type { Rate } from "../../../src/events/Rate.ts"
import type { Grant } from "../Executions.ts"
import type { History } from "../History.ts"
import type { QueueState } from "../Ledger.ts"
import { clockBound, latenessBound } from "./Schedule.ts"
import type { Invariant, Violation } from "./Violation.ts"

/** An attempt that has begun, as its owner knows it. */
interface Begun {
  readonly id: string
  readonly queue: string
  readonly key: string | undefined
  /** Its beginning lies between these. */
  readonly from: number
  readonly to: number
  /** The revision of its queue that its owner knew. */
  readonly revision: number
  /** When the log had its end. */
  readonly endedAt: number
}

interface Line {
  readonly executionId: string
  readonly queue: string
  readonly key: string | undefined
  readonly since: number
  readonly sortAt: number
}

/** By so much more than another one it must have waited to be passed over wrongly, milliseconds. */
const PASSED_OVER_MS = 5000

export class Queues {
  readonly violations: Array<Violation> = []
  /** States of interest. */
  readonly reached: Array<string> = []
  readonly #history: History
  readonly #ends = new Map<string, number>()
  readonly #started = new Map<string, number>()

  constructor(history: History) {
    this.#history = history
    if (history.ledger.queues.size === 0 && history.plan.faults.length > 0) return
    this.#book()
    for (const grants of Map.groupBy(history.grants, ({ node }) => node).values()) this.#account(grants)
    if (history.plan.faults.length === 0) this.#order()
  }

  #violation(invariant: Invariant, what: string): void {
    this.violations.push({ invariant, what })
  }

  #book(): void {
    for (const { events } of this.#history.ledger.tasks.values()) {
      for (const { event, storedAt } of events) {
        // A sequence stands in no queue: its steps do.
        if (event.type === "started" && (event.taskType !== "sequence" || event.stepName !== undefined))
          this.#started.set(`${event.executionId}#${event.attempt}`, storedAt)
        if (event.type === "success" || event.type === "failure" || event.type === "retry") {
          this.#ends.set(`${event.executionId}#${event.attempt}`, storedAt)
        }
      }
    }
  }

  #keyOf(executionId: string): string | undefined {
    const { ledger } = this.#history
    return ledger.tasks.get(ledger.taskOf(executionId) ?? "")?.definition.concurrencyKey
  }

  #begun(executionId: string, attempt: number, [from, to]: readonly [number, number], revision: number): Begun {
    const id = `${executionId}#${attempt}`
    const queue = this.#history.ledger.queueOf(executionId)
    return { id, queue, key: this.#keyOf(executionId), from, to, revision, endedAt: this.#ends.get(id) ?? Infinity }
  }

  /** The attempts of others that an owner has read of before it began: what runs counts. */
  #inherited(node: string): ReadonlyArray<Begun> {
    const { births } = this.#history
    const birth = births.get(node) ?? 0
    return [...this.#started].flatMap(([id, storedAt]) => {
      if (storedAt >= birth || (this.#ends.get(id) ?? Infinity) <= birth) return []
      const [executionId = "", attempt = ""] = id.split("#")
      return [this.#begun(executionId, Number(attempt), [-Infinity, storedAt], 0)]
    })
  }

  #account(grants: ReadonlyArray<Grant>): void {
    const [first] = grants
    if (first === undefined) return
    const begun = new Map(this.#inherited(first.node).map((one) => [one.id, one]))
    for (const grant of grants) {
      const { askedAt, attempt, executionId, grantedAt, revisions } = grant
      // What had begun through another owner begins no second time.
      const began = this.#started.get(`${executionId}#${attempt}`) ?? Infinity
      const stretch = began <= grantedAt ? ([-Infinity, began] as const) : ([askedAt, grantedAt] as const)
      const one = this.#begun(executionId, attempt, stretch, revisions[0])
      // Whoever holds it may ask again.
      if (begun.has(one.id)) continue
      begun.set(one.id, one)
      const states = this.#known(grant)
      this.#paused(grant, states)
      this.#late(grant)
      const same = [...begun.values()].filter(({ queue }) => queue === grant.queue)
      this.#within(grant, same, states, "concurrency", "rate")
      if (one.key === undefined) continue
      const ofKey = same.filter(({ key }) => key === one.key)
      this.#within(grant, ofKey, states, "keyConcurrency", "keyRate")
    }
  }

  /** The queue as the owner may have known it when it decided. */
  #known({ queue, revisions: [asked, granted] }: Grant): ReadonlyArray<QueueState> {
    const { ledger } = this.#history
    return Array.from({ length: granted - asked + 1 }, (_, index) => ledger.queueAt(queue, asked + index))
  }

  #paused({ attempt, executionId, grantedAt, node, queue, revisions }: Grant, states: ReadonlyArray<QueueState>): void {
    if (!states.every(({ isPaused }) => isPaused)) return
    this.#violation(
      "queuePause",
      `${node} granted ${executionId}#${attempt} at ${grantedAt} while it knew ${queue} to be paused (revision ${revisions[1]})`
    )
  }

  /** One node alone learns of a change for as long as it is well. */
  #late({ askedAt, attempt, executionId, node, queue, revisions: [asked] }: Grant): void {
    const { health, ledger, plan } = this.#history
    if (plan.options.nodes > 1) return
    const next = ledger.queues.get(queue)?.find(({ revision }) => revision > asked)
    if (next === undefined) return
    const healthy = health.longest(next.storedAt, askedAt)
    if (healthy <= latenessBound(this.#history)) return
    const what = `${node} granted ${executionId}#${attempt} by revision ${asked} of ${queue} through ${healthy} healthy ms after the next`
    this.#violation("queueLimit", what)
  }

  #within(
    grant: Grant,
    begun: ReadonlyArray<Begun>,
    states: ReadonlyArray<QueueState>,
    concurrency: "concurrency" | "keyConcurrency",
    rate: "rate" | "keyRate"
  ): void {
    const { attempt, executionId, grantedAt, node, queue } = grant
    const told = `${node} granted ${executionId}#${attempt} of ${queue}`
    const most = Math.max(...states.map(({ limits }) => limits[concurrency] ?? Infinity))
    const open = begun.filter(({ endedAt }) => endedAt > grantedAt)
    if (open.length === most) this.reached.push(`full: ${concurrency}`)
    // Where all own, each may take an attempt for lost that another hears of.
    if (open.length > most && !this.#history.plan.options.everybodyOwns) {
      const others = open.map(({ id }) => id).join(", ")
      this.#violation("queueLimit", `${told} as number ${open.length} of ${most} (${concurrency}): ${others}`)
    }
    const counts = states.flatMap(({ limits, revision }) => {
      const own = limits[rate]
      return own === undefined
        ? []
        : [this.#starts(own, this.#since(queue, revision, rate), begun, grantedAt) - own.count]
    })
    if (counts.length < states.length) return
    const over = Math.min(...counts)
    if (over > 0) this.#violation("queueLimit", `${told} as ${over} more than its ${rate} allows`)
    if (over === 0) this.reached.push(`full: ${rate}`)
  }

  /** The revision from which on a queue has had the rate that it has at one: what began before is not counted by it. */
  #since(queue: string, revision: number, rate: "rate" | "keyRate"): number {
    const states = this.#history.ledger.queues.get(queue) ?? []
    const same = (state: QueueState) =>
      JSON.stringify(state.limits[rate]) === JSON.stringify(this.#history.ledger.queueAt(queue, revision).limits[rate])
    return (states.findLast((state) => state.revision <= revision && !same(state))?.revision ?? 0) + 1
  }

  /** How many have begun within a rate's time, for certain: clocks of the plan may be set. */
  #starts({ perMs }: Rate, since: number, begun: ReadonlyArray<Begun>, at: number): number {
    const least = at - perMs + clockBound(this.#history)
    return begun.filter(({ from, revision, to }) => revision >= since && from > least && to <= at).length
  }

  /** Executions of the schedule that began with their first attempt, and did not wait for another of their task. */
  #lines(): ReadonlyArray<Line> {
    return [...this.#history.ledger.tasks.values()].flatMap(({ definition, events }) => {
      // What waits already moves when its task's priority is changed.
      if (events.some(({ event }) => event.type === "updated" || event.type === "rescheduled")) return []
      return events.flatMap(({ event, storedAt }): ReadonlyArray<Line> => {
        if (event.type !== "due" || event.buffered === true || event.manual === true || event.paced === true) return []
        if (event.parentExecutionId !== undefined || event.taskType !== "sim") return []
        const { concurrencyKey: key, priority, queue } = definition
        return [{ executionId: event.executionId, queue, key, since: storedAt, sortAt: storedAt - priority * 1000 }]
      })
    })
  }

  #order(): void {
    const first = new Map<string, number>()
    for (const { executionId, grantedAt } of this.#history.grants) {
      if (!first.has(executionId)) first.set(executionId, grantedAt)
    }
    const { ledger, plan } = this.#history
    // Those that are let go together race each other to their claims, a message there and one back.
    const racing = 4 * plan.options.takes[1]
    const lines = this.#lines().map((line) => {
      const begunAt = first.get(line.executionId) ?? Infinity
      return { ...line, begunAt, endedAt: ledger.ends.get(line.executionId)?.storedAt ?? Infinity }
    })
    for (const one of lines) {
      if (one.begunAt === Infinity) continue
      for (const other of lines) {
        if (other.queue !== one.queue || other.since >= one.begunAt) continue
        if (Math.min(other.begunAt, other.endedAt) <= one.begunAt + racing) continue
        if (one.sortAt < other.sortAt && one.since > other.since) this.reached.push("the urgent goes first")
        // A key that has no permit lets others go first.
        if (other.key !== undefined || one.begunAt - other.since < PASSED_OVER_MS) continue
        if (other.sortAt < one.sortAt - PASSED_OVER_MS) {
          const what = `${one.executionId} began ${one.sortAt - other.sortAt} ms too early, before ${other.executionId}`
          this.#violation("queueOrder", `${what}, whose turn it was in ${one.queue}`)
        }
      }
    }
  }
}

export const queues = (history: History): ReadonlyArray<Violation> => new Queues(history).violations
