/** The ways in for programs; what is behind each is loaded when it is taken, so that plugins and type definitions load none of it. */
import type { TestScheduler, TestSchedulerOptions } from "./TestScheduler.ts"

/** A scheduler for tests: in memory, with the time that the test says. */
export const testScheduler = async (options: TestSchedulerOptions = {}): Promise<TestScheduler> => {
  const { make } = await import("./TestScheduler.ts")
  return make(options)
}
