/** The simulated log by itself, in a world that goes on whenever the real one has nothing to do. */
import { Effect, Layer } from "effect"
import { EventLog } from "../../../src/events/EventLog.ts"
import { defaults } from "../../../src/Settings.ts"
import { Dice } from "../world/Dice.ts"
import { Link } from "../world/Link.ts"
import { Process } from "../world/Process.ts"
import { Server } from "../world/Server.ts"
import { VirtualTime } from "../world/VirtualTime.ts"
import { Weather } from "../world/Weather.ts"
import * as SimEventLog from "./SimEventLog.ts"

/** An empty log; `maxCommitBytes` is the largest commit that it takes. */
export const standalone = (maxCommitBytes = 1_000_000): Layer.Layer<EventLog> =>
  Layer.effect(
    EventLog,
    Effect.gen(function* () {
      const dice = new Dice("contract")
      const time = new VirtualTime(0, dice.of("turns"), true)
      const server = new Server({ time, leaseMs: defaults.leaseMs })
      const process = new Process({
        name: "contract",
        number: 1,
        time,
        dice,
        settings: defaults,
        skew: () => 0,
        patience: 2048,
        complain: () => {}
      })
      const link = new Link({
        process,
        time,
        dice: dice.of("link"),
        weather: new Weather().of("contract"),
        up: () => server.up,
        killed: () => server.killed,
        takes: [0, 20],
        timeoutMs: 5000
      })
      yield* Effect.forkScoped(
        Effect.forever(
          Effect.andThen(
            Effect.sync(() => time.run(time.now + 10)),
            Effect.sleep("1 millis")
          )
        )
      )
      return SimEventLog.make(server, link, maxCommitBytes)
    })
  )
