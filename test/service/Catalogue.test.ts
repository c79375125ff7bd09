/** What is written down about events and requests holds, by the word of a validator that knows nothing of us. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { TASK_VERBS } from "../../src/actors/door/TaskRequest.ts"
import { type Commit } from "../../src/events/Commit.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import { bodyOf } from "../../src/service/Announced.ts"
import { CATALOGUE, jsonSchemaOf } from "../../src/service/Catalogue.ts"
import { runCli } from "../support/cli.ts"
import { problems } from "../support/schemas.ts"
import { pieces } from "../events/museum/pieces.ts"
import { eventsPage } from "../support/writeDocs.ts"

describe("the catalogue", () => {
  it("is what the page says; npm run docs writes it", async () => {
    assert.strictEqual(readFileSync(join(import.meta.dirname, "../../docs/events.md"), "utf8"), await eventsPage())
  })

  it("names each thing once, and every verb", () => {
    const names = CATALOGUE.map(({ name }) => name)
    assert.deepStrictEqual(names, [...new Set(names)])
    for (const verb of TASK_VERBS) assert.includeMembers(names, [`command.${verb}`, `command.${verb}.answer`])
  })

  it("says that requests are closed, and that bodies may grow", () => {
    assert.match(problems("command.cancel", { taskId: "t", why: "x" }), /must NOT have additional properties/)
    assert.strictEqual(problems("command.cancel", { taskId: "t", reason: "x" }), "")
    assert.match(problems("command.cancel", {}), /must have required property 'taskId'/)
    assert.strictEqual(problems("error", { error: { code: "notFound", message: "no" }, more: 1 }), "")
  })

  it("describes every event that there ever was", () => {
    const seen = new Set<string>()
    for (const { text } of pieces()) {
      const commit = JSON.parse(text) as Commit
      for (const [index, event] of commit.events.entries()) {
        const body: unknown = JSON.parse(bodyOf({ partition: 3, sequence: 42, index, queue: "q", event }))
        assert.strictEqual(problems(`event.${event.type}`, body), "")
        const { taskId: _gone, ...without } = body as Record<string, unknown>
        assert.match(problems(`event.${event.type}`, without), /taskId/)
        seen.add(`event.${event.type}`)
      }
    }
    assert.deepStrictEqual(
      [...seen].sort(),
      CATALOGUE.filter(({ kind }) => kind === "event")
        .map(({ name }) => name)
        .sort()
    )
  })

  it.effect("describes what is answered, and what happens", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-01T00:00:00.000Z"))
      yield* Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const answers: Array<readonly [string, unknown]> = []
        const note = <A, E, R>(name: string, call: Effect.Effect<A, E, R>) =>
          Effect.tap(call, (answer) => Effect.sync(() => answers.push([name, answer])))
        const taskId = "t1"
        const request = {
          taskId,
          taskType: "notification",
          taskArgs: { message: "x" },
          schedule: "every day at 9am",
          timezone: "Europe/Berlin",
          startAt: "2026-03-01T00:00:00+01:00"
        }
        assert.strictEqual(problems("command.schedule", request), "")
        yield* note("command.schedule.answer", scheduler.schedule(request))
        yield* note("command.run.answer", scheduler.run({ taskId }))
        yield* note("command.update.answer", scheduler.update({ taskId, taskName: "new" }))
        yield* note("command.reschedule.answer", scheduler.reschedule({ taskId, schedule: "every hour" }))
        yield* note("command.skip.answer", scheduler.skip({ taskId, instant: "2026-03-01T02:00:00Z" }))
        yield* note("command.pause.answer", scheduler.pause({ taskId }))
        yield* note("command.resume.answer", scheduler.resume({ taskId }))
        yield* TestClock.adjust("3 hours")
        yield* note("command.setCalendar.answer", scheduler.setCalendar({ calendar: "c", days: ["12-25"] }))
        yield* note("query.calendars.answer", scheduler.calendars)
        yield* note("query.next.answer", scheduler.next({ when: "after t1" }))
        yield* note(
          "query.info.answer",
          Effect.map(scheduler.info({ id: taskId }), (info) => ({ logSequence: 1, ...info }))
        )
        yield* note("query.tasks.answer", scheduler.tasks({}))
        yield* note("query.executions.answer", scheduler.executions({}))
        yield* note("query.counts.answer", scheduler.counts({}))
        yield* note("query.status.answer", scheduler.status)
        yield* note("command.subscribe.answer", scheduler.makeSubscription({ name: "s" }))
        yield* note("query.subscriptions.answer", scheduler.subscriptions)
        yield* note("command.cancel.answer", scheduler.cancel({ taskId }))
        const page = yield* scheduler.eventPage({ cursor: "0.0" })
        answers.push(["query.eventPage.answer", page])
        const { executions } = yield* scheduler.info({ id: taskId })
        answers.push(["TaskExecution", executions[0]])
        const [task] = (yield* scheduler.tasks({})).items
        answers.push(["ScheduledTask", task])
        for (const event of page.items) answers.push([event.type.replace("scheduler.task", "event"), event])
        for (const [name, answer] of answers) assert.strictEqual(problems(name, JSON.parse(JSON.stringify(answer))), "")
        assert.isAbove(page.items.length, 10)
      }).pipe(Effect.provide(Scheduler.layerMemory(), { local: true }))
    })
  )
})

describe("nagatha schema", () => {
  it.effect("lists the names, and prints one, also by its subject", () =>
    Effect.gen(function* () {
      const listed = yield* runCli(["schema"])
      assert.match(listed.stdout, /event\.success +scheduler\.task\.success +An execution has ended well\./)
      const one = yield* runCli(["schema", "event.success"])
      const entry = CATALOGUE.find(({ name }) => name === "event.success")
      assert.deepStrictEqual(JSON.parse(one.stdout), entry === undefined ? {} : jsonSchemaOf(entry))
      assert.deepStrictEqual(yield* runCli(["schema", "scheduler.task.success"]), one)
      const wrong = yield* runCli(["schema", "event.sucess"])
      assert.strictEqual(wrong.code, 2)
      assert.include(wrong.stderr, "did you mean event.success?")
    })
  )
})
