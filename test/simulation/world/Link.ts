/**
 * The connection of one process to the simulated server. Messages keep their order in each direction; they may be lost,
 * come twice, or come long after their sender has given up, as the weather has it. Nobody is told: a request whose answer
 * does not come in time is `Lost`, and may have been served or not, or be served later.
 */
import { Effect, Schema } from "effect"
import type { Dice } from "./Dice.ts"
import type { Process } from "./Process.ts"
import type { VirtualTime } from "./VirtualTime.ts"
import type { Conditions } from "./Weather.ts"

export class Lost extends Schema.TaggedError<Lost>()("Lost", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** Something at the other end: does what was asked, and may answer, at once or later. */
export type Serve<A> = (reply: (answer: A) => void) => void

export interface LinkOptions {
  readonly process: Process
  readonly time: VirtualTime
  readonly dice: Dice
  readonly weather: Conditions
  /** Whether the server is there. */
  readonly up: () => boolean
  /** How often it has been killed: what was on its way then never arrives. */
  readonly killed: () => number
  /** Milliseconds that a message takes at least, and at most, in calm weather. */
  readonly takes: readonly [number, number]
  readonly timeoutMs: number
}

export class Link {
  readonly process: Process
  readonly #options: LinkOptions
  readonly #pending = new Set<(reason: string) => void>()
  readonly #whenBack = new Set<() => void>()
  /** Connections that were lost so far. */
  lost = 0
  #lastOut = 0
  #lastIn = 0

  constructor(options: LinkOptions) {
    this.process = options.process
    this.#options = options
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs
  }

  /** The instant so many milliseconds from now. */
  until(ms: number): number {
    return this.#options.time.now + ms
  }

  #delay(): number {
    const { dice, takes, weather } = this.#options
    return dice.between(...takes) + (weather.slow === 0 ? 0 : dice.between(0, weather.slow))
  }

  /** From this process to the server. */
  out(arrive: () => void): void {
    const { dice, killed, time, up, weather } = this.#options
    const era = killed()
    const there = () => {
      if (up() && killed() === era) arrive()
    }
    const at = Math.max(this.#lastOut, time.now + this.#delay())
    if (weather.cutOut > 0 || dice.chance(weather.lost)) {
      if (dice.chance(weather.late)) time.after(dice.between(500, 20_000), there)
      return
    }
    this.#lastOut = at
    time.after(at - time.now, there)
    if (dice.chance(weather.twice)) time.after(at - time.now + dice.between(0, 2000), there)
  }

  /** From the server to this process. */
  in(arrive: () => void): void {
    const { dice, killed, time, up, weather } = this.#options
    const era = killed()
    if (!up() || weather.cutIn > 0 || dice.chance(weather.lost)) return
    const at = Math.max(this.#lastIn, time.now + this.#delay())
    this.#lastIn = at
    time.after(at - time.now, () => {
      if (weather.cutIn === 0 && killed() === era) this.process.enqueue(arrive)
    })
  }

  /** Asks something of the server and waits for its answer. */
  call<A>(serve: Serve<A>, timeoutMs = this.#options.timeoutMs): Effect.Effect<A, Lost> {
    return Effect.callback<A, Lost>((resume) => {
      const end = (answer: Effect.Effect<A, Lost>) => {
        cancel()
        this.#pending.delete(broken)
        resume(answer)
      }
      const broken = (reason: string) => end(Effect.fail(new Lost({ reason })))
      const cancel = this.process.after(timeoutMs, () => broken(`no answer within ${timeoutMs} ms`))
      this.#pending.add(broken)
      this.out(() => serve((answer) => this.in(() => end(Effect.succeed(answer)))))
      return Effect.sync(() => {
        cancel()
        this.#pending.delete(broken)
      })
    })
  }

  /** The connection has broken: whoever waits for an answer is told. */
  break(): void {
    this.lost += 1
    for (const broken of this.#pending) this.process.enqueue(() => broken("the connection was lost"))
    this.#pending.clear()
  }

  /** Tells, within the process, of each time that the connection is there again. */
  onBack(heard: () => void): () => void {
    this.#whenBack.add(heard)
    return () => this.#whenBack.delete(heard)
  }

  back(): void {
    for (const heard of this.#whenBack) this.process.enqueue(heard)
  }
}
