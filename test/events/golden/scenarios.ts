/**
 * What the golden logs tell: real use of the real rules, in virtual time. They are recorded once (`make.ts`) and never
 * again; this says what stands in them, and how another is made.
 *
 * `service` is the whole scheduler in memory, asked at its front door; `owner` a partition with its owner alone, whose
 * workers may be lost, and which nobody may own for a while.
 */
import { Effect, Random, Schema, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { EventLog, StoredText } from "../../../src/events/EventLog.ts"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import { fromMillis } from "../../../src/recurrence/Instant.ts"
import { Scheduler } from "../../../src/Scheduler.ts"
import { defineTaskType, TaskFailed } from "../../../src/work/TaskType.ts"
import type { Outcome } from "../../../src/work/Work.ts"
import { makePartition, type TestNode } from "../../support/partition.ts"
import { layer, Stored } from "../../support/stored.ts"
import { done, everySecond, failed, START } from "../../support/task.ts"

type Recording = Effect.Effect<ReadonlyArray<StoredText>, unknown>

/** Takes so long, and fails as often as it is told. */
const work = defineTaskType({
  name: "work",
  description: "Works for a while.",
  args: Schema.Struct({
    seconds: Schema.optionalKey(Schema.Int),
    fails: Schema.optionalKey(Schema.Int),
    gives: Schema.optionalKey(Schema.Json)
  }),
  result: Schema.Json,
  run: ({ fails = 0, gives = null, seconds = 0 }, { attempt }) =>
    Effect.gen(function* () {
      // In virtual time: a run that takes its time, for which nobody waits.
      yield* Effect.sleep(seconds * 1000)
      if (attempt > fails) return gives
      const error = { code: "tired", message: `attempt ${attempt} was too much`, detail: { attempt } }
      return yield* new TaskFailed({ error, retryable: true })
    })
})

const service = (
  startAt: string,
  body: (scheduler: Scheduler["Service"]) => Effect.Effect<unknown, unknown>,
  partitions = 1
): Recording =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.parse(startAt))
    return yield* Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* Effect.tapError(body(scheduler), (error) => Effect.logError(error))
      const { items, nextCursor } = yield* scheduler.storedLog({})
      if (nextCursor !== null) throw new Error("a golden log is small: one page")
      return items.map(({ sequence, storedAt, text }) => ({ sequence, storedAt: Date.parse(storedAt), text }))
    }).pipe(Effect.provide(Scheduler.layerMemory({ taskTypes: [work], partitions }), { local: true }))
  }).pipe(Random.withSeed("golden"), Effect.provide(TestClock.layer()))

const owner = (body: Effect.Effect<unknown, unknown, EventLog | Scope.Scope>): Recording =>
  Effect.gen(function* () {
    yield* body
    return [...(yield* Stored)]
  }).pipe(Effect.scoped, Effect.provide(layer, { local: true }), Effect.provide(TestClock.layer()))

const until = Effect.fnUntraced(function* (node: TestNode, second: number) {
  yield* TestClock.setTime(START + second * 1000)
  yield* node.settled
})
const at = (taskId: string, second: number) => executionIdOf(taskId, START + second * 1000)

const by = (actor: string, reason?: string) => ({ actor, ...(reason === undefined ? {} : { reason }) })

const simple = service("2026-03-02T09:00:00.000Z", (scheduler) =>
  Effect.gen(function* () {
    const tea = { taskType: "notification", taskArgs: { message: "Tea is ready" }, schedule: "in 30 minutes" }
    yield* scheduler.schedule({ ...tea, taskId: "tea", ...by("ann") })
    yield* scheduler.schedule({
      taskType: "work",
      taskId: "daily",
      taskName: "Daily report",
      description: "Adds up the day.",
      tags: ["books", "night"],
      schedule: "every day at 9am",
      timezone: "Europe/Berlin",
      maxRuns: 3,
      spreadMs: 300_000,
      taskArgs: { seconds: 5, gives: { lines: 3 } }
    })
    yield* scheduler.schedule({ taskType: "work", taskId: "gone", schedule: "every 10 minutes" })
    yield* TestClock.adjust("25 minutes")
    yield* scheduler.cancel({ taskId: "gone", ...by("bob", "not needed any more") })
    yield* scheduler.schedule({ taskType: "work", taskId: "fails", schedule: "now", taskArgs: { fails: 9 } })
    yield* TestClock.adjust("4 days")
  })
)

