/** `nagatha audit` on a scheduler in memory: the real rules and machines, and their log. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { ReplayReport } from "../../src/audit/Replay.ts"
import type { Report } from "../../src/audit/Verify.ts"
import type { WhatIfReport } from "../../src/audit/WhatIf.ts"
import type { WhyAnswer } from "../../src/audit/WhyAnswer.ts"
import { hashOf } from "../../src/events/EventLog.ts"
import { Scheduler } from "../../src/Scheduler.ts"
import { runCli } from "../support/cli.ts"

const START = "2026-03-02T09:00:00.000Z"

/** An hour of two recurring tasks, one of them cancelled after half of it. */
const anHour = Effect.gen(function* () {
  const scheduler = yield* Scheduler
  const schedule = (taskId: string, when: string, more: object = {}) =>
    scheduler.schedule({
      taskId,
      taskType: "notification",
      schedule: when,
      taskArgs: { message: "tick" },
      timezone: "Europe/Berlin",
      ...more
    })
  yield* schedule("minutely", "every minute")
  yield* schedule("quarterly", "*/15 * * * *")
  yield* TestClock.adjust("30 minutes")
  yield* scheduler.cancel({ taskId: "minutely" })
  yield* TestClock.adjust("30 minutes")
  return scheduler
})

const scenario = <A>(name: string, body: (scheduler: Scheduler["Service"]) => Effect.Effect<A, unknown>) =>
  it.effect(name, () =>
    Effect.andThen(
      TestClock.setTime(Date.parse(START)),
      Effect.flatMap(anHour, body).pipe(Effect.provide(Scheduler.layerMemory(), { local: true }))
    )
  )

describe("nagatha audit verify", () => {
  scenario("tells what it has looked at, and that nothing is wrong", (scheduler) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runCli(["audit", "verify"], { scheduler })
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      assert.match(stdout, /^log sequences 1 to \d+: \d+ commits, \d+ events, 2 tasks, 1 partition\n/)
      assert.match(stdout, /34 due, 0 skipped/)
      assert.match(stdout, /34 well, 0 failed/)
      assert.match(stdout, /digest {5}[0-9a-f]{64}\nno findings\n$/)
    })
  )

  scenario("tells of one task, by the beginning of its id", (scheduler) =>
    Effect.gen(function* () {
      const { code, stdout } = yield* runCli(["audit", "verify", "--task", "quar", "--json"], { scheduler })
      const report = JSON.parse(stdout) as Report
      assert.strictEqual(code, 0)
      assert.strictEqual(report.decisions.due, 4)
      assert.strictEqual(report.tasks, 1)
      assert.isNull(report.digest)
    })
  )

  scenario("holds the digest of a range against one that was told before", (scheduler) =>
    Effect.gen(function* () {
      const told = JSON.parse(
        (yield* runCli(["audit", "verify", "--to", "20", "--json"], { scheduler })).stdout
      ) as Report
      assert.strictEqual(told.through, 20)
      const digest = told.digest ?? ""
      assert.strictEqual((yield* runCli(["audit", "verify", "--to", "20", "--expect", digest], { scheduler })).code, 0)
      const other = yield* runCli(["audit", "verify", "--to", "19", "--expect", digest, "--json"], { scheduler })
      assert.strictEqual(other.code, 1)
      assert.strictEqual((JSON.parse(other.stdout) as Report).ok, false)
      assert.match(other.stderr, /"code":"otherDigest"/)
    })
  )

  scenario("takes instants for the ends of the range", (scheduler) =>
    Effect.gen(function* () {
      const range = ["--from", "2026-03-02T09:30:00Z", "--to", "2026-03-02T09:50:00Z"]
      const { stdout } = yield* runCli(["audit", "verify", ...range, "--json"], { scheduler })
      const report = JSON.parse(stdout) as Report
      assert.isAbove(report.from, 1)
      assert.isTrue(report.ok)
      // At 09:30 and 09:45 of one task, and at 09:30 of the other.
      assert.strictEqual(report.decisions.due, 3)
    })
  )

  scenario("exits with 1 when it finds something, and says what", (scheduler) =>
    Effect.gen(function* () {
      const lossy: Scheduler["Service"] = {
        ...scheduler,
        storedLog: (query) =>
          Effect.map(scheduler.storedLog(query), (page) => ({
            ...page,
            items: page.items.filter(({ sequence }) => sequence !== 9)
          }))
      }
      const { code, stderr, stdout } = yield* runCli(["audit", "verify"], { scheduler: lossy })
      assert.strictEqual(code, 1)
      assert.match(stdout, /gap .*log sequences 9 to 9 are missing/)
      assert.match(stdout, /brokenChain/)
      assert.match(stderr, /the log does not keep its promises: \d+ findings/)
    })
  )
})

