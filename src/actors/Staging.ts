/**
 * Decisions that are not true yet: made on the state as it will be when they are stored, kept beside the state until
 * they are, and forgotten when they are not.
 */
import { Result } from "effect"
import type { TaskEvent } from "../events/TaskEvent.ts"
import { offerId, type ReportAnswer, type Report } from "../work/Work.ts"
import * as Claim from "./task/Claim.ts"
import type { CommandAnswer, Envelope } from "./Envelope.ts"
import type { ExcludedDays } from "./task/ExcludedDays.ts"
import type { Recall } from "./task/Recall.ts"
import * as Task from "./task/Task.ts"
import { Refused } from "./door/TaskRequest.ts"
import { evolve } from "./task/Evolve.ts"
import type { KnownCommand, LogPosition, TaskState } from "./task/TaskState.ts"

export interface StagingOptions {
  readonly rules: Task.Rules
  readonly excluded: ExcludedDays
  readonly recall: Recall
  /** Whether just this report is in the log already. */
  readonly reported: (report: Report) => boolean
  /** Whether the limits of its queue let an attempt begin. */
  readonly admit: Claim.Admit
  /** Bytes that one commit may have. */
  readonly maxBytes: number
  readonly now: number
}

/** Events with their JSON, made once. */
interface Encoded {
  readonly events: ReadonlyArray<TaskEvent>
  readonly texts: ReadonlyArray<string>
  readonly bytes: number
}

const reportKey = (said: Report): string => `${offerId(said)} ${said.worker} ${said.finishedAt}`

/** Bytes kept free for the head of a commit and the headers of an announcement. */
const HEAD_BYTES = 4096

export class Staging {
  readonly states = new Map<string, TaskState>()
  readonly events: Array<TaskEvent> = []
  readonly json: Array<string> = []
  readonly position: { sequence: number } = { sequence: 0 }
  /** Tasks about which the rules could not decide: this node lacks what they need (a time zone), or has a defect. */
  readonly undecided: Array<{ readonly taskId: string; readonly cause: unknown }> = []
  /** Something is denied by what is known here: where nothing is stored that proves it, another owner may know better. */
  denies = false
  /** Tasks that exclude days are to be looked at again. */
  calendarsChanged = false
  readonly #replies: Array<() => void> = []
  readonly #base: ReadonlyMap<string, TaskState>
  readonly #options: StagingOptions
  #bytes = HEAD_BYTES

  constructor(base: ReadonlyMap<string, TaskState>, options: StagingOptions) {
    this.#base = base
    this.#options = options
  }

  /** No more decisions fit into this commit. */
  get full(): boolean {
    return this.#bytes >= this.#options.maxBytes
  }

  get(taskId: string): TaskState | undefined {
    return this.states.get(taskId) ?? this.#base.get(taskId)
  }

  /** Answers everything that was asked; call when the events are in the log (or there are none). */
  answer(position: LogPosition): void {
    this.position.sequence = position.sequence
    for (const reply of this.#replies) {
      try {
        reply()
      } catch {
        // The way back is gone (a closed connection): what was decided stands, and asking again gives the answer.
      }
    }
  }

  /** Decides about an envelope; false, and nothing changed, when its events do not fit beside those that are here. */
  take(envelope: Envelope): boolean {
    switch (envelope._tag) {
      case "command":
        return this.#command(envelope)
      case "claims": {
        const { admit, now, rules } = this.#options
        const answers = envelope.claims.map((request) => {
          const { answer, state } = Claim.claim(this.get(request.taskId), request, now, rules.leaseMs, admit)
          if (answer.answer === "granted" && state !== undefined) this.states.set(request.taskId, state)
          if (answer.answer === "gone") this.denies = true
          return answer
        })
        this.#replies.push(() => envelope.reply(answers))
        return true
      }
      case "heartbeats": {
        const { now, rules } = this.#options
        const answers = envelope.heartbeats.map((beat) => {
          const { answer, state } = Claim.heartbeat(this.get(beat.taskId), beat, now, rules.leaseMs)
          if (state !== undefined) this.states.set(beat.taskId, state)
          if (answer === "stop") this.denies = true
          return answer
        })
        this.#replies.push(() => envelope.reply(answers))
        return true
      }
      case "reports":
        return this.#reports(envelope)
      case "reoffer": {
        for (const [taskId, state] of this.#base) {
          const current = this.states.get(taskId) ?? state
          const changed = Claim.reoffer(current, (executionId, attempt) =>
            envelope.held.has(offerId({ executionId, attempt }))
          )
          if (changed !== current) this.states.set(taskId, changed)
        }
        return true
      }
      case "look": {
        this.denies = true
        return true
      }
      case "calendars": {
        this.calendarsChanged = true
        return true
      }
    }
  }

  /** Decides what time has brought to a task; false when its events do not fit. */
  wake(taskId: string): boolean {
    const state = this.get(taskId)
    if (state === undefined) return true
    const { excluded, now, rules } = this.#options
    let events: ReadonlyArray<TaskEvent>
    try {
      events = Task.wake(state, now, rules, excluded)
    } catch (cause) {
      this.undecided.push({ taskId, cause })
      return true
    }
    const stored = this.#store(this.#portion(events))
    if (stored && !this.states.has(taskId)) this.states.set(taskId, state)
    return stored
  }

