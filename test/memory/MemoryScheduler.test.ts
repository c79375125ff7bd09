/** The whole scheduler in one process, under the test's clock: the same front door, and the real machines behind it. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { MemoryOptions } from "../../src/memory/MemoryScheduler.ts"
import { Refused, Scheduler } from "../../src/Scheduler.ts"
import { definePlugin } from "../../src/work/plugins/Plugin.ts"
import { type AttemptContext, defineTaskType, TaskFailed } from "../../src/work/TaskType.ts"

const START = "2026-03-01T00:00:00.000Z"

/** A task type that writes down when it ran; `does` is what it does then. */
const report = (
  ran: Array<string>,
  does: (context: AttemptContext) => Effect.Effect<unknown, TaskFailed> = () => Effect.void
) =>
  defineTaskType({
    name: "report",
    description: "Writes a report.",
    args: Schema.Struct({ to: Schema.optionalKey(Schema.String) }),
    result: Schema.Json,
    run: (_, context) =>
      Effect.suspend(() => {
        ran.push(context.nominalAt)
        return Effect.as(does(context), "written")
      })
  })

const scenario = (
  name: string,
  body: (ran: Array<string>) => Effect.Effect<unknown, unknown, Scheduler>,
  options: (ran: Array<string>) => MemoryOptions = (ran) => ({ taskTypes: [report(ran)] })
) =>
  it.effect(name, () => {
    const ran: Array<string> = []
    return Effect.andThen(
      TestClock.setTime(Date.parse(START)),
      Effect.suspend(() => body(ran).pipe(Effect.provide(Scheduler.layerMemory(options(ran)), { local: true })))
    )
  })

