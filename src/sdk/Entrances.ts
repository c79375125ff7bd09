/** The ways in for programs; what is behind each is loaded when it is taken, so that plugins and type definitions load none of it. */
import { Effect, Layer } from "effect"
import type { Scheduler, Unreachable } from "../Scheduler.ts"
import type { ConnectOptions } from "./Connection.ts"
import type { SchedulerClient } from "./SchedulerClient.ts"
import type { TestScheduler, TestSchedulerOptions } from "./TestScheduler.ts"

/** A scheduler for tests: in memory, with the time that the test says. */
export const testScheduler = async (options: TestSchedulerOptions = {}): Promise<TestScheduler> => {
  const { make } = await import("./TestScheduler.ts")
  return make(options)
}

/** Connects to the service; rejected with `Unreachable` where there is none. */
export const connect = async (options: ConnectOptions = {}): Promise<SchedulerClient> => {
  const { connect: connected } = await import("./Connection.ts")
  return connected(options)
}

/** The service for programs of effects: `Scheduler`, connected for as long as the layer lives. */
export const layerConnect = (options: ConnectOptions = {}): Layer.Layer<Scheduler, Unreachable> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./Connection.ts")),
      ({ layer }) => layer(options)
    )
  )
