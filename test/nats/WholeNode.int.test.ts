/** Calendars and previews, asked of a whole node over NATS by a client with a client's rights. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { schedulerAndApi } from "../../src/cli/machine/NodeRoles.ts"
import { NatsConnection } from "../../src/nats/NatsConnection.ts"
import * as NatsScheduler from "../../src/nats/NatsScheduler.ts"
import { MEMORY } from "../../src/projections/ReadModelFile.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import * as Settings from "../../src/Settings.ts"
import { natsServer } from "../support/natsServer.ts"

const identity = {
  nodeId: "n1",
  host: "box",
  pid: process.pid,
  roles: ["scheduler", "api"],
  startedAt: "2026-03-08T12:00:00.000Z",
  version: "0"
}

const world = Effect.gen(function* () {
  const server = yield* natsServer()
  const access = { url: server.url, users: server.users }
  yield* Layer.build(
    Layer.fresh(
      schedulerAndApi(
        { identity, server: access, settings: Settings.defaults, timezone: "Europe/Berlin", configDirectories: [] },
        MEMORY
      )
    )
  )
  const client = NatsScheduler.layer({ actor: "ann" }).pipe(
    Layer.provide(
      NatsConnection.layer({
        servers: server.url,
        role: "client",
        namespace: "nagatha",
        ...server.users.client,
        name: "test",
        requestTimeoutMs: 5000
      })
    )
  )
  const context = yield* Layer.build(client)
  return yield* Effect.provide(Scheduler, context)
})

describe("a node", () => {
  it.live("explains words, in its own zone where none is named, and without the days that calendars exclude", () =>
    Effect.gen(function* () {
      const scheduler = yield* world
      const from = "2026-03-27T12:00:00Z"
      const preview = yield* scheduler.next({ when: "every day at 2:30", from, count: 3 })
      assert.strictEqual(preview.timezone, "Europe/Berlin")
      assert.deepStrictEqual(
        preview.runs.map(({ at }) => at),
        ["2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z", "2026-03-30T00:30:00.000Z"]
      )
      assert.match(preview.notes[0] ?? "", /^the clocks go forward on 2026-03-29/)
      yield* scheduler.setCalendar({ calendar: "closed", days: ["2026-03-28..2026-03-30"] })
      const without = yield* scheduler.next({ when: "every day at 2:30", from, count: 1, exclude: ["closed"] })
      assert.strictEqual(without.runs[0]?.at, "2026-03-31T00:30:00.000Z")
      const wrong = yield* Effect.flip(scheduler.next({ when: "every mnday at 9" }))
      assert.strictEqual(wrong._tag === "Refused" ? wrong.code : wrong._tag, "invalidSchedule")
      assert.include(wrong.message, 'did you mean "monday"')
      const nowhere = yield* Effect.flip(scheduler.next({ when: "daily at 9", timezone: "Mars/Olympus" }))
      assert.include(nowhere.message, "is not a time zone")
    }).pipe(Effect.scoped)
  )
  it.live("keeps calendars: what they are, who may not exist, and a repeated command once", () =>
    Effect.gen(function* () {
      const scheduler = yield* world
      const made = yield* scheduler.setCalendar({ calendar: "closed", days: ["12-25", "12-26"], commandId: "c1" })
      assert.deepStrictEqual(
        yield* scheduler.setCalendar({ calendar: "closed", days: ["12-25", "12-26"], commandId: "c1" }),
        made
      )
      const [calendar] = yield* scheduler.calendars
      assert.deepStrictEqual([calendar?.days, calendar?.revision], [["12-25", "12-26"], 1])
      const bad = yield* Effect.flip(scheduler.setCalendar({ calendar: "closed", days: ["christmas"] }))
      assert.include(bad.message, '"christmas" is no day')
      const unknown = yield* Effect.flip(
        scheduler.schedule({
          taskType: "notification",
          taskArgs: { message: "x" },
          schedule: "daily at 9",
          exclude: ["clsed"]
        })
      )
      assert.strictEqual(unknown._tag === "Refused" ? unknown.code : unknown._tag, "notFound")
      const once = yield* Effect.flip(
        scheduler.schedule({
          taskType: "notification",
          taskArgs: { message: "x" },
          schedule: "in 5 minutes",
          exclude: ["closed"]
        })
      )
      assert.include(once.message, "runs once excludes no days")
      const twice = yield* Effect.flip(
        scheduler.schedule({
          taskType: "notification",
          taskArgs: { message: "x" },
          schedule: "daily at 9 for 3 times",
          maxRuns: 4
        })
      )
      assert.include(twice.message, "says it as well")
      const answer = yield* scheduler.schedule({
        taskType: "notification",
        taskArgs: { message: "x" },
        schedule: "every day at 9",
        startAt: "2099-12-24T00:00:00+01:00",
        spreadMs: 600_000,
        exclude: ["closed"]
      })
      const days = answer.nextRuns.map(({ at }) => at.slice(0, 10))
      assert.deepStrictEqual(days, ["2099-12-24", "2099-12-27", "2099-12-28"])
      assert.isTrue(answer.nextRuns.every(({ at, dueAt }) => dueAt !== undefined && dueAt >= at))
      const { task } = yield* scheduler.info({ id: answer.taskId, after: answer.logSequence ?? 0 })
      assert.deepStrictEqual([task.nextNominalAt, task.nextRunAt], [answer.nextRuns[0]?.at, answer.nextRuns[0]?.dueAt])
    }).pipe(Effect.scoped)
  )
})
