/**
 * Dice with names: the same name under the same seed always falls the same way, whatever other dice do. So a fault that
 * is left out of a plan changes nothing but what follows from it.
 */
import { fnv1a } from "../../../src/events/Partition.ts"
import { pick, randomOf } from "../../support/random.ts"

export class Dice {
  readonly #name: string
  readonly next: () => number

  constructor(name: string) {
    this.#name = name
    this.next = randomOf(fnv1a(name))
    // Names that differ little begin alike.
    for (let turn = 0; turn < 3; turn++) this.next()
  }

  /** Dice of their own. */
  of(name: string): Dice {
    return new Dice(`${this.#name}/${name}`)
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<A>(from: ReadonlyArray<A>): A {
    return pick(this.next, from)
  }
}
