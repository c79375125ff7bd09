/**
 * The instants that changes of the clocks take away from one task, held against what its log says of them.
 *
 * A log in which the newest decision does not say whether one is to come was written before such instants were told: it owes
 * nothing. One that says it, with an instant or with null, owes each that follows from the definition.
 */
import type { TaskDefinition } from "../events/TaskDefinition.ts"
import type { Days } from "../recurrence/Exclusions.ts"
import { type Instant, toMillis } from "../recurrence/Instant.ts"
import * as LostInstants from "../recurrence/LostInstants.ts"
import { LAST_INSTANT } from "./Grid.ts"

/** What an event says of the next one. */
export interface SaysLost {
  readonly lostAt?: Instant | null
}

export class LostWalk {
  #lost: LostInstants.LostInstants | null = null
  /** By the calendars before, until the next decision: what has just come free is not owed. */
  #before: LostInstants.LostInstants | null | undefined
  /** Every one up to here is told, or explained. */
  #upTo = 0
  #owes = false
  #promised: number | null = null

  /** The definition, or what its calendars exclude, is another from now on. */
  within(definition: TaskDefinition, days: ReadonlyArray<Days>): void {
    this.#before = this.#lost
    this.#lost = LostInstants.of(definition, days)
  }

  /** The definition counts from here on. */
  begin(at: number, says: SaysLost): void {
    this.#upTo = at
    this.hear(says)
  }

  hear({ lostAt }: SaysLost): void {
    this.#before = undefined
    this.#owes = lostAt !== undefined
    this.#promised = lostAt === undefined || lostAt === null ? null : toMillis(lostAt)
  }

  get promised(): number | null {
    return this.#promised
  }

  /** All up to an instant are explained. */
  explain(at: number): void {
    this.#upTo = Math.max(this.#upTo, at)
  }

  isTold(at: number): boolean {
    return at <= this.#upTo
  }

  isOne(at: number): boolean {
    return has(this.#lost, at)
  }

  /** The first that is owed before the next instant (null: there is none); null when none is. */
  owed(next: number | null): number | null {
    if (!this.#owes || this.#lost === null) return null
    const at = this.#lost.next(this.#upTo, next ?? LAST_INSTANT)
    return at === null || (this.#before !== undefined && !has(this.#before, at)) ? null : at
  }

  /** The first among instants that one decision is about. */
  among(first: number, last: number): number | null {
    return (this.#owes ? this.#lost?.between(first, last)[0] : undefined) ?? null
  }
}

const has = (lost: LostInstants.LostInstants | null, at: number): boolean =>
  lost !== null && lost.between(at - 1, at + 1).includes(at)
