/**
 * Since when a partition's owner has been at work: whether something that was due could have been decided by then.
 *
 * An owner that makes a commit at or after an instant decides, in that turn or one of the next, everything that was due.
 * So an instant is overdue when its partition has been at work, as its commits show, for a minute after it. While nothing
 * was there to decide (an outage), nothing is overdue.
 */
export const PATIENCE_MS = 60_000

export class Pulse {
  /** Times of the partition's commits, milliseconds, in log order. */
  readonly #times: Array<number> = []

  beat(time: number): void {
    // The clocks of several owners may differ: time never goes back here.
    const last = this.newest
    this.#times.push(time > last ? time : last)
  }

  get newest(): number {
    return this.#times.at(-1) ?? -Infinity
  }

  /** Whether what was due at an instant had to be decided before `now`. */
  overdue(due: number, now: number): boolean {
    let low = 0
    let high = this.#times.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#times[middle] ?? 0) >= due) high = middle
      else low = middle + 1
    }
    const first = this.#times[low]
    return first !== undefined && now >= first + PATIENCE_MS
  }
}
