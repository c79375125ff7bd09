import { Console, Effect, Stream } from "effect"
import { layer, Scheduler } from "nagatha-scheduler"

const program = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  const events = yield* scheduler.subscribe("scheduler.task.*")

  const { taskId } = yield* scheduler.schedule({
    taskType: "notification",
    taskArgs: { message: "Tea is ready" },
    schedule: "in 1 second"
  })
  yield* events.pipe(
    Stream.filter((event) => event.taskId === taskId),
    Stream.takeUntil(({ type }) => type === "scheduler.task.completed"),
    Stream.runForEach(({ type }) => Console.log(type))
  )

  yield* scheduler.cancel({ taskId: "no such task" }).pipe(
    Effect.catchTag("Refused", ({ code }) => Console.log(`refused: ${code}`)),
    // Nobody knows whether it was done: asking again with the same id does it once.
    Effect.catchTag("OutcomeUnknown", ({ commandId }) => Console.log(`ask again: ${commandId}`))
  )
})

await program.pipe(Effect.scoped, Effect.provide(layer()), Effect.runPromise)
