/**
 * Time and turns of a simulated world: nothing happens by itself, and what happens next is chosen by the seed.
 *
 * One heap of things that happen at an instant, one list of what could go on now. As long as something can go on, one of
 * these does, chosen at random; only then does time move, to the next instant of the heap. A fingerprint takes in
 * everything in its order: two runs of a seed must end with the same one.
 */
import type { Dice } from "./Dice.ts"
import type { Process } from "./Process.ts"

interface Turn {
  readonly process: Process
  readonly run: () => void
}

interface Appointment {
  readonly at: number
  readonly order: number
  run: (() => void) | null
}

/** Turns at one instant; more means that something goes round in circles without time passing. */
const MOST_TURNS = 2_000_000

export class Livelock extends Error {
  constructor(now: number) {
    super(`${MOST_TURNS} turns at ${new Date(now).toISOString()}, and still more: something goes round in circles`)
  }
}

export class VirtualTime {
  /** True time, milliseconds since the epoch; clocks of processes may differ. */
  now: number
  /** Turns taken. */
  turns = 0
  #ready: Array<Turn> = []
  readonly #heap: Array<Appointment> = []
  readonly #dice: Dice
  /** Whether a process's turns keep their order, as in one that is let alone. */
  readonly #inOrder: boolean
  #order = 0
  #fingerprint = 0x811c9dc5

  constructor(start: number, dice: Dice, inOrder: boolean) {
    this.now = start
    this.#dice = dice
    this.#inOrder = inOrder
  }

  /** Takes something into the fingerprint. */
  note(text: string): void {
    let hash = this.#fingerprint ^ (this.now & 0xffffff)
    for (let index = 0; index < text.length; index++) {
      hash ^= text.charCodeAt(index)
      hash = Math.imul(hash, 0x01000193)
    }
    this.#fingerprint = hash
  }

  get fingerprint(): string {
    return (this.#fingerprint >>> 0).toString(16).padStart(8, "0")
  }

  /** Lets something happen after so many milliseconds; the answer calls it off. */
  after(ms: number, run: () => void): () => void {
    const appointment: Appointment = { at: this.now + Math.max(0, Math.ceil(ms)), order: this.#order++, run }
    this.#push(appointment)
    return () => {
      appointment.run = null
    }
  }

  /** Something of a process can go on. */
  ready(process: Process, run: () => void): void {
    this.#ready.push({ process, run })
  }

  /** Runs until an instant, or until `over`, which is asked whenever time moves. */
  run(until: number, over: () => boolean = () => false): void {
    let here = 0
    for (;;) {
      if (this.#ready.length > 0) {
        if (++here > MOST_TURNS) throw new Livelock(this.now)
        this.#turn()
        continue
      }
      here = 0
      const head = this.#heap[0]
      if (head === undefined || head.at > until || over()) break
      this.#pop()
      const { run } = head
      if (run === null) continue
      this.now = head.at
      run()
    }
    if (!over()) this.now = Math.max(this.now, until)
  }

  #turn(): void {
    const ready = this.#ready
    let index = ready.length === 1 ? 0 : Math.floor(this.#dice.next() * ready.length)
    const chosen = ready[index]
    if (chosen === undefined) return
    if (this.#inOrder) index = ready.findIndex(({ process }) => process === chosen.process)
    const turn = ready[index] ?? chosen
    if (this.#inOrder) ready.splice(index, 1)
    else {
      const last = ready.pop()
      if (last !== undefined && index < ready.length) ready[index] = last
    }
    this.turns += 1
    this.#fingerprint = Math.imul(this.#fingerprint ^ turn.process.number, 0x01000193)
    turn.process.take(turn.run)
  }

  static #before(a: Appointment, b: Appointment): boolean {
    return a.at < b.at || (a.at === b.at && a.order < b.order)
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(appointment)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || VirtualTime.#before(above, appointment)) break
      heap[index] = above
      index = parent
    }
    heap[index] = appointment
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
      if (right !== undefined && VirtualTime.#before(right, below)) {
        child += 1
        below = right
      }
      if (VirtualTime.#before(last, below)) break
      heap[index] = below
      index = child
    }
    heap[index] = last
  }
}
