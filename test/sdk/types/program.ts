/**
 * What a strict program may write, and what the compiler must refuse. Checked with the sources by `npm run types`, and
 * once more against what is installed from the package.
 */
import { Effect, Layer, Schema } from "effect"
import {
  type AnnouncedEvent,
  connect,
  definePlugin,
  defineTaskType,
  layer,
  OutcomeUnknown,
  type QueueView,
  Refused,
  type ScheduleAnswer,
  type ScheduledTask,
  Scheduler,
  type SchedulerClient,
  type TaskExecution,
  type TasksPage,
  testScheduler,
  Unreachable,
  type WhyAnswer
} from "nagatha-scheduler"

export const promises = async (scheduler: SchedulerClient): Promise<void> => {
  const { taskId }: ScheduleAnswer = await scheduler.scheduleNotification({
    message: "hi",
    schedule: "now",
    notificationType: "info"
  })
  await scheduler.scheduleMcpTool({ serverName: "time", toolName: "now", arguments: { zone: "UTC" }, schedule: "now" })
  await scheduler.schedulePluginCommand({ pluginName: "p", commandName: "c", schedule: "0 2 * * *", taskName: "Daily" })
  await scheduler.scheduleTask({ taskType: "sequence", taskArgs: { steps: [] }, schedule: "0 2 * * *" })
  await scheduler.rescheduleTask(taskId, "tomorrow at 9")
  await scheduler.cancelTask(taskId, { reason: "over" })
  const stop: () => Promise<void> = await scheduler.subscribe("scheduler.task.*", (event: AnnouncedEvent) => {
    const id: string = event.taskId
    // @ts-expect-error -- further fields of an event are unknown until they are looked at
    const attempt: number = event["attempt"]
    void [id, attempt]
  })
  await stop()
  for await (const task of scheduler.listTasks({ status: "scheduled" })) {
    const one: ScheduledTask = task
    void one
  }
  const execution: TaskExecution = await scheduler.waitForTask(taskId, { timeoutMs: 1000 })
  void execution.durationMs
  const many: ReadonlyArray<ScheduleAnswer | Refused> = await scheduler.scheduleMany([])
  for (const answer of many) if (answer instanceof Refused) void answer.code
  const { projection } = await scheduler.status()
  void projection.lag
  for await (const piece of scheduler.output("id")) void piece.text
  const { sentence }: WhyAnswer = await scheduler.explain(taskId, "2026-03-29T01:00:00Z")
  await scheduler.revertTask(taskId, 1, { reason: sentence })
  await scheduler.retry({ taskId })
  await scheduler.retry({ executionId: execution.executionId })
  // Where every field may be absent, so may the question.
  const page: TasksPage = await scheduler.tasks()
  const [queue]: ReadonlyArray<QueueView> = await scheduler.queues()
  void [page, queue]
  // @ts-expect-error -- an id is needed
  await scheduler.info()
  // @ts-expect-error -- of an execution, by its id
  scheduler.output()
  // @ts-expect-error -- one object is what it takes
  await scheduler.undo("text")
  // @ts-expect-error -- a task has to say when it runs
  await scheduler.scheduleNotification({ message: "hi" })
  // @ts-expect-error -- there is no such type of notification
  await scheduler.scheduleNotification({ message: "hi", schedule: "now", notificationType: "loud" })
  // @ts-expect-error -- a task type is needed
  await scheduler.schedule({ schedule: "now" })
  // @ts-expect-error -- there is no such policy
  await scheduler.updateTask(taskId, { overlap: "sometimes" })
  // @ts-expect-error -- there is no such status
  scheduler.listTasks({ status: "sleeping" })
  // @ts-expect-error -- there is no such command
  await scheduler.forgetTask(taskId)
}

export const errors = async (): Promise<string> => {
  try {
    await using scheduler = await connect({ servers: ["nats://a", "nats://b"], token: "t" })
    await promises(scheduler)
    return ""
  } catch (error) {
    if (error instanceof Refused) return `${error.code} ${error.hint ?? ""}`
    if (error instanceof OutcomeUnknown) return error.commandId
    if (error instanceof Unreachable) return error.message
    throw error
  }
}

// @ts-expect-error -- ports are parts of URLs
export const wrong = () => connect({ port: 4222 })

export const effects: Effect.Effect<ScheduleAnswer, Refused | Unreachable | OutcomeUnknown> = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  return yield* scheduler.schedule({ taskType: "notification", schedule: "now" })
}).pipe(Effect.provide(layer({ dataDir: "/data" })))

const greet = defineTaskType({
  name: "greet",
  description: "Greets.",
  args: Schema.Struct({ name: Schema.String }),
  result: Schema.String,
  run: async ({ name }, { attempt, signal }) => {
    void signal.aborted
    return `${name} ${attempt}`
  }
})

defineTaskType({
  name: "greet",
  description: "Greets.",
  args: Schema.Struct({ name: Schema.String }),
  result: Schema.String,
  // @ts-expect-error -- the result is text
  run: async () => 42
})

export const plugin = definePlugin({
  name: "p",
  taskTypes: [greet],
  setup: async ({ scheduler }) => {
    await scheduler.scheduleNotification({ message: "hi", schedule: "now", taskId: "p-hi" })
  },
  commands: {
    c: {
      description: "Does it.",
      parameters: Schema.Struct({ days: Schema.Int }),
      run: ({ days }: { readonly days: number }) => Effect.succeed(days + 1)
    }
  }
})

export const inMemory: Layer.Layer<Scheduler, unknown> = Scheduler.layerMemory({ taskTypes: [greet], timezone: "UTC" })

export const tests = async (): Promise<number> => {
  await using world = await testScheduler({ startAt: "2026-03-01T00:00:00Z", taskTypes: [greet], plugins: [plugin] })
  await world.scheduler.schedule({ taskType: "greet", taskArgs: { name: "Ann" }, schedule: "every day at 9" })
  const runs = await world.advance("1d")
  // @ts-expect-error -- days are not a unit of numbers
  await world.advance({ days: 1 })
  return runs.length + world.events.length + world.notifications.length
}