  #command(envelope: Extract<Envelope, { readonly _tag: "command" }>): boolean {
    const { command } = envelope
    const before = this.get(command.taskId)
    const { excluded, now, recall } = this.#options
    const decided = Task.decide(before, command, now, excluded, recall)
    if (Result.isFailure(decided)) {
      const refused = decided.failure
      this.denies = true
      this.#replies.push(() => envelope.reply({ _tag: "refused", refused }))
      return true
    }
    const decision = decided.success
    // What it needs from the log was not foreseen: the task has changed within this turn.
    if (decision._tag === "unread") return false
    if (decision._tag === "known") {
      const { command: known, repeated } = decision
      this.#replies.push(() => envelope.reply(this.#done(command.taskId, known, repeated)))
      return true
    }
    const encoded = this.#encode(decision.events)
    if (this.#tooLarge(encoded)) {
      const refused = new Refused({
        code: "tooLarge",
        message: `the task is larger than the ${this.#options.maxBytes} bytes that the log stores in one message`,
        hint: "pass a reference (a path, a URL) in place of the data"
      })
      this.#replies.push(() => envelope.reply({ _tag: "refused", refused }))
      return true
    }
    if (!this.#store(encoded)) return false
    const known = this.get(command.taskId)?.commands.at(-1)
    if (known !== undefined) this.#replies.push(() => envelope.reply(this.#done(command.taskId, known, true)))
    return true
  }

  #done(taskId: string, known: KnownCommand, changed: boolean): CommandAnswer {
    const state = this.get(taskId)
    return {
      _tag: "done",
      taskId,
      status: known.status,
      revision: known.revision,
      logSequence: known.position.sequence,
      changed,
      definition: state?._tag === "live" ? state.definition : null,
      ...(known.executionId === undefined
        ? {}
        : {
            executionId: known.executionId,
            open: state?._tag === "live" && state.executions.some((one) => one.executionId === known.executionId)
          }),
      ...(known.executions === undefined ? {} : { executions: known.executions })
    }
  }

  #reports(envelope: Extract<Envelope, { readonly _tag: "reports" }>): boolean {
    const answers: Array<ReportAnswer> = []
    for (const [index, said] of envelope.reports.entries()) {
      const encoded = this.#reported(said)
      if (!this.#store(encoded)) {
        // What did not fit is asked again together with its answer; what did is recorded once in any case.
        const rest = envelope.reports.slice(index)
        this.#leftover = {
          _tag: "reports",
          reports: rest,
          reply: (later) => envelope.reply([...answers, ...later])
        }
        return true
      }
      const recorded =
        encoded.events.length > 0 || this.#reportedNow.has(reportKey(said)) || this.#options.reported(said)
      if (recorded) this.#reportedNow.add(reportKey(said))
      else this.denies = true
      answers.push(recorded ? "recorded" : "refused")
    }
    this.#replies.push(() => envelope.reply(answers))
    return true
  }

  /** Reports that will be in the log with these decisions. */
  readonly #reportedNow = new Set<string>()
  #leftover: Envelope | null = null

  /** The part of an envelope that did not fit and has to be decided next. */
  get leftover(): Envelope | null {
    return this.#leftover
  }

  #reported(said: Report): Encoded {
    const state = this.get(said.taskId)
    const encoded = this.#encode(Task.report(state, said, this.#options.now))
    if (!this.#tooLarge(encoded)) return encoded
    const error = {
      code: "resultTooLarge",
      message: `the result is larger than the ${this.#options.maxBytes} bytes that the log stores in one message; it was not kept`
    }
    return this.#encode(
      Task.report(state, { ...said, outcome: { outcome: "failedForGood", error } }, this.#options.now)
    )
  }

  /** What time has brought, or as much of it as a whole commit holds: the task stays due for the rest. */
  #portion(events: ReadonlyArray<TaskEvent>): Encoded {
    const encoded = this.#encode(events)
    if (!this.#tooLarge(encoded) || events.length === 1) return encoded
    return this.#portion(events.slice(0, Math.ceil(events.length / 2)))
  }

  #encode(events: ReadonlyArray<TaskEvent>): Encoded {
    const texts = events.map((event) => JSON.stringify(event))
    let bytes = 0
    for (const text of texts) bytes += Buffer.byteLength(text) + 1
    return { events, texts, bytes }
  }

  /** Larger than a whole commit may be. */
  #tooLarge({ bytes }: Encoded): boolean {
    return HEAD_BYTES + bytes > this.#options.maxBytes
  }

  #store({ bytes, events, texts }: Encoded): boolean {
    if (events.length === 0) return true
    if (this.events.length > 0 && this.#bytes + bytes > this.#options.maxBytes) return false
    for (const [index, event] of events.entries()) {
      const text = texts[index]
      if (text === undefined) continue
      this.json.push(text)
      this.events.push(event)
      this.states.set(event.taskId, evolve(this.get(event.taskId), event, this.position, this.#options.rules.leaseMs))
    }
    this.#bytes += bytes
    return true
  }
}