/** Nobody is there for more than an hour: each policy says what becomes of what was missed. */
const catchUp = owner(
  Effect.gen(function* () {
    const world = yield* makePartition()
    let node = yield* world.start("a")
    const cron = { kind: "cron", timezone: "Europe/Berlin", gap: "nextValid", overlap: "first" } as const
    const quarterly = { recurrence: { ...cron, expression: "0 */15 * * * *" }, timezone: "Europe/Berlin" }
    for (const policy of ["none", "latest", "earliest", "all"] as const) {
      yield* node.schedule(`cron-${policy}`, { ...quarterly, catchUp: policy, overlap: "allowAll" })
    }
    yield* node.schedule("window", { ...quarterly, catchUp: "all", catchUpWindowMs: 2_000_000, overlap: "bufferAll" })
    yield* node.schedule("most", { ...quarterly, catchUp: "all", catchUpMax: 2, overlap: "bufferOne" })
    yield* node.schedule("paced", {
      ...quarterly,
      catchUp: "all",
      catchUpRate: { count: 1, perMs: 60_000 },
      overlap: "bufferAll"
    })
    yield* node.schedule("expires", { ...quarterly, catchUp: "all", expiresMs: 600_000, overlap: "allowAll" })
    yield* node.schedule("once", { recurrence: { kind: "once", at: fromMillis(START + 3000_000) } })
    yield* until(node, 900)
    for (const task of ["cron-none", "cron-latest", "cron-earliest", "cron-all", "window", "most", "paced"]) {
      yield* node.claim(at(task, 900))
      yield* node.report([at(task, 900)], done)
    }
    yield* node.stop
    yield* TestClock.setTime(START + 5400_000)
    node = yield* world.start("b")
    yield* node.settled
    for (let second = 5410; second <= 5700; second += 60) yield* until(node, second)
    yield* until(node, 5760)
    yield* node.stop
  })
)

const broken: Outcome = { outcome: "failedForGood", error: { code: "badInput", message: "no such file" } }
const later: Outcome = { outcome: "comeBackLater", delayMs: 30_000, error: { code: "busy", message: "not now" } }

/** Attempts that fail, workers that are not heard of any more, appends of which nobody knows, an owner that dies. */
const retries = owner(
  Effect.gen(function* () {
    const world = yield* makePartition()
    let node = yield* world.start("a")
    const once = { kind: "once", at: fromMillis(START + 60_000) } as const
    for (const [taskId, changes] of Object.entries({
      again: { maxRetries: 3, backoffMs: 1000, backoffFactor: 3, jitter: 0.2 },
      given: { maxRetries: 3, noRetryOn: ["exitCode"] },
      broken: { maxRetries: 3 },
      later: { maxRetries: 1 },
      lost: { maxRetries: 1 },
      silent: { maxRetries: 1 }
    }))
      yield* node.schedule(taskId, { recurrence: once, ...changes })
    yield* node.schedule("stubborn", { recurrence: everySecond(120), maxRetries: 0, pauseAfterFailures: 2 })
    yield* until(node, 60)
    for (const task of ["again", "given", "broken", "later", "lost", "silent"]) yield* node.claim(at(task, 60))
    yield* until(node, 61)
    yield* node.report([at("again", 60), at("given", 60)], failed)
    yield* node.report([at("broken", 60)], broken)
    yield* node.report([at("later", 60)], later)
    for (const second of [63, 66, 69]) {
      yield* until(node, second)
      yield* node.beat(at("lost", 60))
    }
    world.faults.push("unknownStored", "unknownLost", "unknownLate")
    yield* node.claim(at("again", 60), 2)
    yield* node.report([at("again", 60)], failed, 2)
    // The lease of both runs out; nobody takes up the silent one ever again.
    for (let second = 75; second <= 100; second += 5) yield* until(node, second)
    yield* node.claim(at("lost", 60), 2, "w2")
    yield* node.report([at("lost", 60)], done, 2)
    yield* node.claim(at("later", 60), 2)
    yield* node.report([at("later", 60)], failed, 2)
    yield* node.claim(at("again", 60), 3)
    yield* node.report([at("again", 60)], done, 3)
    yield* node.stop
    yield* TestClock.setTime(START + 110_000)
    node = yield* world.start("b")
    yield* node.settled
    for (const second of [120, 240, 360]) {
      yield* until(node, second)
      yield* node.claim(at("stubborn", second))
      yield* node.report([at("stubborn", second)], failed)
    }
    for (let attempt = 2; attempt <= 6; attempt++) {
      yield* node.claim(at("silent", 60), attempt, `w${attempt}`)
      yield* until(node, 360 + attempt * 20)
      yield* until(node, 370 + attempt * 20)
    }
    yield* node.stop
  })
)

