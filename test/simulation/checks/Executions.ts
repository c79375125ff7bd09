/** What became of each execution: by the log, and by what workers did. */
import { stepsOf } from "../../../src/work/sequence/SequencePlan.ts"
import type { EventOf, TaskEvent } from "../../../src/events/TaskEvent.ts"
import type { Booked } from "../Ledger.ts"
import type { Grant, Run } from "../Executions.ts"
import type { History } from "../History.ts"
import { clockBound } from "./Schedule.ts"
import type { Invariant, Violation } from "./Violation.ts"

interface Open {
  readonly due: EventOf<"due">
  /** When somebody first asked to begin it, and was allowed to. */
  readonly askedAt: number
  begun: boolean
  stopping: boolean
  retries: number
  counted: number
  lost: number
}

interface Ended {
  readonly storedAt: number
  readonly succeeded: boolean
  readonly end: EventOf<"success"> | EventOf<"failure"> | null
}

class Lives {
  readonly violations: Array<Violation> = []
  readonly #history: History
  readonly #runs: ReadonlyMap<string, ReadonlyArray<Run>>
  readonly #grants: ReadonlyMap<string, ReadonlyArray<Grant>>
  readonly #open = new Map<string, Open>()
  readonly #ended = new Map<string, Ended>()
  /** Those before which a buffered one must not begin. */
  readonly #waitsFor = new Map<string, ReadonlyArray<string>>()
  readonly #takesUp = new Map<string, string>()
  readonly #task: Booked
  #overlap: string
  #maxRetries = 0

  constructor(
    history: History,
    task: Booked,
    runs: ReadonlyMap<string, ReadonlyArray<Run>>,
    grants: ReadonlyMap<string, ReadonlyArray<Grant>>
  ) {
    this.#grants = grants
    this.#history = history
    this.#task = task
    this.#runs = runs
    this.#overlap = "skip"
    for (const { event, sequence, storedAt } of task.events) {
      const where = `${task.taskId}, log sequence ${sequence}`
      if ("definition" in event && event.definition !== undefined) {
        this.#overlap = event.definition.overlap
        this.#maxRetries = Math.max(this.#maxRetries, event.definition.maxRetries)
      }
      if (event.type === "due") this.#due(event, storedAt, where)
      if (event.type === "skipped" && event.reason === "overlap" && this.#standing(event, storedAt).length === 0) {
        this.#violation("overlapPolicy", `${where}: ${event.nominalAt} was skipped, but nothing is open`)
      }
      if (event.type === "started") {
        const open = this.#current(event.executionId, `${where}: started`)
        if (open !== undefined) open.begun = true
      }
      if (event.type === "stopping") {
        const open = this.#current(event.executionId, `${where}: stopping`)
        if (open !== undefined) open.stopping = true
      }
      if (event.type === "retry") this.#retry(event, where)
      if (event.type === "success" || event.type === "failure") this.#end(event, storedAt, where)
      if (event.type === "cancelled") {
        for (const id of event.executions) {
          this.#current(id, `${where}: cancelled`)
          this.#open.delete(id)
          this.#ended.set(id, { storedAt, succeeded: false, end: null })
        }
      }
    }
    this.#began()
    this.#aloneAtPace()
  }

