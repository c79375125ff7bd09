/**
 * One attempt in the hands of a worker, from its delivery to the acknowledgement, and what its run may know of it.
 *
 * A run that is asked to stop is interrupted once and has until `mustEnd` to finish.
 */
import { Effect, type Fiber, type Schema } from "effect"
import type { StopReason } from "./AttemptOutcome.ts"
import type { OutputStream } from "./LiveFeed.ts"
import { Output } from "./Output.ts"
import type { AttemptContext, AttemptFailure } from "./TaskType.ts"
import type { WorkItem } from "./Work.ts"
import type { Delivery } from "./WorkQueue.ts"

/** Who is told what an attempt says while it runs. */
export interface AttemptListener {
  progressed(attempt: Attempt): void
  wrote(attempt: Attempt, stream: OutputStream, chunk: Buffer): void
}

const nobody: AttemptListener = { progressed: () => {}, wrote: () => {} }

/** Longest text of a progress report, in characters. */
const MAX_PROGRESS_TEXT = 500

export class Attempt implements AttemptContext {
  readonly item: WorkItem
  /** The newest delivery is the one that counts: an acknowledgement of an older one is of no use. */
  delivery: Delivery
  readonly limits: AttemptContext["limits"]
  /** RFC 3339; empty until the run begins. */
  startedAt = ""
  fiber: Fiber.Fiber<Schema.Json, AttemptFailure> | undefined
  /** The fibre that waits for the next limit. */
  alarm: Fiber.Fiber<void> | undefined
  stopReason: StopReason | undefined
  /** Its outcome is known: nothing that the run still does counts. */
  over = false
  left: Schema.Json | undefined
  /** The newest that the run has said. */
  said: { readonly fraction: number; readonly text: string } | undefined
  readonly outputs = new Map<OutputStream, Output>()
  readonly #listener: AttemptListener
  #abort: AbortController | undefined
  #asked = false
  #ended = false
  #whenMustEnd: Array<() => void> = []

  constructor(delivery: Delivery, maxOutputBytes: number, listener: AttemptListener = nobody) {
    const { item } = delivery
    this.#listener = listener
    this.item = item
    this.delivery = delivery
    this.limits = { timeoutMs: item.timeoutMs, hardTimeoutMs: item.hardTimeoutMs, maxOutputBytes }
  }

  get taskId() {
    return this.item.taskId
  }
  get taskName() {
    return this.item.taskName
  }
  get executionId() {
    return this.item.executionId
  }
  get nominalAt() {
    return this.item.nominalAt
  }
  get attempt() {
    return this.item.attempt
  }
  get message() {
    return this.item.message
  }
  get chain() {
    return this.item.chain ?? 0
  }
  get idempotencyKey() {
    return this.item.executionId
  }
  get attemptEnv(): Readonly<Record<string, string>> {
    const { chain, message } = this.item
    return {
      NAGATHA_TASK_ID: this.item.taskId,
      NAGATHA_EXECUTION_ID: this.item.executionId,
      NAGATHA_NOMINAL_AT: this.item.nominalAt,
      NAGATHA_ATTEMPT: String(this.item.attempt),
      NAGATHA_IDEMPOTENCY_KEY: this.item.executionId,
      ...(chain === undefined ? {} : { NAGATHA_CHAIN: String(chain) }),
      ...(message === undefined ? {} : { NAGATHA_MESSAGE_ID: message.id, NAGATHA_MESSAGE_SUBJECT: message.subject })
    }
  }

  readonly progress = (fraction: number, text = "") => {
    if (this.over || !Number.isFinite(fraction)) return
    this.said = { fraction: Math.min(1, Math.max(0, fraction)), text: text.slice(0, MAX_PROGRESS_TEXT).toWellFormed() }
    this.#listener.progressed(this)
  }

  readonly log = (text: string) => this.output("log").push(Buffer.from(`${text}\n`))

  output(stream: OutputStream) {
    const made = this.outputs.get(stream)
    if (made !== undefined) return made
    const output = new Output(this.limits.maxOutputBytes, (chunk) => {
      if (!this.over) this.#listener.wrote(this, stream, chunk)
    })
    this.outputs.set(stream, output)
    return output
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.stopReason !== undefined) this.#abort.abort(this.stopReason)
    return this.#abort.signal
  }

  readonly mustEnd = Effect.callback<void>((resume) => {
    if (this.#ended) return resume(Effect.void)
    this.#whenMustEnd.push(() => resume(Effect.void))
  })

  lastWords(detail: Schema.Json) {
    this.left = detail
  }

  /** Asks the run to stop, once it has begun; the first reason is the one that counts. */
  stop(reason: StopReason) {
    this.stopReason ??= reason
    if (this.fiber === undefined || this.#asked) return
    this.#asked = true
    this.#abort?.abort(this.stopReason)
    this.fiber.interruptUnsafe()
  }

  /** The run has no time left. */
  endNow() {
    this.#ended = true
    for (const resume of this.#whenMustEnd.splice(0)) resume()
  }
}