describe("the scheduler in memory", () => {
  scenario("runs what is scheduled, for a year, at the right instants of the task's zone", (ran) =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const { taskId } = yield* scheduler.schedule({
        taskType: "report",
        schedule: "every day at 9am",
        timezone: "Europe/Berlin"
      })
      yield* TestClock.adjust("365 days")
      assert.strictEqual(ran.length, 365)
      assert.strictEqual(ran[0], "2026-03-01T08:00:00.000Z")
      assert.strictEqual(ran[29], "2026-03-30T07:00:00.000Z")
      const { executions, nextRuns, task } = yield* scheduler.info({ id: taskId, executions: 1 })
      assert.strictEqual(task.runCount, 365)
      assert.strictEqual(executions[0]?.result, "written")
      assert.strictEqual(nextRuns[0]?.at, "2027-03-01T08:00:00.000Z")
    })
  )

  scenario("gives the first answer to a request that is sent again when its instant has passed", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const request = { commandId: "c1", taskId: "once", taskType: "report", schedule: "2026-03-01T00:00:05.000Z" }
      const first = yield* scheduler.schedule(request)
      yield* TestClock.adjust("1 hour")
      const again = yield* scheduler.schedule(request)
      assert.strictEqual(again.logSequence, first.logSequence)
      for (const other of [{ commandId: "c2", taskId: "other" }, { dryRun: true }]) {
        const refused = yield* Effect.flip(scheduler.schedule({ ...request, ...other }))
        assert.include(refused.message, "that has passed")
      }
    })
  )

  let attempts = 0
  scenario(
    "tries again what fails, later each time, and keeps the outcome",
    () =>
      Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const { taskId } = yield* scheduler.schedule({ taskType: "report", schedule: "in 1 hour", maxRetries: 1 })
        yield* TestClock.adjust("1 hour")
        assert.strictEqual((yield* scheduler.info({ id: taskId })).executions[0]?.status, "retrying")
        yield* TestClock.adjust("1 minute")
        const { executions, task } = yield* scheduler.info({ id: taskId })
        assert.strictEqual(attempts, 2)
        assert.strictEqual(task.status, "failed")
        assert.strictEqual(executions[0]?.errorMessage, "no ink")
      }),
    (ran) => ({
      taskTypes: [
        report(ran, () => {
          attempts += 1
          return Effect.fail(new TaskFailed({ error: { code: "ink", message: "no ink" }, retryable: true }))
        })
      ]
    })
  )

  scenario(
    "stops a run that takes longer than it may",
    () =>
      Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const request = { taskType: "report", schedule: "now", timeoutMs: 60_000, maxRetries: 0 }
        const { taskId } = yield* scheduler.schedule(request)
        yield* TestClock.adjust("59 seconds")
        assert.strictEqual((yield* scheduler.info({ id: taskId })).executions[0]?.status, "running")
        yield* TestClock.adjust("2 seconds")
        const { executions } = yield* scheduler.info({ id: taskId })
        assert.strictEqual(executions[0]?.status, "failed")
        assert.strictEqual(executions[0]?.errorCode, "timeout")
      }),
    (ran) => ({ taskTypes: [report(ran, () => Effect.never)] })
  )

  scenario("reads its own writes: pause, resume, skip, reschedule, update, cancel", (ran) =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const { taskId } = yield* scheduler.schedule({ taskType: "report", schedule: "every hour", taskId: "hourly" })
      yield* scheduler.pause({ taskId, reason: "holiday" })
      assert.strictEqual((yield* scheduler.info({ id: taskId })).task.pauseReason, "holiday")
      yield* TestClock.adjust(Duration.minutes(24 * 60 + 30))
      assert.deepStrictEqual(ran, [])
      yield* scheduler.resume({ taskId })
      yield* scheduler.skip({ taskId, instant: "2026-03-02T01:00:00Z" })
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(ran, ["2026-03-02T02:00:00.000Z"])
      yield* scheduler.reschedule({ taskId, schedule: "every day at 12:00" })
      yield* scheduler.update({ taskId, taskName: "noon" })
      yield* TestClock.adjust("1 day")
      assert.strictEqual(ran.length, 2)
      assert.strictEqual((yield* scheduler.tasks({ name: "noon" })).items.length, 1)
      yield* scheduler.cancel({ taskId: "hour" })
      yield* TestClock.adjust("7 days")
      assert.strictEqual(ran.length, 2)
      const again = yield* Effect.exit(scheduler.cancel({ taskId }))
      assert.isTrue(Exit.isFailure(again) && Cause.squash(again.cause) instanceof Refused)
    })
  )

  scenario("does a command once, however often it is sent", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const request = { taskType: "report", schedule: "in 1 hour", commandId: "once" }
      const first = yield* scheduler.schedule(request)
      const second = yield* scheduler.schedule(request)
      assert.deepStrictEqual(second, first)
      assert.strictEqual((yield* scheduler.tasks({})).items.length, 1)
    })
  )

  scenario(
    "spreads tasks over partitions and takes thousands in one call, each with an answer of its own",
    () =>
      Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const good = Array.from({ length: 1200 }, (_, index) => ({
          taskType: "report",
          schedule: "every day at noon",
          taskId: `task${index}`
        }))
        const answers = yield* scheduler.scheduleMany([...good, { taskType: "nothing", schedule: "now" }])
        assert.strictEqual(answers.filter((one) => !(one instanceof Refused)).length, 1200)
        assert.strictEqual((answers[1200] as Refused).code, "unknownTaskType")
        const { partitions } = yield* scheduler.status
        assert.strictEqual(partitions.length, 4)
        assert.strictEqual(
          partitions.reduce((sum, one) => sum + one.tasks, 0),
          1200
        )
      }),
    (ran) => ({ taskTypes: [report(ran)], partitions: 4 })
  )

  scenario("announces each event to those who listen, and keeps them for those who ask later", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const listening = yield* scheduler
        .events("scheduler.task.*")
        .pipe(Stream.take(4), Stream.runCollect, (collecting) =>
          Effect.forkChild(collecting, { startImmediately: true })
        )
      const { taskId } = yield* scheduler.schedule({ taskType: "report", schedule: "in 1 hour" })
      yield* TestClock.adjust("1 hour")
      const heard = yield* Fiber.join(listening)
      assert.deepStrictEqual(
        heard.map(({ type }) => type.replace("scheduler.task.", "")),
        ["scheduled", "due", "success", "completed"]
      )
      assert.deepStrictEqual([...new Set(heard.map((event) => event.taskId))], [taskId])
      const past = yield* scheduler.pastEvents({ since: START, taskId })
      assert.deepStrictEqual(past, { items: heard, nextCursor: null })
      assert.deepStrictEqual((yield* scheduler.pastEvents({ since: "2027-01-01T00:00:00Z" })).items, [])
    })
  )

  scenario("gives the past page by page", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* scheduler.schedule({ taskType: "report", schedule: "every minute" })
      yield* TestClock.adjust(Duration.minutes(400))
      const first = yield* scheduler.pastEvents({ since: START })
      const second = yield* scheduler.pastEvents({ since: START, cursor: first.nextCursor ?? "" })
      assert.strictEqual(first.items.length + second.items.length, 1 + 2 * 400)
      assert.strictEqual(second.nextCursor, null)
      assert.strictEqual(new Set([...first.items, ...second.items].map(({ id }) => id)).size, 801)
    })
  )

  scenario("carries out a sequence, and what an earlier step gave reaches a later one", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const told = yield* scheduler
        .events("scheduler.notification.info")
        .pipe(Stream.take(1), Stream.runCollect, (collecting) =>
          Effect.forkChild(collecting, { startImmediately: true })
        )
      const { taskId } = yield* scheduler.schedule({
        taskType: "sequence",
        schedule: "in 1 minute",
        taskArgs: {
          steps: [
            { name: "write", type: "report", args: {} },
            { name: "tell", type: "notification", args: { message: "it is {{ steps.write.result }}" } }
          ]
        }
      })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(told))[0]?.["message"], "it is written")
      assert.strictEqual((yield* scheduler.info({ id: taskId })).task.status, "completed")
    })
  )

  scenario("changes a sequence, within sequences too, and leaves its steps as they are", () =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const inner = { steps: [{ name: "b", type: "report", args: {} }] }
      const { taskId } = yield* scheduler.schedule({
        taskType: "sequence",
        schedule: "every day at noon",
        taskArgs: {
          steps: [
            { name: "a", type: "report", args: {} },
            { name: "more", type: "sequence", args: inner }
          ]
        }
      })
      const before = (yield* scheduler.info({ id: taskId })).task.taskArgs
      yield* scheduler.update({ taskId, taskName: "reports" })
      yield* scheduler.reschedule({ taskId, schedule: "every day at 13:00" })
      const { task } = yield* scheduler.info({ id: taskId })
      assert.strictEqual(task.taskName, "reports")
      assert.deepStrictEqual(task.taskArgs, before)
      yield* TestClock.adjust("14 hours")
      assert.strictEqual((yield* scheduler.info({ id: taskId })).task.lastStatus, "completed")
    })
  )

  scenario("knows calendars of excluded days", (ran) =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* scheduler.setCalendar({ calendar: "holidays", days: ["2026-03-02"] })
      yield* scheduler.schedule({ taskType: "report", schedule: "every day at 9am", exclude: ["holidays"] })
      yield* TestClock.adjust("3 days")
      assert.deepStrictEqual(ran, ["2026-03-01T09:00:00.000Z", "2026-03-03T09:00:00.000Z"])
      assert.deepStrictEqual(
        (yield* scheduler.calendars).map(({ calendar }) => calendar),
        ["holidays"]
      )
    })
  )

  const tidied: Array<string> = []
  scenario(
    "sets up plugins, which may schedule tasks of their own, and runs their commands",
    () =>
      Effect.gen(function* () {
        yield* TestClock.adjust("1 day")
        assert.deepStrictEqual(tidied, ["/tmp/old"])
      }),
    () => ({
      plugins: [
        definePlugin({
          name: "tidy",
          setup: ({ scheduler }) =>
            scheduler.schedulePluginCommand({
              taskId: "tidy-up",
              pluginName: "tidy",
              commandName: "up",
              arguments: { directory: "/tmp/old" },
              schedule: "every day at 2"
            }),
          commands: {
            up: {
              description: "Tidies up.",
              parameters: Schema.Struct({ directory: Schema.String }),
              run: ({ directory }: { readonly directory: string }) => Effect.sync(() => void tidied.push(directory))
            }
          }
        })
      ]
    })
  )

  scenario("serves every queue", (ran) =>
    Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* scheduler.schedule({ taskType: "report", schedule: "now", queue: "presses" })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(ran.length, 1)
    })
  )

  scenario(
    "follows what a run writes, from the beginning",
    () =>
      Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const { taskId } = yield* scheduler.schedule({ taskType: "talk", schedule: "now" })
        yield* TestClock.adjust("1 second")
        const [execution] = (yield* scheduler.info({ id: taskId })).executions
        assert.deepStrictEqual(execution?.progress?.text, "half")
        const following = yield* scheduler
          .output(execution?.executionId ?? "")
          .pipe(Stream.take(2), Stream.runCollect, (collecting) =>
            Effect.forkChild(collecting, { startImmediately: true })
          )
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(
          (yield* Fiber.join(following)).map(({ text }) => text),
          ["one\n", "two\n"]
        )
      }),
    () => ({
      taskTypes: [
        defineTaskType({
          name: "talk",
          description: "Says something, and something more later.",
          args: Schema.Struct({}),
          result: Schema.Null,
          run: (_, context) =>
            Effect.gen(function* () {
              context.log("one")
              context.progress(0.5, "half")
              // On the test's clock.
              yield* Effect.sleep("30 seconds")
              context.log("two")
              return null
            })
        })
      ]
    })
  )

  it.effect("says what is wrong with task types", () =>
    Effect.gen(function* () {
      const twice = [report([]), report([])]
      const exit = yield* Effect.exit(Layer.build(Scheduler.layerMemory({ taskTypes: twice })))
      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).includes("defined twice"))
    }).pipe(Effect.scoped)
  )

  it.live("runs by the system's clock as well", () =>
    Effect.gen(function* () {
      const ran: Array<string> = []
      yield* Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const ended = yield* scheduler.subscribe("scheduler.task.success")
        const { taskId } = yield* scheduler.schedule({ taskType: "report", schedule: "now" })
        const [event] = yield* Stream.runCollect(Stream.take(ended, 1))
        assert.strictEqual(event?.taskId, taskId)
      }).pipe(Effect.scoped, Effect.provide(Scheduler.layerMemory({ taskTypes: [report(ran)] })))
      assert.strictEqual(ran.length, 1)
    })
  )
})
