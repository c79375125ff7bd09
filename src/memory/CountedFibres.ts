/**
 * A scheduler of fibres that knows how many of their steps wait for their turn: when there are none, all that could be
 * done at this instant has been done, but for what waits for time or for the world outside.
 */
import type { Scheduler } from "effect"

export interface CountedFibres {
  readonly scheduler: Scheduler.Scheduler
  /** Steps that wait for their turn. */
  readonly pending: () => number
}

/** Counts the steps that `fibres` takes; `waits` is told of each. */
export const make = (fibres: Scheduler.Scheduler, waits: () => void = () => {}): CountedFibres => {
  let pending = 0
  return {
    pending: () => pending,
    scheduler: {
      executionMode: fibres.executionMode,
      shouldYield: (fibre) => fibres.shouldYield(fibre),
      makeDispatcher: () => {
        const dispatcher = fibres.makeDispatcher()
        return {
          scheduleTask: (task, priority) => {
            pending += 1
            waits()
            dispatcher.scheduleTask(() => {
              try {
                task()
              } finally {
                pending -= 1
              }
            }, priority)
          },
          flush: () => dispatcher.flush()
        }
      }
    }
  }
}
