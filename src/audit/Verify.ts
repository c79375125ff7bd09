/**
 * `verify`: reads a log from its beginning and holds it against what it must be. Nothing is taken on trust: the instants that
 * had to be decided follow from the definitions, the calendars and the zone data (`Grid.ts`), the order of commits from
 * their bytes (`Chain.ts`). Pure; one pass; memory grows with the tasks, not with the log.
 */
import * as Commit from "../events/Commit.ts"
import type { RecordedCommit } from "../events/Commit.ts"
import { hashOf } from "../events/EventLog.ts"
import { CALENDARS_PARTITION } from "../events/CalendarEvent.ts"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { toMillis } from "../recurrence/Instant.ts"
import { tzdataVersion } from "../recurrence/zone/Zone.ts"
import { Acceptances } from "./Acceptances.ts"
import { CalendarHistory } from "./CalendarHistory.ts"
import { Chain, Digest } from "./Chain.ts"
import type { Finding, FindingKind } from "./Finding.ts"
import { Pulse } from "./Pulse.ts"
import { newTally, type Tally } from "./Tally.ts"
import { TaskAudit, type World } from "./TaskAudit.ts"

/** Findings that are kept one by one; the others are only counted. */
const MOST_FINDINGS = 1000

export interface VerifyOptions {
  /** Only this task; the chain is then not looked at. */
  readonly taskId?: string
  /** Only what stands in the log from this sequence on is told and digested; what came before is read to know it. */
  readonly from?: number
}

export interface Report {
  readonly ok: boolean
  /** The range that was looked at. */
  readonly from: number
  readonly through: number
  readonly commits: number
  readonly events: number
  readonly tasks: number
  readonly partitions: number
  readonly decisions: {
    readonly due: number
    readonly skipped: Readonly<Record<string, number>>
    readonly late: number
    readonly latestMs: number
    readonly forgone: number
    readonly manual: number
    readonly steps: number
    /** Tasks of which an instant is due that nobody has been there to decide yet. */
    readonly waiting: number
  }
  readonly executions: {
    readonly success: number
    readonly failure: number
    readonly retry: number
    readonly open: number
  }
  /** SHA-256 over the sequences and hashes of the range; null where one task was looked at. */
  readonly digest: string | null
  readonly tzdata: string
  readonly counts: Readonly<Partial<Record<FindingKind, number>>>
  readonly findings: ReadonlyArray<Finding>
  /** What is not whole, and was accepted by somebody: `nagatha admin accept-log`. */
  readonly accepted?: ReadonlyArray<AcceptedFinding>
}

export interface AcceptedFinding extends Finding {
  readonly acceptedBy: string
  readonly reason: string
}

export class Verification {
  readonly #options: VerifyOptions
  readonly #tasks = new Map<string, TaskAudit>()
  readonly #pulses = new Map<number, Pulse>()
  readonly #chain = new Chain()
  readonly #digest = new Digest()
  readonly #world: World
  readonly #counts = new Map<FindingKind, number>()
  readonly #acceptances = new Acceptances()
  readonly #findings: Array<Finding> = []
  readonly #from: number
  readonly #tally: Tally
  #last = 0
  #commits = 0
  #events = 0

  constructor(options: VerifyOptions = {}) {
    this.#options = options
    this.#from = options.from ?? 1
    const tally = newTally()
    const before = newTally()
    this.#tally = tally
    this.#world = {
      calendars: new CalendarHistory(),
      tally: () => (this.#last < this.#from ? before : tally),
      found: (finding) => this.#found(finding)
    }
  }