describe("nagatha audit why", () => {
  scenario("tells what became of an instant, in words of its task's zone", (scheduler) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runCli(["audit", "why", "quar", "today at 10:45"], { scheduler })
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      assert.match(
        stdout,
        /^2026-03-02T10:45:00.000\+01:00 \(Europe\/Berlin\)\nIt ran: execution quarterly@20260302T094500000Z began at 2026-03-02 10:45:00 \+01:00, \d+ ms after it was due, and ended well after \d+ ms\.\n {2}decided {2}2026-03-02T09:45:00.000Z, log sequence \d+\n$/
      )
    })
  )

  scenario("tells it as data", (scheduler) =>
    Effect.gen(function* () {
      const { stdout } = yield* runCli(["audit", "why", "minutely", "2026-03-02T09:40:00Z", "--json"], { scheduler })
      const answer = JSON.parse(stdout) as WhyAnswer
      assert.strictEqual(answer.verdict, "afterCancelled")
      assert.strictEqual(answer.cause?.at, "2026-03-02T09:30:00.000Z")
      const { stdout: coming } = yield* runCli(["audit", "why", "quarterly", "tomorrow at 9", "--json"], { scheduler })
      assert.strictEqual((JSON.parse(coming) as WhyAnswer).verdict, "notYet")
      const { stdout: gone } = yield* runCli(["audit", "why", "quarterly", "yesterday at 9", "--json"], { scheduler })
      assert.strictEqual((JSON.parse(gone) as WhyAnswer).verdict, "beforeCreated")
    })
  )

  scenario("names the calendar that excludes a day, as it was then", (scheduler) =>
    Effect.gen(function* () {
      yield* scheduler.setCalendar({ calendar: "holidays", days: ["2026-03-03"] })
      yield* scheduler.schedule({
        taskId: "daily",
        taskType: "notification",
        taskArgs: { message: "tick" },
        schedule: "every day at 9",
        exclude: ["holidays"]
      })
      const verdictOf = Effect.fnUntraced(function* (at: string) {
        const { stdout } = yield* runCli(["audit", "why", "daily", at, "--timezone", "UTC", "--json"], { scheduler })
        return JSON.parse(stdout) as WhyAnswer
      })
      assert.match(
        (yield* verdictOf("2026-03-03T09:00")).sentence,
        /calendar holidays excludes that day \(2026-03-03 in UTC\)/
      )
      yield* TestClock.adjust("2 days")
      yield* scheduler.setCalendar({ calendar: "holidays", days: ["2026-03-05"] })
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* verdictOf("2026-03-03T09:00")).verdict, "excluded")
      assert.strictEqual((yield* verdictOf("2026-03-04T09:00")).verdict, "due")
      assert.strictEqual((yield* verdictOf("2026-03-05T09:00")).verdict, "excluded")
      assert.strictEqual((yield* verdictOf("2026-03-10T09:00")).verdict, "notYet")
      yield* scheduler.setCalendar({ calendar: "holidays", days: ["2026-03-05", "2026-03-10"] })
      assert.strictEqual((yield* verdictOf("2026-03-10T09:00")).verdict, "excluded")
      assert.strictEqual((yield* runCli(["audit", "verify"], { scheduler })).code, 0)
    })
  )

  scenario("knows no task that there is not", (scheduler) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* runCli(["audit", "why", "nothing", "now"], { scheduler })).code, 4)
    })
  )
})

describe("nagatha audit replay", () => {
  scenario("folds the log anew, and finds the rows that are served the same", (scheduler) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runCli(["audit", "replay"], { scheduler })
      assert.strictEqual(stderr, "")
      assert.strictEqual(code, 0)
      assert.match(
        stdout,
        /tasks {7}2 rows, the same {2}[0-9a-f]{64}\n {2}executions {2}34 rows, the same {2}[0-9a-f]{64}\n$/
      )
      const one = yield* runCli(["audit", "replay", "--task", "quarterly", "--json"], { scheduler })
      const report = JSON.parse(one.stdout) as ReplayReport
      assert.strictEqual(report.executions.log.rows, 4)
      assert.strictEqual(report.executions.log.digest, report.executions.served.digest)
    })
  )

  scenario("tells which fields of a served row the log does not say", (scheduler) =>
    Effect.gen(function* () {
      const wrong: Scheduler["Service"] = {
        ...scheduler,
        tasks: (query) =>
          Effect.map(scheduler.tasks(query), (page) => ({
            ...page,
            items: page.items.map((task) => (task.taskId === "quarterly" ? { ...task, runCount: 3 } : task))
          })),
        executions: (query) =>
          Effect.map(scheduler.executions(query), (page) => ({ ...page, items: page.items.slice(1) }))
      }
      const { code, stderr, stdout } = yield* runCli(["audit", "replay"], { scheduler: wrong })
      assert.strictEqual(code, 1)
      assert.match(stdout, /task quarterly {2}runCount {2}log: 4 {2}served: 3/)
      assert.match(stdout, /execution \S+ +log: there {2}served: not there/)
      assert.match(stderr, /the rows that are served differ from the log: 2 rows/)
    })
  )

  scenario("tells what another policy would have decided", (scheduler) =>
    Effect.gen(function* () {
      const flags = ["--with", "overlap=allowAll", "--with", "maxRetries=0"]
      const { code, stdout } = yield* runCli(["audit", "replay", ...flags], { scheduler })
      assert.strictEqual(code, 0)
      assert.match(stdout, /^2 tasks with overlap=allowAll, maxRetries=0, decided anew by the rules of today\n/)
      assert.match(stdout, /due +34 +34\n/)
      assert.match(stdout, /every instant would be decided as it was\n$/)
      const json = yield* runCli(["audit", "replay", "--task", "minutely", ...flags, "--json"], { scheduler })
      const report = JSON.parse(json.stdout) as WhatIfReport
      assert.deepStrictEqual([report.was.due, report.would.due, report.otherwise, report.unlike], [30, 30, 0, 0])
    })
  )

  scenario("refuses what is no policy", (scheduler) =>
    Effect.gen(function* () {
      const guess = yield* runCli(["audit", "replay", "--with", "overlpa=skip"], { scheduler })
      assert.strictEqual(guess.code, 2)
      assert.match(guess.stderr, /did you mean overlap=…/)
      assert.match(
        (yield* runCli(["audit", "replay", "--with", "catchUp=some"], { scheduler })).stderr,
        /one of none, latest/
      )
    })
  )
})

