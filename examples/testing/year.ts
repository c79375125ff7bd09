import { Console, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"
import { defineTaskType, Scheduler } from "nagatha-scheduler"

let closings = 0
const close = defineTaskType({
  name: "close_books",
  description: "Closes the books of a month.",
  args: Schema.Struct({}),
  result: Schema.Null,
  run: () =>
    Effect.sync(() => {
      closings += 1
      return null
    })
})

const program = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  yield* scheduler.schedule({ taskType: "close_books", schedule: "every last friday of the month at 17:00" })
  yield* TestClock.adjust("365 days")
  yield* Console.log(`${closings} closings in a year`)
})

await program.pipe(
  Effect.provide(Scheduler.layerMemory({ taskTypes: [close] })),
  Effect.provide(TestClock.layer()),
  Effect.runPromise
)