  /** A stored message, in log order. */
  text(sequence: number, text: string, storedAt: number): void {
    const reading = Commit.read(sequence, text)
    const hash = hashOf(text)
    if (reading._tag !== "whole") {
      const { message } = reading.error
      this.#found(
        reading._tag === "newer"
          ? { kind: "newer", logSequence: sequence, partition: reading.known?.partition ?? -1, message }
          : {
              kind: "unreadable",
              logSequence: sequence,
              partition: -1,
              message,
              damage: { kind: "unreadable", logSequence: sequence, hash }
            }
      )
    }
    // What is known of a newer version's commit is audited as far as it goes.
    const commit = reading._tag === "whole" ? reading.commit : reading._tag === "newer" ? reading.known : undefined
    if (commit !== undefined) return this.commit({ sequence, commit, hash, storedAt })
    if (this.#options.taskId === undefined) {
      for (const finding of this.#chain.step(sequence)) this.#found(finding)
      this.#chain.pass(sequence, hash)
      if (sequence >= this.#from) this.#digest.add(sequence, hash)
    }
    this.#last = sequence
  }

  /** A commit, in log order. */
  commit(recorded: RecordedCommit): void {
    const { commit, hash, sequence } = recorded
    const { partition } = commit
    if (this.#options.taskId === undefined) {
      for (const finding of this.#chain.step(sequence)) this.#found(finding)
      for (const finding of this.#chain.follow(recorded)) this.#found(finding)
      if (sequence >= this.#from) this.#digest.add(sequence, hash)
    }
    this.#last = sequence
    this.#acceptances.take(commit, sequence)
    if (sequence >= this.#from) this.#commits += 1
    for (const event of commit.calendars ?? []) this.#world.calendars.take(event, sequence)
    // Calendars and queues have partitions of their own, behind those of tasks.
    if (partition >= CALENDARS_PARTITION) return
    let pulse = this.#pulses.get(partition)
    if (pulse === undefined) this.#pulses.set(partition, (pulse = new Pulse()))
    pulse.beat(toMillis(commit.time))
    const place = { logSequence: sequence, partition }
    for (const event of commit.events) {
      if (this.#options.taskId !== undefined && event.taskId !== this.#options.taskId) continue
      if (sequence >= this.#from) this.#events += 1
      this.#event(event, place, pulse)
    }
  }

  #event(event: TaskEvent, place: { readonly logSequence: number; readonly partition: number }, pulse: Pulse): void {
    const task = this.#tasks.get(event.taskId)
    if (task !== undefined) return task.take(event, place)
    if (event.type === "scheduled") {
      this.#tasks.set(event.taskId, new TaskAudit(event, place, this.#world, pulse))
      return
    }
    const message = `${event.type} at ${event.time} of the task ${event.taskId}, which was never scheduled`
    this.#found({ kind: "unknownTask", ...place, taskId: event.taskId, message })
  }

  #found(finding: Finding): void {
    if (finding.logSequence < this.#from) return
    this.#counts.set(finding.kind, (this.#counts.get(finding.kind) ?? 0) + 1)
    if (this.#findings.length < MOST_FINDINGS) this.#findings.push(finding)
  }

  /** At the end of what is read. */
  end(): Report {
    const newest = Math.max(-Infinity, ...[...this.#pulses.values()].map((pulse) => pulse.newest))
    let waiting = 0
    let open = 0
    for (const task of this.#tasks.values()) {
      if (task.end(newest)) waiting += 1
      open += task.open
    }
    const findings: Array<Finding> = []
    const accepted: Array<AcceptedFinding> = []
    for (const finding of this.#findings) {
      const by = this.#acceptances.of(finding)
      if (by === undefined) {
        findings.push(finding)
        continue
      }
      accepted.push({ ...finding, acceptedBy: by.actor, reason: by.reason })
      const left = (this.#counts.get(finding.kind) ?? 1) - 1
      if (left === 0) this.#counts.delete(finding.kind)
      else this.#counts.set(finding.kind, left)
    }
    const { due, failure, forgone, late, latestMs, manual, retry, skipped, steps, success } = this.#tally
    return {
      ok: this.#counts.size === 0,
      from: this.#from,
      through: this.#last,
      commits: this.#commits,
      events: this.#events,
      tasks: this.#tasks.size,
      partitions: this.#pulses.size,
      decisions: { due, skipped: Object.fromEntries(skipped), late, latestMs, forgone, manual, steps, waiting },
      executions: { success, failure, retry, open },
      digest: this.#options.taskId === undefined ? this.#digest.hex() : null,
      tzdata: tzdataVersion,
      counts: Object.fromEntries(this.#counts),
      findings,
      ...(accepted.length === 0 ? {} : { accepted })
    }
  }
}