interface Exported {
  readonly logSequence: number
  readonly hash: string
  readonly commit: { readonly previousHash: string; readonly events: ReadonlyArray<{ readonly taskId: string }> }
}

const linesOf = (stdout: string) => stdout.trimEnd().split("\n")

describe("nagatha audit export", () => {
  scenario("prints each commit as it is stored, in a chain that a reader can check", (scheduler) =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runCli(["audit", "export"], { scheduler })
      assert.strictEqual(code, 0)
      let previous = ""
      for (const [index, line] of linesOf(stdout).entries()) {
        const { commit, hash, logSequence } = JSON.parse(line) as Exported
        assert.strictEqual(logSequence, index + 1)
        assert.strictEqual(commit.previousHash, previous)
        assert.strictEqual(hashOf(line.slice(line.indexOf(',"commit":') + 10, -1)), hash)
        previous = hash
      }
      assert.strictEqual(
        stderr,
        `up to log sequence ${linesOf(stdout).length}; go on from there with --after ${linesOf(stdout).length}\n`
      )
    })
  )

  scenario("goes on where it has ended", (scheduler) =>
    Effect.gen(function* () {
      const all = linesOf((yield* runCli(["audit", "export"], { scheduler })).stdout)
      const first = linesOf((yield* runCli(["audit", "export", "--to", "10"], { scheduler })).stdout)
      const rest = linesOf((yield* runCli(["audit", "export", "--after", "10"], { scheduler })).stdout)
      assert.deepStrictEqual([...first, ...rest], all)
      assert.strictEqual((yield* runCli(["audit", "export", "--after", String(all.length)], { scheduler })).stdout, "")
    })
  )

  scenario("prints events, of one task", (scheduler) =>
    Effect.gen(function* () {
      const { stdout } = yield* runCli(["audit", "export", "--events", "--task", "quarterly"], { scheduler })
      const events = linesOf(stdout).map(
        (line) => JSON.parse(line) as { readonly id: string; readonly taskId: string; readonly type: string }
      )
      assert.deepStrictEqual([...new Set(events.map(({ taskId }) => taskId))], ["quarterly"])
      assert.strictEqual(events.filter(({ type }) => type === "due").length, 4)
      assert.match(events[0]?.id ?? "", /^\d+\.0$/)
    })
  )

  scenario("refuses what says the same twice", (scheduler) =>
    Effect.gen(function* () {
      const { code, stderr } = yield* runCli(["audit", "export", "--from", "3", "--after", "2"], { scheduler })
      assert.strictEqual(code, 2)
      assert.match(stderr, /--after and --from/)
    })
  )
})

describe("a commit that is larger than a page", () => {
  it.effect("comes in pieces, and is one again", () =>
    Effect.andThen(
      TestClock.setTime(Date.parse(START)),
      Effect.gen(function* () {
        const scheduler = yield* Scheduler
        const requests = [1, 2, 3].map((index) => ({
          taskId: `large${index}`,
          taskType: "notification",
          schedule: "in 1 hour",
          taskArgs: { message: 'ü"'.repeat(60_000) }
        }))
        yield* scheduler.scheduleMany(requests)
        const { items, nextCursor } = yield* scheduler.storedLog({})
        assert.strictEqual(items.length, 1)
        assert.match(nextCursor ?? "", /^0\.250000$/)
        const { code, stdout } = yield* runCli(["audit", "verify", "--json"], { scheduler })
        assert.strictEqual(code, 0)
        assert.strictEqual((JSON.parse(stdout) as Report).tasks, 3)
      }).pipe(Effect.provide(Scheduler.layerMemory(), { local: true }))
    )
  )
})