const sequences = service("2026-03-02T09:00:00.000Z", (scheduler) =>
  Effect.gen(function* () {
    const step = (name: string, args: object = {}, more: object = {}) => ({ name, type: "work", args, ...more })
    const sequence = (taskId: string, steps: ReadonlyArray<object>, more: object = {}) =>
      scheduler.schedule({
        taskType: "sequence",
        taskId,
        schedule: "in 1 minute",
        maxRetries: 0,
        taskArgs: { steps } as never,
        ...more
      })
    yield* sequence("ordered", [
      step("fetch", { seconds: 2, gives: { rows: 7 } }),
      step("load", { seconds: 1, gives: "{{ steps.fetch.result.rows }}" }),
      step("rare", {}, { when: { step: "load", is: 8 } })
    ])
    yield* sequence("diamond", [
      step("a", { gives: 1 }),
      step("b", { fails: 9 }, { dependsOn: ["a"], onFailure: "continue" }),
      step("c", { seconds: 3 }, { dependsOn: ["a"], retries: 2, backoffMs: 500 }),
      step("d", {}, { dependsOn: ["b", "c"] })
    ])
    yield* sequence("nested", [
      step("outer", { gives: "x" }),
      {
        name: "inner",
        type: "sequence",
        args: { steps: [step("one", { gives: 1 }), step("two", { fails: 1, gives: 2 }, { retries: 1 })] }
      }
    ])
    yield* sequence("stops", [step("good", { gives: 3 }), step("bad", { fails: 1 }), step("never")])
    yield* TestClock.adjust("10 minutes")
    yield* scheduler.retry({ taskId: "stops", ...by("ann", "the disk was full") })
    yield* TestClock.adjust("10 minutes")
    yield* scheduler.run({ taskId: "stops", fromStep: "never", ...by("ann") })
    yield* TestClock.adjust("10 minutes")
    yield* sequence("cut", [step("long", { seconds: 600 }), step("after")])
    yield* TestClock.adjust("5 minutes")
    yield* scheduler.cancel({ taskId: "cut", ...by("bob") })
    yield* TestClock.adjust("20 minutes")
  })
)

const overlaps = service(
  "2026-03-02T09:00:00.000Z",
  (scheduler) =>
    Effect.gen(function* () {
      for (const overlap of ["skip", "bufferOne", "bufferAll", "cancelOther", "terminateOther", "allowAll"] as const) {
        yield* scheduler.schedule({
          taskType: "work",
          taskId: overlap,
          schedule: "every 10 minutes",
          overlap,
          maxRuns: 3,
          maxRetries: 0,
          taskArgs: { seconds: 1300 },
          timeoutMs: 3_600_000,
          hardTimeoutMs: 4_000_000
        })
      }
      yield* TestClock.adjust("25 minutes")
      const { items } = yield* scheduler.executions({ taskId: "allowAll", status: "running" })
      const [running] = items
      if (running !== undefined) {
        yield* scheduler.cancelExecution({ executionId: running.executionId, ...by("ann", "takes too long") })
      }
      yield* scheduler.cancelWaiting({ taskId: "bufferAll", ...by("ann") })
      yield* TestClock.adjust("6 hours")
    }),
  4
)

