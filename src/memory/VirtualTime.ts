/**
 * Time that passes only when it is told to. Everything that became due is done, in the order of its instants, before time
 * goes on, and so is what that set off: fibres, promises, runs that wait for the world outside.
 *
 * A run that waits for something real (a promise, a child process) holds time still until it has ended, for `patienceMs`
 * of real time at most; after that time goes on without it, so that a run that never ends can meet its timeout.
 */
import { Clock, Context, Duration, Effect, Scheduler } from "effect"
import * as CountedFibres from "./CountedFibres.ts"

/** A run that is under way. */
interface Running {
  /** Sleeps of it that time will end. */
  sleeping: number
  /** It has used up the patience. */
  slow: boolean
}

/** The run that a fibre belongs to. */
const Run = Context.Reference<Running | null>("nagatha/memory/Run", { defaultValue: () => null })

interface Sleeper {
  readonly at: number
  readonly wake: () => void
}

export interface VirtualTime {
  /** The clock, and the fibres' scheduler by which it knows when all is done. */
  readonly context: Context.Context<never>
  readonly now: () => number
  /** Lets time pass to an instant, in milliseconds since the epoch; one that has passed is now. */
  advanceTo(instant: number): Promise<void>
  /** What holds time still while it waits for something real. */
  during<A, E, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R>
}

const NANOS = 1_000_000n

export const make = (startAt: number, patienceMs: number): VirtualTime => {
  let now = startAt
  /** Latest first; of those at one instant the last to lie down first. */
  const sleepers: Array<Sleeper> = []
  const running = new Set<Running>()
  let whenSomething = () => {}
  const { pending, scheduler } = CountedFibres.make(new Scheduler.MixedScheduler(), () => whenSomething())

  const sleep = (milliseconds: number) =>
    Effect.withFiber<void>((fibre) => {
      if (milliseconds <= 0) return Effect.yieldNow
      const run = fibre.getRef(Run)
      return Effect.callback((resume) => {
        const lie = (by: number) => {
          if (run !== null) run.sleeping += by
        }
        const sleeper: Sleeper = {
          at: now + milliseconds,
          wake: () => {
            lie(-1)
            resume(Effect.void)
          }
        }
        let [low, high] = [0, sleepers.length]
        while (low < high) {
          const middle = (low + high) >>> 1
          if ((sleepers[middle]?.at ?? 0) > sleeper.at) low = middle + 1
          else high = middle
        }
        sleepers.splice(low, 0, sleeper)
        lie(1)
        whenSomething()
        return Effect.sync(() => {
          const index = sleepers.indexOf(sleeper)
          if (index < 0) return
          sleepers.splice(index, 1)
          lie(-1)
        })
      })
    })

  const nanos = () => BigInt(Math.round(now)) * NANOS
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => now,
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) => sleep(Duration.toMillis(duration))
  }

  /** A turn of the event loop. */
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

  /** False when nothing has happened for as long as there is patience. */
  const something = () =>
    new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceMs)
      whenSomething = () => {
        clearTimeout(timer)
        whenSomething = () => {}
        resolve(true)
      }
    })

  const allDone = async () => {
    for (;;) {
      while (pending() > 0) await turn()
      await turn()
      if (pending() > 0) continue
      const waiting = [...running].filter((run) => run.sleeping === 0 && !run.slow)
      if (waiting.length === 0) return
      if (!(await something())) for (const run of waiting) run.slow = true
    }
  }

  return {
    context: Context.make(Clock.Clock, clock).pipe(
      Context.add(Scheduler.Scheduler, scheduler)
    ) as Context.Context<never>,
    now: () => now,
    advanceTo: async (instant) => {
      await allDone()
      for (;;) {
        const next = sleepers.at(-1)
        if (next === undefined || next.at > instant) break
        sleepers.pop()
        now = Math.max(now, next.at)
        next.wake()
        await allDone()
      }
      now = Math.max(now, instant)
    },
    during: (effect) =>
      Effect.suspend(() => {
        const run: Running = { sleeping: 0, slow: false }
        running.add(run)
        return effect.pipe(
          Effect.provideService(Run, run),
          Effect.ensuring(
            Effect.sync(() => {
              running.delete(run)
              whenSomething()
            })
          )
        )
      })
  }
}
