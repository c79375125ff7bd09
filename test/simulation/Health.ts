/**
 * When the world was healthy: the log took commits, and some node that owned was there, connected and not paused. What is
 * late is measured in healthy time, so that a fault excuses what it causes and nothing else.
 */
export class Health {
  readonly #changes: Array<{ readonly at: number; readonly well: boolean }> = []
  /** Until when messages are unreliable, or clocks wrong: nothing is promised in seconds. */
  readonly #disturbed: Array<readonly [from: number, to: number]> = []
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  set(well: boolean): void {
    if (this.#changes.at(-1)?.well !== well) this.#changes.push({ at: this.#now(), well })
  }

  disturb(forMs: number): void {
    this.#disturbed.push([this.#now(), this.#now() + forMs])
  }

  /** Longest healthy stretch within `[from, to]` that no disturbance touches, milliseconds. */
  longest(from: number, to: number): number {
    let longest = 0
    for (const [index, { at, well }] of this.#changes.entries()) {
      if (!well) continue
      const end = Math.min(to, this.#changes[index + 1]?.at ?? Infinity)
      let begin = Math.max(from, at)
      for (const [since, until] of this.#disturbed.toSorted((a, b) => a[0] - b[0])) {
        if (until <= begin || since >= end) continue
        longest = Math.max(longest, since - begin)
        begin = until
      }
      longest = Math.max(longest, end - begin)
    }
    return longest
  }
}
