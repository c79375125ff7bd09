import { assert, describe, it } from "@effect/vitest"
import { executionIdOf } from "../../../src/events/ExecutionId.ts"
import { wakeAt } from "../../../src/actors/task/TaskState.ts"
import { toMillis } from "../../../src/recurrence/Instant.ts"
import { done, everySecond, failed, History, RULES, START } from "../../support/task.ts"

const first = executionIdOf("task-1", START + 60_000)
const tick = (second: number) => executionIdOf("task-1", START + second * 1000)

describe("scheduling", () => {
  it("records the task with its first occurrence", () => {
    const task = new History()
    assert.strictEqual(task.schedule(), "scheduled")
    const [event] = task.log
    assert.strictEqual(event?.type === "scheduled" ? event.nextAt : null, "2026-03-02T09:01:00.000Z")
  })
  it("answers the same command again as it did the first time, and records nothing", () => {
    const task = new History()
    task.schedule({}, "same")
    assert.strictEqual(task.schedule({ taskName: "other" }, "same"), "known true")
    assert.strictEqual(task.log.length, 1)
  })
  it("takes the same definition under the same id for the same task, also after it is over", () => {
    const task = new History()
    task.schedule()
    assert.strictEqual(task.schedule(), "known false")
    task.cancel()
    assert.strictEqual(task.schedule(), "known false")
  })
  it("refuses another definition under an id in use", () => {
    const task = new History()
    task.schedule()
    assert.strictEqual(task.schedule({ fingerprint: "f2" }), "refused idInUse")
  })
  it("refuses what has no occurrence any more", () => {
    const over = { recurrence: everySecond(1), endAt: "2026-03-02T08:00:00.000Z" }
    assert.strictEqual(new History().schedule(over), "refused invalidSchedule")
  })
})

describe("a one-time task", () => {
  it("becomes due at its instant, not before, once", () => {
    const task = new History()
    task.schedule()
    assert.strictEqual(task.at(59_999).wake(), "")
    assert.strictEqual(task.at(60_000).wake(), "due 60")
    assert.strictEqual(task.at(70_000).wake(), "")
    assert.deepStrictEqual(task.open, [`${first}#1 offered`])
  })
  it("runs late rather than never", () => {
    const task = new History()
    task.schedule({ catchUp: "none", catchUpWindowMs: 1 })
    assert.strictEqual(task.at(400 * 86_400_000).wake(), "due 60")
  })
  it("is completed with its success, and records nothing for what comes after", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    assert.strictEqual(task.claim(first), "granted")
    assert.strictEqual(task.report(first, done), "success 1, completed")
    assert.strictEqual(task.report(first, done), "")
    assert.strictEqual(task.claim(first), "gone")
    assert.strictEqual(task.wake(), "")
  })
})

describe("retries", () => {
  it("tries again after growing delays and fails for good after the last", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    const delays: Array<number> = []
    for (const attempt of [1, 2, 3]) {
      assert.strictEqual(task.claim(first, attempt), "granted")
      assert.strictEqual(task.report(first, failed, attempt), `retry ${attempt} exitCode`)
      const wake = task.state === undefined ? null : wakeAt(task.state, RULES.startedGraceMs)
      delays.push((wake ?? 0) - task.now)
      assert.strictEqual(task.claim(first, attempt + 1), `held ${delays.at(-1)}`)
      task.at((wake ?? 0) - START).wake()
    }
    assert.isTrue(delays[0] !== undefined && delays[0] >= 900 && delays[0] <= 1100)
    assert.isTrue((delays[1] ?? 0) > (delays[0] ?? 0) * 1.5 && (delays[2] ?? 0) > (delays[1] ?? 0) * 1.5)
    task.claim(first, 4)
    assert.strictEqual(task.report(first, failed, 4), "failure 4 exitCode, completed")
  })
  it("does not retry what cannot get better", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(first)
    assert.strictEqual(
      task.report(first, { outcome: "failedForGood", error: { code: "badArgs", message: "no" } }),
      "failure 1 badArgs, completed"
    )
  })
  it("does not count a try that asks to come back later", () => {
    const task = new History()
    task.schedule({ maxRetries: 0 })
    task.at(60_000).wake()
    task.claim(first)
    const later = { outcome: "comeBackLater", delayMs: 500, error: { code: "busy", message: "later" } } as const
    assert.strictEqual(task.report(first, later), "retry 1 busy")
    task.at(60_500).wake()
    task.claim(first, 2)
    assert.strictEqual(task.report(first, later, 2), "retry 2 busy")
  })
})

