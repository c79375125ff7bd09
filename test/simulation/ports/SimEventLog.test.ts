/** The simulated log keeps the promises of every log, over a network that takes its time. */
import { describe } from "vitest"
import { Effect, Layer } from "effect"
import { defaults } from "../../../src/Settings.ts"
import { EventLog } from "../../../src/events/EventLog.ts"
import { eventLogContract } from "../../events/eventLogContract.ts"
import { Dice } from "../world/Dice.ts"
import { Link } from "../world/Link.ts"
import { Process } from "../world/Process.ts"
import { Server } from "../world/Server.ts"
import { VirtualTime } from "../world/VirtualTime.ts"
import { Weather } from "../world/Weather.ts"
import * as SimEventLog from "./SimEventLog.ts"

/** A world that goes on whenever the real one has nothing to do. */
const layer = Layer.effect(
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
    return SimEventLog.make(server, link, 1_000_000)
  })
)

describe("the simulated event log", () => eventLogContract(() => layer))
