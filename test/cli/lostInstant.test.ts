/** The night on which the clocks go forward, as somebody sees it whose task skips times that do not exist. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { WhyAnswer } from "../../src/audit/WhyAnswer.ts"
import type { TaskExecution } from "../../src/projections/TaskExecution.ts"
import type { ScheduledTask } from "../../src/projections/ScheduledTask.ts"
import { eventLine } from "../../src/cli/showing/EventLine.ts"
import { paint } from "../../src/cli/showing/Text.ts"
import { type AnnouncedEvent, Scheduler } from "../../src/Scheduler.ts"
import { runCli } from "../support/cli.ts"

/** A nightly task, from the noon before. */
const scenario = (name: string, body: (nagatha: Nagatha) => Effect.Effect<unknown, unknown>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-28T11:00:00.000Z"))
      yield* Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const nagatha: Nagatha = (...args) => runCli(args, { scheduler, columns: 200 })
        const flags = ["--id", "nightly", "--message", "x", "--dst-gap", "skip", "--timezone", "Europe/Berlin"]
        const { code, stderr } = yield* nagatha("schedule", "notification", "every day at 2:30", ...flags)
        assert.strictEqual(code, 0, stderr)
        yield* body(nagatha)
      }).pipe(Effect.provide(Scheduler.layerMemory(), { local: true }))
    })
  )

type Nagatha = (
  ...args: ReadonlyArray<string>
) => Effect.Effect<{ readonly code: number; readonly stdout: string; readonly stderr: string }>

describe("a task that skips times that do not exist", () => {
  scenario("is said the evening before not to run that night", (nagatha) =>
    Effect.gen(function* () {
      const { stdout } = yield* nagatha("info", "nightly")
      assert.include(
        stdout,
        "the clocks go forward on 2026-03-29 at 02:00 by 1 hour: times between 02:00 and 03:00 do not run"
      )
      const { stdout: json } = yield* nagatha("list", "--json")
      const [task] = JSON.parse(json) as ReadonlyArray<ScheduledTask>
      assert.strictEqual(task?.nextRunAt, "2026-03-30T00:30:00.000Z")
    })
  )

  scenario("need not leave that night out: whoever asks for it is told why", (nagatha) =>
    Effect.gen(function* () {
      const skip = (instant: string) => nagatha("skip", "nightly", instant)
      const lost = yield* skip("2026-03-29T02:30")
      assert.deepStrictEqual(lost, {
        code: 2,
        stdout: "",
        stderr:
          "error: task nightly does not run at 2026-03-29T01:00:00.000Z anyway: a change of the clocks takes its time of day away that day, and its rule is to skip such times (dstGap)\nhint: nothing need be left out\n"
      })
      // The next spring as well, long after the next occurrence.
      assert.include((yield* skip("2027-03-28T02:30")).stderr, "does not run at 2027-03-28T01:00:00.000Z anyway")
      // Before the next occurrence there is none, and nothing was decided about it.
      assert.include(
        (yield* skip("2026-03-29T10:00")).stderr,
        "task nightly has no occurrence at 2026-03-29T08:00:00.000Z; the next one after it is 2026-03-30T00:30:00.000Z"
      )
      assert.strictEqual((yield* skip("2026-03-30T02:30")).code, 0)
      assert.include((yield* skip("2026-03-30T02:30")).stderr, "it has passed, or has been decided")
      yield* TestClock.setTime(Date.parse("2026-03-29T08:00:00.000Z"))
      assert.include((yield* skip("2026-03-29T02:30")).stderr, "it has passed, or has been decided")
    })
  )

  scenario("has that night in its history, with the reason", (nagatha) =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.parse("2026-03-29T08:00:00.000Z"))
      const { stdout } = yield* nagatha("history", "nightly")
      assert.match(stdout, /2026-03-29 03:00:00 \+02:00.*skipped.*no such time that night/)
      const rows = JSON.parse((yield* nagatha("history", "nightly", "--json")).stdout) as ReadonlyArray<TaskExecution>
      assert.deepStrictEqual(
        rows.map(({ errorCode, nominalAt, status }) => ({ errorCode, nominalAt, status })),
        [{ errorCode: "dstGap", nominalAt: "2026-03-29T01:00:00.000Z", status: "skipped" }]
      )
      assert.match((yield* nagatha("info", "nightly")).stdout, /no such time that night/)
      const [task] = JSON.parse((yield* nagatha("list", "--json")).stdout) as ReadonlyArray<ScheduledTask>
      assert.deepInclude(task, { runCount: 0, nextRunAt: "2026-03-30T00:30:00.000Z", status: "scheduled" })
    })
  )

  scenario("is asked why, by the time that does not exist, and verified", (nagatha) =>
    Effect.gen(function* () {
      const early = JSON.parse(
        (yield* nagatha("audit", "why", "nightly", "2026-03-29T02:30", "--json")).stdout
      ) as WhyAnswer
      assert.strictEqual(early.verdict, "lostInGap")
      assert.isUndefined(early.decision)
      yield* TestClock.setTime(Date.parse("2026-03-30T08:00:00.000Z"))
      const answer = JSON.parse(
        (yield* nagatha("audit", "why", "nightly", "2026-03-29T02:30", "--json")).stdout
      ) as WhyAnswer
      assert.strictEqual(answer.verdict, "lostInGap")
      assert.strictEqual(answer.decision?.reason, "dstGap")
      assert.match(
        answer.sentence,
        /^It was skipped: its time of day does not exist on 2026-03-29 in Europe\/Berlin: the clocks go forward at 2026-03-29 03:00:00 \+02:00 by 60 min, and the task's rule for such times is to skip them \(--dst-gap skip\)\.$/
      )
      const verified = yield* nagatha("audit", "verify")
      assert.strictEqual(verified.code, 0, verified.stdout)
      assert.match(verified.stdout, /1 skipped.*dstGap/)
      assert.strictEqual((yield* nagatha("audit", "replay")).code, 0)
    })
  )

  it("is a line for whoever follows the events", () => {
    const event = {
      id: "7.0",
      type: "scheduler.task.skipped",
      version: 1,
      time: "2026-03-29T01:00:00.003Z",
      taskId: "nightly",
      taskName: "nightly",
      reason: "dstGap",
      nextAt: "2026-03-30T00:30:00.000Z"
    } as unknown as AnnouncedEvent
    assert.strictEqual(
      eventLine(event, "Europe/Berlin", paint(false)),
      "Sun 2026-03-29 03:00:00 +02:00  skipped      nightly  nightly  no such time that night  next Mon 2026-03-30 02:30:00 +02:00"
    )
  })
})