const queuesAndCalendars = service("2026-12-23T06:00:00.000Z", (scheduler) =>
  Effect.gen(function* () {
    yield* scheduler.setCalendar({ calendar: "holidays", days: ["2026-12-25", "2026-12-26"], ...by("ann") })
    yield* scheduler.setCalendar({ calendar: "stocktaking", days: ["2026-12-27..2026-12-28"], ...by("ann") })
    const daily = { taskType: "work", timezone: "Europe/Berlin", schedule: "every day at 9:00" }
    yield* scheduler.schedule({ ...daily, taskId: "workdays", exclude: ["holidays", "stocktaking"] })
    yield* scheduler.schedule({ ...daily, taskId: "every-day" })
    yield* TestClock.adjust("1 day")
    yield* scheduler.setCalendar({ calendar: "holidays", days: ["2026-12-24", "2026-12-25"], ...by("bob", "moved") })
    yield* TestClock.adjust("5 days")
    yield* scheduler.update({ taskId: "workdays", exclude: ["holidays"] })
    yield* scheduler.removeCalendar({ calendar: "stocktaking", ...by("ann") })
    yield* scheduler.cancel({ taskId: "every-day" })
    yield* scheduler.setQueue({ queue: "work", concurrency: 2, keyConcurrency: 1, ...by("ann") })
    for (const key of ["red", "red", "blue", "green"]) {
      yield* scheduler.schedule({
        taskType: "work",
        taskId: `${key}-${yield* scheduler.status.pipe(Effect.map(({ projection }) => projection.logSequence))}`,
        schedule: "in 1 minute",
        key,
        taskArgs: { seconds: 30 }
      })
    }
    yield* TestClock.adjust("10 minutes")
    yield* scheduler.setQueue({ queue: "work", concurrency: null, rate: { count: 1, perMs: 60_000 } })
    yield* scheduler.pauseQueue({ queue: "work", ...by("ann", "the database is moved") })
    yield* scheduler.schedule({ taskType: "work", taskId: "waits", schedule: "in 1 minute", priority: 4 })
    yield* TestClock.adjust("1 hour")
    yield* scheduler.resumeQueue({ queue: "work", ...by("bob") })
    yield* TestClock.adjust("1 hour")
  })
)

const triggers = service("2026-03-02T09:00:00.000Z", (scheduler) =>
  Effect.gen(function* () {
    yield* scheduler.schedule({
      taskType: "work",
      taskId: "backup",
      schedule: "every 15 minutes",
      maxRetries: 0,
      maxRuns: 3,
      taskArgs: { seconds: 20, gives: { size: 12 } }
    })
    const once = { taskType: "work", maxRetries: 0 }
    yield* scheduler.schedule({ ...once, taskId: "flaky", schedule: "every 20 minutes", taskArgs: { fails: 9 } })
    yield* scheduler.schedule({
      ...once,
      taskId: "check",
      schedule: "after backup",
      taskArgs: { gives: "{{ message.result.size }}" }
    })
    yield* scheduler.schedule({ ...once, taskId: "alarm", schedule: "after flaky fails", overlap: "bufferAll" })
    yield* TestClock.adjust("50 minutes")
    yield* scheduler.reschedule({ taskId: "check", schedule: "after flaky ends" })
    yield* TestClock.adjust("25 minutes")
    yield* scheduler.cancel({ taskId: "flaky" })
    yield* TestClock.adjust("10 minutes")
  })
)

const fire = (sequence: number, data: unknown = { order: sequence }) =>
  ({
    type: "fire",
    taskId: "heard",
    heardFor: "on subject orders.created",
    message: {
      id: `orders.${sequence}`,
      subject: "orders.created",
      at: fromMillis(START + sequence * 1000),
      place: { stream: "ORDERS", sequence },
      data
    },
    bytes: 12,
    chain: 0,
    causedBy: { commandId: `orders.${sequence}`, actor: "orders" }
  }) as never

const messages = owner(
  Effect.gen(function* () {
    const world = yield* makePartition()
    let node = yield* world.start("a")
    yield* node.schedule("heard", {
      recurrence: { kind: "subject", subject: "orders.created" },
      overlap: "bufferAll",
      maxRuns: 5
    })
    for (const sequence of [5, 7, 7, 9, 10]) yield* node.command(fire(sequence))
    yield* node.claim(`${at("heard", 5)}-m5`)
    yield* until(node, 20)
    yield* node.command({
      type: "pause",
      taskId: "heard",
      until: null,
      causedBy: { commandId: "p", actor: "ann" }
    } as never)
    yield* node.command(fire(21))
    yield* node.command({ type: "resume", taskId: "heard", causedBy: { commandId: "r", actor: "ann" } })
    yield* node.stop
    node = yield* world.start("b")
    for (const sequence of [9, 21, 22, 23, 24]) yield* node.command(fire(sequence, "text"))
    yield* until(node, 60)
    yield* node.stop
  })
)

