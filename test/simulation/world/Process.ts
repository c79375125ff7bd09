/**
 * A process of the simulated world: its fibres run by the world's scheduler, its clock may be wrong, it can be paused
 * (nothing in it goes on, what reaches it waits) and killed (nothing in it ever goes on, no finaliser runs).
 */
import { Cause, Clock, Context, Duration, Effect, Logger, Random, References, Scheduler } from "effect"
import * as Settings from "../../../src/Settings.ts"
import type { Dice } from "./Dice.ts"
import type { VirtualTime } from "./VirtualTime.ts"

export interface ProcessOptions {
  readonly name: string
  readonly number: number
  readonly time: VirtualTime
  readonly dice: Dice
  readonly settings: Settings.Settings
  /** Milliseconds by which its clock is ahead of true time; asked whenever it is read. */
  readonly skew: () => number
  /** Operations of a fibre before it lets others go on. */
  readonly patience: number
  /** Hears of errors that it logs: there should be none. */
  readonly complain: (text: string) => void
}

const isError = (level: string): boolean => level === "Error" || level === "Fatal"

export class Process {
  readonly name: string
  readonly number: number
  alive = true
  readonly #time: VirtualTime
  readonly #context: Context.Context<never>
  readonly #scheduler: Scheduler.Scheduler
  #paused = false
  #held: Array<() => void> = []
  /** Since when its machine has been suspended, and how long it was before: its timers know nothing of that time. */
  #suspendedAt: number | null = null
  #suspended = 0

  constructor({ complain, dice, name, number, patience, settings, skew, time }: ProcessOptions) {
    this.name = name
    this.number = number
    this.#time = time
    const now = () => time.now + skew()
    const nanos = (millis: number) => BigInt(Math.round(millis)) * 1_000_000n
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: now,
      currentTimeMillis: Effect.sync(now),
      currentTimeNanosUnsafe: () => nanos(now()),
      currentTimeNanos: Effect.sync(() => nanos(now())),
      monotonicTimeNanosUnsafe: () => nanos(time.now),
      monotonicTimeNanos: Effect.sync(() => nanos(time.now)),
      sleep: (duration) => this.#sleep(Duration.toMillis(duration))
    }
    const random: Random.Random = {
      nextDoubleUnsafe: dice.next,
      nextIntUnsafe: () => dice.between(-0x3fffffff, 0x3fffffff)
    }
    const logger = Logger.make(({ cause, logLevel, message }) => {
      if (!isError(logLevel)) return
      const why = cause.reasons.length === 0 ? "" : ` ${Cause.pretty(cause)}`
      complain(`${name}: ${String(message)}${why}`)
    })
    this.#scheduler = {
      executionMode: "async",
      shouldYield: (fiber) => fiber.currentOpCount >= patience,
      makeDispatcher: () => ({ scheduleTask: (task) => this.enqueue(task), flush: () => {} })
    }
    this.#context = Context.make(Clock.Clock, clock).pipe(
      Context.add(Random.Random, random),
      Context.add(Settings.Current, settings),
      Context.add(References.MinimumLogLevel, "Error"),
      Context.add(Logger.CurrentLoggers, new Set([logger])),
      Context.add(Scheduler.Scheduler, this.#scheduler)
    ) as Context.Context<never>
  }

  get paused(): boolean {
    return this.#paused
  }

  #sleep(millis: number): Effect.Effect<void> {
    if (millis <= 0) return Effect.yieldNow
    if (!Number.isFinite(millis)) return Effect.never
    return Effect.callback((resume) => {
      const cancel = this.after(millis, () => resume(Effect.void))
      return Effect.sync(cancel)
    })
  }

  /** A timer of this process. It stands still while the machine is suspended; the clock on the wall does not. */
  after(ms: number, run: () => void): () => void {
    const before = this.#suspended
    const at = this.#time.now + ms
    const fire = () => {
      const left = at + this.#suspended - before - this.#time.now
      if (left <= 0) run()
      else cancel = this.#time.after(left, () => this.enqueue(fire))
    }
    let cancel = this.#time.after(ms, () => this.enqueue(fire))
    return () => cancel()
  }

  /** Something in this process can go on. */
  enqueue(run: () => void): void {
    if (!this.alive) return
    if (this.#paused) this.#held.push(run)
    else this.#time.ready(this, run)
  }

  /** Its turn. */
  take(run: () => void): void {
    if (!this.alive) return
    if (this.#paused) this.#held.push(run)
    else run()
  }

  fork(effect: Effect.Effect<unknown>): void {
    this.enqueue(() => void Effect.runForkWith(this.#context)(effect, { scheduler: this.#scheduler }))
  }

  pause(): void {
    this.#paused = true
  }

  /** With its whole machine. */
  suspend(): void {
    this.pause()
    this.#suspendedAt ??= this.#time.now
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#suspendedAt !== null) this.#suspended += this.#time.now - this.#suspendedAt
    this.#suspendedAt = null
    const held = this.#held
    this.#held = []
    for (const run of held) this.enqueue(run)
  }

  kill(): void {
    this.alive = false
    this.#held = []
  }
}
