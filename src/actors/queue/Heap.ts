/** The first of many, by an order of its own: adding and taking cost O(log n). Pure data structure. */
export class Heap<A> {
  readonly #items: Array<A> = []
  readonly #before: (a: A, b: A) => boolean

  constructor(before: (a: A, b: A) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  peek(): A | undefined {
    return this.#items[0]
  }

  push(item: A): void {
    const items = this.#items
    let index = items.length
    items.push(item)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = items[parent]
      if (above === undefined || !this.#before(item, above)) break
      items[index] = above
      index = parent
    }
    items[index] = item
  }

  pop(): A | undefined {
    const items = this.#items
    const [top] = items
    const last = items.pop()
    if (last !== undefined && items.length > 0) this.#sink(last)
    return top
  }

  /** Leaves only what holds. */
  keep(holds: (item: A) => boolean): void {
    const kept = this.#items.filter(holds)
    this.#items.length = 0
    for (const item of kept) this.push(item)
  }

  #sink(item: A): void {
    const items = this.#items
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      let below = items[child]
      if (below === undefined) break
      const right = items[child + 1]
      if (right !== undefined && this.#before(right, below)) {
        child += 1
        below = right
      }
      if (!this.#before(below, item)) break
      items[index] = below
      index = child
    }
    items[index] = item
  }
}