describe("claims", () => {
  const running = () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    assert.strictEqual(task.claim(first), "granted")
    return task
  }
  it("are granted to one worker, and to the same one again", () => {
    const task = running()
    assert.strictEqual(task.claim(first), "granted")
    assert.strictEqual(task.claim(first, 1, "w2"), "held 10050")
  })
  it("record the start only of what outlives the grace", () => {
    const task = running()
    assert.strictEqual(task.at(60_099).wake(), "")
    assert.strictEqual(task.at(60_100).wake(), "started 1")
    assert.strictEqual(task.at(60_200).wake(), "")
  })
  it("end with the lease: the attempt is lost and the next one is offered", () => {
    const task = running()
    task.at(60_100).wake()
    assert.strictEqual(task.at(69_999).wake(), "")
    assert.strictEqual(task.at(70_000).wake(), "retry 1 lost")
    assert.deepStrictEqual(task.open, [`${first}#2 offered`])
    assert.strictEqual(task.claim(first, 1), "gone")
    assert.strictEqual(task.beat(first, 1), "stop")
    assert.strictEqual(task.report(first, done, 1), "")
    assert.strictEqual(task.claim(first, 2, "w2"), "granted")
    assert.strictEqual(task.report(first, done, 2, "w2"), "success 2, completed")
  })
  it("are kept by heartbeats", () => {
    const task = running()
    task.at(60_100).wake()
    task.at(69_000)
    assert.strictEqual(task.beat(first), "continue")
    assert.strictEqual(task.at(70_000).wake(), "")
    assert.strictEqual(task.at(79_000).wake(), "retry 1 lost")
  })
  it("are known again to an owner that has forgotten them, by a heartbeat", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    assert.strictEqual(task.beat(first, 1, "w9"), "continue")
    assert.strictEqual(task.claim(first, 1, "w2"), "held 10050")
  })
  it("that are lost again and again end the execution", () => {
    const task = running()
    assert.strictEqual(task.at(70_000).wake(), "retry 1 lost")
    task.claim(first, 2)
    assert.strictEqual(task.at(80_000).wake(), "retry 2 lost")
    task.claim(first, 3)
    assert.strictEqual(task.at(90_000).wake(), "failure 3 lost, completed")
  })
})

describe("attempts that are lost together", () => {
  it("complete the task with the last of them", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(1), overlap: "allowAll", maxRuns: 2 })
    task.at(1000).wake()
    task.at(2000).wake()
    for (const attempt of [1, 2, 3]) {
      for (const id of [tick(1), tick(2)]) task.claim(id, attempt)
      task.at(2000 + attempt * 10_000)
      const told =
        attempt < 3 ? `retry ${attempt} lost, retry ${attempt} lost` : "failure 3 lost, failure 3 lost, completed"
      assert.strictEqual(task.wake(), told)
    }
    assert.strictEqual(task.state?.phase, "completed")
  })
})

