/**
 * The starts that count against a rate: never more than `count` in any stretch of `perMs`, wherever it begins. Exact, for
 * each start is remembered for as long as it counts; so a rate may be used up at once, and not twice around a boundary.
 */
import type { Rate } from "../../events/Rate.ts"

export class Starts {
  /** Instants, oldest first, from `#from` on. */
  #instants: Array<number> = []
  #from = 0

  /** How many have begun within the rate's time before `now`, and count against it. */
  within({ perMs }: Rate, now: number): number {
    const instants = this.#instants
    // The clock has been set back: what it calls the future has been.
    for (let index = instants.length - 1; index >= this.#from && (instants[index] ?? 0) > now; index--) {
      instants[index] = now
    }
    while (this.#from < instants.length && (instants[this.#from] ?? 0) <= now - perMs) this.#from += 1
    if (this.#from > 64 && this.#from > instants.length / 2) {
      this.#instants = instants.slice(this.#from)
      this.#from = 0
    }
    return this.#instants.length - this.#from
  }

  /** Something has begun; also earlier than what is known already. */
  add(at: number): void {
    const instants = this.#instants
    let index = instants.length
    instants.push(at)
    for (; index > this.#from && (instants[index - 1] ?? 0) > at; index--) instants[index] = instants[index - 1] ?? 0
    instants[index] = at
  }

  /** When there is room again, where `within` has just said that there is none; undefined where nothing counts. */
  roomAt({ count, perMs }: Rate): number | undefined {
    const oldest = this.#instants[Math.max(this.#from, this.#instants.length - count)]
    return oldest === undefined ? undefined : oldest + perMs
  }
}
