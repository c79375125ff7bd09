/** The log, with each append measured: how long it took, what became of it, and how many events shared it. */
import { Clock, Effect, Layer } from "effect"
import { EventLog } from "../events/EventLog.ts"
import type { Meter } from "./Meter.ts"
import { appendDuration, appends, commitEvents } from "./Metrics.ts"

export const layer = (meter: Meter): Layer.Layer<EventLog, never, EventLog> =>
  Layer.effect(
    EventLog,
    Effect.gen(function* () {
      const log = yield* EventLog
      const clock = yield* Clock.Clock
      return EventLog.of({
        ...log,
        append: (head, eventJson) =>
          Effect.suspend(() => {
            const began = clock.currentTimeNanosUnsafe()
            return Effect.map(log.append(head, eventJson), (outcome) => {
              meter.update(appendDuration, Number(clock.currentTimeNanosUnsafe() - began) / 1e9)
              meter.update(appends, 1, { outcome: outcome._tag })
              if (outcome._tag === "stored") meter.update(commitEvents, eventJson.length)
              return outcome
            })
          })
      })
    })
  )