  #violation(invariant: Invariant, what: string): void {
    this.violations.push({ invariant, what })
  }

  /** Open executions of the schedule, or by hand. */
  #lane(manual: boolean): ReadonlyArray<string> {
    return [...this.#open].flatMap(([id, { due }]) =>
      due.parentExecutionId === undefined && (due.manual === true) === manual ? [id] : []
    )
  }

  #current(id: string, where: string): Open | undefined {
    const open = this.#open.get(id)
    if (open === undefined) {
      const why = this.#ended.has(id) ? "has ended before" : "never became due"
      this.#violation("oneOutcome", `${where}: execution ${id} ${why}`)
    }
    return open
  }

  /**
   * Those of the schedule that one on time finds, for certain or perhaps: what is run late at a pace, and has not begun,
   * lets it go first.
   */
  #standing({ time }: Pick<TaskEvent, "time">, storedAt: number, certainly = false): ReadonlyArray<string> {
    return this.#lane(false).filter((id) => {
      const open = this.#open.get(id)
      if (open === undefined || open.due.paced !== true || open.begun || open.retries > 0) return true
      if (certainly) return false
      return open.askedAt <= storedAt || (open.due.taskType === "sequence" && open.due.dueAt <= time)
    })
  }

  #due(event: EventOf<"due">, storedAt: number, where: string): void {
    const { executionId: id, manual = false } = event
    if (this.#open.has(id) || this.#ended.has(id)) {
      this.#violation("oneDecision", `${where}: execution ${id} became due twice`)
    }
    if (event.resumes !== undefined) this.#takesUp.set(id, event.resumes.executionId)
    if (event.parentExecutionId !== undefined) this.#step(event, event.parentExecutionId, where)
    else {
      const isPaced = event.paced === true
      const before = manual || isPaced ? this.#lane(manual) : this.#standing(event, storedAt)
      const certain = manual || isPaced ? before : this.#standing(event, storedAt, true)
      const waits = event.buffered === true
      if (waits) this.#waitsFor.set(id, certain)
      if (!manual) {
        const policy = this.#overlap
        const isRight = (busy: boolean) =>
          policy === "allowAll"
            ? !waits
            : !isPaced && (policy === "skip" || policy === "terminateOther")
              ? !busy && !waits
              : waits === busy
        const right = isRight(before.length > 0) || isRight(certain.length > 0)
        if (!right) {
          const how = waits ? "to wait" : "at once"
          this.#violation(
            "overlapPolicy",
            `${where}: ${id} is due ${how} with ${before.length} open, against ${policy}`
          )
        }
        const waiting = certain.filter((one) => this.#open.get(one)?.due.buffered === true && this.#waits(one))
        if (policy === "bufferOne" && !isPaced && waits && waiting.length > 0) {
          this.#violation("overlapPolicy", `${where}: ${id} waits behind another that waits, against bufferOne`)
        }
      }
    }
    const askedAt = this.#grants.get(id)?.[0]?.askedAt ?? Infinity
    this.#open.set(id, {
      due: event,
      askedAt,
      begun: false,
      stopping: false,
      retries: 0,
      counted: 0,
      lost: 0
    })
  }

  /** Whether something that it must wait for is still open. */
  #waits(id: string): boolean {
    return (this.#waitsFor.get(id) ?? []).some((one) => this.#open.has(one))
  }

  #step(event: EventOf<"due">, parent: string, where: string): void {
    const sequence = this.#open.get(parent)
    if (sequence === undefined) {
      this.#violation("sequenceOrder", `${where}: a step of ${parent}, which is not open, becomes due`)
      return
    }
    const steps = stepsOf(this.#task.definition.taskArgs)
    const step = steps.find(({ name }) => name === event.stepName)
    for (const name of step?.dependsOn ?? []) {
      const before = this.#stepEnd(parent, name)
      const passed = steps.find((one) => one.name === name)?.onFailure === "continue"
      if (before === undefined || (!before.succeeded && !passed)) {
        this.#violation("sequenceOrder", `${where}: the step ${event.stepName} of ${parent} does not wait for ${name}`)
      }
    }
  }

  /** How a step ended, in this sequence or in the one that it takes up. */
  #stepEnd(parent: string, name: string): Ended | undefined {
    const takenUp = this.#takesUp.get(parent)
    return this.#ended.get(`${parent}.${name}`) ?? (takenUp === undefined ? undefined : this.#stepEnd(takenUp, name))
  }

  #retry(event: EventOf<"retry">, where: string): void {
    const open = this.#current(event.executionId, `${where}: retry`)
    if (open === undefined) return
    open.retries += 1
    if (open.stopping) this.#violation("oneOutcome", `${where}: ${event.executionId} was to stop, and is tried again`)
    if (event.counted) open.counted += 1
    if (event.error.code === "lost") open.lost += 1
    if (event.attempt !== open.retries) {
      this.#violation(
        "oneOutcome",
        `${where}: attempt ${event.attempt} of ${event.executionId} ends as number ${open.retries}`
      )
    }
    if (open.counted > this.#maxRetries || open.lost >= this.#history.plan.options.maxLost) {
      this.#violation("oneOutcome", `${where}: ${event.executionId} is tried again more often than its policy has it`)
    }
  }

  #end(event: EventOf<"success"> | EventOf<"failure">, storedAt: number, where: string): void {
    const { attempt, executionId: id, worker } = event
    const open = this.#current(id, `${where}: ${event.type}`)
    this.#open.delete(id)
    this.#ended.set(id, { storedAt, succeeded: event.type === "success", end: event })
    if (open !== undefined && attempt !== open.retries + 1) {
      this.#violation("oneOutcome", `${where}: ${id} ends with attempt ${attempt} after ${open.retries} retries`)
    }
    if (event.type !== "success" || worker === null) return
    const runs = this.#runs.get(id) ?? []
    if (
      !runs.some((run) => run.attempt === attempt && run.worker === worker && (run.endedAt ?? Infinity) <= storedAt)
    ) {
      this.#violation("oneOutcome", `${where}: ${id} is said to have ended well, but no run of attempt ${attempt} has`)
    }
  }

  /** What is run late at a pace begins beside nothing else of its task: the owner that lets it begin knows what runs. */
  #aloneAtPace(): void {
    const policies = this.#task.events.flatMap(({ event }) =>
      "definition" in event && event.definition !== undefined ? [event.definition.overlap] : []
    )
    if (policies.includes("allowAll")) return
    const lane = this.#task.events.flatMap(({ event }) =>
      event.type === "due" && event.parentExecutionId === undefined && event.manual !== true ? [event] : []
    )
    for (const { executionId: id, paced } of lane) {
      const grant = this.#grants.get(id)?.[0]
      if (paced !== true || grant === undefined) continue
      for (const { executionId: other } of lane) {
        const before = this.#grants.get(other)?.[0]
        if (other === id || before === undefined || before.node !== grant.node) continue
        if (before.grantedAt > grant.askedAt || (this.#ended.get(other)?.storedAt ?? Infinity) <= grant.grantedAt)
          continue
        this.#violation("overlapPolicy", `${id}, which is run late, was begun while ${other} ran`)
      }
    }
  }

  /** What waited began after what it waited for. */
  #began(): void {
    for (const [id, before] of this.#waitsFor) {
      const began = Math.min(...(this.#runs.get(id) ?? []).map(({ beganAt }) => beganAt))
      for (const one of before) {
        const ended = this.#ended.get(one)
        if (began < (ended?.storedAt ?? Infinity) && began !== Infinity) {
          this.#violation("overlapPolicy", `${id} began while ${one}, which it was to wait for, was open`)
        }
      }
    }
  }
}

export const executions = (history: History): ReadonlyArray<Violation> => {
  const runs = Map.groupBy(history.runs, ({ executionId }) => executionId)
  const grants = Map.groupBy(history.grants, ({ executionId }) => executionId)
  const violations = [...history.ledger.tasks.values()].flatMap(
    (task) => new Lives(history, task, runs, grants).violations
  )
  const known = new Map<string, string>()
  const dueAt = new Map<string, number>()
  for (const { events } of history.ledger.tasks.values()) {
    for (const { event } of events) if (event.type === "due") dueAt.set(event.executionId, Date.parse(event.dueAt))
  }
  for (const { attempt, beganAt, executionId, key, worker } of history.runs) {
    const first = known.get(executionId) ?? key
    known.set(executionId, first)
    if (key !== first || key !== executionId) {
      violations.push({ invariant: "idempotencyKey", what: `${executionId}#${attempt} ran with the key ${key}` })
    }
    const due = dueAt.get(executionId)
    if (due === undefined) {
      violations.push({
        invariant: "claimAfterOpen",
        what: `${executionId} was run by ${worker}, but is not in the log`
      })
    } else if (beganAt < due - clockBound(history)) {
      violations.push({ invariant: "neverEarly", what: `${executionId} began ${due - beganAt} ms before it was due` })
    }
  }
  const granted = new Set(
    history.grants.map(({ attempt, executionId, worker }) => `${executionId}#${attempt} ${worker}`)
  )
  for (const { attempt, executionId, worker } of history.runs) {
    if (!granted.has(`${executionId}#${attempt} ${worker}`)) {
      violations.push({
        invariant: "claimAfterOpen",
        what: `${executionId}#${attempt} was run by ${worker} without a claim`
      })
    }
  }
  for (const { askedAt, attempt, executionId, known, node, worker } of history.grants) {
    const end = history.ledger.ends.get(executionId)
    if (end === undefined) continue
    const own = history.ledger.commits[end.sequence - 1]?.commitId.startsWith(`${node}.`) === true
    if (known >= end.sequence || (own && end.storedAt < askedAt)) {
      const what = `${node} granted ${executionId}#${attempt} to ${worker} after its end at log sequence ${end.sequence}`
      violations.push({ invariant: "claimAfterOpen", what })
    }
  }
  return [...violations, ...afterCancel(history)]
}

/** What nobody had claimed when its task was cancelled never starts: the owner that stored the cancel knows. */
const afterCancel = ({ grants, ledger }: History): ReadonlyArray<Violation> =>
  [...ledger.tasks.values()].flatMap(({ events, taskId }) => {
    const own = grants.filter(({ executionId }) => ledger.taskOf(executionId) === taskId)
    return events
      .filter(({ event }) => event.type === "cancelled")
      .flatMap(({ sequence, storedAt }) => {
        const late = (one: Grant) =>
          one.known >= sequence ||
          (one.askedAt > storedAt && ledger.commits[sequence - 1]?.commitId.startsWith(`${one.node}.`) === true)
        const due = new Set(
          events.flatMap((one) => (one.event.type === "due" && one.sequence <= sequence ? [one.event.executionId] : []))
        )
        const before = new Set(own.filter((one) => !late(one)).map(({ executionId }) => executionId))
        return own
          .filter((one) => due.has(one.executionId) && late(one) && !before.has(one.executionId))
          .map(({ executionId, worker }): Violation => {
            const what = `${executionId} was granted to ${worker} after the cancel at log sequence ${sequence}`
            return { invariant: "claimAfterOpen", what }
          })
      })
  })
