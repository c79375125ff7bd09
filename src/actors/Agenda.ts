/**
 * Which task must be looked at next: wake times in order, at most one for each task. Pure data structure, no timers.
 *
 * A binary heap with lazy removal: setting and removing cost O(log n); entries that were replaced are dropped when they
 * reach the top, and all at once when they outnumber the live ones.
 */
interface Entry {
  readonly at: number
  readonly taskId: string
}

export class Agenda {
  #heap: Array<Entry> = []
  readonly #wakes = new Map<string, number>()

  /** Tasks that have a wake time. */
  get size(): number {
    return this.#wakes.size
  }

  /** Sets (or with null removes) a task's wake time, in milliseconds since the epoch. */
  set(taskId: string, at: number | null): void {
    if (at === null) {
      this.#wakes.delete(taskId)
      return
    }
    if (this.#wakes.get(taskId) === at) return
    this.#wakes.set(taskId, at)
    if (this.#heap.length > 64 && this.#heap.length > 2 * this.#wakes.size) this.#rebuild()
    else this.#push({ at, taskId })
  }

  /** The earliest wake time; null when nothing is to be woken. */
  head(): number | null {
    this.#dropStale()
    return this.#heap[0]?.at ?? null
  }

  /** Takes up to `limit` tasks whose time has come, earliest first. A taken task has no wake time until it is set again. */
  takeDue(now: number, limit: number): ReadonlyArray<string> {
    const due: Array<string> = []
    while (due.length < limit) {
      this.#dropStale()
      const top = this.#heap[0]
      if (top === undefined || top.at > now) break
      this.#pop()
      this.#wakes.delete(top.taskId)
      due.push(top.taskId)
    }
    return due
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#wakes.get(top.taskId) !== top.at; top = this.#heap[0]) {
      this.#pop()
    }
  }

  #rebuild(): void {
    this.#heap = [...this.#wakes].map(([taskId, at]) => ({ at, taskId })).sort((a, b) => a.at - b.at)
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || above.at <= entry.at) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      let below = heap[child]
      if (below === undefined) break
      const right = heap[child + 1]
      if (right !== undefined && right.at < below.at) {
        child += 1
        below = right
      }
      if (below.at >= last.at) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}
