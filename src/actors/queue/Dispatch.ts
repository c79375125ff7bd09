/**
 * The lines of all queues of a node: which executions wait, are released or run. Pure: time is an argument.
 *
 * An execution is known by its id, with its newest attempt; what its task says of it is told with `offer`, `begin` and
 * `leave`, and any of these may be told again. So what is held of a limit follows from what is open, and nothing leaks.
 */
import type { HeldBy, QueueLimits } from "../../events/QueueEvent.ts"
import { type Entry, Line, type Offer, type Place } from "./Line.ts"

/** What is known of a queue: what it allows, and whether it is paused. */
export interface QueueRules {
  readonly limits: QueueLimits
  readonly isPaused: boolean
}

/** A queue as it is now. */
export interface LineView {
  readonly queue: string
  /** Begun and not ended. */
  readonly running: number
  /** Due, and not begun. */
  readonly waiting: number
  /** Of those, how many each limit holds back. */
  readonly held: Partial<Record<HeldBy, number>>
}

export class Dispatch {
  readonly #lines = new Map<string, Line>()
  readonly #entries = new Map<string, Entry>()
  /** Lines in which something may go. */
  readonly #touched = new Set<Line>()
  readonly #rulesOf: (queue: string) => QueueRules
  #arrivals = 0

  constructor(rulesOf: (queue: string) => QueueRules) {
    this.#rulesOf = rulesOf
  }

  #line(queue: string): Line {
    const known = this.#lines.get(queue)
    if (known !== undefined) return known
    const made = new Line(queue)
    this.#rule(made)
    this.#lines.set(queue, made)
    return made
  }

  #rule(line: Line): void {
    const { isPaused, limits } = this.#rulesOf(line.queue)
    line.limits = limits
    line.isPaused = isPaused
    line.reconsider()
    this.#touched.add(line)
  }

  /** What is known of queues has changed. */
  reconsider(): void {
    for (const line of this.#lines.values()) this.#rule(line)
  }

  #of(executionId: string, attempt: number): Entry | undefined {
    const entry = this.#entries.get(executionId)
    return entry?.attempt === attempt ? entry : undefined
  }

  #forget(entry: Entry): void {
    entry.line.leave(entry)
    this.#entries.delete(entry.executionId)
    this.#touched.add(entry.line)
  }

  #remember(entry: Entry): void {
    const before = this.#entries.get(entry.executionId)
    if (before !== undefined && before !== entry) this.#forget(before)
    this.#entries.set(entry.executionId, entry)
    this.#touched.add(entry.line)
  }

  /**
   * An attempt may be begun. One that waits here already stays where it is; one that has been released, and is offered
   * again, was lost on its way: it is given back to be sent again.
   */
  offer(offer: Offer): Offer["item"] | undefined {
    const { attempt, executionId } = offer.item
    const known = this.#of(executionId, attempt)
    if (known?.stage === "waiting") return undefined
    if (known?.stage === "released") return offer.item
    const line = this.#line(offer.queue)
    const entry = line.entry(executionId, attempt, offer, offer.item, (this.#arrivals += 1))
    this.#remember(entry)
    line.wait(entry)
    return undefined
  }

  /** May it begin? Undefined: it has; else how long until it is to be asked for again, milliseconds. */
  claim(executionId: string, attempt: number, place: Place, now: number): number | undefined {
    const entry = this.#of(executionId, attempt) ?? this.#newEntry(executionId, attempt, place)
    const heldMs = entry.line.claim(entry, now)
    if (heldMs === undefined) this.#remember(entry)
    return heldMs
  }

  #newEntry(executionId: string, attempt: number, place: Place): Entry {
    return this.#line(place.queue).entry(executionId, attempt, place, undefined, (this.#arrivals += 1))
  }

  /** It runs, since an instant: known from the log, or from its worker. */
  begin(executionId: string, attempt: number, place: Place, at: number): void {
    const entry = this.#of(executionId, attempt) ?? this.#newEntry(executionId, attempt, place)
    entry.line.begin(entry, at)
    this.#remember(entry)
  }

  /** Something began before this node knew of it: it counts against the rates. */
  started(place: Pick<Place, "queue" | "key">, at: number): void {
    this.#line(place.queue).started(place.key, at)
  }

  /** It has ended, waits for another attempt, or is not wanted any more. */
  leave(executionId: string, attempt: number): void {
    const entry = this.#of(executionId, attempt)
    if (entry !== undefined) this.#forget(entry)
  }

  /** Takes back an attempt that has not been released, to be offered anew; false where there is none. */
  takeBack(executionId: string, attempt: number): boolean {
    const entry = this.#of(executionId, attempt)
    if (entry?.stage !== "waiting") return false
    this.#forget(entry)
    return true
  }

  /** What may go to the workers now. */
  take(now: number): ReadonlyArray<Offer["item"]> {
    const items: Array<Offer["item"]> = []
    for (const line of this.#touched) {
      for (const { item } of line.take(now)) if (item !== undefined) items.push(item)
      if (line.nextAt(now) === undefined) this.#touched.delete(line)
    }
    return items
  }

  /** When `take` may give more without anything having been told; undefined: only then. */
  nextAt(now: number): number | undefined {
    let next: number | undefined
    for (const line of this.#touched) {
      const at = line.nextAt(now)
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    return next
  }

  /** What holds an attempt back; undefined where nothing does. */
  heldBy(executionId: string, now: number): HeldBy | undefined {
    const entry = this.#entries.get(executionId)
    return entry?.line.heldBy(entry, now)
  }

  view(now: number): ReadonlyArray<LineView> {
    return [...this.#lines.values()].map((line) => ({
      queue: line.queue,
      running: line.permits.begun,
      waiting: line.waiting + line.permits.released,
      held: line.held(now)
    }))
  }
}
