/** The Promise face, over a scheduler in memory: what is asked, what is answered, what is thrown. */
import { assert, describe, it } from "@effect/vitest"
import {
  type AnnouncedEvent,
  Refused,
  type SchedulerClient,
  testScheduler,
  type TestScheduler,
  WaitedTooLong
} from "../../src/index.ts"

const inWorld = async (body: (scheduler: SchedulerClient, world: TestScheduler) => Promise<void>) => {
  const world = await testScheduler({ startAt: "2026-03-01T00:00:00Z" })
  try {
    await body(world.scheduler, world)
  } finally {
    await world.close()
  }
}

const all = async <Item>(items: AsyncIterable<Item>): Promise<Array<Item>> => {
  const seen: Array<Item> = []
  for await (const item of items) seen.push(item)
  return seen
}

const thrownBy = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error
  )

describe("the scheduler for programs that know promises", () => {
  it("schedules by what programs mean", () =>
    inWorld(async (scheduler, world) => {
      const common = { schedule: "in 1 minute", taskName: "mine", tags: ["a"] }
      await scheduler.scheduleNotification({ ...common, message: "hi", notificationType: "warning", target: "Ann" })
      await scheduler.scheduleMcpTool({ ...common, serverName: "time", toolName: "now", arguments: { zone: "UTC" } })
      await scheduler.schedulePluginCommand({ ...common, pluginName: "p", commandName: "c" })
      await scheduler.scheduleTask({ ...common, taskType: "shell_command", taskArgs: { command: "date" } })
      const tasks = await all(scheduler.listTasks({ tag: "a" }))
      assert.deepStrictEqual(
        tasks.map(({ taskArgs, taskName, taskType }) => ({ taskArgs, taskName, taskType })),
        [
          {
            taskArgs: { message: "hi", notificationType: "warning", target: "Ann" },
            taskName: "mine",
            taskType: "notification"
          },
          {
            taskArgs: { serverName: "time", toolName: "now", arguments: { zone: "UTC" } },
            taskName: "mine",
            taskType: "mcp_tool"
          },
          {
            taskArgs: { pluginName: "p", commandName: "c", arguments: {} },
            taskName: "mine",
            taskType: "plugin_command"
          },
          { taskArgs: { command: "date" }, taskName: "mine", taskType: "shell_command" }
        ]
      )
      await world.advance("1m")
      assert.strictEqual(world.notifications[0]?.notificationType, "warning")
    }))

  it("changes what is there", () =>
    inWorld(async (scheduler) => {
      const { taskId } = await scheduler.scheduleNotification({ message: "hi", schedule: "every day at 9" })
      assert.strictEqual((await scheduler.pauseTask(taskId, { reason: "holiday" })).status, "paused")
      assert.strictEqual((await scheduler.resumeTask(taskId)).status, "scheduled")
      const { nextRuns } = await scheduler.rescheduleTask(taskId, "tomorrow at 9")
      assert.strictEqual(nextRuns[0]?.at, "2026-03-02T09:00:00.000Z")
      await scheduler.updateTask(taskId, { taskName: "morning" })
      assert.strictEqual((await scheduler.task(taskId.slice(0, 6))).taskName, "morning")
      await scheduler.rescheduleTask(taskId, "every hour")
      await scheduler.skipOccurrence(taskId, "2026-03-01T01:00:00Z")
      assert.strictEqual((await scheduler.info({ id: taskId })).nextRuns[0]?.at, "2026-03-01T02:00:00.000Z")
      assert.strictEqual((await scheduler.cancelTask(taskId, { reason: "done" })).status, "cancelled")
    }))

  it("has every method of the service, with what is a value there as a function", () =>
    inWorld(async (scheduler) => {
      await scheduler.setCalendar({ calendar: "holidays", days: ["12-25"] })
      assert.deepStrictEqual(
        (await scheduler.calendars()).map(({ calendar }) => calendar),
        ["holidays"]
      )
      assert.strictEqual((await scheduler.status()).partitions.length, 1)
      assert.strictEqual((await scheduler.next({ when: "every day at 9" })).kind, "cron")
    }))

  it("throws errors that can be told apart", () =>
    inWorld(async (scheduler) => {
      const error = await thrownBy(scheduler.scheduleNotification({ message: "hi", schedule: "every mnday at 9" }))
      assert.isTrue(error instanceof Refused && error instanceof Error)
      const refused = error as Refused
      assert.strictEqual(refused.code, "invalidSchedule")
      assert.strictEqual(refused.name, "Refused")
      assert.include(refused.message, "mnday")
      assert.include(refused.stack ?? "", "Refused")
    }))

  it("answers each of many requests by itself", () =>
    inWorld(async (scheduler) => {
      const requests = Array.from({ length: 1500 }, (_, index) => ({
        taskType: index === 700 ? "nonsense" : "notification",
        taskArgs: { message: "hi" },
        schedule: "in 1 hour",
        taskId: `task${index}`
      }))
      const answers = await scheduler.scheduleMany(requests)
      assert.strictEqual(answers.length, 1500)
      assert.deepStrictEqual(
        answers.flatMap((answer, index) => (answer instanceof Refused ? [index, answer.code] : [])),
        [700, "unknownTaskType"]
      )
      const ids = (await all(scheduler.listTasks({ limit: 400 }))).map(({ taskId }) => taskId)
      assert.strictEqual(new Set(ids).size, 1499)
    }))

  it("waits for the end of an execution, however it ends", () =>
    inWorld(async (scheduler, world) => {
      const { taskId } = await scheduler.scheduleNotification({ message: "hi", schedule: "every day at 9" })
      const waiting = scheduler.waitForTask(taskId)
      await world.advance("10h")
      assert.strictEqual((await waiting).status, "completed")
      const { executionId, logSequence } = await scheduler.runTask(taskId)
      const ended = await scheduler.waitForExecution(executionId, { after: logSequence })
      assert.isTrue(ended.manual)
      assert.deepStrictEqual(
        (await all(scheduler.listExecutions({ taskId, limit: 1 }))).map((one) => one.executionId),
        [executionId, (await waiting).executionId]
      )
    }))

  it("says that it has waited too long, or that there will be nothing to wait for", () =>
    inWorld(async (scheduler, world) => {
      const { taskId } = await scheduler.scheduleNotification({ message: "hi", schedule: "every day at 9" })
      const waiting = thrownBy(scheduler.waitForTask(taskId, { timeoutMs: 1000 }))
      await world.advance("1m")
      assert.isTrue((await waiting) instanceof WaitedTooLong)
      const never = thrownBy(scheduler.waitForTask(taskId))
      await scheduler.cancelTask(taskId)
      assert.strictEqual(((await never) as Refused).code, "neverRan")
      assert.strictEqual(((await thrownBy(scheduler.waitForExecution("nobody"))) as Refused).code, "notFound")
    }))

  it("calls the handler for each event until it is told to stop", () =>
    inWorld(async (scheduler, world) => {
      const heard: Array<AnnouncedEvent> = []
      const stop = await scheduler.subscribe("scheduler.task.*", (event) => void heard.push(event))
      await scheduler.scheduleNotification({ message: "hi", schedule: "every hour" })
      await world.advance("2h")
      assert.deepStrictEqual(
        heard.map(({ type }) => type.slice("scheduler.task.".length)),
        ["scheduled", "due", "success", "due", "success"]
      )
      await stop()
      await world.advance("2h")
      assert.strictEqual(heard.length, 5)
    }))

  it("tells what a handler threw, and goes on", () =>
    inWorld(async (scheduler, world) => {
      const failures: Array<unknown> = []
      let heard = 0
      await scheduler.subscribe(
        "scheduler.task.due",
        () => {
          heard += 1
          throw new Error(`oops ${heard}`)
        },
        (error) => failures.push((error as Error).message)
      )
      await scheduler.scheduleNotification({ message: "hi", schedule: "every hour" })
      await world.advance("2h")
      assert.deepStrictEqual(failures, ["oops 1", "oops 2"])
    }))

  it("gives live events to be walked through", () =>
    inWorld(async (scheduler) => {
      const first = scheduler.events("scheduler.task.scheduled")[Symbol.asyncIterator]()
      const next = first.next()
      await scheduler.status()
      const { taskId } = await scheduler.scheduleNotification({ message: "hi", schedule: "in 1 hour" })
      assert.strictEqual((await next).value?.taskId, taskId)
      await first.return?.()
    }))
})
