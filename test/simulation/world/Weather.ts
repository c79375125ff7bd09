/** What the network does to the messages of each process just now: the faults of a plan turn it on and off. */
export type Direction = "out" | "in" | "both"

export interface Conditions {
  /** How many reasons there are that nothing leaves, or arrives. */
  cutOut: number
  cutIn: number
  /** Shares of messages that are lost, arrive twice, or arrive long after their sender has given up. */
  lost: number
  twice: number
  late: number
  /** Milliseconds that a message takes longer, up to. */
  slow: number
}

const calm = (): Conditions => ({ cutOut: 0, cutIn: 0, lost: 0, twice: 0, late: 0, slow: 0 })

type Share = "lost" | "twice" | "late" | "slow"

export class Weather {
  readonly #of = new Map<string, Conditions>()
  /** What makes each condition as bad as it is: the worst of it counts. */
  readonly #reasons = new Map<string, ReadonlyArray<number>>()

  /** Makes a condition at least as bad; the answer takes this reason away again. */
  worsen(name: string, condition: Share, amount: number): () => void {
    const key = `${condition} ${name}`
    const set = (reasons: ReadonlyArray<number>) => {
      this.#reasons.set(key, reasons)
      this.of(name)[condition] = Math.max(0, ...reasons)
    }
    const known = () => this.#reasons.get(key) ?? []
    set([...known(), amount])
    return () => {
      const reasons = known()
      const at = reasons.indexOf(amount)
      if (at >= 0) set(reasons.toSpliced(at, 1))
    }
  }

  of(name: string): Conditions {
    const known = this.#of.get(name)
    if (known !== undefined) return known
    const made = calm()
    this.#of.set(name, made)
    return made
  }

  clear(): void {
    this.#reasons.clear()
    for (const conditions of this.#of.values()) Object.assign(conditions, calm())
  }
}