const changes = service("2026-03-02T09:00:00.000Z", (scheduler) =>
  Effect.gen(function* () {
    const { taskId } = yield* scheduler.schedule({
      taskType: "work",
      taskId: "much-changed",
      schedule: "every 10 minutes",
      taskArgs: {}
    })
    const change = <A>(asked: Effect.Effect<A, unknown>) => Effect.andThen(asked, TestClock.adjust("15 minutes"))
    yield* TestClock.adjust("25 minutes")
    yield* change(scheduler.update({ taskId, taskName: "other", priority: 2, tags: ["x"], ...by("ann", "nicer") }))
    yield* change(scheduler.reschedule({ taskId, schedule: "*/12 * * * *", timezone: "America/New_York" }))
    yield* change(scheduler.undo({ taskId, ...by("bob", "a mistake") }))
    yield* change(scheduler.update({ taskId, endAt: "2026-03-02T23:00:00.000Z", maxRetries: 1 }))
    yield* change(scheduler.revert({ taskId, toRevision: 2, ...by("ann") }))
    yield* change(scheduler.pause({ taskId, reason: "holiday", actor: "ann" }))
    yield* scheduler.run({ taskId, ...by("bob", "all the same") })
    yield* change(scheduler.resume({ taskId }))
    yield* change(scheduler.pause({ taskId, until: "2026-03-02T11:35:00.000Z" }))
    yield* change(scheduler.skip({ taskId, instant: "2026-03-02T12:00:00.000Z", actor: "ann" }))
    yield* change(
      scheduler.backfill({ taskId, from: "2026-03-02T10:00:00.000Z", to: "2026-03-02T10:20:00.000Z", actor: "ann" })
    )
    yield* change(scheduler.cancel({ taskId, ...by("bob") }))
    yield* change(scheduler.restore({ taskId, ...by("ann", "needed after all") }))
    yield* scheduler.cancel({ taskId, ...by("ann") })
    yield* scheduler.schedule({
      taskType: "work",
      taskId: "over",
      schedule: "in 1 minute",
      taskArgs: { fails: 1 },
      maxRetries: 0
    })
    yield* TestClock.adjust("10 minutes")
    yield* scheduler.retry({ taskId: "over", ...by("ann") })
    yield* TestClock.adjust("10 minutes")
    yield* scheduler.schedule({
      taskType: "work",
      taskId: "bounded",
      schedule: "every hour",
      startAt: "2026-03-03T00:00:00.000Z",
      endAt: "2026-03-03T03:00:00.000Z",
      expiresMs: 60_000,
      pauseAfterFailures: 2
    })
    yield* TestClock.adjust("1 day")
  })
)

/** Both nights on which the clocks change, under each rule. */
const dst = service("2026-03-28T12:00:00.000Z", (scheduler) =>
  Effect.gen(function* () {
    const daily = { taskType: "work", timezone: "Europe/Berlin", maxRetries: 0 }
    const spring = { ...daily, endAt: "2026-03-30T06:00:00.000Z" }
    for (const dstGap of ["nextValid", "skip", "shift"] as const) {
      yield* scheduler.schedule({ ...spring, taskId: `gap-${dstGap}`, schedule: "every day at 2:30", dstGap })
    }
    yield* scheduler.schedule({ ...spring, taskId: "spring-real-time", schedule: "*/30 1-3 * * *" })
    yield* TestClock.adjust("3 days")
    yield* TestClock.setTime(Date.parse("2026-10-24T12:00:00.000Z"))
    const autumn = { ...daily, endAt: "2026-10-26T06:00:00.000Z" }
    for (const dstOverlap of ["first", "last", "both"] as const) {
      yield* scheduler.schedule({ ...autumn, taskId: `overlap-${dstOverlap}`, schedule: "30 2 * * *", dstOverlap })
    }
    yield* scheduler.schedule({ ...autumn, taskId: "autumn-real-time", schedule: "*/30 2 * * *" })
    yield* TestClock.adjust("3 days")
  })
)

export const scenarios: Readonly<Record<string, Recording>> = {
  simple,
  "catch-up": catchUp,
  retries,
  sequences,
  overlaps,
  "queues-and-calendars": queuesAndCalendars,
  triggers,
  messages,
  changes,
  dst
}