describe("far instants", () => {
  it("are never written: a run that comes back in ages comes back in a year", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(first)
    const later = { outcome: "comeBackLater", delayMs: 9e15, error: { code: "busy", message: "later" } } as const
    assert.strictEqual(task.report(first, later), "retry 1 busy")
    const [event] = task.log.slice(-1)
    assert.strictEqual(event?.type === "retry" ? event.nextAttemptAt : "", "2027-03-03T09:01:00.000Z")
  })
  it("of a recurrence never come", () => {
    const ages = { kind: "interval", everyMs: 9e15, anchorAt: "2026-03-02T09:00:01.000Z" } as const
    const task = new History()
    task.schedule({ recurrence: ages })
    assert.strictEqual(task.at(1000).wake(), "due 1")
    task.claim(tick(1))
    assert.strictEqual(task.report(tick(1), done), "success 1, completed")
  })
})

describe("cancelling", () => {
  it("ends what no worker has begun: it never starts", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    assert.strictEqual(task.cancel(), "cancelled")
    assert.strictEqual(task.claim(first), "gone")
    assert.strictEqual(task.at(100_000).wake(), "")
    assert.strictEqual(task.state?._tag, "ended")
  })
  it("lets nothing become due afterwards", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(1) })
    task.cancel()
    assert.strictEqual(task.at(5000).wake(), "")
  })
  it("asks a running attempt to stop, and records how it ended without trying again", () => {
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(first)
    task.cancel()
    assert.strictEqual(task.beat(first), "stop")
    const stopped = { outcome: "cancelled", error: { code: "cancelled", message: "stopped" } } as const
    assert.strictEqual(task.report(first, stopped), "failure 1 cancelled")
  })
  it("is refused the second time, and answered again for the same command", () => {
    const task = new History()
    task.schedule()
    task.cancel("same")
    assert.strictEqual(task.cancel("same"), "known true")
    assert.strictEqual(task.cancel("other"), "refused alreadyCancelled")
  })
  it("is refused for what is unknown or over", () => {
    assert.strictEqual(new History().cancel(), "refused notFound")
    const task = new History()
    task.schedule()
    task.at(60_000).wake()
    task.claim(first)
    task.report(first, done)
    assert.strictEqual(task.cancel(), "refused ended")
  })
})

describe("a recurring task", () => {
  it("decides every instant once, each from the one before", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(2), overlap: "allowAll" })
    for (let second = 1; second <= 10; second++) task.at(second * 1000 + 3).wake()
    assert.deepStrictEqual(
      task.log.flatMap((event) => (event.type === "due" ? [(toMillis(event.nominalAt) - START) / 1000] : [])),
      [2, 4, 6, 8, 10]
    )
  })
  it("skips, and says so, while an earlier execution is open", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(2) })
    assert.strictEqual(task.at(2000).wake(), "due 2")
    assert.strictEqual(task.at(4000).wake(), "skipped overlap 4-4 (1)")
    task.claim(tick(2))
    assert.strictEqual(task.report(tick(2), done), "success 1")
    assert.strictEqual(task.at(6000).wake(), "due 6")
  })
  it("after an outage runs the newest missed one and counts the rest", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(60) })
    assert.strictEqual(task.at(3_630_000).wake(), "skipped catchUp 60-3540 (59), due 3600")
  })
  it("ends after its number of runs", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(2), maxRuns: 2, overlap: "allowAll" })
    assert.strictEqual(task.at(4001).wake(), "due 2, due 4")
    assert.strictEqual(task.at(6000).wake(), "")
    task.claim(tick(2))
    assert.strictEqual(task.report(tick(2), done), "success 1")
    task.claim(tick(4))
    assert.strictEqual(task.report(tick(4), done), "success 1, completed")
  })
  it("ends at its end", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(2), endAt: "2026-03-02T09:00:04.000Z", overlap: "allowAll" })
    assert.strictEqual(task.at(100_000).wake(), "skipped catchUp 2-2 (1), due 4")
  })
  it("stays what it is when a run fails", () => {
    const task = new History()
    task.schedule({ recurrence: everySecond(2), maxRetries: 0 })
    task.at(2000).wake()
    task.claim(tick(2))
    assert.strictEqual(task.report(tick(2), failed), "failure 1 exitCode")
    assert.strictEqual(task.at(4000).wake(), "due 4")
  })
})
